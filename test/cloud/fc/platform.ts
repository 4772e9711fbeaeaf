/** Function Compute as a whole: what a test holds in its hands as `cloud.fc`. */
import type { Call, Kernel, WireRequest, WireResponse } from "../core/kernel.ts";
import type { KeyRing } from "../core/keys.ts";
import type { ObjectEvents } from "../core/object-events.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import { type Crash, Host, type HostOptions } from "./host.ts";
import { serveHttpTrigger, type WebFunction } from "./http-trigger.ts";
import { type Cost, costOf, type Invocation } from "./invocation.ts";
import { fireOssTriggers } from "./oss-trigger.ts";
import {
  type AsyncEvent,
  AsyncQueue,
  type Matcher,
  type PlatformStatus,
  type QueueOptions,
  type Refusal,
  type WaitMs,
} from "./queue.ts";
import { FcService } from "./service.ts";
import { readFcSignature } from "./signature.ts";
import { type TimerOptions, Timers } from "./timer.ts";
import { CallTurns } from "./turns.ts";

/** Invocations that run side by side in turns (turns.ts). */
interface TurnOptions {
  /** How long after the begin of an invocation others may begin beside it; each runs alone when left out. Inline only. */
  readonly overlapMs?: number;
}

export type FcOptions = HostOptions & QueueOptions & TimerOptions & TurnOptions;

interface Setup {
  readonly kernel: Kernel;
  readonly keys: KeyRing;
  readonly objects: ObjectEvents;
  readonly functions: readonly FunctionDefinition[];
  readonly options: FcOptions;
}

export class FunctionCompute {
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  readonly #kernel: Kernel;
  readonly #host: Host;
  readonly #queue: AsyncQueue;
  readonly #service: FcService;
  readonly #timers: Timers;
  readonly #turns: CallTurns | undefined;

  constructor({ kernel, keys, objects, functions: definitions, options }: Setup) {
    this.functions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#kernel = kernel;
    kernel.registerSignature("fc", readFcSignature);
    this.#host = new Host(kernel, keys, options);
    const { overlapMs } = options;
    if (overlapMs !== undefined) {
      this.#turns = new CallTurns(kernel, () => this.#host.runs);
      kernel.time.takeTurns(this.#turns, overlapMs);
    }
    this.#queue = new AsyncQueue(kernel, this.#host, this.functions, options);
    this.#service = new FcService(kernel, this.functions, this.#host, this.#queue);
    objects.subscribe((event) => fireOssTriggers(kernel, this.#queue, definitions, event));
    this.#timers = new Timers(kernel, this.#queue, options);
    for (const definition of definitions) {
      for (const trigger of definition.triggers) {
        if (trigger.kind === "timer") this.#timers.start(definition, trigger);
      }
    }
  }

  /** Every finished run of a handler, in the order they ended. */
  get invocations(): readonly Invocation[] {
    return this.#host.log;
  }

  /** Every asynchronous event ever accepted, with its status and history. */
  get events(): readonly AsyncEvent[] {
    return this.#queue.events;
  }

  /** Deliveries of triggers and destinations that could not be made. */
  get refusals(): readonly Refusal[] {
    return this.#queue.refusals;
  }

  /** Instances now alive. */
  get instances(): ReturnType<Host["instances"]> {
    return this.#host.instances();
  }

  /** CU and CNY of all invocations so far. */
  get cost(): Cost {
    return costOf(this.#host.log, this.functions);
  }

  /** Ends the instance of matching invocations after their effects and before their answer. */
  crash(crash: Crash): () => void {
    return this.#host.crash(crash);
  }

  /** Delivers matching asynchronous events twice, the second time `afterMs` later; default 1 s. */
  duplicate(matcher: Matcher, afterMs?: number | WaitMs): () => void {
    return this.#queue.duplicate(matcher, afterMs);
  }

  /** Delivers matching asynchronous events so much later than due. */
  delay(matcher: Matcher, byMs: WaitMs): () => void {
    return this.#queue.delay(matcher, byMs);
  }

  /** Accepts matching asynchronous events and never delivers them. */
  lose(matcher: Matcher): () => void {
    return this.#queue.lose(matcher);
  }

  /** While an event matches, the platform answers 429 to its delivery (it waits), or 500 or 503 (it ends unrun). */
  obstruct(matcher: Matcher, status: PlatformStatus): () => void {
    return this.#queue.obstruct(matcher, status);
  }

  /** From now on each firing of a timer, by the name of its trigger, happens a second time a second later. */
  fireTimerTwice(triggerName: string): () => void {
    return this.#timers.fireTwice(triggerName);
  }

  /** For so many milliseconds no event is delivered; events are accepted and grow old. */
  pause(forMs: number): void {
    this.#queue.pause(forMs);
  }

  /** Changes what the platform makes of delays, task ids and new instances from now on; what is left out stays. */
  configure(options: QueueOptions & HostOptions): void {
    this.#queue.configure(options);
    this.#host.configure(options);
  }

  handle(request: WireRequest): Promise<WireResponse> {
    return this.#service.handle(request);
  }

  /** Serves a request to the URL of the HTTP trigger of a function. */
  serve(functionName: string, request: WireRequest): Promise<WireResponse> {
    const web = this.#webFunction(functionName);
    return serveHttpTrigger({ kernel: this.#kernel, host: this.#host, queue: this.#queue }, web, request);
  }

  #webFunction(name: string): WebFunction {
    const definition = this.functions.get(name);
    const trigger = definition?.triggers.find(({ kind }) => kind === "http");
    if (definition === undefined || trigger?.kind !== "http") throw new Error(`${name} has no HTTP trigger`);
    return { definition, trigger };
  }

  /** Adds a call to the record of the invocation that made it. */
  attribute(keyId: string, call: Call): void {
    this.#host.attribute(keyId, call);
  }

  /** Ends the instance that holds these credentials. */
  endCaller(keyId: string): Promise<void> {
    return this.#host.endCaller(keyId);
  }

  /** A request, to an HTTP trigger where it is given, has arrived on this connection; it is served when this resolves. */
  arrived(connection: string, request?: WireRequest): Promise<void> | undefined {
    return this.#turns?.arrive(connection, request);
  }

  /** A request on this connection is never answered. */
  keptBack(connection: string): void {
    this.#host.keptBack(connection);
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}
