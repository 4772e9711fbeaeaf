import { host } from "../../shared/workflow/host.ts";
import { startScaleOut } from "./scale-out/start.ts";
import { scaleOut } from "./scale-out/workflow.ts";
import { health } from "./health/workflow.ts";
import { refresh } from "./refresh/workflow.ts";
import { size } from "./size/workflow.ts";
import { spread } from "./spread/workflow.ts";

export const handler = host({
  name: "scale-out",
  workflows: [scaleOut, spread, size, refresh, health],
  start: startScaleOut,
});
