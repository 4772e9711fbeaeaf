/**
 * Asynchronous invocation: at least once, with delays, retries, expiry and destinations.
 *
 * QUEUE-1. An event runs until it succeeds, its retries are used up or it is too old; each end is recorded.
 * QUEUE-2. A function error is retried `maxRetries` times. Waiting for an instance (429) is not an attempt.
 *     An error of the platform itself (500, 503) ends the event at once, unrun.
 * QUEUE-3. A delay may run over by up to two seconds and, only when asked for, under by up to one.
 * QUEUE-4. An event's age counts from its submission, delay included, and so for a delivery that a test makes late.
 */
import { CloudFault, type Kernel } from "../core/kernel.ts";
import { type FunctionDefinition, MAX_ASYNC_BYTES } from "../core/functions.ts";
import { destinationEvent, type EventEnding } from "./destination.ts";
import type { Host } from "./host.ts";
import type { Invocation, Source } from "./invocation.ts";
import type { Registry } from "./registry.ts";
import { type TaskIdOptions, TaskIds } from "./task-ids.ts";
import { type EventFacts, Trouble } from "./trouble.ts";

/** Estimate: the spacing of retries after a function error is not documented. Doubles each time. */
const RETRY_BASE_MS = 60_000;
/** Documented: 0.5 s, 1, 2, 4, … for up to five hours. */
const BUSY_BASE_MS = 500;
const BUSY_LIMIT_MS = 5 * 3_600_000;
/** Time between acceptance and start of an event without a delay. */
const DISPATCH_MS = 10;
const LATE_MS = 2000;
const EARLY_MS = 1000;
/** An event is invalid when its function is gone before it could run. */
export type Status =
  | "Enqueued"
  | "Running"
  | "Retrying"
  | "Stopping"
  | "Stopped"
  | "Succeeded"
  | "Failed"
  | "Expired"
  | "Invalid";

/** One asynchronous event from submission to its end. */
export interface AsyncEvent {
  readonly id: string;
  readonly taskId: string;
  readonly function: string;
  /** The version that runs it, or LATEST as it is at the time of each run. */
  readonly qualifier: string;
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
  /** By how much a delay is multiplied: 1 (default) keeps it, 0 ignores it. */
  readonly delayFactor?: number;
  readonly taskIds?: TaskIdOptions;
  /**
   * Whether the region has task mode; default true. Without it no event has a task id, and none is refused.
   * https://help.aliyun.com/en/functioncompute/fc/user-guide/asynchronous-task
   */
  readonly hasTaskMode?: boolean;
}

const isStopping = ({ status }: AsyncEvent): boolean => status === "Stopping";

const factsOf = ({ function: name, payload }: AsyncEvent): EventFacts => ({
  function: name,
  payload: payload.toString("utf8"),
});

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
  readonly trouble = new Trouble();
  readonly #kernel: Kernel;
  readonly #host: Host;
  readonly #registry: Registry;
  readonly #taskIds = new TaskIds<AsyncEvent>();
  #options: QueueOptions;
  #pausedUntil = 0;

  constructor(kernel: Kernel, host: Host, registry: Registry, options: QueueOptions) {
    this.#kernel = kernel;
    this.#host = host;
    this.#registry = registry;
    this.#options = options;
  }

  /** Changes how the platform behaves from now on; what is left out stays. */
  configure(options: QueueOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** For so many milliseconds nothing is delivered, while events are accepted and grow old. */
  pause(forMs: number): void {
    this.#pausedUntil = this.#kernel.time.now() + forMs;
  }

  isPaused(): boolean {
    return this.#kernel.time.now() < this.#pausedUntil;
  }

  /** The newest task with this id of a function, if there ever was one. */
  task(functionName: string, taskId: string): AsyncEvent | undefined {
    return this.#taskIds.find(functionName, taskId);
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
    const now = this.#kernel.time.now();
    if (this.regionHasTasks) this.#taskIds.check(definition.name, taskId, now, this.#options.taskIds);
    const event: AsyncEvent = {
      id: requestId,
      taskId,
      function: definition.name,
      qualifier: definition.version ?? "LATEST",
      source,
      payload,
      enqueuedAt: now,
      dueAt: now + DISPATCH_MS + this.#jitter(delayMs),
      status: "Enqueued",
      attempts: 0,
      history: [{ at: now, status: "Enqueued" }],
    };
    this.events.push(event);
    this.#taskIds.add(event);
    this.#dispatch(event);
    return event;
  }

  /** Ends a task: one that waits never runs, and the instance of one that runs ends. One that has ended stays as it is. */
  async stop(event: AsyncEvent): Promise<void> {
    if (event.endedAt !== undefined) return;
    if (event.status !== "Running") return this.#mark(event, "Stopped", this.#kernel.time.now());
    this.#mark(event, "Stopping");
    await this.#host.stop(event.id);
  }

  get regionHasTasks(): boolean {
    return this.#options.hasTaskMode ?? true;
  }

  /** Whether events of a function are tasks. */
  hasTasks({ asyncTask }: FunctionDefinition): boolean {
    return asyncTask && this.regionHasTasks;
  }

  #dispatch(event: AsyncEvent): void {
    const facts = factsOf(event);
    if (this.trouble.isLost(facts)) return;
    const at = event.dueAt + this.trouble.delayMs(facts);
    this.#schedule(event, { at, callIndex: 1 });
    const afterMs = this.trouble.duplicateAfterMs(facts);
    if (afterMs !== undefined) this.#schedule(event, { at: at + afterMs, callIndex: 1 });
  }

  #jitter(askedMs: number): number {
    const delayMs = askedMs * (this.#options.delayFactor ?? 1);
    if (delayMs === 0) return 0;
    const early = this.#options.mayBeEarly === true ? EARLY_MS : 0;
    return Math.max(0, delayMs - early + Math.floor(this.#kernel.random() * (LATE_MS + early)));
  }

  #schedule(event: AsyncEvent, delivery: Delivery): void {
    const label = `invoke ${event.function}`;
    this.#kernel.time.schedule(delivery.at, { label }, () => this.#deliver(event, delivery));
  }

  /** The function as it is now, unless it is gone; its code may have changed since the event was accepted. */
  #definitionOf({ function: name, qualifier }: AsyncEvent): FunctionDefinition | undefined {
    try {
      return this.#registry.qualified(name, qualifier);
    } catch (error) {
      if (error instanceof CloudFault) return undefined;
      throw error;
    }
  }

  async #deliver(event: AsyncEvent, delivery: Delivery): Promise<void> {
    const now = this.#kernel.time.now();
    if (this.isPaused()) return this.#schedule(event, { ...delivery, at: this.#pausedUntil });
    if (event.status === "Stopped") return;
    const definition = this.#definitionOf(event);
    if (definition === undefined) return this.#mark(event, "Invalid", now);
    await this.#run(definition, event, delivery);
  }

  async #run(definition: FunctionDefinition, event: AsyncEvent, delivery: Delivery): Promise<void> {
    const now = this.#kernel.time.now();
    if (now - event.enqueuedAt > definition.maxAgeMs) {
      // A second delivery of an event that has ended is dropped: the event has its one end already.
      return event.endedAt === undefined ? this.#end(definition, event, { status: "Expired" }) : undefined;
    }
    const { callIndex } = delivery;
    let work: Promise<Invocation>;
    try {
      this.trouble.refuseObstructed(factsOf(event));
      const { source, id: requestId, taskId } = event;
      work = this.#host.invoke(definition, event.payload, { source, requestId, callIndex, taskId });
    } catch (error) {
      if (!(error instanceof CloudFault)) throw error;
      const { busySince: phaseStartedAt = now } = delivery;
      const failure = { status: "Failed", platformStatus: error.status } as const;
      if (error.status !== 429 || now - phaseStartedAt >= BUSY_LIMIT_MS) {
        return this.#end(definition, event, failure);
      }
      // Waits of 0.5, 1, 2, … seconds add up to (next wait - 0.5): the wait follows from the time spent.
      const at = Math.min(now + BUSY_BASE_MS + (now - phaseStartedAt), phaseStartedAt + BUSY_LIMIT_MS);
      return this.#schedule(event, { at, callIndex, busySince: phaseStartedAt });
    }
    event.attempts++;
    this.#mark(event, "Running");
    const invocation = await work;
    if (isStopping(event)) return this.#mark(event, "Stopped", this.#kernel.time.now());
    if (invocation.error === undefined) {
      return this.#end(definition, event, { status: "Succeeded", invocation });
    }
    if (callIndex > definition.maxRetries)
      return this.#end(definition, event, { status: "Failed", invocation });
    this.#mark(event, "Retrying");
    const at = this.#kernel.time.now() + RETRY_BASE_MS * 2 ** (callIndex - 1);
    this.#schedule(event, { at, callIndex: callIndex + 1 });
  }

  #mark(event: AsyncEvent, status: Status, endedAt?: number): void {
    event.status = status;
    if (endedAt !== undefined) event.endedAt = endedAt;
    event.history.push({ at: this.#kernel.time.now(), status });
  }

  #end(definition: FunctionDefinition, event: AsyncEvent, ending: Omit<EventEnding, "endedAt">): void {
    const { status } = ending;
    this.#mark(event, status);
    event.endedAt = this.#kernel.time.now();
    const target = status === "Succeeded" ? definition.onSuccess : definition.onFailure;
    if (target === undefined) return;
    const document = destinationEvent(this.#kernel, event, { ...ending, endedAt: event.endedAt });
    const from = `destination of ${definition.name}`;
    this.forward({ from, role: definition.role, source: "destination" }, target, JSON.stringify(document));
  }

  /** Submits on behalf of a role, as triggers and destinations do; what cannot be delivered is in `refusals`. */
  forward({ from, role, source }: Sender, target: string, payload: string): AsyncEvent | undefined {
    const { region, accountId, time } = this.#kernel;
    const refuse = (reason: string): undefined => {
      this.refusals.push({ at: time.now(), from, to: target, reason });
    };
    const definition = this.#registry.definitions.get(target);
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
