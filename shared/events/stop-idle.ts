/** What `stop-idle` accepts: a timer's or a caller's wish to look for idle instances, and its continuations. */
import * as z from "zod/mini";
import type { Fleet } from "../documents/fleet.ts";
import { Abandon, Name, phasesWith, RunId } from "./line.ts";

/** Asks for an idle check of one fleet, or of every one (`"*"`, what the timer sends). */
export const IdleRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("stop-idle"),
  fleet: z.union([Name, z.literal("*")]),
  dryRun: z.optional(z.boolean()),
  /** The run id, when the sender has already promised it to somebody. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
});

const job = z.strictObject({ fleet: Name, dryRun: z.boolean(), document: z.optional(z.custom<Fleet>()) });

const ids = z.array(z.string());
const phase = phasesWith(job);

export const IdleEvent = z.discriminatedUnion("phase", [
  phase("survey", {}),
  /** The verdicts are in the bucket; only what is to be stopped travels. */
  phase("stop", { stops: ids, summary: z.record(z.string(), z.int()) }),
  phase("confirm", { stopped: ids, refused: z.array(z.string()), summary: z.record(z.string(), z.int()) }),
]);
export type IdleEvent = z.infer<typeof IdleEvent>;

export const IdleAbandon = Abandon(IdleEvent);
