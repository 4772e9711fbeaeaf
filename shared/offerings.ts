/**
 * Offerings: the combinations of payment, instance type and vSwitch a launch may use, in the order of preference,
 * and the capacity cache that remembers which had none a short while ago. Builders, test instances and fleets
 * share both.
 *
 * OFFERING-1. The cache is a hint: an offering without capacity is tried last, never left out.
 * OFFERING-2. One small object for each offering; its time is all it holds. Losing it only costs a call.
 * OFFERING-3. The order is decided once, when a run begins, and travels with it: the same event uses the same
 *     offering.
 * OFFERING-4. An offering without capacity goes behind the others of its payment only: a fleet that prefers spot
 *     does not pay more because one type is short.
 */
import { listObjects, putObject } from "./cloud/oss/objects.ts";
import { minutes } from "./duration.ts";
import type { Ports } from "./invocation.ts";
import { FOLDER } from "./keys.ts";

export type Payment = "spot" | "onDemand";

/** One way to buy an instance. */
export interface Offering {
  /** For messages: `ecs.g7.large in vsw-… (spot)`. */
  readonly name: string;
  /** Undefined where a launch template brings the type. */
  readonly instanceType: string | undefined;
  /** Undefined where a launch template brings the vSwitch. */
  readonly vSwitchId: string | undefined;
  readonly payment: Payment;
}

interface Choices {
  readonly payments: readonly Payment[];
  readonly instanceTypes: readonly string[];
  readonly vSwitchIds: readonly string[];
}

/** Payment first, then type, then vSwitch, each in the order it is written. Empty lists leave the choice to a template. */
export function offeringsOf({ payments, instanceTypes, vSwitchIds }: Choices): readonly Offering[] {
  const types = instanceTypes.length > 0 ? instanceTypes : [undefined];
  const vSwitches = vSwitchIds.length > 0 ? vSwitchIds : [undefined];
  return payments.flatMap((payment) =>
    types.flatMap((instanceType) =>
      vSwitches.map((vSwitchId) => ({
        name: [instanceType ?? "template", vSwitchId && `in ${vSwitchId}`, payment === "spot" && "(spot)"]
          .filter(Boolean)
          .join(" "),
        instanceType,
        vSwitchId,
        payment,
      })),
    ),
  );
}

/** Capacity returns within minutes; an older entry is worth less than a new attempt. */
const FRESH_MS = minutes(10);

const keyOf = ({ name }: Offering): string => `${FOLDER.capacity}${name.replaceAll(/[^\w.-]+/g, "-")}`;

/** The order in which to try `offerings`, as their places; undefined when it is the order they are written in. */
export async function orderByCapacity(
  offerings: readonly Offering[],
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<readonly number[] | undefined> {
  if (offerings.length < 2) return undefined;
  const entries = await listObjects(cloud, FOLDER.capacity);
  const short = new Set(
    entries.filter(({ lastModifiedAt }) => clock.now() - lastModifiedAt < FRESH_MS).map(({ key }) => key),
  );
  const payments = [...new Set(offerings.map(({ payment }) => payment))];
  const ranked = offerings.map((offering, place) => ({
    place,
    rank: payments.indexOf(offering.payment) * 2 + Number(short.has(keyOf(offering))),
  }));
  const order = ranked.toSorted((a, b) => a.rank - b.rank).map(({ place }) => place);
  return order.some((place, n) => place !== n) ? order : undefined;
}

/** Remembers that an offering had no capacity. */
export async function noteNoCapacity(
  offering: Offering,
  { cloud, log }: Pick<Ports, "cloud" | "log">,
): Promise<void> {
  await putObject(cloud, keyOf(offering), "", { contentType: "text/plain" }).catch((error: unknown) => {
    log({ warning: "capacity not noted", offering: offering.name, error });
  });
}
