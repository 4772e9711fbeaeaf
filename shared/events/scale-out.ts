/** What `scale-out` accepts: a request for instances of a fleet, and its continuations. */
import * as z from "zod/mini";
import type { Fleet } from "../documents/fleet.ts";
import type { PricedDisks } from "../limits/launch.ts";
import { Abandon, End, Name, phasesWith, RunId } from "./line.ts";

/** Asks for `count` more running instances of a fleet; from the webhook or `s invoke`. */
export const ScaleRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("scale-out"),
  fleet: Name,
  count: z.int().check(z.minimum(1)),
  dryRun: z.optional(z.boolean()),
  /** The run id, when the sender has already promised it to somebody. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
});

const job = z.strictObject({
  fleet: Name,
  count: z.int(),
  dryRun: z.boolean(),
  /** The fleet as it was when the run began, and the image its family answered then. */
  document: z.optional(z.custom<Fleet>()),
  imageId: z.optional(z.string()),
  /** The disks it is priced with, where its launch template says more of them than is sent. */
  priced: z.optional(z.custom<PricedDisks>()),
  /** In which order the rungs of the ladder are tried, where that is not the order of the document. */
  order: z.optional(z.array(z.int())),
});

/**
 * How far a request has come. Ids of instances do not travel: a thousand of them would not fit, so each
 * call that brought some leaves them in an object of the run, and the event carries the object's name.
 */
const progress = {
  /** Names of those objects: wake-<n> and launch-<n>. */
  batches: z.array(z.string()),
  /** Granted and still to be bought. */
  left: z.int(),
  rung: z.int(),
  /** Numbers the launch calls of the run, so that each has a token of its own. */
  attempt: z.int(),
  /** Ids answered by launch calls so far: ordered names of the next call go on from here. */
  launched: z.int(),
  /** Which grant of this run is asked for: 0 the request, 1 room for instances that would not wake. */
  round: z.int(),
  /** How often lost instances were bought anew. */
  again: z.int(),
  /** What the launch calls said they cost an hour, all together. */
  price: z.number(),
  /** Every answer the family gave while this run launched. */
  images: z.array(z.string()),
  /** In words, why there is less than was asked for. */
  short: z.array(z.string()),
};
const Progress = z.strictObject(progress);
export type ScaleProgress = z.infer<typeof Progress>;

const phase = phasesWith(job);
const batch = z.int();

export const ScaleEvent = z.discriminatedUnion("phase", [
  phase("plan", {}),
  /** `want`: how many this round asks the ledger for. */
  phase("reserve", { ...progress, want: z.int() }),
  /** `from`: how many of the grant's wakes have been looked at; `woke`: how many of them are waking. */
  phase("wake", { ...progress, from: z.int(), woke: z.int() }),
  phase("launch", progress),
  /** CreateInstance: one at a time, then an address and a start for each. */
  phase("create", progress),
  phase("start", { ...progress, batch }),
  phase("verify", { ...progress, batch }),
  /** Gives half-made instances back before the run is summed up. */
  phase("release", { ...progress, reason: z.optional(z.string()) }),
  phase("settle", { ...progress, reason: z.optional(z.string()) }),
]);
export type ScaleEvent = z.infer<typeof ScaleEvent>;

export const ScaleAbandon = Abandon(ScaleEvent);
export const ScaleEnd = End(ScaleEvent);
