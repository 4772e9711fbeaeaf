/** Function Compute as a whole: what a test holds in its hands as `cloud.fc`. */
import type { Call, Kernel, WireRequest, WireResponse } from "../core/kernel.ts";
import type { KeyRing } from "../core/keys.ts";
import type { Objects } from "../core/object-events.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import { type Address, Addresses, type OpenAddress } from "./addresses.ts";
import type { Platform } from "./api/request.ts";
import { CodePackages } from "./code-packages.ts";
import { Domains } from "./domains.ts";
import { Downloads } from "./downloads.ts";
import { type Crash, Host, type HostOptions } from "./host.ts";
import { domainOf, serveHttpTrigger } from "./http-trigger.ts";
import { type Cost, costOf, type Invocation } from "./invocation.ts";
import { fireOssTriggers } from "./oss-trigger.ts";
import { type AsyncEvent, AsyncQueue, type QueueOptions, type Refusal } from "./queue.ts";
import { Registry } from "./registry.ts";
import { FcService } from "./service.ts";
import { readFcSignature } from "./signature.ts";
import { type TimerOptions, Timers } from "./timer.ts";
import { CallTurns } from "./turns.ts";
import type { Matcher, PlatformStatus, WaitMs } from "./trouble.ts";

/** Invocations that run side by side in turns (turns.ts). */
interface TurnOptions {
  /** How long after the begin of an invocation others may begin beside it; each runs alone when left out. Inline only. */
  readonly overlapMs?: number;
}

export type FcOptions = HostOptions & QueueOptions & TimerOptions & TurnOptions;

interface Setup {
  readonly kernel: Kernel;
  readonly keys: KeyRing;
  readonly objects: Objects;
  readonly functions: readonly FunctionDefinition[];
  readonly options: FcOptions;
  readonly listen: OpenAddress;
  /** Addresses of functions that are open already, by name; they call `serve`. */
  readonly opened: ReadonlyMap<string, Address>;
}

export class FunctionCompute {
  readonly #registry: Registry;
  readonly #host: Host;
  readonly #queue: AsyncQueue;
  readonly #service: FcService;
  readonly #timers: Timers;
  readonly #turns: CallTurns | undefined;
  readonly #addresses: Addresses;
  readonly #domains: Domains;
  readonly #code: CodePackages;

  private constructor({ kernel, keys, objects, functions, options, listen, opened }: Setup) {
    kernel.registerSignature("fc", readFcSignature);
    const registry = (this.#registry = new Registry(kernel, functions));
    const host = (this.#host = new Host(kernel, keys, registry, options));
    const { overlapMs } = options;
    if (overlapMs !== undefined) {
      this.#turns = new CallTurns(kernel, () => this.#host.runs);
      kernel.time.takeTurns(this.#turns, overlapMs);
    }
    const queue = (this.#queue = new AsyncQueue(kernel, host, registry, options));
    const code = (this.#code = new CodePackages(kernel, keys, objects));
    this.#timers = new Timers(kernel, queue, options);
    const serve = (name: string, request: WireRequest, domainName?: string): Promise<WireResponse> =>
      serveHttpTrigger(platform, { name, domainName }, request);
    const serveHere = (name: string, request: WireRequest): Promise<WireResponse> => {
      const domainName = domainOf(request);
      return domainName === undefined ? serve(name, request) : domains.answer(domainName, request);
    };
    const addresses = (this.#addresses = new Addresses({ listen, opened }, serveHere));
    const domains = (this.#domains = new Domains(listen, serve, () => kernel.time.now()));
    const downloads = new Downloads(kernel, listen);
    const platform: Platform = {
      kernel,
      registry,
      host,
      queue,
      code,
      objects,
      addresses,
      domains,
      downloads,
    };
    this.#service = new FcService(platform);
    objects.subscribe((event) => fireOssTriggers(kernel, queue, registry.definitions.values(), event));
  }

  /** The platform with the functions of a manifest, when their addresses are open and their timers run. */
  static async open(setup: Setup): Promise<FunctionCompute> {
    const fc = new FunctionCompute(setup);
    await fc.#registry.subscribe(fc.#addresses.change);
    await fc.#registry.subscribe(fc.#domains.change);
    await fc.#registry.subscribe(fc.#timers.change);
    return fc;
  }

  /** The functions there are now, by name. */
  get functions(): ReadonlyMap<string, FunctionDefinition> {
    return this.#registry.definitions;
  }

  /** URLs of the functions with an HTTP trigger by name, and of custom domains by domain name. */
  get urls(): {
    readonly http: Readonly<Record<string, string>>;
    readonly domains: Readonly<Record<string, string>>;
  } {
    return { http: this.#addresses.urls, domains: this.#domains.urls };
  }

  /** Gives a function a custom domain for all its paths; answers the URL. */
  async addDomain(domainName: string, functionName: string): Promise<string> {
    await this.#domains.create(domainName, "HTTP", [{ path: "/*", functionName }]);
    return this.#domains.urls[domainName] ?? "";
  }

  /** Every finished run of a handler, in the order they ended. */
  get invocations(): readonly Invocation[] {
    return this.#host.log;
  }

  /** The content of a store of the log service: nothing of a function that had no `logConfig` when it wrote. */
  storedLogs(project: string, logstore: string): readonly string[] {
    return this.#host.log
      .filter(({ logConfig }) => logConfig?.project === project && logConfig.logstore === logstore)
      .flatMap(({ logs }) => logs);
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
    return costOf(this.#host.log, this.#registry.known);
  }

  /** Ends the instance of matching invocations after their effects and before their answer. */
  crash(crash: Crash): () => void {
    return this.#host.crash(crash);
  }

  /** Delivers matching asynchronous events twice, the second time `afterMs` later; default 1 s. */
  duplicate(matcher: Matcher, afterMs?: number | WaitMs): () => void {
    return this.#queue.trouble.duplicate(matcher, afterMs);
  }

  /** Delivers matching asynchronous events so much later than due. */
  delay(matcher: Matcher, byMs: WaitMs): () => void {
    return this.#queue.trouble.delay(matcher, byMs);
  }

  /** Accepts matching asynchronous events and never delivers them. */
  lose(matcher: Matcher): () => void {
    return this.#queue.trouble.lose(matcher);
  }

  /** While an event matches, the platform answers 429 to its delivery (it waits), or 500 or 503 (it ends unrun). */
  obstruct(matcher: Matcher, status: PlatformStatus): () => void {
    return this.#queue.trouble.obstruct(matcher, status);
  }

  /** From now on each firing of a timer, by the name of its trigger, happens a second time a second later. */
  fireTimerTwice(triggerName: string): () => void {
    return this.#timers.fireTwice(triggerName);
  }

  /** For so many milliseconds no event is delivered; events are accepted and grow old. */
  pause(forMs: number): void {
    this.#queue.pause(forMs);
  }

  /** Whether events wait for the end of a pause now. */
  isPaused(): boolean {
    return this.#queue.isPaused();
  }

  /** Changes what the platform makes of delays, task ids and new instances from now on; what is left out stays. */
  configure(options: QueueOptions & HostOptions): void {
    this.#queue.configure(options);
    this.#host.configure(options);
  }

  /** Lets no instance that is there take a further invocation. */
  retire(): void {
    this.#host.retire();
  }

  handle(request: WireRequest): Promise<WireResponse> {
    return this.#service.handle(request);
  }

  /** Serves a request to the default address of a function. */
  serve(functionName: string, request: WireRequest): Promise<WireResponse> {
    return this.#addresses.serve(functionName, request);
  }

  /** Whether the holder of a key can send a request now. @throws CallerAway when it is an instance that does not run. */
  admit(keyId: string): void {
    this.#host.admit(keyId);
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

  async close(): Promise<void> {
    await this.#host.close();
    this.#code.close();
  }
}
