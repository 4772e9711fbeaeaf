import { host } from "../../shared/workflow/host.ts";
import { startBakes } from "./bake/start.ts";
import { bake } from "./bake/workflow.ts";

export const handler = host({ name: "bake-image", workflows: [bake], start: startBakes });
