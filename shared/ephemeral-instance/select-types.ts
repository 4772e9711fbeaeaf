/**
 * The instance types of a size, the cheapest first, for a builder, a test instance or a fleet whose document names no types.
 *
 * SELECT-1. Types are chosen once, when a run begins, and travel with it like those of a recipe.
 * SELECT-2. A type that the cloud does not price with the image and the system disk is not sold to this launch.
 */
import { typesOfSize } from "../cloud/ecs/instance-types.ts";
import { hourlyLaunchPrice, pricedDisk } from "../cloud/ecs/price.ts";
import type { CloudClient } from "../cloud/client.ts";
import { permanent } from "../errors.ts";
import { inBatches } from "../in-batches.ts";
import { ok, problem, type Result } from "../result.ts";
import type { InstanceSpec } from "./spec.ts";
import { TYPES_SELECTED } from "../budget.ts";

export interface InstanceSize {
  readonly vcpu: number;
  readonly memoryGiB: number;
}

/** Types that are priced, a call each; the newest generations are. */
const PRICED_MAX = 40;

/** `ecs.g8i.large` → 8 */
const generationOf = (type: string): number => Number(/\.[a-z]+(\d+)/.exec(type)?.[1] ?? 0);

/** @param architecture that of the image */
export async function selectTypes(
  { vcpu, memoryGiB }: InstanceSize,
  { imageId, params }: Pick<InstanceSpec, "imageId" | "params">,
  architecture: string,
  cloud: CloudClient,
): Promise<Result<string[]>> {
  const found = await typesOfSize(cloud, {
    vcpu,
    memoryGiB,
    architecture: architecture === "arm64" ? "ARM" : "X86",
  });
  const newest = found.toSorted((a, b) => generationOf(b) - generationOf(a)).slice(0, PRICED_MAX);
  const priced = await inBatches(newest, async (type) => {
    const disk = pricedDisk(params["SystemDisk"]);
    const asked = { InstanceType: type, ImageId: imageId, SystemDisk: disk, PriceUnit: "Hour" };
    try {
      return [{ type, ...(await hourlyLaunchPrice(cloud, asked)) }];
    } catch (error) {
      permanent(error);
      return [];
    }
  });
  const types = priced
    .flat()
    .toSorted((a, b) => a.perHour - b.perHour || (a.type < b.type ? -1 : 1))
    .slice(0, TYPES_SELECTED)
    .map(({ type }) => type);
  return types.length === 0
    ? problem(
        `the cloud sells no ${architecture} instance type with ${vcpu} vCPUs and ${memoryGiB} GiB in ${cloud.access.region} with this system disk; write another size or name types`,
      )
    : ok(types);
}
