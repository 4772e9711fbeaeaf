/** What `stop-idle` accepts: wishes to stop, to resume and to keep, and the continuations of each. */
import * as z from "zod/mini";
import type { IdlePolicy } from "../documents/idle.ts";
import { Abandon, End, Name, phasesWith, RunId } from "./line.ts";

const asked = {
  v: z.literal(1),
  dryRun: z.optional(z.boolean()),
  /** The run id, when the sender has already promised it to somebody. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
};

/** One fleet, or every one (`"*"`, what the timers send). */
const fleet = z.union([Name, z.literal("*")]);

const InstanceId = z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/));

/** `stop-idle` looks for idle instances, `resume` starts what working hours want up again. */
export const IdleRequest = z.discriminatedUnion("request", [
  z.strictObject({ ...asked, request: z.literal("stop-idle"), fleet }),
  z.strictObject({ ...asked, request: z.literal("resume"), fleet }),
  /** Somebody followed the link of an announcement: this instance is left alone until `until`, epoch ms. */
  z.strictObject({
    ...asked,
    request: z.literal("keep"),
    fleet: Name,
    instance: InstanceId,
    until: z.int(),
  }),
]);

const job = z.strictObject({
  fleet: Name,
  dryRun: z.boolean(),
  /** The policy as it was when the run began; the rest of the fleet would only fill the payload. */
  policy: z.optional(z.custom<IdlePolicy>()),
  /** How many may be asleep, and the family that says which image is the current one. */
  sleepers: z.optional(z.strictObject({ max: z.int(), family: z.string() })),
  /** Types of the fleet in its own order: what a start without stock may fall back to. */
  types: z.optional(z.array(z.string())),
});

const ids = z.array(z.string());
const counts = z.record(z.string(), z.int());
/** Carried to the end of a run: what was found, and the API calls made so far, by action. */
const tally = { summary: counts, calls: counts };

/** What was done so far. Of refusals only the first are told (`MOST_TOLD`), all are counted. */
const acted = { stopped: ids, refused: ids, refusals: z.int(), undo: ids, warned: ids, ...tally };
/** Of what was to start. `short` found no stock; `changed` took another type for it. */
const woken = { started: ids, refused: ids, refusals: z.int(), short: ids, changed: ids, ...tally };

const leaving = z.array(z.strictObject({ id: z.string(), imageId: z.string() }));
/** Carried through the release of sleepers to the end of a check: what it has to say, and the marks to take away. */
const ending = {
  undo: ids,
  result: z.record(z.string(), z.unknown()),
  problem: z.optional(z.string()),
};

const phase = phasesWith(job);

export const IdleEvent = z.discriminatedUnion("phase", [
  phase("survey", {}),
  /** All verdicts are in the bucket; only what is to be done travels. */
  phase("warn", { warn: ids, unwarn: ids, stops: ids, ...tally }),
  phase("tell", { unwarn: ids, warned: ids, stops: ids, ...tally }),
  phase("unwarn", { unwarn: ids, warned: ids, stops: ids, ...tally }),
  phase("stop", { stops: ids, ...acted }),
  phase("confirm", { ...acted, problem: z.optional(z.string()) }),
  phase("surplus", { ...ending, calls: counts }),
  /** `leave`: sleepers to release, each with the image it was chosen for; `released`: those that are going. */
  phase("release", {
    ...ending,
    calls: counts,
    leave: leaving,
    released: leaving,
    refused: ids,
    refusals: z.int(),
    why: z.string(),
  }),
  phase("unmark", ending),
  phase("resume", {}),
  phase("start", { starts: ids, ...woken }),
  phase("retype", { ...woken }),
  phase("up", { ...woken, problem: z.optional(z.string()) }),
  phase("keep", { instance: InstanceId, until: z.int() }),
]);
export type IdleEvent = z.infer<typeof IdleEvent>;

export const IdleAbandon = Abandon(IdleEvent);
export const IdleEnd = End(IdleEvent);
