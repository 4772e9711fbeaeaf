/** What a run has to tell people, on its way to one channel. Names of channels travel, their addresses never. */
import * as z from "zod/mini";
import { RunId } from "./line.ts";

export const Notice = z.strictObject({
  /** `approval` and `stopping` ask for something; the others tell that a run has ended. */
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
  /** Until when an approval can be given; from when on what is announced is stopped. */
  expiresAt: z.optional(z.int()),
  /** Members whose stop is announced, and that can be kept up to then. */
  instances: z.optional(z.array(z.string())),
});
export type Notice = z.infer<typeof Notice>;

export const NotifyRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("notify"),
  channel: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/)),
  notice: Notice,
  /** How often the channel did not take it. */
  tries: z.optional(z.int()),
});
export type NotifyRequest = z.infer<typeof NotifyRequest>;
