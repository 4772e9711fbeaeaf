/**
 * Asks members themselves whether they are in use: probe → await-probe, for each slice right before its stop.
 *
 * PROBE-1. Exit code 0 says busy, 1 says not busy, as `pgrep`, `grep -q` and `test` do. Any other end is unknown: a member
 *     without an agent, a command that is not found, a signal, a time-out.
 * PROBE-2. Busy and unknown keep a member. Unknown is reported, and fails a check that stops nothing.
 * PROBE-3. The metrics are read once more after the answers (IDLE-1).
 */
import * as z from "zod/mini";
import { answersOf, ASK_SLICE, askMembers } from "../../../shared/ask-members.ts";
import type { CommandResult } from "../../../shared/cloud/ecs/commands.ts";
import type { Refused } from "../../../shared/cloud/ecs/each.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { next, type Outcome } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { Ids, withRefusals } from "../tally.ts";
import { Confirm } from "./confirm.ts";
import { checkEvent, Stop, Tally } from "./input.ts";

export const Probe = checkEvent("probe", { stops: Ids, tally: Tally });
type Probe = EventOf<typeof Probe>;
const AwaitProbe = checkEvent("await-probe", {
  invocationId: z.string(),
  probed: Ids,
  later: Ids,
  tally: Tally,
});
type AwaitProbe = EventOf<typeof AwaitProbe>;

async function askSlice(event: Probe, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const { input, run } = event;
  const { probe } = input.policy;
  const slice = event.stops.slice(0, ASK_SLICE);
  const later = event.stops.slice(ASK_SLICE);
  if (probe === undefined) return next(Stop, { stops: slice, later, tally: event.tally });
  const asked = await beginProbe({ run, fleet: input.fleet, os: input.os, probe, ids: slice }, cloud);
  const { invocationId, probed } = asked;
  const tally = withRefusals(event.tally, asked.refused);
  if (invocationId === undefined) return next(Stop, { stops: [], later, tally });
  return next(AwaitProbe, { invocationId, probed, later, tally }, { note: `${probed.length} are asked` });
}

interface Begun {
  /** Undefined when no member is asked. */
  readonly invocationId?: string;
  readonly probed: string[];
  readonly refused: readonly Refused[];
}

/** As `askMembers`, with a line for each that is not asked. */
export async function beginProbe(
  question: Omit<Parameters<typeof askMembers>[0], "name">,
  cloud: CloudClient,
): Promise<Begun> {
  const { asked, unasked, ...begun } = await askMembers({ ...question, name: "idle-probe" }, cloud);
  return { ...begun, probed: asked, refused: [...unasked].map(([id, why]) => unprobed(id, why)) };
}

async function awaitAnswers(event: AwaitProbe, ports: Ports): Promise<Outcome> {
  const { probed, later, input } = event;
  const results = await answersOf(event, probed, input.policy.probe, ports);
  if ("kind" in results) return results;
  const refused = probed.flatMap((id) => whyKept(id, results.get(id)) ?? []);
  const kept = new Set(refused.map(({ id }) => id));
  const stops = probed.filter((id) => !kept.has(id));
  const tally = withRefusals(event.tally, refused);
  return next(Stop, { stops, later, tally }, { note: `${kept.size} are in use or unknown` });
}

const unprobed = (id: string, why: string): Refused => ({
  id,
  code: "Unprobed",
  message: `it is not known whether it is in use, so it is kept: ${why}`,
});

/** Why the answer of a member keeps it; undefined when it is not in use (PROBE-1). */
export function whyKept(id: string, result: CommandResult | undefined): Refused | undefined {
  if (result?.state !== "ended") return unprobed(id, "its probe did not end in time");
  const { ok, exitCode, errorCode = "", errorInfo = "" } = result;
  if (ok) return { id, code: "Busy", message: "its probe ended with exit code 0" };
  if (exitCode === 1 && (errorCode === "" || errorCode === "ExitCodeNonzero")) return undefined;
  const ended = exitCode === undefined ? "" : ` with exit code ${exitCode}`;
  return unprobed(id, `its probe ended${ended} (${[errorCode, errorInfo].join(" ").trim()})`);
}

/** The probe changes nothing, so nothing is to be undone; the members stay. */
export const probe = countedPhase(Probe, askSlice, ({ tally }, problem) => next(Confirm, { tally, problem }));
export const awaitProbe = countedPhase(AwaitProbe, awaitAnswers, ({ tally }, problem) =>
  next(Confirm, { tally, problem }),
);
