/**
 * The resume of one fleet: starts the members that its working hours want to run, or all that a caller asks for.
 *
 *   reserve → start for each slice → (change-type → start) for each member without capacity → await-running
 */
import * as z from "zod/mini";
import { parse } from "../../../shared/invocation.ts";
import { fleetRequest } from "../../../shared/requests/fleet.ts";
import { firstEvent } from "../../../shared/workflow/envelope.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import type { Workflow } from "../../../shared/workflow/workflow.ts";
import { awaitRunning } from "./await-running.ts";
import { reservation, Reserve } from "./reserve.ts";
import { changeInstance, start } from "./start.ts";

export const ResumeRequest = fleetRequest("resume");
/** Starts what is stopped, whatever the hours say; no timer asks for it. */
export const WakeRequest = fleetRequest("wake");
const Request = z.discriminatedUnion("request", [ResumeRequest, WakeRequest]);

export const resume: Workflow = {
  kind: "resume",
  phases: [reservation, start, changeInstance, awaitRunning],
  onComplete: afterFleetRun,
  begin: (event) => {
    const { fleet, dryRun = false, request } = parse(Request, event.input, "resume");
    return firstEvent(Reserve, event, { fleet, dryRun, byHand: request === "wake" }, {});
  },
};
