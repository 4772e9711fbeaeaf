/** The fields that every event of a run carries, and how the events of a workflow are declared. */
import * as z from "zod/mini";
import { Name, RunId } from "../names.ts";

/** The runner that has taken a job, which it had at `at`, epoch ms, and the fleets that it may be of: none in an older log. */
export const takenByShape = {
  runner: z.string(),
  at: z.int(),
  fleets: z._default(z.readonly(z.array(Name)), []),
};
const TakenBy = z.strictObject(takenByShape);
export type TakenBy = z.infer<typeof TakenBy>;

/** A cancellation. Once its compensation has begun it is `handled`, and only decides how the run ends. */
export const Cancelled = z.strictObject({
  reason: z.string(),
  as: z.enum(["failed", "cancelled"]),
  /** Of the job which the run was asked for. */
  takenBy: z.optional(TakenBy),
  handled: z.optional(z.boolean()),
});

const envelopeShape = {
  v: z.literal(2),
  run: RunId,
  /** The line of the run's log that the decision on this event becomes, and the byte where it goes. */
  seq: z.int().check(z.positive()),
  position: z.int().check(z.positive()),
  /** Epoch ms. Delays are inexact, so an event that arrives early is delayed again. */
  runAt: z.int(),
  /** Start of the run and of this phase, epoch ms: deadlines count from here. */
  startedAt: z.int(),
  phaseStartedAt: z.int(),
  /** How many times in a row this phase met an error that a retry may cure. */
  attempt: z.int(),
  /** Who asked: a trigger, or a caller of the webhook. */
  by: z.string(),
  cancelled: z.optional(Cancelled),
  /** When the platform was asked to deliver this event, and how often it did so too early. */
  dueAt: z.optional(z.int()),
  early: z.optional(z.int()),
  /** It was sent with a long delay. Its run may have been cancelled and compensated meanwhile, so the log is read first. */
  waited: z.optional(z.boolean()),
  /** First failed write of the decision on this event, epoch ms: it is sent again until the bucket takes the line. */
  undecidedAt: z.optional(z.int()),
  /** How long this phase stood still because of that: its limit does not count it. Milliseconds. */
  heldMs: z.optional(z.int()),
};

/** The fields every event has. */
export type Envelope = z.infer<z.ZodMiniObject<typeof envelopeShape, z.core.$strict>>;

const ENVELOPE_KEYS: ReadonlySet<string> = new Set(Object.keys(envelopeShape));

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

/** The fields of an event that its own phase adds, of an event of any phase. */
export const stateOf = (event: WorkflowEvent): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(event).filter(
      ([key, value]) => value !== undefined && !ENVELOPE_KEYS.has(key) && key !== "input" && key !== "phase",
    ),
  );

/** How a run ends; decided once, then carried through the phases that clean up. */
export const Verdict = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), note: z.string(), skipped: z.optional(z.boolean()) }),
  z.strictObject({ ok: z.literal(false), reason: z.string() }),
]);
export type Verdict = z.infer<typeof Verdict>;

/** The phase of every run before its workflow has begun. Its input is the request. */
export const REQUEST = "request";

/** The event of a run that has only a request. */
export const RequestEvent = eventsWith(z.record(z.string(), z.unknown()))(REQUEST, {});
export type RequestEvent = EventOf<typeof RequestEvent>;

/** The first event of a workflow, from the event that carried the request. */
export const firstEvent = <E extends WorkflowEvent>(
  type: EventType<E>,
  { input: _request, ...envelope }: RequestEvent,
  input: E["input"],
  state: StateOf<E>,
): WorkflowEvent => ({ ...state, ...envelope, input, phase: type.name });

/** Asks for the consequences of a run that has ended (RUN-LOG-2). The log says everything else. */
export const CompleteRequest = z.strictObject({
  v: z.literal(2),
  request: z.literal("complete"),
  run: RunId,
});
export type CompleteRequest = z.infer<typeof CompleteRequest>;

const Identity = z.object({
  run: z.optional(z.string()),
  phase: z.optional(z.string()),
  seq: z.optional(z.number()),
  attempt: z.optional(z.number()),
});

/** What an unchecked payload says about its event: for the log. */
export function identityOf(payload: unknown): z.infer<typeof Identity> {
  const bare = Identity.safeParse(payload);
  return bare.success ? bare.data : {};
}
