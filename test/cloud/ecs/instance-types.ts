/** An instance type by its name. */
import { categoriesOf } from "./disk-offers.ts";
import type { InstanceType } from "./records.ts";

/** `hourlyPrice` in CNY; family, architecture and disks follow from the id. */
export function typeOf(
  id: string,
  size: Pick<InstanceType, "cpu" | "memoryGb" | "hourlyPrice">,
): InstanceType {
  const sized = id.slice(0, id.lastIndexOf("."));
  const family = sized.replace(/-l?c\dm\d$/, "");
  return {
    id,
    family,
    ...size,
    architecture: /\dy$/.test(family) ? "arm64" : "x86_64",
    burstable: family.startsWith("ecs.t"),
    localDisks: family.startsWith("ecs.i"),
    diskCategories: categoriesOf(family),
  };
}
