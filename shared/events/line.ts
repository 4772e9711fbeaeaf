/** What every continuation carries besides its phase: the run it belongs to and its place in it. */
import * as z from "zod/mini";

/** Names of recipes, fleets and runs end up in object keys, task ids and tags. */
export const Name = z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/));

/** `<kind>-<name>-<yyyymmdd>-<12 hex>`; legal as an async task id (facts: letters, digits, `_`, `-`). */
export const RunId = z.string().check(z.regex(/^[a-z]+-[a-z][a-z0-9-]{0,39}-\d{8}-[0-9a-f]{12}$/));

const Trail = z.array(z.strictObject({ phase: z.string(), at: z.int(), note: z.optional(z.string()) }));

const lineShape = {
  v: z.literal(1),
  run: RunId,
  /** Place of this event in its run. Of two forks of a run only one may submit `seq + 1` (K3 in DESIGN.md). */
  seq: z.int().check(z.nonnegative()),
  /** Epoch ms. Delays are inexact, so an event that comes early is sent on its way again. */
  notBefore: z.int(),
  /** When the run began and when this phase began, epoch ms: deadlines count from here. */
  began: z.int(),
  since: z.int(),
  /** Times in a row this phase met an error that asks for patience. */
  tries: z.int(),
  /** Who asked: a trigger, or a caller of the webhook. */
  by: z.string(),
  trail: Trail,
};

/** The fields every continuation has. */
export type Line = z.infer<z.ZodMiniObject<typeof lineShape, z.core.$strict>>;

/** Any continuation, whatever its function. */
export interface Continuation extends Line {
  readonly phase: string;
  readonly job: unknown;
}

/** Makes the phases of one function: each has the line, the function's job, and a state of its own. */
export const phasesWith =
  <J extends z.core.$ZodType>(job: J) =>
  <N extends string, S extends z.core.$ZodLooseShape>(name: N, state: S) =>
    z.strictObject({ ...lineShape, job, phase: z.literal(name), ...state });

/** What a run comes to; decided once, then carried to the end so that every fork says the same. */
export const Verdict = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), note: z.string(), skipped: z.optional(z.boolean()) }),
  z.strictObject({ ok: z.literal(false), reason: z.string() }),
]);
export type Verdict = z.infer<typeof Verdict>;

/** A sweep found the event dead, or a caller cancels: its run takes the give-up road. */
export const Abandon = <E extends z.core.$ZodType>(event: E) =>
  z.strictObject({ v: z.literal(1), request: z.literal("abandon"), reason: z.string(), event });

const send = z.strictObject({
  to: z.string(),
  taskId: z.string(),
  event: z.record(z.string(), z.unknown()),
});

/** What a run has come to, on its way to be told; being this event is what makes it the run's only end (M5). */
export const End = <E extends z.core.$ZodType>(event: E) =>
  z.strictObject({
    v: z.literal(1),
    request: z.literal("end"),
    event,
    outcome: z.discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("done"),
        result: z.record(z.string(), z.unknown()),
        send: z.exactOptional(z.array(send)),
      }),
      z.strictObject({ kind: z.literal("failed"), reason: z.string(), send: z.exactOptional(z.array(send)) }),
    ]),
  });
