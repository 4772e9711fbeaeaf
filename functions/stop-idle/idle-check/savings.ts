/**
 * The savings of a stop, as far as they are known: the price of an hour now, without estimates.
 *
 * SAVINGS-1. Prices are read from the cloud at the time of the stop. A type without a price counts as unpriced.
 * SAVINGS-2. Disks and EIPs go on being charged and are not in the number.
 * SAVINGS-3. Without working hours the next start is not known: then there is a price per hour and no total.
 */
import { getObject, putObject } from "../../../shared/cloud/oss/objects.ts";
import { savingsKey } from "../../../shared/keys.ts";
import { readJson } from "../../../shared/json.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { counted, isNewlyDown, NO_SAVINGS, Savings } from "../../../shared/savings.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import { hourlyPrice, type HourlyPrice } from "../../../shared/cloud/ecs/price.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { nextChange } from "../../../shared/documents/up-hours.ts";
import { hours } from "../../../shared/duration.ts";
import { CloudError } from "../../../shared/errors.ts";
import { kindOf } from "./capacity.ts";

/** As `savingsOf`, with the current prices. */
export const readSavings = async (
  cloud: CloudClient,
  instances: readonly Instance[],
  policy: IdlePolicy,
  now: number,
) => savingsOf(instances, await readPrices(cloud, instances), policy, now);

/** Counts what the stops of the fleet saved until now (shared/savings.ts). One check of a fleet runs at a time. */
export async function countSavings(
  fleet: string,
  members: readonly Instance[],
  { cloud, clock, log }: Pick<Ports, "cloud" | "clock" | "log">,
): Promise<void> {
  const key = savingsKey(fleet);
  const stored = await getObject(cloud, key);
  const parsed = stored === undefined ? ok(NO_SAVINGS) : parsedSavings(stored.text);
  if (!parsed.ok) return log({ fleet, problem: `${key} ${parsed.problem}` });
  const before = parsed.value;
  const prices = await readPrices(
    cloud,
    members.filter((member) => isNewlyDown(member, before)),
  );
  const after = counted(before, members, (member) => prices.get(kindOf(member)), clock.now());
  const text = JSON.stringify(after);
  if (text !== (stored?.text ?? JSON.stringify(NO_SAVINGS)))
    await putObject(cloud, key, text, { contentType: "application/json" });
}

function parsedSavings(text: string): Result<Savings> {
  const parsed = Savings.safeParse(readJson(text));
  return parsed.success
    ? ok(parsed.data)
    : problem("cannot be read, so no savings are counted; delete it to begin again");
}

/** Prices by kind. A kind whose price is refused has none: a missing price must not hold up a stop. */
async function readPrices(
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

/** What is saved when `instances` are stopped from `now` on. Leave out those that go on being charged. */
export function savingsOf(
  instances: readonly Instance[],
  prices: ReadonlyMap<string, HourlyPrice>,
  { resume, upDuring }: Pick<IdlePolicy, "resume" | "upDuring">,
  now: number,
) {
  const priced = instances.flatMap((instance) => prices.get(kindOf(instance)) ?? []);
  const perHour = round(priced.reduce((sum, price) => sum + price.perHour, 0));
  const start = resume && upDuring ? nextChange(upDuring, "opens", now) : undefined;
  const off = start === undefined ? undefined : round((start - now) / hours(1));
  return {
    instances: instances.length,
    /** Of `instances`, those without a known price. */
    unpriced: instances.length - priced.length,
    perHour,
    currency: priced[0]?.currency ?? "",
    // Until working hours begin, when Kiln starts them again.
    ...(off !== undefined && { hours: off, total: round(perHour * off) }),
  };
}

const round = (amount: number): number => Math.round(amount * 1000) / 1000;
