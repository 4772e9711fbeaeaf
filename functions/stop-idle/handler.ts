import { documentNames } from "../../shared/document-store.ts";
import { IdleAbandon, IdleEvent, IdleRequest } from "../../shared/events/stop-idle.ts";
import { TimerEvent } from "../../shared/events/triggers.ts";
import { createHandler, parse, readTimerPayload } from "../../shared/handler.ts";
import { firstLine } from "../../shared/machine.ts";
import { runId } from "../../shared/run.ts";
import { stopIdle } from "./steps.ts";

export const handler = createHandler({
  name: "stop-idle",
  machine: stopIdle,
  event: IdleEvent,
  abandon: IdleAbandon,
  begin: async (payload, { clock, cloud }) => {
    const timer = TimerEvent.safeParse(payload);
    const asked = timer.success ? readTimerPayload(timer.data.payload) : payload;
    const { fleet, dryRun = false, run, by = "invoke" } = parse(IdleRequest, asked, "stop-idle");
    const at = timer.success ? Date.parse(timer.data.triggerTime) : clock.now();
    const who = timer.success ? `timer:${timer.data.triggerName}` : by;
    const names = fleet === "*" ? await documentNames(cloud, "fleets") : [fleet];
    return names.map((name) => {
      const id = fleet === "*" || run === undefined ? runId("idle", name, at, [at, who]) : run;
      return { ...firstLine(id, who, clock.now()), phase: "survey", job: { fleet: name, dryRun } };
    });
  },
});
