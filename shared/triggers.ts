/** The events Function Compute's triggers deliver, as far as Kiln reads them. Loose: the cloud may add fields. */
import * as z from "zod/mini";
import { minutes } from "./duration.ts";
import { readTimerPayload, type Ports } from "./invocation.ts";

/**
 * Timer trigger. `payload` is the string of s.yaml, JSON inside JSON.
 * {"triggerTime":"2026-11-21T18:00:00Z","triggerName":"nightly","payload":"{\"v\":1,…}"}
 */
export const TimerEvent = z.looseObject({
  triggerTime: z.string(),
  triggerName: z.string(),
  payload: z.string(),
});

/** Who asks for runs, and when. */
export interface Trigger {
  /** Stands in for the `by` of the request. */
  readonly by: string;
  /** The time of the trigger, epoch ms. */
  readonly at: number;
  /** Tells this trigger from any other, also of another deployment: its repeat makes the same runs. */
  readonly identity: readonly unknown[];
}

/** The platform may fire one instant of a timer twice, with times that differ; no timer of Kiln fires twice a minute. */
const SLOT_MS = minutes(1);

/** The request in a payload, which a timer carries as text, and its trigger. */
export function triggerOf(
  payload: unknown,
  { cloud, clock, requestId }: Pick<Ports, "cloud" | "clock" | "requestId">,
): { readonly asked: unknown; readonly trigger: Trigger } {
  const timer = TimerEvent.safeParse(payload);
  const { bucket } = cloud.access;
  if (!timer.success) {
    return { asked: payload, trigger: { by: "invoke", at: clock.now(), identity: [bucket, requestId] } };
  }
  const { triggerName, triggerTime, payload: text } = timer.data;
  const at = Math.round(Date.parse(triggerTime) / SLOT_MS) * SLOT_MS;
  return { asked: readTimerPayload(text), trigger: timerTrigger(triggerName, at, bucket) };
}

/** The trigger that a timer is at an instant, which names its runs before they begin. @param at epoch ms */
export const timerTrigger = (name: string, at: number, bucket: string): Trigger => ({
  by: `timer:${name}`,
  at,
  identity: [bucket, name, at],
});

/** OSS trigger: an array, though most samples read only its first element; keys are not URL-encoded. */
export const OssEvent = z.looseObject({
  events: z.array(
    z.looseObject({
      eventName: z.string(),
      eventTime: z.string(),
      oss: z.looseObject({
        bucket: z.looseObject({ name: z.string() }),
        object: z.looseObject({ key: z.string(), eTag: z.string(), size: z.number() }),
      }),
      responseElements: z.looseObject({ requestId: z.string() }),
    }),
  ),
});

/** The `by` of a run that an upload starts; a key may be longer than `by`. */
export const uploaderOf = (key: string): string => `upload:${key}`.slice(0, 128);

/** The `by` of a bake that a promotion starts, because its family is the base of the recipe. */
export const promoterOf = (run: string): string => `promotion:${run}`.slice(0, 128);

/** Whether a timer, an upload or a promotion asks, and no caller. */
export const isTriggered = (by: string): boolean => isChange(by) || by.startsWith("timer:");

/** Whether a change asks, which is made once: its bake waits for another one to end. */
export const isChange = (by: string): boolean => isUpload(by) || by.startsWith("promotion:");

export const isUpload = (by: string): boolean => by.startsWith("upload:");

/** HTTP trigger of a built-in runtime, version v1. Header names come as sent. */
export const HttpEvent = z.looseObject({
  version: z.literal("v1"),
  rawPath: z.string(),
  headers: z.record(z.string(), z.string()),
  // A record of the schema would drop the name __proto__, so that it is not refused.
  queryParameters: z.optional(
    z.custom<Readonly<Record<string, string>>>((given) =>
      Object.values(Object(given)).every((value) => typeof value === "string"),
    ),
  ),
  body: z.optional(z.string()),
  isBase64Encoded: z.boolean(),
  requestContext: z.looseObject({
    http: z.looseObject({ method: z.string(), path: z.string() }),
  }),
});
export type HttpEvent = z.infer<typeof HttpEvent>;

/** The event of an onFailure destination: the original payload as a string, and why its delivery failed. */
export const FailureEvent = z.looseObject({
  timestamp: z.number(),
  requestContext: z.looseObject({
    requestId: z.string(),
    functionArn: z.string(),
    condition: z.string(),
    approximateInvokeCount: z.number(),
  }),
  requestPayload: z.string(),
  responsePayload: z.optional(z.string()),
});
export type FailureEvent = z.infer<typeof FailureEvent>;
