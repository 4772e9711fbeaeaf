/** What the events of an idle check carry. */
import * as z from "zod/mini";
import { CarriedIdlePolicy } from "../../../shared/documents/completed.ts";
import { Name } from "../../../shared/names.ts";
import { countedEventsWith } from "../calls.ts";
import { Ids, refusalFields } from "../tally.ts";

const request = { fleet: Name, dryRun: z.boolean() };

/** The survey reads the policy. */
export const surveyEvent = countedEventsWith(z.strictObject(request));

/** The fleet as it was at the survey. The rest of its document would only fill the event. */
const CheckInput = z.strictObject({
  ...request,
  policy: CarriedIdlePolicy,
  family: z.string(),
  // The version before did not know it.
  os: z._default(z.enum(["linux", "windows"]), "linux"),
  /** The object with the verdict on every member. */
  verdicts: z.string(),
  /** How many members may be stopped; the next checks release the others. */
  maxStopped: z.int(),
});
export type CheckInput = z.infer<typeof CheckInput>;

/** Every phase after the survey. */
export const checkEvent = countedEventsWith(CheckInput);

/** Counts of members: all, the running ones, and each kind of verdict. */
const Summary = z.catchall(z.object({ instances: z.int(), running: z.int() }), z.int());
export type Summary = z.infer<typeof Summary>;

/** `untag`: members to be untagged at the end, because they are not stopped. */
export const Tally = z.strictObject({
  summary: Summary,
  announced: Ids,
  stopped: Ids,
  untag: Ids,
  ...refusalFields,
});
export type Tally = z.infer<typeof Tally>;

/** `later`: members that are probed after these; present once these are (probe.ts). */
export const Stop = checkEvent("stop", { stops: Ids, later: z.optional(Ids), tally: Tally });

/** The result of a check once its stops are confirmed; with `problem` the run fails instead. */
export const Ending = z.strictObject({
  untag: Ids,
  result: z.record(z.string(), z.unknown()),
  problem: z.optional(z.string()),
  /** How many of how many running members were stopped. */
  stops: z.optional(z.strictObject({ count: z.int(), of: z.int() })),
});
export type Ending = z.infer<typeof Ending>;
