/** A notification of a run, and its event on the way to one channel. */
import * as z from "zod/mini";
import { Name, RunId } from "../names.ts";

export const Notification = z.strictObject({
  /** `approval` and `stopping` ask for an action; the others say that a run has ended. */
  kind: z.enum(["baked", "promoted", "failed", "rolledBack", "approval", "stopping"]),
  run: RunId,
  /** The recipe or the fleet. */
  subject: z.string(),
  by: z.string(),
  at: z.int(),
  family: z.optional(z.string()),
  imageId: z.optional(z.string()),
  regions: z.optional(z.array(z.string())),
  /** Why it failed, or what was rolled back, in words. */
  reason: z.optional(z.string()),
  /** Until when an approval can be given, or from when on announced members are stopped. */
  expiresAt: z.optional(z.int()),
  /** Members whose stop is announced, and that can be kept up to then. */
  instances: z.optional(z.array(z.string())),
});
export type Notification = z.infer<typeof Notification>;

/** The channel of the deployment: it hears of documents that cannot be read, and need not be there. */
export const DEFAULT_CHANNEL = "default";

export const NotifyRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("notify"),
  channel: Name,
  notification: Notification,
  /** How many attempts failed before this one. */
  attempt: z.optional(z.int()),
});
export type NotifyRequest = z.infer<typeof NotifyRequest>;
