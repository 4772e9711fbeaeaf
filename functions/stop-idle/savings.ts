/**
 * What a stop saves, as far as it can be known: the price of an hour now, and no guess about the rest.
 *
 * A1. Prices are asked of the cloud at the time; a type it does not price is counted as unpriced.
 * A2. Disks and EIPs go on being charged and are not in the number.
 * A3. Without working hours nobody knows when they start again: then there is a price per hour and no total.
 */
import type { CloudClient } from "../../shared/cloud/client.ts";
import type { Instance } from "../../shared/cloud/instances.ts";
import { hourlyPrice, type HourlyPrice } from "../../shared/cloud/price.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { nextChange } from "../../shared/documents/up-hours.ts";
import { hours } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import { kindOf } from "./stock.ts";

export interface Savings {
  readonly instances: number;
  /** Of those, how many the cloud named no price for. */
  readonly unpriced: number;
  readonly perHour: number;
  readonly currency: string;
  /** Until working hours begin, when Kiln starts them again. */
  readonly hours?: number;
  readonly total?: number;
}

/** Prices by `kindOf`; a kind that cannot be priced has none, since no price may hold up a stop. */
export async function readPrices(
  cloud: CloudClient,
  instances: readonly Instance[],
): Promise<ReadonlyMap<string, HourlyPrice>> {
  const kinds = new Map(instances.map((instance) => [kindOf(instance), instance]));
  const prices = new Map<string, HourlyPrice>();
  for (const [kind, { type, zone, spotStrategy, imageId }] of kinds) {
    try {
      prices.set(kind, await hourlyPrice(cloud, { instanceType: type, zone, spotStrategy, imageId }));
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
    }
  }
  return prices;
}

/** What it saves that `instances` are stopped from `now` on; those that go on being charged left out before. */
export function savingsOf(
  instances: readonly Instance[],
  prices: ReadonlyMap<string, HourlyPrice>,
  { resume, upDuring }: Pick<IdlePolicy, "resume" | "upDuring">,
  now: number,
): Savings {
  const priced = instances.flatMap((instance) => prices.get(kindOf(instance)) ?? []);
  const perHour = round(priced.reduce((sum, price) => sum + price.perHour, 0));
  const start = resume && upDuring ? nextChange(upDuring, "opens", now) : undefined;
  const off = start === undefined ? undefined : round((start - now) / hours(1));
  return {
    instances: instances.length,
    unpriced: instances.length - priced.length,
    perHour,
    currency: priced[0]?.currency ?? "",
    ...(off !== undefined && { hours: off, total: round(perHour * off) }),
  };
}

const round = (amount: number): number => Math.round(amount * 1000) / 1000;
