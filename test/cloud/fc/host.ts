/**
 * Runs functions: picks or starts an instance, gives it an event, puts the ending into the platform's words.
 *
 * FC-HOST-1. One invocation at a time per instance; a further one needs a further instance.
 * FC-HOST-2. Every invocation has fresh credentials of the function's role, valid for 36 hours unless a test says otherwise;
 *     those in the environment date from the start of the process.
 * FC-HOST-3. An invocation has no effect after its time limit: the first call that it makes later ends its instance.
 * FC-HOST-4. Between two invocations an instance stands still, and so do the requests that it has left on the way.
 *     https://www.alibabacloud.com/help/en/functioncompute/fc/error-handling-nodejs
 * FC-HOST-5. The cloud's clock stands still during an invocation, except for its sleeps; its duration is modelled
 *     (invocation.ts), sleeps included.
 */
import type { ContextData } from "./messages.ts";
import { createHash } from "node:crypto";
import type { Call, Kernel } from "../core/kernel.ts";
import { CallerAway } from "../core/kernel.ts";
import type { KeyRing } from "../core/keys.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import { type Ending, phrase } from "./ending.ts";
import { buildOf, contextOf, type SessionKeys, variablesOf } from "./environment.ts";
import { startInline } from "./inline.ts";
import { Instance } from "./instance.ts";
import type { Invocation, Source } from "./invocation.ts";
import { Quota } from "./quota.ts";
import type { Registry } from "./registry.ts";
import { Run } from "./run.ts";
import { startThread } from "./thread.ts";

export interface HostOptions {
  /**
   * On-demand instances of the account in a region: default 100, of which 90 can be reserved.
   * https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/overview-of-configuring-the-maximum-number-of-on-demand-instances
   */
  readonly accountInstances?: number;
  /** Instances kept alive at most; beyond it the longest idle one is ended. Default 16. */
  readonly maxThreads?: number;
  /** Milliseconds of the cloud's time an idle instance is kept. Default 3 to 5 minutes, another time for each. */
  readonly idleMs?: number;
  /** Real milliseconds after which a handler that gives no answer counts as timed out. Default 20 s. */
  readonly hangMs?: number;
  /** Runs instances inside this process (inline.ts) instead of a thread for each. Default false. */
  readonly inline?: boolean;
  /** How long credentials are valid that an invocation or an instance gets. Default 36 hours. */
  readonly sessionMs?: number;
  /** By how much the clock of a new instance is fast, whole milliseconds; asked once for each. Default 0. */
  readonly skewMs?: () => number;
}

/** How long an instance is kept that no event needs. */
const IDLE = { leastMs: 3 * 60_000, mostMs: 5 * 60_000 } as const;

type Options = Required<Omit<HostOptions, "idleMs">> & Pick<HostOptions, "idleMs">;

const DEFAULTS: Options = {
  accountInstances: 100,
  maxThreads: 16,
  hangMs: 20_000,
  inline: false,
  sessionMs: 36 * 3_600_000,
  skewMs: () => 0,
};

/** Which invocation dies between its effects and its answer. `n` counts the function's invocations from 0. */
export interface Crash {
  readonly function: string;
  readonly when?: (payload: string, n: number) => boolean;
}

export interface InvokeOptions {
  readonly source: Source;
  readonly requestId: string;
  readonly callIndex?: number;
  readonly taskId?: string;
}

const logsOf = (requestId: string, output: string): string[] => [
  `FC Invoke Start RequestId: ${requestId}`,
  ...output.split("\n").filter((line) => line !== ""),
  `FC Invoke End RequestId: ${requestId}`,
];

export class Host {
  /** Finished invocations in the order they ended. */
  readonly log: Invocation[] = [];
  readonly quota: Quota;
  readonly #kernel: Kernel;
  readonly #keys: KeyRing;
  #options: Options;
  readonly #idle: Instance[] = [];
  readonly #busy = new Map<Instance, Run>();
  /** Instances by the ids of the keys that they hold now: of their environment, and of their last invocation. */
  readonly #owners = new Map<string, Instance>();
  /** Keys of instances whose time was over. */
  readonly #gone = new Set<string>();
  /** Busy instances that take no further invocation. */
  readonly #retired = new Set<Instance>();
  readonly #crashes = new Map<Crash, { matches: number }>();

  constructor(kernel: Kernel, keys: KeyRing, registry: Registry, options: HostOptions) {
    this.#kernel = kernel;
    this.#keys = keys;
    this.#options = { ...DEFAULTS, ...options };
    this.quota = new Quota(registry, () => this.#options.accountInstances);
  }

  /** Changes how instances are run from now on; what is left out stays. */
  configure(options: HostOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Ends matching invocations after their effects and before their answer; answers a way to stop it. */
  crash(crash: Crash): () => void {
    this.#crashes.set(crash, { matches: 0 });
    return () => this.#crashes.delete(crash);
  }

  /** Runs the function once; the caller makes the clock wait for it. @throws CloudFault 429 when its instances are all in use. */
  invoke(definition: FunctionDefinition, event: Buffer, options: InvokeOptions): Promise<Invocation> {
    const leave = this.quota.enter(definition.name);
    return this.#run(definition, event, options).finally(leave);
  }

  /** Whether the holder of a key can send a request now. @throws CallerAway when it is an instance that does not run. */
  admit(keyId: string): void {
    if (this.#gone.has(keyId)) throw new CallerAway(Promise.resolve(false));
    const instance = this.#owners.get(keyId);
    if (instance === undefined) return;
    const run = this.#busy.get(instance);
    if (run === undefined) throw new CallerAway(instance.thaw);
    if (!run.isOver) return;
    for (const id of [run.keyId, instance.environmentKeyId]) this.#gone.add(id);
    instance.giveUp();
    throw new CallerAway(Promise.resolve(false));
  }

  /** Whose call this was: adds it to the running invocation's record. */
  attribute(keyId: string, call: Call): void {
    this.#callerOf(keyId)?.calls.push(call);
  }

  /** Ends the instance that holds these credentials, whatever it is doing. */
  async endCaller(keyId: string): Promise<void> {
    await this.#callerOf(keyId)?.instance.end();
  }

  /** Ends the instance that runs the event of this id. */
  async stop(requestId: string): Promise<void> {
    await this.runs.find((run) => run.requestId === requestId)?.instance.end();
  }

  /** The running invocations, in the order of their begin. */
  get runs(): readonly Run[] {
    return [...this.#busy.values()];
  }

  /** A request on this connection is never answered: the instance that sent it, if one did, waits in vain. */
  keptBack(connection: string): void {
    for (const instance of this.#busy.keys()) instance.keptBack(connection);
  }

  /** Ends the instances that are there: idle ones now, the others after their invocations. */
  retire(): void {
    for (const instance of this.#busy.keys()) this.#retired.add(instance);
    for (const instance of this.#idle.splice(0)) void this.#discard(instance);
  }

  /** Ends all instances. */
  async close(): Promise<void> {
    await Promise.all([...this.#idle, ...this.#busy.keys()].map((one) => one.end()));
  }

  /** Instances now alive, for inspection. */
  instances(): { readonly id: string; readonly function: string; readonly isBusy: boolean }[] {
    return [...this.#idle, ...this.#busy.keys()].map((instance) => ({
      id: instance.id,
      function: instance.functionName,
      isBusy: this.#busy.has(instance),
    }));
  }

  #callerOf(keyId: string): Run | undefined {
    const instance = this.#owners.get(keyId);
    return instance && this.#busy.get(instance);
  }

  async #run(definition: FunctionDefinition, event: Buffer, options: InvokeOptions): Promise<Invocation> {
    const at = this.#kernel.time.now();
    const { requestId } = options;
    const isCrash = this.#isCrash(definition.name, event.toString("utf8"));
    const credentials = this.#assume(definition);
    const instance = await this.#take(definition);
    const keyId = credentials.accessKeyId;
    const run = new Run(this.#kernel.time, definition, { instance, keyId, ...options });
    this.#own(instance, keyId);
    this.#busy.set(instance, run);
    const context = contextOf(this.#kernel, definition, requestId, credentials);
    const { ending, output } = await this.#invoke(run, event, context);
    this.#busy.delete(instance);
    const isLate = ending.kind === "hang" || run.durationMs > definition.timeoutMs;
    const durationMs = isLate ? definition.timeoutMs : run.durationMs;
    // A request that its code has sent in time and that arrives afterwards has no effect.
    if (isLate) for (const id of [keyId, instance.environmentKeyId]) this.#gone.add(id);
    if (isCrash || isLate || instance.isEnded || this.#retired.delete(instance))
      await this.#discard(instance);
    else this.#putBack(instance);
    const outcome = phrase(judgedEnding(ending, isCrash, isLate), definition, durationMs);
    const invocation: Invocation = {
      at,
      function: definition.name,
      ...originOf(options),
      payload: event.toString("utf8"),
      durationMs,
      coldStart: run.coldStart,
      ...outcome,
      logs: logsOf(requestId, output),
      ...(definition.logConfig !== undefined && { logConfig: definition.logConfig }),
      instanceId: instance.id,
      calls: run.calls,
    };
    this.log.push(invocation);
    return invocation;
  }

  async #invoke(run: Run, event: Buffer, context: ContextData) {
    let output = "";
    // The modelled duration does not include a call without an answer, so real time ends the invocation too.
    const limitMs = Math.min(this.#options.hangMs, run.timeoutMs);
    const ending = await run.instance.invoke({ event: new Uint8Array(event), context }, limitMs, {
      onLog: (text) => (output += text),
      onSleep: (ms) => run.sleep(ms),
      onHeld: () => this.#kernel.time.stir(),
    });
    run.end();
    return { ending, output };
  }

  async #take(definition: FunctionDefinition): Promise<Instance> {
    const now = this.#kernel.time.now();
    const stale = this.#idle.filter((one) => now - one.idleSince > this.#idleMsOf(one));
    for (const instance of stale) this.#idle.splice(this.#idle.indexOf(instance), 1);
    // The one used last is the warmest; the others may go stale.
    const build = buildOf(definition);
    const place = this.#idle.findLastIndex((instance) => instance.build === build);
    const [warm] = place === -1 ? [] : this.#idle.splice(place, 1);
    const alive = this.#idle.length + this.#busy.size;
    const surplus = warm === undefined && alive >= this.#options.maxThreads ? this.#idle.splice(0, 1) : [];
    await Promise.all([...stale, ...surplus].map((instance) => this.#discard(instance)));
    return warm ?? this.#start(definition);
  }

  /** The key of the running invocation takes the place of that of the one before. */
  #own(instance: Instance, keyId: string): void {
    this.#owners.delete(instance.keyId);
    for (const id of [instance.environmentKeyId, keyId]) if (id !== "") this.#owners.set(id, instance);
    instance.begin(keyId);
  }

  async #discard(instance: Instance): Promise<void> {
    for (const id of [instance.environmentKeyId, instance.keyId]) this.#owners.delete(id);
    await instance.end();
  }

  /** Three to five minutes, not drawn, so that one instance more changes no other number. */
  #idleMsOf({ id }: Instance): number {
    const { idleMs } = this.#options;
    if (idleMs !== undefined) return idleMs;
    const digest = createHash("sha256").update(id).digest().readUInt32LE();
    return IDLE.leastMs + (digest % (IDLE.mostMs - IDLE.leastMs));
  }

  #putBack(instance: Instance): void {
    instance.idleSince = this.#kernel.time.now();
    this.#idle.push(instance);
  }

  #start(definition: FunctionDefinition): Promise<Instance> {
    const id = `c-${this.#kernel.id("")}`;
    const credentials = this.#assume(definition);
    const variables = variablesOf(this.#kernel, definition, id, credentials);
    return Instance.start({ id, build: buildOf(definition) }, definition, {
      startSandbox: this.#options.inline ? startInline : startThread,
      start: { shared: this.#kernel.time.shared, skewMs: this.#options.skewMs(), variables },
      keyId: credentials.accessKeyId,
    });
  }

  #assume({ role }: FunctionDefinition): SessionKeys {
    if (role === undefined) return { accessKeyId: "", accessKeySecret: "", securityToken: "" };
    const { id, secret, token } = this.#keys.assume(role, this.#options.sessionMs);
    return { accessKeyId: id, accessKeySecret: secret, securityToken: token };
  }

  #isCrash(name: string, payload: string): boolean {
    let hit = false;
    for (const [crash, entry] of this.#crashes) {
      if (crash.function !== name) continue;
      const n = entry.matches++;
      hit ||= crash.when?.(payload, n) ?? true;
    }
    return hit;
  }
}

const originOf = ({ requestId, source, callIndex = 1, taskId }: InvokeOptions) => ({
  requestId,
  source,
  callIndex,
  ...(taskId !== undefined && { taskId }),
});

function judgedEnding(ending: Ending, isCrash: boolean, isLate: boolean): Ending {
  if (isCrash) return { kind: "exit" };
  return isLate ? { kind: "hang" } : ending;
}
