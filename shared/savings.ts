/**
 * The savings of a fleet by month: the hours in which members that Kiln stopped were down and not charged, at the price of
 * the time when they were first seen down.
 *
 * LEDGER-1. A stop counts from the instant in the tag of the member, once it was seen down without charge.
 * LEDGER-2. It counts to its start, whoever made it. Of one that was released, up to the last check that saw it down.
 * LEDGER-3. Each check counts on from where the one before ended, so that its repetition counts nothing twice.
 * LEDGER-4. A month is one of UTC. Disks and EIPs go on being charged, and are not in the amounts.
 */
import * as z from "zod/mini";
import type { Instance } from "./cloud/ecs/instance.ts";
import type { HourlyPrice } from "./cloud/ecs/price.ts";
import { days, hours } from "./duration.ts";
import { stoppedByKilnAt } from "./instance-tags.ts";

const Month = z.object({
  /** Members that were stopped. */
  stops: z.int(),
  /** Hours of all members together, and those of them without a known price. */
  hours: z.number(),
  unpricedHours: z.number(),
  amount: z.number(),
});
type Month = z.infer<typeof Month>;

const Open = z.object({ fromAt: z.int(), countedAt: z.int(), perHour: z.optional(z.number()) });
type Open = z.infer<typeof Open>;

const Day = z.object({ hours: z.number(), amount: z.number() });

/** `open`: stops that still count, by instance. `days`: the last ones, as 2026-11-27. */
export const Savings = z.object({
  currency: z.string(),
  months: z.record(z.string(), Month),
  days: z.optional(z.record(z.string(), Day)),
  open: z.record(z.string(), Open),
});
export type Savings = z.infer<typeof Savings>;

export const NO_SAVINGS: Savings = { currency: "", months: {}, open: {} };

/** A list of members may miss one for a moment, so one that is missing is kept in mind for as long. */
const MISSING_MS = days(31);

/** `2026-11` */
export const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7);

/** Whether the stop of a member counts from now on (LEDGER-1). */
export const isNewlyDown = (member: Instance, { open }: Savings): boolean =>
  isDownFree(member) && stoppedByKilnAt(member) !== undefined && !(member.id in open);

const isDownFree = ({ status, stoppedMode }: Instance): boolean =>
  status === "Stopped" && stoppedMode === "StopCharging";

/** The savings with all that `members` show at `now`; `priceOf` is asked for those that are newly down. */
export function counted(
  before: Savings,
  members: readonly Instance[],
  priceOf: (member: Instance) => HourlyPrice | undefined,
  now: number,
): Savings {
  const savings = {
    ...before,
    months: { ...before.months },
    days: recentDays(before.days, now),
    open: {} as Record<string, Open>,
  };
  const byId = new Map(members.map((member) => [member.id, member]));
  for (const [id, stop] of Object.entries(before.open)) {
    const left = countOn(savings, stop, byId.get(id), now);
    if (left !== undefined) savings.open[id] = left;
  }
  for (const member of members) {
    const fromAt = stoppedByKilnAt(member);
    if (fromAt === undefined || !isNewlyDown(member, savings)) continue;
    const price = priceOf(member);
    savings.currency = price?.currency ?? savings.currency;
    const stop = { fromAt, countedAt: fromAt, ...(price && { perHour: price.perHour }) };
    add(savings.months, fromAt, { ...NOTHING, stops: 1 });
    savings.open[member.id] = countOn(savings, stop, member, now) ?? stop;
  }
  const { days: counted, ...rest } = savings;
  return Object.keys(counted).length === 0 ? rest : savings;
}

/** Two months. */
const DAYS_KEPT_MS = days(62);

const recentDays = (before: Savings["days"] = {}, now: number): Record<string, z.infer<typeof Day>> =>
  Object.fromEntries(Object.entries(before).filter(([day]) => Date.parse(day) > now - DAYS_KEPT_MS));

interface Counts {
  readonly months: Record<string, Month>;
  readonly days: Record<string, z.infer<typeof Day>>;
}

/** Counts one stop on; undefined once it has ended (LEDGER-2). */
function countOn(counts: Counts, stop: Open, member: Instance | undefined, now: number): Open | undefined {
  if (member === undefined) return now - stop.countedAt > MISSING_MS ? undefined : stop;
  const { startedAt = 0 } = member;
  const isStarted = startedAt > stop.fromAt;
  if (!isStarted && !isDownFree(member)) return stop;
  const endAt = isStarted ? Math.min(startedAt, now) : now;
  count(counts, stop, endAt);
  return isStarted ? undefined : { ...stop, countedAt: Math.max(endAt, stop.countedAt) };
}

const NOTHING: Month = { stops: 0, hours: 0, unpricedHours: 0, amount: 0 };

/** Adds the time from where a stop was counted to, each month and day its part. */
function count({ months, days: byDay }: Counts, { countedAt, perHour }: Open, endAt: number): void {
  let fromAt = countedAt;
  while (fromAt < endAt) {
    const toAt = Math.min(endAt, fromAt - (fromAt % days(1)) + days(1));
    const length = (toAt - fromAt) / hours(1);
    const amount = length * (perHour ?? 0);
    const unpricedHours = perHour === undefined ? length : 0;
    add(months, fromAt, { stops: 0, hours: length, unpricedHours, amount });
    const day = new Date(fromAt).toISOString().slice(0, 10);
    const sum = byDay[day] ?? { hours: 0, amount: 0 };
    byDay[day] = { hours: sum.hours + length, amount: sum.amount + amount };
    fromAt = toAt;
  }
}

function add(months: Record<string, Month>, at: number, more: Month): void {
  const month = months[monthOf(at)] ?? NOTHING;
  months[monthOf(at)] = {
    stops: month.stops + more.stops,
    hours: month.hours + more.hours,
    unpricedHours: month.unpricedHours + more.unpricedHours,
    amount: month.amount + more.amount,
  };
}
