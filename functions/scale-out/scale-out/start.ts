/** The first event of a scale-out. */
import * as z from "zod/mini";
import { parse } from "../../../shared/invocation.ts";
import { Name, RunId } from "../../../shared/names.ts";
import { eventsWith, firstEnvelope, type EventOf } from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { request } from "./events.ts";

/** Asks for `count` more running instances of a fleet; from the webhook or `s invoke`. */
const ScaleRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("scale-out"),
  fleet: Name,
  count: z.int().check(z.minimum(1)),
  dryRun: z.optional(z.boolean()),
  /** The run id, when the sender has already answered with it. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
});

export const Plan = eventsWith(z.strictObject(request))("plan", {});
export type Plan = EventOf<typeof Plan>;

/** @throws EventError for a payload that is no request for instances. */
export function startScaleOut(payload: unknown, now: number): Plan {
  const { fleet, count, dryRun = false, run, by = "invoke" } = parse(ScaleRequest, payload, "scale-out");
  const envelope = firstEnvelope(run ?? runId("scale", fleet, now, [now, by]), by, now);
  return { ...envelope, phase: "plan", input: { fleet, count, dryRun } };
}
