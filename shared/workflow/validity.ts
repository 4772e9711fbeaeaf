/** How long a request may wait for its first phase. Then it fails without a change: whoever asked has gone on. */
import * as z from "zod/mini";
import { formatDuration, hours, minutes } from "../duration.ts";
import { REQUEST, type WorkflowEvent } from "./envelope.ts";
import { kindOf } from "./run-id.ts";

/** Whoever asks for instances wants them now. */
export const SCALE_OUT_MS = minutes(30);
const SCALE_OUTS = new Set(["scale", "alerts"]);
const OTHERS_MS = hours(24);

const Own = z.object({ validForMs: z.optional(z.number()) });

const OF_SENDER = /^sender:/;

const validForMs = ({ run, input }: WorkflowEvent): number =>
  Own.safeParse(input).data?.validForMs ?? (SCALE_OUTS.has(kindOf(run)) ? SCALE_OUT_MS : OTHERS_MS);

/** Whether a run that has not begun must not begin any more. */
export const isTooOld = (event: WorkflowEvent, now: number): boolean =>
  event.phase === REQUEST && now - event.startedAt > validForMs(event);

/**
 * Of a delivery, the limit counts from when it came: its run may have less (spread-alerts). Its sender cannot set another one.
 */
export function tooOld(event: WorkflowEvent): string {
  const isOfSender = OF_SENDER.test(event.by);
  const limitMs = isOfSender && SCALE_OUTS.has(kindOf(event.run)) ? SCALE_OUT_MS : validForMs(event);
  const next = isOfSender
    ? "it is tried again when its sender sends it again"
    : "ask for it again, or set validFor";
  return `it did not start within ${formatDuration(limitMs)}, so nothing was done; ${next}`;
}
