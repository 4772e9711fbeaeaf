/**
 * Phases that come late.
 *
 * LATE-1. How long the cloud remembers a client token is documented nowhere. A phase that creates something and began
 *     more than five minutes ago looks first for what an earlier attempt created, by the tags of its run, and goes on with
 *     that. The time counts from the phase's start, because its token was first used then.
 */
import { minutes } from "./duration.ts";
import type { Clock } from "./ports.ts";
import type { Envelope } from "./workflow/envelope.ts";

const REMEMBERED_MS = minutes(5);

/** Whether the cloud may have forgotten the token of an earlier attempt at this phase. */
export const isLate = ({ phaseStartedAt }: Pick<Envelope, "phaseStartedAt">, clock: Clock): boolean =>
  clock.now() - phaseStartedAt > REMEMBERED_MS;
