/** What `scale-out` accepts: a request for instances of a fleet, and its continuations. */
import * as z from "zod/mini";
import type { Fleet } from "../documents/fleet.ts";
import { Abandon, Name, phasesWith, RunId } from "./line.ts";

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
});
export type ScaleJob = z.infer<typeof job>;

const ids = z.array(z.string());

/** What has been had so far; `short` says in words why it is less than asked for. */
const had = { got: ids, woken: ids, short: z.array(z.string()) };

const phase = phasesWith(job);

export const ScaleEvent = z.discriminatedUnion("phase", [
  phase("plan", {}),
  phase("reserve", {}),
  phase("wake", { left: z.int(), wakes: ids, short: z.array(z.string()) }),
  /** `attempt` numbers the launch calls of the run, so that each has a token of its own. */
  phase("launch", { ...had, left: z.int(), rung: z.int(), attempt: z.int() }),
  phase("verify", { ...had, left: z.int(), rung: z.int(), attempt: z.int() }),
  phase("settle", { ...had, reason: z.optional(z.string()) }),
]);
export type ScaleEvent = z.infer<typeof ScaleEvent>;

export const ScaleAbandon = Abandon(ScaleEvent);
