/** The events of a refresh. */
import * as z from "zod/mini";
import { Name } from "../../../shared/names.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";

const event = eventsWith(z.strictObject({ fleet: Name }));

/** How far a refresh has come. */
export const Progress = z.strictObject({
  /** The image that members are to have in the end. */
  target: z.string(),
  /** The image of most members before, to which a failure leads back. */
  before: z.string(),
  /** Set once an image failed: the refresh rolls back, and `target` is the image of before. */
  rolledBack: z.optional(z.strictObject({ bad: z.string(), why: z.string() })),
  /** Whether the canaries are still to be launched. */
  untested: z.boolean(),
  /** New members in a row that were gone before they were known to be well. */
  gone: z.optional(z.int()),
  /** Number of the next run that is begun. */
  turn: z.int(),
  /** Members that could not be ended, and why each. */
  left: z.array(z.string()),
  launched: z.int(),
  ended: z.int(),
});
export type Progress = z.infer<typeof Progress>;

const progress = { progress: Progress };

export const DryRun = event("dry-run", {});
export type DryRun = EventOf<typeof DryRun>;
export const Begin = event("begin", {});
export type Begin = EventOf<typeof Begin>;
export const Step = event("step", progress);
export type Step = EventOf<typeof Step>;
/** `asked`: the members that are to end; without it the run launches. */
export const Await = event("await", {
  ...progress,
  child: z.string(),
  asked: z.optional(z.array(z.string())),
});
export type Await = EventOf<typeof Await>;
/** Waits for the soak of the canaries, then probes `ids` one by one. */
export const Check = event("check", { ...progress, ids: z.array(z.string()) });
export type Check = EventOf<typeof Check>;
export const Probe = event("probe", {
  ...progress,
  ids: z.array(z.string()),
  invocation: z.optional(z.string()),
});
export type Probe = EventOf<typeof Probe>;
export const RollBack = event("roll-back", { ...progress, why: z.string() });
export type RollBack = EventOf<typeof RollBack>;
