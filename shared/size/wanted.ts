/**
 * How many members a fleet is to have at an instant. Pure: its document and the last act in, a number out.
 *
 * WANTED-1. The last act wins until the next edge of the schedule, or until `size.desired` is another one. After that it is
 *     dropped from the log, so it does not count again when the document is as before.
 * WANTED-2. A stop by an idle check, a completed job or a user lowers it by that member, and an edge does not take that back,
 *     unless the entry that begins there names `desired`. So a fleet without work stays down. An act that adds members to such a
 *     fleet leaves it lowered; one that names a number does not.
 * WANTED-3. It is never below the `min` of the instant, nor above the fleet's max.
 */
import * as z from "zod/mini";
import type { Fleet } from "../documents/fleet.ts";
import { horizonMs, instants, isOpen } from "../documents/calendar.ts";

/** The number that an act has set. */
export const Level = z.object({
  desired: z.int(),
  /** Epoch ms. */
  at: z.int(),
  by: z.string(),
  /** `size.desired` at that time (WANTED-1). */
  of: z.int(),
  /** Members were stopped (WANTED-2). */
  lowered: z.optional(z.literal(true)),
  /** By how much the act has raised the number, within the fleet's max; less than 0: lowered it. */
  raised: z.optional(z.int()),
});
export type Level = z.infer<typeof Level>;

export interface Wanted {
  readonly min: number;
  readonly desired: number;
}

/** The part of a fleet with which its size is computed. */
export type Sized = Pick<Fleet, "schedule" | "calendar"> & {
  readonly size: NonNullable<Fleet["size"]>;
  readonly limits: { readonly max: number };
};

/** Whether the size of a fleet is kept. */
export const isSized = (fleet: Fleet): fleet is Fleet & Sized => fleet.size !== undefined;

/** The entries of the schedule that hold at `at`, by their places. */
function openEntries({ schedule = [], calendar }: Sized, at: number): number[] {
  if (calendar === undefined) return [];
  return schedule.flatMap((entry, place) => (isOpen(entry, calendar, at) ? [place] : []));
}

/** The instants in (`from`, `until`] at which an entry of the schedule begins or ends. Epoch ms, ascending. */
export function* edgesOf(fleet: Sized, from: number, until: number): Generator<number> {
  const { schedule = [], calendar } = fleet;
  if (calendar === undefined || schedule.length === 0) return;
  // A schedule that has not changed for that long has no edge.
  const start = Math.max(from, until - horizonMs(calendar));
  let before = openEntries(fleet, start).join();
  for (const instant of instants(schedule, start, until)) {
    const open = openEntries(fleet, instant).join();
    if (open !== before) yield instant;
    before = open;
  }
}

const hasEdge = (fleet: Sized, from: number, until: number): boolean =>
  edgesOf(fleet, from, until).next().done !== true;

/** The members that `fleet` is to have at `now`, epoch ms. */
export function wantedOf(fleet: Sized, level: Level | undefined, now: number): Wanted {
  const { size, schedule = [], limits } = fleet;
  const open = openEntries(fleet, now).flatMap((place) => schedule[place] ?? []);
  const min = Math.min(limits.max, highest(open.flatMap((entry) => entry.min ?? [])) ?? size.min);
  const planned = highest(open.flatMap((entry) => entry.desired ?? []));
  return { min, desired: bounded(fleet, min, desiredOf(fleet, planned, level, now)) };
}

const highest = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values);

/** WANTED-3. */
const bounded = ({ limits }: Sized, min: number, desired: number): number =>
  Math.max(min, Math.min(limits.max, desired));

/** The level of a fleet once an act has asked for `desired` members; `wanted` is its size before. */
export function levelOf(
  fleet: Sized,
  { min }: Wanted,
  { desired, ...act }: Pick<Level, "desired" | "at" | "by" | "lowered">,
): Level {
  return { ...act, desired: bounded(fleet, min, desired), of: fleet.size.desired };
}

/** `level` as long as it counts (WANTED-1, WANTED-2). */
export function standingLevel(fleet: Sized, level: Level | undefined, now: number): Level | undefined {
  if (level?.of !== fleet.size.desired) return undefined;
  return level.lowered === true || !hasEdge(fleet, level.at, now) ? level : undefined;
}

/** Whether stops have lowered the size, and no number was named since (WANTED-2). */
export const isStillLowered = (fleet: Sized, level: Level | undefined, now: number): boolean =>
  standingLevel(fleet, level, now)?.lowered === true;

function desiredOf(fleet: Sized, planned: number | undefined, given: Level | undefined, now: number): number {
  const { desired } = fleet.size;
  const level = standingLevel(fleet, given, now);
  if (level === undefined) return planned ?? desired;
  if (!hasEdge(fleet, level.at, now)) return level.desired;
  return planned ?? Math.min(level.desired, desired);
}
