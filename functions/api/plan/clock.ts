/** Rows of fleets, and the instants at which the clock does something to one. Pure. */
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { nextChange, type UpDuring } from "../../../shared/documents/up-hours.ts";
import { formatDuration } from "../../../shared/duration.ts";
import { isDue, TIMER_MS } from "../../stop-idle/idle-check/due.ts";
import type { Window } from "./timers.ts";

/** What happens to a fleet, in words, and when. */
export interface PlannedFleet {
  /** Absent for a refresh that follows a promotion. */
  readonly at?: string;
  readonly fleet: string;
  /** `skip`: its run changes nothing. */
  readonly act: "idle-check" | "resume" | "stop" | "release" | "size" | "refresh" | "skip" | "fail";
  readonly why: string;
  /** Of a size. */
  readonly desired?: number;
  readonly min?: number;
  readonly assumes?: string;
}

export const iso = (at: number): string => new Date(at).toISOString();

/** The checks of a fleet in a window. */
export function checksIn(policy: IdlePolicy, { after, until }: Window): readonly number[] {
  const checks: number[] = [];
  for (let at = after - (after % TIMER_MS) + TIMER_MS; at <= until; at += TIMER_MS)
    if (isDue(policy, at)) checks.push(at);
  return checks;
}

const FATES = {
  stop: {
    now: "they are stopped",
    noticed: "they are announced, and stopped after",
    dry: "none is stopped, because idle.dryRun is true",
  },
  release: {
    now: "they are released",
    noticed: "they are announced, and released after",
    dry: "none is released, because idle.dryRun is true",
  },
} as const;

/** What becomes of the machines that a check finds. */
export function fateOf({ action, noticeMs, dryRun }: IdlePolicy): string {
  const { now, noticed, dry } = FATES[action];
  if (dryRun) return dry;
  return noticeMs === undefined ? now : `${noticed} ${formatDuration(noticeMs)}`;
}

/** The instants of a window at which the hours of a policy begin or end. */
export function edgesIn(
  { upDuring }: { readonly upDuring?: UpDuring | undefined },
  edge: "opens" | "closes",
  { after, until }: Window,
): number[] {
  const all: number[] = [];
  let at = upDuring && nextChange(upDuring, edge, after);
  for (; upDuring && at !== undefined && at <= until; at = nextChange(upDuring, edge, at)) all.push(at);
  return all;
}
