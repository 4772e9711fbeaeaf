/**
 * Asynchronous invocation: at least once, with delays, retries, expiry and destinations.
 *
 * QUEUE-1. An event runs until it succeeds, its retries are used up or it is too old; each end is recorded.
 * QUEUE-2. A function error is retried `maxRetries` times. Waiting for an instance (429) is not an attempt.
 * QUEUE-3. A delay may run over by up to two seconds and, only when asked for, under by up to one.
 * QUEUE-4. An event's age counts from its submission, delay included.
 */
import { CloudFault, type Kernel } from "../core/kernel.ts";
import { type FunctionDefinition, MAX_ASYNC_BYTES } from "../core/functions.ts";
import { destinationEvent } from "./destination.ts";
import type { Host } from "./host.ts";
import type { Invocation, Source } from "./invocation.ts";

/** Estimate: the spacing of retries after a function error is not documented. Doubles each time. */
const RETRY_BASE_MS = 60_000;
/** Documented: 0.5 s, 1, 2, 4, … for up to five hours. */
const BUSY_BASE_MS = 500;
const BUSY_LIMIT_MS = 5 * 3_600_000;
/** Time between acceptance and start of an event without a delay. */
const DISPATCH_MS = 10;
const LATE_MS = 2000;
const EARLY_MS = 1000;
/** How long after the first delivery a duplicate follows, when the test asks for one. */
const DUPLICATE_AFTER_MS = 1000;

export type Status = "Enqueued" | "Running" | "Retrying" | "Succeeded" | "Failed" | "Expired";

/** One asynchronous event from submission to its end. */
export interface AsyncEvent {
  readonly id: string;
  readonly taskId: string;
  readonly function: string;
  readonly source: Source;
  readonly payload: Buffer;
  readonly enqueuedAt: number;
  readonly dueAt: number;
  status: Status;
  /** Runs so far, the first included. */
  attempts: number;
  endedAt?: number;
  readonly history: { readonly at: number; readonly status: Status }[];
}

/** The next run of an event; a duplicate has runs of its own. */
interface Delivery {
  readonly at: number;
  readonly callIndex: number;
  /** Since when it has been waiting for an instance. */
  readonly busySince?: number;
}

/** A delivery the platform could not make, for want of a permission or a target. */
export interface Refusal {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export interface QueueOptions {
  /** Lets delayed events arrive up to a second early, as the platform warns they may. */
  readonly mayBeEarly?: boolean;
}

export type Matcher = (event: { readonly function: string; readonly payload: string }) => boolean;

/** A trigger or a destination. */
interface Sender {
  /** What `refusals` call it. */
  readonly from: string;
  readonly role: string | undefined;
  readonly source: Source;
}

export class AsyncQueue {
  readonly events: AsyncEvent[] = [];
  readonly refusals: Refusal[] = [];
  readonly #kernel: Kernel;
  readonly #host: Host;
  readonly #definitions: ReadonlyMap<string, FunctionDefinition>;
  readonly #options: QueueOptions;
  readonly #duplicates = new Set<Matcher>();
  readonly #lost = new Set<Matcher>();
  readonly #tasks = new Map<string, AsyncEvent>();

  constructor(
    kernel: Kernel,
    host: Host,
    definitions: ReadonlyMap<string, FunctionDefinition>,
    options: QueueOptions,
  ) {
    this.#kernel = kernel;
    this.#host = host;
    this.#definitions = definitions;
    this.#options = options;
  }

  /** Delivers matching events twice; answers a way to stop it. */
  duplicate(matcher: Matcher): () => void {
    this.#duplicates.add(matcher);
    return () => this.#duplicates.delete(matcher);
  }

  /** Accepts matching events and never delivers them: what the platform promises not to do, and may. */
  lose(matcher: Matcher): () => void {
    this.#lost.add(matcher);
    return () => this.#lost.delete(matcher);
  }

  /** The task with this id of a function, if it was ever submitted. */
  task(functionName: string, taskId: string): AsyncEvent | undefined {
    return this.#tasks.get(`${functionName} ${taskId}`);
  }

  /** Accepts an event. @throws CloudFault for a payload over the cap or a task id used before. */
  submit(
    definition: FunctionDefinition,
    payload: Buffer,
    options: { source: Source; requestId: string; delayMs?: number; taskId?: string },
  ): AsyncEvent {
    const { source, requestId, delayMs = 0, taskId = requestId } = options;
    if (payload.length > MAX_ASYNC_BYTES) {
      throw new CloudFault(
        400,
        "EntityTooLarge",
        `the payload has ${payload.length} bytes, an asynchronous one may have ${MAX_ASYNC_BYTES}`,
      );
    }
    if (this.task(definition.name, taskId) !== undefined) {
      throw new CloudFault(409, "AsyncTaskAlreadyExists", `async task '${taskId}' already exists`);
    }
    const now = this.#kernel.time.now();
    const event: AsyncEvent = {
      id: requestId,
      taskId,
      function: definition.name,
      source,
      payload,
      enqueuedAt: now,
      dueAt: now + DISPATCH_MS + this.#jitter(delayMs),
      status: "Enqueued",
      attempts: 0,
      history: [{ at: now, status: "Enqueued" }],
    };
    this.events.push(event);
    this.#tasks.set(`${definition.name} ${taskId}`, event);
    const text = payload.toString("utf8");
    if ([...this.#lost].some((matches) => matches({ function: definition.name, payload: text })))
      return event;
    this.#schedule(definition, event, { at: event.dueAt, callIndex: 1 });
    if ([...this.#duplicates].some((matches) => matches({ function: definition.name, payload: text }))) {
      this.#schedule(definition, event, { at: event.dueAt + DUPLICATE_AFTER_MS, callIndex: 1 });
    }
    return event;
  }

  #jitter(delayMs: number): number {
    if (delayMs === 0) return 0;
    const early = this.#options.mayBeEarly === true ? EARLY_MS : 0;
    return Math.max(0, delayMs - early + Math.floor(this.#kernel.random() * (LATE_MS + early)));
  }

  #schedule(definition: FunctionDefinition, event: AsyncEvent, delivery: Delivery): void {
    const label = `invoke ${definition.name}`;
    this.#kernel.time.schedule(delivery.at, { label }, () => this.#deliver(definition, event, delivery));
  }

  async #deliver(definition: FunctionDefinition, event: AsyncEvent, delivery: Delivery): Promise<void> {
    const now = this.#kernel.time.now();
    if (now - event.enqueuedAt > definition.maxAgeMs) {
      this.#end(definition, event, "Expired", undefined);
      return;
    }
    const { callIndex } = delivery;
    let work: Promise<Invocation>;
    try {
      const { source, id: requestId, taskId } = event;
      work = this.#host.invoke(definition, event.payload, { source, requestId, callIndex, taskId });
    } catch (error) {
      if (!(error instanceof CloudFault)) throw error;
      const { busySince: phaseStartedAt = now } = delivery;
      if (now - phaseStartedAt > BUSY_LIMIT_MS) return this.#end(definition, event, "Failed", undefined);
      // Waits of 0.5, 1, 2, … seconds add up to (next wait - 0.5): the wait follows from the time spent.
      const at = now + BUSY_BASE_MS + (now - phaseStartedAt);
      return this.#schedule(definition, event, { at, callIndex, busySince: phaseStartedAt });
    }
    event.attempts++;
    this.#mark(event, "Running");
    const invocation = await work;
    if (invocation.error === undefined) return this.#end(definition, event, "Succeeded", invocation);
    if (callIndex > definition.maxRetries) return this.#end(definition, event, "Failed", invocation);
    this.#mark(event, "Retrying");
    const at = this.#kernel.time.now() + RETRY_BASE_MS * 2 ** (callIndex - 1);
    this.#schedule(definition, event, { at, callIndex: callIndex + 1 });
  }

  #mark(event: AsyncEvent, status: Status): void {
    event.status = status;
    event.history.push({ at: this.#kernel.time.now(), status });
  }

  #end(
    definition: FunctionDefinition,
    event: AsyncEvent,
    status: "Succeeded" | "Failed" | "Expired",
    invocation: Invocation | undefined,
  ): void {
    this.#mark(event, status);
    event.endedAt = this.#kernel.time.now();
    const target = status === "Succeeded" ? definition.onSuccess : definition.onFailure;
    if (target === undefined) return;
    const document = destinationEvent(this.#kernel, event, { endedAt: event.endedAt, status, invocation });
    const from = `destination of ${definition.name}`;
    this.forward({ from, role: definition.role, source: "destination" }, target, JSON.stringify(document));
  }

  /** Submits on behalf of a role, as triggers and destinations do; what cannot be delivered is in `refusals`. */
  forward({ from, role, source }: Sender, target: string, payload: string): AsyncEvent | undefined {
    const { region, accountId, time } = this.#kernel;
    const refuse = (reason: string): undefined => {
      this.refusals.push({ at: time.now(), from, to: target, reason });
    };
    const definition = this.#definitions.get(target);
    if (definition === undefined) return refuse(`there is no function ${target}`);
    const resource = `acs:fc:${region}:${accountId}:functions/${target}`;
    const principal = { accountId, keyId: "", ...(role !== undefined && { role }) };
    if (!this.#kernel.allows(principal, "fc:InvokeFunction", resource)) {
      return refuse(`role ${role} has no fc:InvokeFunction on ${resource}`);
    }
    try {
      const requestId = newRequestId(this.#kernel);
      return this.submit(definition, Buffer.from(payload), { source, requestId });
    } catch (error) {
      if (!(error instanceof CloudFault)) throw error;
      return refuse(error.message);
    }
  }
}

/** An id of the form this product uses: `1-64e70cf1-…`. */
export const newRequestId = (kernel: Kernel): string => {
  const seconds = Math.floor(kernel.time.now() / 1000).toString(16);
  return `1-${seconds}-${kernel.requestId().toLowerCase().replaceAll("-", "").slice(0, 20)}`;
};
