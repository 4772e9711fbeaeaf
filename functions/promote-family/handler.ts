import { PromoteAbandon, PromoteEvent, PromoteRequest } from "../../shared/events/promote-family.ts";
import { createHandler, parse } from "../../shared/handler.ts";
import { firstLine } from "../../shared/machine.ts";
import { runId } from "../../shared/run.ts";
import { promote } from "./steps.ts";

export const handler = createHandler({
  name: "promote-family",
  machine: promote,
  event: PromoteEvent,
  abandon: PromoteAbandon,
  begin: (payload, { clock }) => {
    const { recipe, imageId, document, delivery, by } = parse(PromoteRequest, payload, "promote-family");
    const { family } = document;
    if (family === undefined) return Promise.resolve([]);
    const now = clock.now();
    const run = runId("promote", recipe, now, [delivery, imageId]);
    const job = { recipe, imageId, family, document };
    return Promise.resolve([{ ...firstLine(run, by, now), phase: "check", job }]);
  },
});
