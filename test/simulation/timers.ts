/** Timer firings that would find nothing: leaving them out changes no history and saves most of the time. */
import { FOLDER } from "../../shared/keys.ts";
import { BUCKET } from "../support/deployment.ts";
import { leftovers, machines, ownImages, tagsOf } from "../support/world.ts";
import { isNightUp } from "./scripts.ts";
import { membersOf, type Simulation } from "./simulation.ts";

/** Whether a timer of s.yaml would find nothing to do now. */
export function findsNothing({ kiln }: Simulation, timer: string): boolean {
  switch (timer) {
    case "resend":
      return kiln.cloud.oss.list(BUCKET, FOLDER.open).length === 0;
    case "cleanup":
      return leftovers(kiln).length === 0 && ownImages(kiln).every(({ family }) => family !== "");
    case "idle-check":
      return !machines(kiln).some(
        ({ instanceId, status }) => status === "Running" && "kiln:fleet" in tagsOf(kiln, instanceId),
      );
    case "resume":
      // Only the fleet `night` has working hours.
      return (
        !isNightUp(kiln.cloud.time.now()) ||
        !membersOf(kiln, "night").some(({ status }) => status === "Stopped")
      );
    default:
      return false;
  }
}
