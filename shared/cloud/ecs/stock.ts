/** Where an instance type can be had. A hint only: the cloud says whether there is stock, not how much. */
import { DescribeAvailableResource } from "./actions.ts";
import * as z from "zod/mini";
import { send, type CloudClient } from "../client.ts";

export interface ZoneStock {
  readonly zone: string;
  /** "plenty", or "low" when the cloud says it is about to close. Zones without stock are not in the answer. */
  readonly stock: "plenty" | "low";
}

const wireAnswer = () =>
  z.looseObject({
    AvailableZones: z.optional(
      z.looseObject({
        AvailableZone: z.array(
          z.looseObject({ ZoneId: z.string(), Status: z.string(), StatusCategory: z.optional(z.string()) }),
        ),
      }),
    ),
  });

/** The zones that have `instanceType`, those with plenty first. */
export async function availableZones(client: CloudClient, instanceType: string): Promise<ZoneStock[]> {
  const params = { DestinationResource: "InstanceType", InstanceType: instanceType };
  const call = { action: DescribeAvailableResource, params };
  const { AvailableZones } = await send(client, call, wireAnswer);
  return (AvailableZones?.AvailableZone ?? [])
    .filter(
      ({ Status, StatusCategory = "WithStock" }) =>
        Status === "Available" && !StatusCategory.endsWith("WithoutStock"),
    )
    .map(({ ZoneId, StatusCategory }) => ({
      zone: ZoneId,
      stock: StatusCategory === "ClosedWithStock" ? ("low" as const) : ("plenty" as const),
    }))
    .toSorted((a, b) => Number(a.stock === "low") - Number(b.stock === "low"));
}
