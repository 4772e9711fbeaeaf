/**
 * The local cloud: one account in one region with ECS, CloudMonitor, Function Compute and OSS, on 127.0.0.1,
 * with a simulated clock. This file is its whole API: nothing outside of this folder imports another file of it.
 *
 * CLOUD-1. The same options and the same calls give the same history: ids, keys and random numbers come from one
 *     seed, instants from one clock.
 * CLOUD-2. It refuses like the real cloud. It says so where it does not know an API (README.md, gaps).
 */
import { resolve } from "node:path";
import { createKernel, draw } from "./core/account.ts";
import { installClock } from "./core/clock.ts";
import { CallLog } from "./core/call-log.ts";
import { type Exchange, exchange, Faults } from "./core/calls.ts";
import { CmsService } from "./cms/service.ts";
import { ScalingService } from "./ess/service.ts";
import { Console } from "./ecs/console.ts";
import { EcsService } from "./ecs/service.ts";
import type { FunctionDefinition } from "./core/functions.ts";
import { Front, type Handler } from "./core/front.ts";
import type { Listener } from "./core/server.ts";
import { type FcOptions, FunctionCompute } from "./fc/platform.ts";
import { type Call, CallerAway, type Kernel, type Product } from "./core/kernel.ts";
import type { WireRequest, WireResponse } from "./core/kernel.ts";
import { FC_ACTIONS } from "./fc/route.ts";
import { KeyRing } from "./core/keys.ts";
import { readManifest } from "./manifest/manifest.ts";
import { Pace } from "./core/pace.ts";
import { OssService } from "./oss/service.ts";
import { ObjectStore } from "./oss/store.ts";
import { BillingService } from "./bss/service.ts";
import { type Policy, Ram } from "./core/ram.ts";
import type { Directory } from "./ram/directory.ts";
import { RamService } from "./ram/service.ts";
import { header, splitUrl } from "./core/signatures.ts";
import { type SettleOptions, Timeline } from "./core/time.ts";

export { draw } from "./core/account.ts";
export { CloudFault } from "./core/kernel.ts";
export type { Call, Fault, Product } from "./core/kernel.ts";
export { BUSY } from "./core/load.ts";
export type { Load, LoadSpan } from "./core/load.ts";
export type { Trigger } from "./core/functions.ts";
export { evaluate } from "./core/ram.ts";
export type { Policy } from "./core/ram.ts";
export type { Image, Instance } from "./ecs/records.ts";
export { MODEL } from "./fc/invocation.ts";
export type { Source } from "./fc/invocation.ts";
export { fresh as freshDisk, runOnMachine } from "./machine/run.ts";
export { envNames } from "./manifest/interpolation.ts";
export { type Manifest, parseManifest, resolveManifest } from "./manifest/manifest.ts";
export { ManifestError } from "./manifest/problem.ts";

const ACCOUNT_ID = "1234567890123456";

/** The addresses of the products, and an identity to call them with. */
export interface Endpoints {
  readonly ecs: string;
  readonly cms: string;
  readonly ess: string;
  readonly fc: string;
  readonly oss: string;
  readonly ram: string;
  readonly sts: string;
  /** URLs of HTTP triggers by function. */
  readonly http: Readonly<Record<string, string>>;
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

type Environment = Readonly<Record<string, string>>;

export interface CloudOptions {
  /** Path of an s.yaml; none = no functions. */
  readonly manifest?: string;
  /** Folder with `<name>/index.js` bundles to run instead of the manifest's `code:` folders, by their last part. */
  readonly dist?: string;
  /**
   * The variables of `${env()}` in the manifest; a function gets the endpoints, whose ports are known late. It is asked once before
   * `http` is known: the names of functions must not depend on that. Several environments deploy the manifest as often.
   */
  readonly env?: Environment | ((endpoints: Endpoints) => Environment | readonly Environment[]);
  /** Where time starts, epoch milliseconds. */
  readonly at?: number;
  /** 0 (default): time passes only in `settle`; else it passes by itself, so much faster than real time. */
  readonly speed?: number;
  readonly seed?: number;
  /** First of the ports, 0 (default) = any free ones. */
  readonly port?: number;
  /** Policies by role name. Without them roles are not restricted; with them an unlisted role may nothing. */
  readonly roles?: Readonly<Record<string, Policy>>;
  /** Whether this process's Date tells the cloud's time until `close()`; default true at speed 0. */
  readonly ownClock?: boolean;
  /** Whether the waits of a function that a client waits for pass for it alone while nothing settles (time.ts). */
  readonly waitsAlone?: boolean;
  readonly region?: string;
  readonly accountId?: string;
  /** How long ECS remembers a ClientToken, milliseconds of the cloud's time; default a day. */
  readonly tokenMs?: number;
  readonly fc?: FcOptions;
}

export interface Cloud {
  readonly urls: {
    readonly ecs: string;
    readonly cms: string;
    readonly ess: string;
    readonly fc: string;
    readonly oss: string;
    readonly ram: string;
    readonly sts: string;
    /** Default addresses of functions with an HTTP trigger, by name: browsers download what they answer. */
    readonly http: Readonly<Record<string, string>>;
    /** Custom domains, by domain name. */
    readonly domains: Readonly<Record<string, string>>;
  };
  readonly region: string;
  readonly accountId: string;
  readonly accessKey: { readonly id: string; readonly secret: string };
  /** Credentials of the account: sessions of roles, and their revocation. */
  readonly keys: Pick<KeyRing, "all" | "assume" | "revoke">;
  /** Which actions the policies of roles allowed so far. */
  readonly ram: Pick<Ram, "uses"> & Pick<Directory, "roles" | "policies">;
  readonly time: Timeline;
  /** Time that passes by itself. */
  readonly pace: Pick<Pace, "run" | "skip">;
  /** The account's ECS: what there is, and what happens to it outside of the API. */
  readonly world: Console;
  /** Scaling configurations, as the console of Auto Scaling keeps them. */
  readonly scaling: Pick<ScalingService, "configurations">;
  /** Alert rules of CloudMonitor by their ids, and the state of each. */
  readonly alarms: CmsService["alarms"];
  /** Buckets and objects, without the wire. */
  readonly oss: ObjectStore;
  /** Functions, their invocations and events, and faults of their delivery. */
  readonly fc: Omit<
    FunctionCompute,
    "handle" | "serve" | "urls" | "admit" | "arrived" | "attribute" | "endCaller" | "keptBack" | "close"
  >;
  readonly callLog: Pick<CallLog, "count" | "entries">;
  /** Names of the calls that each product has. */
  readonly actions: Readonly<Record<Product, readonly string[]>>;
  readonly faults: Pick<Faults, "add" | "interleave" | "clear">;
  /** Throttles an action of ECS to so many calls a minute. */
  throttle(action: string, callsPerMinute: number): void;
  /** Connections whose clients still wait for an answer that a fault keeps back. */
  unanswered(): number;
  settle(options?: SettleOptions): Promise<void>;
  /** Answers requests below a path of the ECS address that are none of the cloud's. */
  mount(path: string, handle: (request: WireRequest) => Promise<WireResponse>): void;
  /** A plain copy of the history so far, for comparing two runs. */
  snapshot(): Snapshot;
  close(): Promise<void>;
}

interface Snapshot {
  readonly at: number;
  readonly calls: readonly Call[];
  readonly objects: readonly string[];
  readonly invocations: readonly string[];
  readonly events: readonly string[];
}

const STARTING = "the local cloud is still starting";
const START_AT = Date.UTC(2026, 0, 5, 8);

/** Starts the local cloud. Every server is listening when it resolves. @throws ManifestError for a bad manifest. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const parts = new Parts(options);
  try {
    return describe(parts, await parts.open());
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** The products of one account, and the servers in front of them. */
class Parts {
  readonly region: string;
  readonly time: Timeline;
  readonly pace: Pace;
  readonly front: Front;
  readonly keys: KeyRing;
  readonly callLog = new CallLog();
  readonly faults = new Faults();
  readonly ram: Ram;
  readonly store: ObjectStore;
  readonly ecs: EcsService;
  readonly #options: CloudOptions;
  readonly #kernel: Kernel;
  readonly #cms: CmsService;
  readonly scaling: ScalingService;
  readonly identities: RamService;
  readonly billing: BillingService;
  readonly #oss: OssService;
  readonly #restoreClock: () => void;
  #fc: FunctionCompute | undefined;

  constructor(options: CloudOptions) {
    const { at = START_AT, speed = 0, seed = 1, region = "cn-hangzhou", accountId = ACCOUNT_ID } = options;
    this.#options = options;
    this.region = region;
    this.time = new Timeline(at, options.waitsAlone);
    this.pace = new Pace(this.time);
    this.pace.run(speed);
    const now = (): number => this.time.now();
    const onKeptBack = (connection: string): void => this.#fc?.keptBack(connection);
    const onArrival = (connection: string, request: WireRequest | undefined) =>
      this.#fc?.arrived(connection, request);
    this.front = new Front({ port: options.port ?? 0, now, onArrival, onKeptBack });
    const ownClock = options.ownClock ?? speed === 0;
    // Clients with a clock of their own lag behind the cloud; their requests are valid all the same.
    const outside = ownClock ? now : Date.now;
    this.keys = new KeyRing(accountId, draw(seed + 2), now, outside);
    this.ram = new Ram(options.roles);
    const { time, keys, faults, ram } = this;
    const record = (call: Call): void => this.#record(call);
    this.#kernel = createKernel({ time, keys, ram, faults, region, seed, record });
    this.store = new ObjectStore(this.#kernel);
    this.ecs = new EcsService(this.#kernel, this.store, options.tokenMs);
    this.#cms = new CmsService(this.#kernel, this.ecs.metering);
    this.scaling = new ScalingService(
      this.#kernel,
      (region, id) => this.ecs.world.image(region, id) !== undefined,
    );
    this.identities = new RamService(this.#kernel, ram);
    this.billing = new BillingService(this.#kernel, () => this.ecs.world.account.balance);
    this.#oss = new OssService(this.#kernel, this.store);
    this.#restoreClock = ownClock ? installClock(time.shared) : (): void => {};
  }

  /** Opens the servers and starts the functions of the manifest. */
  async open(): Promise<{ readonly fc: FunctionCompute; readonly urls: Cloud["urls"] }> {
    const { url: api } = await this.front.listen((request) => this.#serveApi(request));
    const { url: oss } = await this.front.listen((request) =>
      this.#serve("oss", request, (it) => this.#oss.handle(it)),
    );
    const { id: accessKeyId, secret: accessKeySecret } = this.keys.account;
    const { accountId } = this.keys;
    const urls = { ecs: api, cms: api, ess: api, fc: api, oss, ram: api, sts: api };
    const endpoints = { ...urls, region: this.region, accountId, accessKeyId, accessKeySecret };
    const opened = await this.#listenForTriggers(readFunctions(this.#options, { ...endpoints, http: {} }));
    const http = Object.fromEntries([...opened].map(([name, { url }]) => [name, url]));
    const functions = readFunctions(this.#options, { ...endpoints, http });
    const fc = await FunctionCompute.open({
      kernel: this.#kernel,
      keys: this.keys,
      objects: this.store,
      functions,
      options: this.#options.fc ?? {},
      listen: (handle) => this.front.listen((request) => this.#serve("fc", request, handle)),
      opened,
    });
    this.#fc = fc;
    this.keys.onRequest((keyId) => fc.admit(keyId));
    return { fc, urls: { ...urls, ...fc.urls } };
  }

  /** The functions of a manifest may name their own addresses, so these are open before the functions are read. */
  async #listenForTriggers(functions: readonly FunctionDefinition[]): Promise<Map<string, Listener>> {
    const opened = new Map<string, Listener>();
    const names = functions.filter(({ triggers }) => triggers.some(({ kind }) => kind === "http"));
    for (const { name } of names) {
      const handle = (request: WireRequest): Promise<WireResponse> =>
        this.#fc?.serve(name, request) ?? Promise.reject(new Error(STARTING));
      opened.set(name, await this.front.listen((request) => this.#serve("fc", request, handle)));
    }
    return opened;
  }

  async close(): Promise<void> {
    this.#restoreClock();
    this.pace.run(0);
    this.time.close();
    await this.#fc?.close();
    await this.front.close();
  }

  #record(call: Call): void {
    this.callLog.record(call);
    const keyId = exchange.getStore()?.principal?.keyId;
    if (keyId !== undefined) this.#fc?.attribute(keyId, call);
  }

  get alarms(): CmsService["alarms"] {
    return this.#cms.alarms;
  }

  actions(): Cloud["actions"] {
    const { ecs, scaling } = this;
    return {
      ecs: ecs.actions,
      cms: this.#cms.actions,
      ess: scaling.actions,
      oss: this.#oss.actions,
      fc: FC_ACTIONS,
      ...this.identities.actions,
      bss: this.billing.actions,
    };
  }

  #serveApi(request: WireRequest): Promise<WireResponse> {
    const mounted = this.front.mounted(request);
    if (mounted !== undefined) return mounted(request);
    const product = productOf(request);
    const handlers: Readonly<Record<typeof product, Handler>> = {
      ecs: (it) => this.ecs.handle(it),
      cms: (it) => this.#cms.handle(it),
      ess: (it) => this.scaling.handle(it),
      ram: (it) => this.identities.handle("ram", it),
      sts: (it) => this.identities.handle("sts", it),
      bss: (it) => this.billing.handle(it),
      fc: (it) => this.#fc?.handle(it) ?? Promise.reject(new Error(STARTING)),
    };
    return this.#serve(product, request, handlers[product]);
  }

  async #serve(product: Product, request: WireRequest, handle: Handler): Promise<WireResponse> {
    const state: Exchange = { product, principal: undefined, crash: false, afterwards: [] };
    let answer: WireResponse;
    try {
      answer = await exchange.run(state, () => handle(request));
    } catch (error) {
      if (!(error instanceof CallerAway)) throw error;
      return (await error.back)
        ? this.#serve(product, request, handle)
        : { status: 0, headers: {}, body: "" };
    }
    for (const run of state.afterwards) await run();
    if (!state.crash) return answer;
    // The caller ends before the answer reaches it.
    if (state.principal !== undefined) await this.#fc?.endCaller(state.principal.keyId);
    return { status: 0, headers: {}, body: "" };
  }
}

function describe(
  parts: Parts,
  opened: { readonly fc: FunctionCompute; readonly urls: Cloud["urls"] },
): Cloud {
  const { region, keys, ram, time, pace, ecs, store, callLog, faults } = parts;
  const { fc, urls } = opened;
  return {
    urls,
    region,
    accountId: keys.accountId,
    accessKey: { id: keys.account.id, secret: keys.account.secret },
    keys,
    ram: {
      uses: () => ram.uses(),
      roles: () => parts.identities.directory.roles(),
      policies: () => parts.identities.directory.policies(),
    },
    time,
    pace,
    world: new Console(ecs.world),
    scaling: parts.scaling,
    alarms: parts.alarms,
    oss: store,
    fc,
    callLog,
    actions: parts.actions(),
    faults,
    throttle: (action, callsPerMinute) => ecs.limit(action, callsPerMinute),
    settle: (options) => time.settle(options),
    snapshot: () => snapshot(parts, fc),
    mount: (path, handle) => parts.front.mount(path, handle),
    unanswered: () => parts.front.unanswered(),
    close: () => parts.close(),
  };
}

function snapshot({ time, callLog, store }: Parts, { invocations, events }: FunctionCompute): Snapshot {
  return {
    at: time.now(),
    calls: callLog.entries(),
    objects: store
      .buckets()
      .flatMap(({ name }) => store.list(name).map(({ key, etag }) => `${name}/${key} ${etag}`)),
    invocations: invocations.map((run) => `${run.at} ${run.function} ${run.payload} -> ${run.result}`),
    events: events.map((event) => `${event.enqueuedAt} ${event.function} ${event.taskId} ${event.status}`),
  };
}

function readFunctions(options: CloudOptions, endpoints: Endpoints): readonly FunctionDefinition[] {
  const { manifest, env = {}, dist } = options;
  if (manifest === undefined) return [];
  const given = typeof env === "function" ? env(endpoints) : env;
  const deployments = (Array.isArray as (value: unknown) => value is readonly Environment[])(given)
    ? given
    : [given];
  const read = deployments.map((one) => readManifest(manifest, one));
  const functions = read.flatMap((one) => one.functions);
  const regions = read.flatMap((one) => one.regions);
  const twice = functions.find(({ name }, index) => functions.findIndex((one) => one.name === name) < index);
  if (twice !== undefined)
    throw new Error(`function ${twice.name} is deployed twice: give each a name of its own`);
  const abroad = regions.find((region) => region !== endpoints.region);
  if (abroad !== undefined) {
    throw new Error(
      `${manifest} is for ${abroad}, this cloud for ${endpoints.region}: start it with that region`,
    );
  }
  if (dist === undefined) return functions;
  return functions.map((one) => ({ ...one, codePath: resolve(dist, one.codePath.split("/").at(-1) ?? "") }));
}

/** The products that are called by RPC, by their version. */
const BY_VERSION: Readonly<Record<string, "cms" | "ess" | "ram" | "sts" | "bss">> = {
  "2019-01-01": "cms",
  "2014-08-28": "ess",
  "2015-05-01": "ram",
  "2015-04-01": "sts",
  "2017-12-14": "bss",
};

/** The products behind one address are recognised by the shape of a call. */
function productOf(request: WireRequest): Exclude<Product, "oss"> {
  if (/^\/(2023-03-30|2016-08-15|2021-04-06)\//.test(request.url)) return "fc";
  const isForm = header(request, "content-type").startsWith("application/x-www-form-urlencoded");
  const version =
    header(request, "x-acs-version") ||
    new Map(splitUrl(request.url).query).get("Version") ||
    (isForm && new URLSearchParams(request.body.toString("utf8")).get("Version"));
  return BY_VERSION[version || ""] ?? "ecs";
}
