/**
 * The stand-in cloud: one account in one region with ECS, CloudMonitor, Function Compute and OSS, on
 * 127.0.0.1, in a time of its own.
 *
 * C1. Same options, same calls, same history: ids, keys and dice come from one seed, instants from one clock.
 * C2. What it refuses, it refuses as the cloud would; what it does not know, it says so (README.md, gaps).
 */
import { resolve } from "node:path";
import { createKernel, dice } from "./account.ts";
import { type Exchange, exchange, Faults } from "./calls.ts";
import { CmsService } from "./cms/service.ts";
import { EcsService } from "./ecs/service.ts";
import type { FunctionDefinition } from "./fc/definition.ts";
import { type FcOptions, FunctionCompute } from "./fc/platform.ts";
import type { Call, Kernel, Product, WireRequest, WireResponse } from "./kernel.ts";
import { type Key, KeyRing } from "./keys.ts";
import { readManifest } from "./manifest/manifest.ts";
import { OssService } from "./oss/service.ts";
import { ObjectStore } from "./oss/store.ts";
import { type Policy, Ram } from "./ram.ts";
import { type Listener, listen } from "./server.ts";
import { header, splitUrl } from "./signatures.ts";
import { installClock, type SettleOptions, Timeline } from "./time.ts";

/** Where the products answer, and with which identity to call them. */
export interface Endpoints {
  readonly ecs: string;
  readonly cms: string;
  readonly fc: string;
  readonly oss: string;
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
  /** What `${env()}` of the manifest sees; a function gets the endpoints, whose ports are known late. */
  readonly env?: Environment | ((endpoints: Endpoints) => Environment);
  /** Where time starts, epoch milliseconds. */
  readonly at?: number;
  /** 0 (default) = virtual time; else real time times this. */
  readonly speed?: number;
  readonly seed?: number;
  /** First of the ports, 0 (default) = any free ones. */
  readonly port?: number;
  /** Policies by role name. Without them roles are not restricted; with them an unlisted role may nothing. */
  readonly roles?: Readonly<Record<string, Policy>>;
  /** Whether this process's Date tells the cloud's time until `close()`; default true in virtual time. */
  readonly ownClock?: boolean;
  readonly region?: string;
  readonly accountId?: string;
  readonly fc?: FcOptions;
}

export interface Cloud {
  readonly urls: {
    readonly ecs: string;
    readonly cms: string;
    readonly fc: string;
    readonly oss: string;
    readonly http: Readonly<Record<string, string>>;
  };
  readonly region: string;
  readonly accountId: string;
  readonly accessKey: { readonly id: string; readonly secret: string };
  readonly keys: KeyRing;
  readonly time: Timeline;
  readonly ecs: EcsService;
  readonly cms: CmsService;
  readonly world: EcsService["world"];
  readonly oss: ObjectStore;
  readonly fc: FunctionCompute;
  readonly calls: readonly Call[];
  readonly faults: Faults;
  readonly kernel: Kernel;
  /** Connections somebody still waits on for an answer that a fault keeps back. */
  unanswered(): number;
  settle(options?: SettleOptions): Promise<void>;
  /** A plain copy of what happened so far, for comparing two runs. */
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

const START_AT = Date.UTC(2026, 0, 5, 8);

/** Starts the stand-in; every server is listening when it resolves. @throws ManifestError for a bad manifest. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const { at = START_AT, speed = 0, seed = 1, port = 0, region = "cn-hangzhou" } = options;
  const time = new Timeline(at, speed);
  const now = (): number => time.now();
  const ownClock = options.ownClock ?? speed === 0;
  // A faster cloud leaves clients with a clock of their own behind; they are not to blame for it.
  const outside = speed > 0 && !ownClock ? Date.now : now;
  const keys = new KeyRing(options.accountId ?? "1234567890123456", dice(seed + 2), now, outside);
  const calls: Call[] = [];
  const faults = new Faults();
  let fc: FunctionCompute | undefined;
  const record = (call: Call): void => {
    calls.push(call);
    const keyId = exchange.getStore()?.principal?.keyId;
    if (keyId !== undefined) fc?.attribute(keyId, call);
  };
  const kernel = createKernel({ time, keys, ram: new Ram(options.roles), faults, region, seed, record });
  const store = new ObjectStore(kernel);
  const ecs = new EcsService(kernel, store);
  const cms = new CmsService(kernel, ecs.world);
  const oss = new OssService(kernel, store);
  const listeners: Listener[] = [];

  const serve = async (
    product: Product,
    request: WireRequest,
    handle: (request: WireRequest) => Promise<WireResponse>,
  ): Promise<WireResponse> => {
    const state: Exchange = { product, principal: undefined, crash: false };
    const answer = await exchange.run(state, () => handle(request));
    if (!state.crash) return answer;
    // The caller is gone before the answer could reach it.
    if (state.principal !== undefined) await fc?.endCaller(state.principal.keyId);
    return { status: 0, headers: {}, body: "" };
  };
  const open = async (
    offset: number,
    handle: (request: WireRequest) => Promise<WireResponse>,
  ): Promise<string> => {
    const listener = await listen(port === 0 ? 0 : port + offset, now, handle);
    listeners.push(listener);
    return listener.url;
  };
  const close = async (): Promise<void> => {
    restoreClock();
    time.close();
    await fc?.close();
    await Promise.all(listeners.map((listener) => listener.close()));
  };

  const restoreClock = ownClock ? installClock(time.shared) : (): void => {};
  try {
    const handleFc = (request: WireRequest): Promise<WireResponse> =>
      fc?.handle(request) ?? Promise.reject(new Error("the stand-in cloud is still starting"));
    const products = { ecs, cms, fc: { handle: handleFc } };
    const api = await open(0, (request) => {
      const product = productOf(request);
      return serve(product, request, (it) => products[product].handle(it));
    });
    const ossUrl = await open(1, (request) => serve("oss", request, (it) => oss.handle(it)));
    const { id: accessKeyId, secret: accessKeySecret }: Key = keys.account;
    const identity = { region, accountId: keys.accountId, accessKeyId, accessKeySecret };
    const endpoints: Endpoints = { ecs: api, cms: api, fc: api, oss: ossUrl, ...identity };
    const functions = readFunctions(options, endpoints);
    const platform = new FunctionCompute(kernel, keys, store, functions, options.fc);
    fc = platform;
    const http: Record<string, string> = {};
    for (const [index, { definition, trigger }] of platform.webFunctions().entries()) {
      http[definition.name] = await open(2 + index, (request) =>
        serve("fc", request, (it) => platform.serve(definition, trigger, it)),
      );
    }
    return {
      urls: { ecs: api, cms: api, fc: api, oss: ossUrl, http },
      region,
      accountId: keys.accountId,
      accessKey: { id: accessKeyId, secret: accessKeySecret },
      keys,
      time,
      ecs,
      cms,
      world: ecs.world,
      oss: store,
      fc: platform,
      calls,
      faults,
      kernel,
      close,
      unanswered: () => listeners.reduce((sum, listener) => sum + listener.unanswered(), 0),
      settle: (settleOptions) => time.settle(settleOptions),
      snapshot: () => snapshot(time, calls, store, platform),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function snapshot(
  time: Timeline,
  calls: readonly Call[],
  store: ObjectStore,
  { invocations, events }: FunctionCompute,
): Snapshot {
  return {
    at: time.now(),
    calls: [...calls],
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
  const { functions, regions } = readManifest(manifest, typeof env === "function" ? env(endpoints) : env);
  const abroad = regions.find((region) => region !== endpoints.region);
  if (abroad !== undefined) {
    throw new Error(
      `${manifest} is for ${abroad}, this cloud for ${endpoints.region}: start it with that region`,
    );
  }
  if (dist === undefined) return functions;
  return functions.map((one) => ({ ...one, codePath: resolve(dist, one.codePath.split("/").at(-1) ?? "") }));
}

/** The three products behind one address are told apart by the shape of a call. */
function productOf(request: WireRequest): "ecs" | "cms" | "fc" {
  if (/^\/(2023-03-30|2016-08-15|2021-04-06)\//.test(request.url)) return "fc";
  const isForm = header(request, "content-type").startsWith("application/x-www-form-urlencoded");
  const version =
    header(request, "x-acs-version") ||
    new Map(splitUrl(request.url).query).get("Version") ||
    (isForm && new URLSearchParams(request.body.toString("utf8")).get("Version"));
  return version === "2019-01-01" ? "cms" : "ecs";
}
