import { ScaleAbandon, ScaleEnd, ScaleEvent, ScaleRequest } from "../../shared/events/scale-out.ts";
import { createHandler, parse } from "../../shared/handler.ts";
import { firstLine } from "../../shared/machine.ts";
import { runId } from "../../shared/run.ts";
import { scaleOut } from "./steps.ts";

export const handler = createHandler({
  name: "scale-out",
  machine: scaleOut,
  event: ScaleEvent,
  abandon: ScaleAbandon,
  end: ScaleEnd,
  begin: (payload, { clock }) => {
    const { fleet, count, dryRun = false, run, by = "invoke" } = parse(ScaleRequest, payload, "scale-out");
    const now = clock.now();
    const line = firstLine(run ?? runId("scale", fleet, now, [now, by]), by, now);
    return Promise.resolve([{ ...line, phase: "plan", job: { fleet, count, dryRun } }]);
  },
});
