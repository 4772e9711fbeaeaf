/** Timer firings that would find nothing: leaving them out changes no history and saves most of the time. */
import { FOLDER } from "../../shared/keys.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { leftovers, machines, ownImages, tagsOf } from "../support/world.ts";
import type { Simulation } from "./simulation.ts";

/** Whether a timer of s.yaml would find nothing to do now. */
export function findsNothing({ kiln }: Simulation, timer: string): boolean {
  switch (timer) {
    case "resend":
      return kiln.cloud.oss.list(BUCKET, FOLDER.open).length === 0;
    case "cleanup":
      return leftovers(kiln).length === 0 && ownImages(kiln).every(({ family }) => family !== "");
    case "idle-check":
      return !hasMembers(kiln, "Running");
    case "resume":
      return !hasMembers(kiln, "Stopped");
    default:
      return false;
  }
}

const hasMembers = (kiln: Deployment, status: string): boolean =>
  machines(kiln).some(
    (instance) => instance.status === status && "kiln:fleet" in tagsOf(kiln, instance.instanceId),
  );
