/**
 * The resume of one fleet: starts the members that its working hours want to run.
 *
 *   reserve → start for each slice → (change-type → start) for each member without capacity → await-running
 */
import type { Workflow } from "../../../shared/workflow/workflow.ts";
import { awaitRunning } from "./await-running.ts";
import { reservation } from "./reserve.ts";
import { changeInstance, start } from "./start.ts";

export const resume: Workflow = {
  kind: "resume",
  phases: [reservation, start, changeInstance, awaitRunning],
};
