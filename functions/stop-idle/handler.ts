import { IdleAbandon, IdleEnd, IdleEvent } from "../../shared/events/stop-idle.ts";
import { createHandler } from "../../shared/handler.ts";
import { begin } from "./begin.ts";
import { stopIdle } from "./steps.ts";

export const handler = createHandler({
  name: "stop-idle",
  machine: stopIdle,
  event: IdleEvent,
  abandon: IdleAbandon,
  end: IdleEnd,
  begin,
});
