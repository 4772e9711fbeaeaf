/** The savings of fleets in a month, as idle checks have counted them (shared/savings.ts). */
import { orWhy } from "../../shared/apart.ts";
import { getObject, listObjects } from "../../shared/cloud/oss/objects.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { readJson } from "../../shared/json.ts";
import { SAVINGS } from "../../shared/keys.ts";
import { monthOf, Savings } from "../../shared/savings.ts";

/** The savings by the stops of a fleet in a month, without disks and EIPs. */
export interface SavingsRow {
  readonly fleet: string;
  readonly stops: number;
  /** Instance hours, rounded. */
  readonly hours: number;
  /** Of `hours`, those without a known price, which are not in `amount`. */
  readonly unpricedHours: number;
  readonly amount: number;
  readonly currency: string;
  /** The days of the month that are known, as 2026-11-27. */
  readonly days: Readonly<Record<string, { readonly hours: number; readonly amount: number }>>;
}

/** @throws CloudError */
export async function savings(ports: Ports, month = monthOf(ports.clock.now())) {
  const { cloud } = ports;
  const objects = await listObjects(cloud, SAVINGS);
  const problems: string[] = [];
  const rows = await inBatches(objects, async ({ key }) => {
    const fleet = key.slice(SAVINGS.length, -".json".length);
    const read = await orWhy(key, () => getObject(cloud, key), ports);
    if (!read.ok) problems.push(`fleet ${fleet}: ${read.problem}`);
    const found = read.ok ? read.value : undefined;
    const parsed = Savings.safeParse(readJson(found?.text ?? ""));
    const of = parsed.data?.months[month];
    if (parsed.data === undefined || of === undefined) return [];
    const { currency } = parsed.data;
    const row: SavingsRow = {
      fleet,
      stops: of.stops,
      hours: round(of.hours),
      unpricedHours: round(of.unpricedHours),
      amount: round(of.amount),
      currency,
      days: daysIn(parsed.data.days, month),
    };
    return [row];
  });
  return { month, savings: rows.flat(), problems };
}

const daysIn = (days: Savings["days"] = {}, month: string): SavingsRow["days"] =>
  Object.fromEntries(
    Object.entries(days)
      .filter(([day]) => day.startsWith(month))
      .map(([day, { hours, amount }]) => [day, { hours: round(hours), amount: round(amount) }]),
  );

const round = (amount: number): number => Math.round(amount * 100) / 100;
