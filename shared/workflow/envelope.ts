/** The fields that every event of a run carries, and how the events of a workflow are declared. */
import * as z from "zod/mini";
import { RunId } from "../names.ts";

const History = z.array(z.strictObject({ phase: z.string(), at: z.int(), note: z.optional(z.string()) }));

const envelopeShape = {
  v: z.literal(1),
  run: RunId,
  /** Place of this event in its run. Of two concurrent attempts only one submits `seq + 1` (WORKFLOW-5). */
  seq: z.int().check(z.nonnegative()),
  /** Epoch ms. Delays are inexact, so an event that arrives early is delayed again. */
  runAt: z.int(),
  /** Start of the run and of this phase, epoch ms: deadlines count from here. */
  startedAt: z.int(),
  phaseStartedAt: z.int(),
  /** How many times in a row this phase met an error that a retry may cure. */
  attempt: z.int(),
  /** Who asked: a trigger, or a caller of the webhook. */
  by: z.string(),
  history: History,
};

/** The fields every event has. */
export type Envelope = z.infer<z.ZodMiniObject<typeof envelopeShape, z.core.$strict>>;

/** Any event of a run, whatever its workflow. */
export interface WorkflowEvent extends Envelope {
  readonly phase: string;
  /** The request and the document of the run; the same in every phase once it is complete. */
  readonly input: unknown;
}

/** The event type of one phase: its name, and the schema of its whole event. */
export interface EventType<E extends WorkflowEvent> {
  readonly name: E["phase"];
  readonly schema: z.ZodMiniType<E>;
}

/** The events of an `EventType`. */
export type EventOf<T> = T extends EventType<infer E> ? E : never;

/** The fields of an event that its own phase adds. */
export type StateOf<E extends WorkflowEvent> = Omit<E, keyof Envelope | "input" | "phase">;

/** Declares event types that share an input: the envelope, the input, and a state of their own. */
export const eventsWith =
  <I extends z.core.$ZodType>(input: I) =>
  <N extends string, S extends z.core.$ZodLooseShape>(name: N, state: S) => ({
    name,
    schema: z.strictObject({ ...envelopeShape, input, phase: z.literal(name), ...state }),
  });

/** How a run ends; decided once, then carried through the phases that clean up. */
export const Verdict = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), note: z.string(), skipped: z.optional(z.boolean()) }),
  z.strictObject({ ok: z.literal(false), reason: z.string() }),
]);
export type Verdict = z.infer<typeof Verdict>;

/** The last event of a run without its input and state: enough to write the record. */
export const EndedEvent = z.strictObject({ ...envelopeShape, phase: z.string() });
export type EndedEvent = z.infer<typeof EndedEvent>;

/** The envelope of the first event of a run. */
export const firstEnvelope = (run: string, by: string, now: number): Envelope => ({
  v: 1,
  run,
  seq: 0,
  runAt: now,
  startedAt: now,
  phaseStartedAt: now,
  attempt: 0,
  by,
  history: [],
});

/** The first event of a run. */
export const firstEvent = <E extends WorkflowEvent>(
  type: EventType<E>,
  envelope: Envelope,
  input: E["input"],
  state: StateOf<E>,
): WorkflowEvent => ({ ...state, ...envelope, input, phase: type.name });

const Identity = z.object({
  run: z.optional(z.string()),
  phase: z.optional(z.string()),
  seq: z.optional(z.number()),
  attempt: z.optional(z.number()),
});
const Carried = z.object({ event: Identity });

/** What an unchecked payload says about its event, or about the event it carries: for the log. */
export function identityOf(payload: unknown): z.infer<typeof Identity> {
  const carried = Carried.safeParse(payload);
  if (carried.success) return carried.data.event;
  const bare = Identity.safeParse(payload);
  return bare.success ? bare.data : {};
}
