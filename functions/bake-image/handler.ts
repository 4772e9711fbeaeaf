import { host } from "../../shared/workflow/host.ts";
import { startBakes } from "./bake/start.ts";
import { resume } from "./resume/workflow.ts";
import { bake } from "./bake/workflow.ts";

export const handler = host({ name: "bake-image", workflows: [bake, resume], start: startBakes });
