/** What a launch of a rented machine would come to, asked of the cloud without launching anything. */
import type { CloudClient } from "./cloud/client.ts";
import { dryRunInstances } from "./cloud/instances.ts";
import type { Continuation } from "./events/line.ts";
import { launchParams, noneHad, rungs, type Rental } from "./temporary.ts";

export type LaunchRehearsal =
  | {
      /** The first rung of the ladder that the cloud would launch. */
      readonly launch: Readonly<Record<string, unknown>>;
      /** Every rung that was asked about, with the cloud's answer. */
      readonly ladder: readonly string[];
    }
  /** Why the launch would fail, in the words the run itself would fail with. */
  | { readonly problem: string };

/** Goes down the ladder as the launch does. @throws CloudError only to be repeated. */
export async function rehearseLaunch(
  event: Continuation,
  rental: Rental,
  cloud: CloudClient,
): Promise<LaunchRehearsal> {
  const refused: string[] = [];
  for (const rung of rungs(rental)) {
    const checked = await dryRunInstances(cloud, launchParams(event, rental, rung));
    if (checked.ok) {
      const { InstanceType: instanceType, VSwitchId: vSwitchId } = rung.params;
      const spot = "SpotStrategy" in rung.params && { spot: true };
      return {
        launch: { instanceType, vSwitchId, imageId: rental.imageId, ...spot },
        ladder: [...refused, `${rung.name}: the cloud would launch it`],
      };
    }
    if (checked.error.kind !== "change") return { problem: checked.error.message };
    refused.push(`${rung.name}: ${checked.error.code}`);
  }
  return { problem: noneHad(rental, refused) };
}
