/** A notification of a run, and its event on the way to one channel. */
import * as z from "zod/mini";
import { PackageChanges } from "../package-changes.ts";
import { Name, RunId } from "../names.ts";

/** Events of a recipe that a channel may subscribe to. */
export const RECIPE_EVENTS = ["baked", "promoted", "failed", "rolledBack", "retiring"] as const;
/** Events of a fleet. `short`: fewer instances than asked for; `limitReached`: because of `limits`. */
export const FLEET_EVENTS = [
  "failed",
  "short",
  "limitReached",
  "spotLost",
  "idleCheckFailed",
  "stopping",
] as const;

export const Notification = z.strictObject({
  /** `retiring` announces a deletion, `approval` and `stopping` ask for an action; the others say that a run has ended. */
  kind: z.enum([...RECIPE_EVENTS, ...FLEET_EVENTS, "approval"]),
  run: RunId,
  /** The recipe or the fleet. */
  subject: z.string(),
  by: z.string(),
  at: z.int(),
  family: z.optional(z.string()),
  imageId: z.optional(z.string()),
  regions: z.optional(z.array(z.string())),
  /** How the packages of the image differ from those of the one that was served. */
  packages: z.optional(PackageChanges),
  /** Of an approval: the image served now ("" for none), what changed since, and the tests that were passed (none: skipped). */
  facts: z.optional(
    z.strictObject({ serves: z.string(), changed: z.array(z.string()), tests: z.array(z.string()) }),
  ),
  /** Why it failed, or what was rolled back, in words. */
  reason: z.optional(z.string()),
  /** Until when an approval can be given, or from when on announced members are stopped or images deleted. */
  expiresAt: z.optional(z.int()),
  /** Images that are to be deleted. Of a rollback: those that the family left, or that an undo brought back. */
  images: z.optional(z.array(z.string())),
  undone: z.optional(z.boolean()),
  /** How many instances a run asked for, and how many it has. */
  asked: z.optional(z.int()),
  count: z.optional(z.int()),
  /** Members whose stop is announced, and that can be kept up to then; or spot instances that are taken back. */
  instances: z.optional(z.array(z.string())),
});
export type Notification = z.infer<typeof Notification>;

/** The channel of everything without an owner, such as a document that names no channel. It need not be there. */
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
