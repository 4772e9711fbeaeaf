import { host } from "../../shared/workflow/host.ts";
import { endJob } from "./job/end-job.ts";
import { idleCheck } from "./idle-check/workflow.ts";
import { keep } from "./keep/keep.ts";
import { resume } from "./resume/workflow.ts";
import { shrink } from "./shrink/workflow.ts";
import { start } from "./start.ts";

export const handler = host({
  name: "stop-idle",
  workflows: [idleCheck, resume, keep, endJob, shrink],
  start,
});
