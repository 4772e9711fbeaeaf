import { ScaleAbandon, ScaleEvent, ScaleRequest } from "../../shared/events/scale-out.ts";
import { createHandler, parse } from "../../shared/handler.ts";
import { firstLine } from "../../shared/machine.ts";
import { runId } from "../../shared/run.ts";
import { scaleOut } from "./steps.ts";

export const handler = createHandler({
  name: "scale-out",
  machine: scaleOut,
  event: ScaleEvent,
  abandon: ScaleAbandon,
  begin: (payload, { clock }) => {
    const { fleet, count, dryRun = false, run, at, delivery, by = "invoke" } = parse(ScaleRequest, payload, "scale-out");
    const id = run ?? runId("scale", fleet, at ?? clock.now(), [delivery]);
    const job = { fleet, count, dryRun };
    return Promise.resolve([{ ...firstLine(id, by, clock.now()), phase: "plan", job }]);
  },
});
