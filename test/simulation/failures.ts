/** Permanent failures of a promotion: of its copies, its shares, its joins. */
import { minutes } from "../../shared/duration.ts";
import { CloudFault, type Fault } from "../cloud/index.ts";
import { HOME } from "../support/world.ts";
import { ABROAD, type Simulation } from "./simulation.ts";
import { all, repeatedly, type Stop, storms } from "./trouble.ts";

/** Codes after which a promotion is undone, whose phases are the later the further its undo has to go back. */
const REFUSALS: readonly Omit<Fault, "product" | "kind">[] = [
  {
    action: "ModifyImageSharePermission",
    fault: new CloudFault(404, "InvalidAccount.NotFound", "The specified account does not exist."),
    when: (params) => "AddAccount.1" in params,
  },
  ...[ABROAD, HOME].map((region) => ({
    action: "ModifyImageAttribute",
    fault: new CloudFault(400, "ImageQuotaFull.ImageFamily", "The image family has too many images."),
    when: ({ RegionId, ImageFamily }: Readonly<Record<string, string>>) =>
      RegionId === region && ImageFamily !== undefined,
  })),
];

/** Lets copies fail at their end, and refuses shares and joins for a while. */
export function breakPromotions(simulation: Simulation): Stop {
  const { kiln, draw } = simulation;
  const { world, faults } = kiln.cloud;
  const refuse = (): Stop => {
    const refusal = REFUSALS[Math.floor(draw() * REFUSALS.length)];
    return refusal === undefined ? () => {} : faults.add({ product: "ecs", kind: "before", ...refusal });
  };
  const open: Stop[] = [];
  const failCopy = (): void => void open.push(world.failNextCopy(ABROAD, "storage error"));
  failCopy();
  return all(
    repeatedly(simulation, minutes(100), failCopy),
    storms(simulation, minutes(60), minutes(20), refuse),
    () => all(...open)(),
  );
}
