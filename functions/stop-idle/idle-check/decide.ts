/**
 * Is this instance idle, and may it be stopped? Pure: everything that is known goes in, a verdict comes out.
 *
 * VERDICT-1. Every signal of the policy must be below its bound over the whole window.
 * VERDICT-2. A gap in metrics is not idleness: too few points keep an instance, whatever the other signals say.
 * VERDICT-3. Protection comes first, in this order: opted out, locked, charged either way, young, in working hours,
 *     started by a user.
 * VERDICT-4. With a notice period idleness is announced first, and must last until the announced instant.
 * VERDICT-5. The order of points, tags or instances makes no difference.
 * VERDICT-6. The stop by the clock (`outside: stop`) asks for no metrics. Protection, notice and bounds hold for it.
 * VERDICT-7. Full hours say nothing about the current hour, so a stop needs the last minutes as well.
 */
import * as z from "zod/mini";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { isUp, nextChange, nextTimeOfDay, type UpDuring } from "../../../shared/documents/up-hours.ts";
import { formatDuration, hours } from "../../../shared/duration.ts";
import {
  announcedStop,
  hoursOf,
  optedOutUntil,
  wasStartedAgain,
  startedByScaleOut,
} from "../../../shared/instance-tags.ts";
import { unreleasable } from "../../../shared/kept.ts";
import { TAG, tagInstant } from "../../../shared/tags.ts";
import { addressAtRisk, chargedAnyway, losses } from "./economy.ts";
import {
  isCovered,
  lastMinutes,
  measure,
  Measured,
  SIGNAL_NAMES,
  SIGNALS,
  windowOf,
  type Samples,
  type SignalName,
  type Span,
} from "./signals.ts";

/** The reason for a verdict in one word; the record counts them. */
const Why = z.enum([
  "idle",
  "clock",
  "announced",
  "busy",
  "gap",
  "status",
  "optedOut",
  "locked",
  "saves nothing",
  "protected",
  "young",
  "wanted",
  "hours",
  "risk",
  "bounds",
  "no signal",
]);
type Why = z.infer<typeof Why>;

/** The result of an idle check on one instance. */
export const Verdict = z.strictObject({
  id: z.string(),
  /** `warn` announces a stop; `keep` leaves the instance alone. */
  act: z.enum(["keep", "warn", "stop"]),
  why: Why,
  /** A sentence with the numbers it rests on. */
  reason: z.string(),
  numbers: z.array(Measured),
  /** What a stop costs besides the work that is not done. */
  risks: z.exactOptional(z.array(z.string())),
});
export type Verdict = z.infer<typeof Verdict>;

const keep = (id: string, why: Why, reason: string, numbers: Measured[] = []): Verdict => ({
  id,
  act: "keep",
  why,
  reason: `kept: ${reason}`,
  numbers,
});

/** The verdict on one instance before the bounds of its fleet. */
export function decide(instance: Instance, samples: Samples, policy: IdlePolicy, now: number): Verdict {
  const { id } = instance;
  const protection = protectedBy(instance, policy, now);
  if (protection !== undefined) return keep(id, ...protection);
  if (policy.outside === "stop")
    return whenIdle(
      instance,
      { why: "clock", reason: "it is outside its working hours", numbers: [] },
      policy,
      now,
    );
  const span = windowOf(policy, now);
  const { numbers, doubt } = weigh(instance, samples, policy, span);
  if (doubt !== undefined) {
    const { why, signal, worst, below, points, expected } = doubt;
    const reason =
      why === "gap"
        ? `only ${points} of ${expected} ${span.periodMs < hours(1) ? "1-minute" : "hourly"} points of ${signal}, a gap is not idleness`
        : `${signal} reached ${worst} ${SIGNALS[signal].unit}, not below ${below}`;
    return keep(id, why, reason, numbers);
  }
  if (numbers.length === 0) return keep(id, "no signal", "no signal of the policy fits it");
  const reason = `idle for ${formatDuration(policy.windowMs)}: ${numbers.map(inWords).join("; ")}`;
  return whenIdle(instance, { why: "idle", reason, numbers }, policy, now);
}

/** Stops an instance, or announces the stop first (VERDICT-4). */
function whenIdle(
  instance: Instance,
  { why, reason, numbers }: Pick<Verdict, "why" | "reason" | "numbers">,
  policy: IdlePolicy,
  now: number,
): Verdict {
  const { action, stoppedMode, noticeMs } = policy;
  const { id } = instance;
  const risks = action === "stop" && stoppedMode === "StopCharging" ? losses(instance) : [];
  const idle = { id, why, numbers, ...(risks.length > 0 && { risks }) };
  if (noticeMs === undefined) return { ...idle, act: "stop", reason };
  const from = announcedStop(instance, noticeMs, now);
  if (from === undefined) return { ...idle, act: "warn", reason };
  const at = tagInstant(from);
  return now < from
    ? keep(id, "announced", `${reason}; its stop is announced from ${at} on`, numbers)
    : { ...idle, act: "stop", reason: `${reason}; announced from ${at} on` };
}

/** The verdict that keeps an instance because of its last minutes; undefined when they are idle (VERDICT-7). */
export function keptByLastMinutes(
  instance: Instance,
  samples: Samples,
  policy: IdlePolicy,
  now: number,
): Verdict | undefined {
  const span = lastMinutes(now);
  const { numbers, doubt } = weigh(instance, samples, policy, span);
  if (doubt === undefined) return undefined;
  const { why, signal, worst, worstAt = span.startAt, below, points, expected } = doubt;
  const reason =
    why === "gap"
      ? `1-minute metrics missing: ${points} of ${expected} points of ${signal} since ${clockTime(span.startAt)}`
      : `busy in the last ${formatDuration(span.endAt - span.startAt)}: ` +
        `${signal} ${worst} ${SIGNALS[signal].unit} at ${clockTime(worstAt)}, not below ${below}`;
  return keep(instance.id, why, reason, numbers);
}

const clockTime = (at: number): string => `${new Date(at).toISOString().slice(11, 16)} UTC`;

/** Every signal of the policy over a span, up to the first that is not idle (VERDICT-1, VERDICT-2). */
export function weigh(
  instance: Instance,
  samples: Samples,
  policy: IdlePolicy,
  span: Span,
): { readonly numbers: Measured[]; readonly doubt?: Measured & { readonly why: "busy" | "gap" } } {
  const numbers: Measured[] = [];
  for (const [name, below] of signalsFor(instance, policy)) {
    const measured = measure(name, below, samples, span);
    numbers.push(measured);
    const { worst = Number.NEGATIVE_INFINITY } = measured;
    if (worst >= below) return { numbers, doubt: { ...measured, why: "busy" } };
    if (!isCovered(measured, span.coverage)) return { numbers, doubt: { ...measured, why: "gap" } };
  }
  return { numbers };
}

/** The signals that exist for an instance, in a fixed order (VERDICT-5). Those of the internet need a public address. */
function signalsFor(
  { publicIps }: Instance,
  { signals }: IdlePolicy,
): (readonly [name: SignalName, below: number])[] {
  return SIGNAL_NAMES.flatMap((name) => {
    const bound = signals[name];
    if (bound === undefined || (name.startsWith("internet") && publicIps.length === 0)) return [];
    return [[name, bound.below] as const];
  });
}

/** The reason not to stop an instance whatever its metrics say; undefined when there is none (VERDICT-3). */
export function protectedBy(
  instance: Instance,
  policy: IdlePolicy,
  now: number,
): readonly [Why, string] | undefined {
  const { status, locks, startedAt, createdAt } = instance;
  if (status !== "Running") return ["status", `it is ${status}`];
  const until = optedOutUntil(instance, policy.optOutTag, now);
  if (until !== undefined) {
    const end = Number.isFinite(until) ? ` until ${tagInstant(until)}` : "";
    return ["optedOut", `its tag ${policy.optOutTag} asks for it${end}`];
  }
  if (locks.length > 0) return ["locked", `it is locked (${locks.join(", ")})`];
  const costly = costOfAct(instance, policy);
  if (costly !== undefined) return costly;
  const upSince = startedAt ?? createdAt;
  const ago = `it started ${formatDuration(now - upSince)} ago`;
  if (now - upSince < policy.graceMs)
    return ["young", `${ago}, within the grace of ${formatDuration(policy.graceMs)}`];
  // An instance that started within the window cannot have a whole window of points.
  if (policy.outside === "idle" && upSince > windowOf(policy, now).startAt)
    return ["young", `${ago}, within the window of ${formatDuration(policy.windowMs)}`];
  return wantedUp(instance, policy, now);
}

function costOfAct(instance: Instance, policy: IdlePolicy): readonly [Why, string] | undefined {
  if (policy.action !== "release") return unstoppable(instance, policy);
  const [why, sentence] = unreleasable(instance) ?? [];
  return why && [why, `it ${sentence}`];
}

/** With KeepCharging a stop is not meant to save money. */
function unstoppable(instance: Instance, policy: IdlePolicy): readonly [Why, string] | undefined {
  if (policy.stoppedMode === "KeepCharging") return undefined;
  const charged = chargedAnyway(instance);
  if (charged !== undefined) return ["saves nothing", charged];
  const address = addressAtRisk(instance);
  if (address === undefined || !policy.keepIf.includes("publicAddress")) return undefined;
  return ["risk", `a stop would lose its public address ${address}`];
}

/**
 * Working hours. Outside of them a start by a user keeps the instance until the next working hours are over, or until an
 * earlier time of day that the policy names.
 */
function wantedUp(instance: Instance, policy: IdlePolicy, now: number): readonly [Why, string] | undefined {
  const upDuring = hoursOf(instance, policy);
  if (upDuring === "unreadable")
    return [
      "hours",
      `its tag ${TAG.upDuring} is not hours like "Mon-Fri 08:00-20:00; Sat 10:00-14:00" of a fleet with upDuring`,
    ];
  if (upDuring === undefined) return undefined;
  if (isUp(upDuring, now)) return ["hours", "it is within its working hours"];
  const { startedAt = 0 } = instance;
  // Kiln resumes members within working hours only, and tags those it starts for a scale-out. So any other start
  // outside of them was a user's.
  if (!wasStartedAgain(instance) || startedByScaleOut(instance) || isUp(upDuring, startedAt))
    return undefined;
  const until = keptUntil(upDuring, policy, startedAt);
  if (until === undefined || now >= until) return undefined;
  return [
    "wanted",
    `a user started it outside its working hours; it is left alone until ${tagInstant(until)}`,
  ];
}

function keptUntil(
  upDuring: UpDuring,
  { startedByHandUntil: time }: IdlePolicy,
  startedAt: number,
): number | undefined {
  const ends = [
    nextChange(upDuring, "closes", startedAt),
    time === undefined ? undefined : nextTimeOfDay(time, upDuring, startedAt),
  ].filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

const inWords = ({ signal, worst, below, points, expected }: Measured): string =>
  `${signal} at most ${worst} ${SIGNALS[signal].unit} (below ${below}), ${points}/${expected} points`;
