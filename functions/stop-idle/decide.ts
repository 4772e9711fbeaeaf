/**
 * Is this instance idle, and may it be stopped? One pure function from what is known to a verdict.
 *
 * D1. Every signal of the policy must be below its bound, each over the whole window.
 * D2. A gap in metrics is not idleness: too few points keep an instance, whatever the others say.
 * D3. Protection first: opted out, locked, charged either way, young, wanted, working hours, in this order.
 * D4. With a notice period, idleness is announced first, and must last until the announced instant.
 * D5. Nothing here depends on the order of points, tags or instances.
 * D6. Hours that are over say nothing of the hour that runs: a stop needs the last minutes as well.
 */
import type { Instance } from "../../shared/cloud/instance.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { isUp, nextChange } from "../../shared/documents/up-hours.ts";
import { formatDuration } from "../../shared/duration.ts";
import { markOf } from "../../shared/labels.ts";
import { addressAtRisk, chargedAnyway, losses } from "./economy.ts";
import { announcedStop, optedOutUntil, wasStartedAgain, wokenByKiln } from "../../shared/marks.ts";
import {
  isCovered,
  lastFullHour,
  lastMinutes,
  measure,
  SIGNALS,
  windowOf,
  type Measured,
  type Samples,
  type SignalName,
  type Span,
} from "./signals.ts";

/** Why a verdict is what it is; the record counts them. */
export type Why =
  | "idle"
  | "announced"
  | "busy"
  | "gap"
  | "status"
  | "optedOut"
  | "locked"
  | "saves nothing"
  | "protected"
  | "young"
  | "wanted"
  | "hours"
  | "risk"
  | "bounds"
  | "no signal";

export interface Verdict {
  readonly id: string;
  /** `warn` announces a stop; `keep` leaves the instance alone. */
  readonly act: "keep" | "warn" | "stop";
  readonly why: Why;
  /** A sentence with the numbers it rests on. */
  readonly reason: string;
  readonly numbers: readonly Measured[];
  /** What stopping it costs besides the work it does not do. */
  readonly risks?: readonly string[];
}

/** The verdict to leave an instance alone. */
const keep = (id: string, why: Why, reason: string, numbers: readonly Measured[] = []): Verdict => ({
  id,
  act: "keep",
  why,
  reason: `kept: ${reason}`,
  numbers,
});

/** The verdict on one instance, the fleet's bounds left aside. */
export function decide(instance: Instance, samples: Samples, policy: IdlePolicy, now: number): Verdict {
  const { id } = instance;
  const kept = (why: Why, reason: string, about: readonly Measured[] = []) => keep(id, why, reason, about);
  const protection = protectedBy(instance, policy, now);
  if (protection !== undefined) return kept(...protection);
  const { numbers, doubt } = weigh(instance, samples, policy, windowOf(policy, now));
  if (doubt !== undefined) {
    const { why, signal, worst, below, points, expected } = doubt;
    const reason =
      why === "gap"
        ? `only ${points} of ${expected} hourly points of ${signal}, a gap is not idleness`
        : `${signal} reached ${worst} ${SIGNALS[signal].unit}, not below ${below}`;
    return kept(why, reason, numbers);
  }
  if (numbers.length === 0) return kept("no signal", "no signal of the policy fits it", numbers);
  const risks = policy.action === "stop" && policy.stoppedMode === "StopCharging" ? losses(instance) : [];
  const idle = { id, numbers, ...(risks.length > 0 && { risks }) };
  const reason = `idle for ${formatDuration(policy.windowMs)}: ${numbers.map(inWords).join("; ")}`;
  if (policy.noticeMs === undefined) return { ...idle, act: "stop", why: "idle", reason };
  const from = announcedStop(instance, policy.noticeMs, now);
  if (from === undefined) return { ...idle, act: "warn", why: "idle", reason };
  if (now < from)
    return kept("announced", `${reason}; its stop is announced from ${markOf(from)} on`, numbers);
  return { ...idle, act: "stop", why: "idle", reason: `${reason}; announced from ${markOf(from)} on` };
}

/** The verdict on one that is about to be stopped, once its last minutes are known (D6). */
export function decideAgain(
  verdict: Verdict,
  instance: Instance,
  samples: Samples,
  policy: IdlePolicy,
  now: number,
): Verdict {
  const span = lastMinutes(now);
  const { numbers, doubt } = weigh(instance, samples, policy, span);
  if (doubt === undefined) return verdict;
  const { why, signal, worst, worstAt = span.startAt, below, points, expected } = doubt;
  const reason =
    why === "gap"
      ? `1-minute metrics missing: ${points} of ${expected} points of ${signal} since ${clockTime(span.startAt)}`
      : `busy in the last ${formatDuration(span.endAt - span.startAt)}: ` +
        `${signal} ${worst} ${SIGNALS[signal].unit} at ${clockTime(worstAt)}, not below ${below}`;
  return keep(verdict.id, why, reason, numbers);
}

const clockTime = (at: number): string => `${new Date(at).toISOString().slice(11, 16)} UTC`;

/** Every signal of the policy over a span, up to the first that does not speak for idleness (D1, D2). */
export function weigh(
  instance: Instance,
  samples: Samples,
  policy: IdlePolicy,
  span: Span,
): { readonly numbers: readonly Measured[]; readonly doubt?: Measured & { readonly why: "busy" | "gap" } } {
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

/**
 * The signals that exist for an instance, in one fixed order whatever the policy's is (D5). Without a public
 * address there is nothing to measure on it.
 */
function signalsFor(
  { publicIps }: Instance,
  { signals }: IdlePolicy,
): (readonly [name: SignalName, below: number])[] {
  return NAMES.flatMap((name) => {
    const bound = signals[name];
    if (bound === undefined || (name.startsWith("internet") && publicIps.length === 0)) return [];
    return [[name, bound.below] as const];
  });
}

const NAMES = Object.keys(SIGNALS) as SignalName[];

/** What forbids to stop it whatever it does; undefined when nothing does (D3). */
export function protectedBy(
  instance: Instance,
  policy: IdlePolicy,
  now: number,
): readonly [Why, string] | undefined {
  const { status, locks, startedAt, createdAt } = instance;
  if (status !== "Running") return ["status", `it is ${status}`];
  const until = optedOutUntil(instance, policy.optOutTag, now);
  if (until !== undefined) {
    const end = Number.isFinite(until) ? ` until ${markOf(until)}` : "";
    return ["optedOut", `its tag ${policy.optOutTag} asks for it${end}`];
  }
  if (locks.length > 0) return ["locked", `it is locked (${locks.join(", ")})`];
  const costly = policy.action === "release" ? unreleasable(instance) : unstoppable(instance, policy);
  if (costly !== undefined) return costly;
  const since = startedAt ?? createdAt;
  const ago = `it started ${formatDuration(now - since)} ago`;
  if (now - since < policy.graceMs)
    return ["young", `${ago}, within the grace of ${formatDuration(policy.graceMs)}`];
  // Within the window there cannot be a whole window of points.
  if (since > lastFullHour(now) - policy.windowMs)
    return ["young", `${ago}, within the window of ${formatDuration(policy.windowMs)}`];
  return wantedUp(instance, policy, now);
}

function unreleasable({ chargeType, deletionProtection }: Instance): readonly [Why, string] | undefined {
  if (chargeType === "PrePaid") return ["saves nothing", "a subscription cannot be released before its end"];
  return deletionProtection ? ["protected", "it is protected from release"] : undefined;
}

/** A stop that keeps on charging saves nothing by intention, so nothing speaks against it. */
function unstoppable(instance: Instance, policy: IdlePolicy): readonly [Why, string] | undefined {
  if (policy.stoppedMode === "KeepCharging") return undefined;
  const charged = chargedAnyway(instance);
  if (charged !== undefined) return ["saves nothing", charged];
  const address = addressAtRisk(instance);
  if (address === undefined || !policy.keepIf.includes("publicAddress")) return undefined;
  return ["risk", `a stop would lose its public address ${address}`];
}

/** Working hours, and starts outside of them: somebody wants it, until the next working hours are over. */
function wantedUp(
  instance: Instance,
  { upDuring }: IdlePolicy,
  now: number,
): readonly [Why, string] | undefined {
  if (upDuring === undefined) return undefined;
  if (isUp(upDuring, now)) return ["hours", "it is within its working hours"];
  const { startedAt = 0 } = instance;
  // Kiln itself resumes within working hours only, and says which ones it woke for a request, so any other
  // later start outside of them was somebody's wish.
  if (!wasStartedAgain(instance) || wokenByKiln(instance) || isUp(upDuring, startedAt)) return undefined;
  const until = nextChange(upDuring, "closes", startedAt);
  if (until === undefined || now >= until) return undefined;
  return ["wanted", `somebody started it outside its working hours; it is left alone until ${markOf(until)}`];
}

const inWords = ({ signal, worst, below, points, expected }: Measured): string =>
  `${signal} at most ${worst} ${SIGNALS[signal].unit} (below ${below}), ${points}/${expected} points`;
