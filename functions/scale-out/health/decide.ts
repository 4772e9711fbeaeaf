/**
 * Which member is replaced because it is not well. Pure.
 *
 * HEALTH-1. Any exit code but 0 is a failure. Unknown is none, and leaves the count as it is: no agent, a time-out, a command
 *     that Cloud Assistant refuses or aborts.
 * HEALTH-2. A member that fails `failures` times in a row is replaced, one at a time, and none while others are missing.
 * HEALTH-3. If more than a third of those that answer fail at once, none is replaced: the command is at fault, or something
 *     that all of them need. Of one or two members one may fail; while no other is well, that is a trial, and the next one
 *     follows only after a member has been well.
 * HEALTH-4. Protected, locked and opted out members and subscriptions stay and are reported, once.
 */
import * as z from "zod/mini";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { CommandResult } from "../../../shared/cloud/ecs/commands.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { minutes } from "../../../shared/duration.ts";
import { lastStartAt } from "../../../shared/instance-tags.ts";
import { whyKept } from "../../../shared/kept.ts";
import { oldestFirst } from "../../../shared/limits/members.ts";
import { redactedShort } from "../../../shared/redact.ts";

export type HealthFleet = Fleet & { readonly health: NonNullable<Fleet["health"]> };

/** What members said of themselves; `failed` with a sentence on each. */
export const Answers = z.strictObject({
  well: z.array(z.string()),
  failed: z.array(z.strictObject({ id: z.string(), why: z.string() })),
  unknown: z.array(z.string()),
});
export type Answers = z.infer<typeof Answers>;

/** `answers` and that of one more member (HEALTH-1). */
export function withAnswer(answers: Answers, id: string, result: CommandResult | undefined): Answers {
  const { ok, exitCode, errorCode = "", output = "" } = result?.state === "ended" ? result : {};
  if (ok === true) return { ...answers, well: [...answers.well, id] };
  const isOwnEnd = exitCode !== undefined && exitCode !== 0 && ["", "ExitCodeNonzero"].includes(errorCode);
  if (!isOwnEnd) return { ...answers, unknown: [...answers.unknown, id] };
  const why = redactedShort(`exit code ${exitCode}: ${output.trim()}`, 80);
  return { ...answers, failed: [...answers.failed, { id, why }] };
}

/** Without an idle policy, which has a grace of its own. */
const GRACE_MS = minutes(10);

/** Whether a member may still be on its way to serve. */
export const isYoung = (member: Instance, { idle }: Fleet, now: number): boolean =>
  now - lastStartAt(member) < (idle?.graceMs ?? GRACE_MS);

interface Look {
  readonly document: HealthFleet;
  readonly members: readonly Instance[];
  readonly answers: Answers;
  /** `SizeState.failing`. */
  readonly before: Readonly<Record<string, number>>;
  /** `SizeState.healthTrial`. */
  readonly isTried?: boolean | undefined;
  /** Why nothing may change now. */
  readonly hindrance: string | undefined;
  readonly now: number;
}

export interface Judgement {
  readonly failing: Record<string, number>;
  readonly replace?: string;
  /** A line for each member that has failed often enough. */
  readonly because: string[];
  /** Is to be notified. */
  readonly problem?: string;
}

/** The counts after a look, and the member that is replaced. */
export function judge(look: Look): Judgement {
  const { document, members, answers, before, hindrance, now } = look;
  const { failed } = answers;
  const { failures } = document.health;
  const failing = countsOf(look);
  const sick = members.filter(({ id }) => failing[id] === failures && failed.some((one) => one.id === id));
  const all = whyAllStay(look);
  const stays = sick.toSorted(oldestFirst).map((member) => {
    const held = all ?? whyKept(member, document, "release", now);
    return { id: member.id, held, why: held ?? hindrance };
  });
  const replace = stays.find(({ why }) => why === undefined)?.id;
  const news = stays.find(({ id, held }) => held !== undefined && (before[id] ?? 0) < failures);
  const because = stays.map(({ id, why = id === replace ? "it is replaced" : "another is replaced" }) => {
    const said = failed.find((one) => one.id === id)?.why;
    return `${id}: ${why} (${said})`;
  });
  return {
    failing,
    because,
    ...(replace !== undefined && { replace }),
    ...(news && { problem: all ?? `${news.id} fails its health probe and stays: ${news.held}` }),
  };
}

/** So many members cannot have more than a third that is sick, but for all of them. */
const FEW = 2;

/** HEALTH-3; undefined when one of those that fail may be replaced. */
function whyAllStay({ members, answers: { well, failed }, isTried = false }: Look): string | undefined {
  const isFew = members.filter(({ status }) => status === "Running").length <= FEW;
  const isOne = isFew && failed.length === 1;
  if (isOne && well.length === 0 && isTried)
    return "a member fails its health probe as the one that it replaced did, so it stays: the command is at fault, or something that both need";
  return isOne || failed.length * 3 <= failed.length + well.length
    ? undefined
    : `${failed.length} of ${failed.length + well.length} members fail their health probe at once, so none is replaced: its command is at fault, or something that all of them need`;
}

/** The log of the fleet holds as many; beyond a third none is replaced. */
const COUNTED_MAX = 100;

/** Counts stop at `failures`: a fleet that stays as it is writes no line. */
function countsOf({ document, members, answers, before }: Look): Record<string, number> {
  const well = new Set(answers.well);
  const failed = new Set(answers.failed.map(({ id }) => id));
  const counts = members.flatMap(({ id }): [string, number][] => {
    const count = well.has(id) ? 0 : (before[id] ?? 0) + Number(failed.has(id));
    return count === 0 ? [] : [[id, Math.min(count, document.health.failures)]];
  });
  return Object.fromEntries(counts.toSorted(([, a], [, b]) => b - a).slice(0, COUNTED_MAX));
}
