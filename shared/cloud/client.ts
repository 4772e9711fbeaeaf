/**
 * The cloud client: one per invocation, one way to send.
 *
 * CLIENT-1. A client lives for one invocation: the credentials it holds expire.
 * CLIENT-2. Nothing of the SDKs is loaded before the first call that needs it.
 * CLIENT-3. The SDK never repeats a call. A phase decides that, with the same client token; where a caller waits,
 *     the limits of the client decide.
 * CLIENT-4. No secret leaves in an error: see refusal.ts.
 */
import type * as official from "@alicloud/openapi-core";
import type * as z from "zod/mini";
import { CloudError, type CloudProduct } from "../errors.ts";
import { real, type Clock, type Log, type BasePorts } from "../ports.ts";
import { know } from "../redact.ts";
import { defaultEndpoint } from "./endpoints.ts";
import type { FcSignature } from "./fc/signature.ts";
import { ask, DEFAULT_LIMITS, type CallLimits } from "./call-limits.ts";
import { refusedValue } from "./refused-value.ts";
import { unreadable } from "./refusal.ts";
import { toWire, type RequestSource } from "./request.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Empty or absent for a plain access key. */
  readonly securityToken?: string | undefined;
}

/** Where the cloud is and who we are. Endpoints are URLs; those left out are the cloud's own, by region. */
export interface Access {
  readonly region: string;
  readonly accountId: string;
  readonly credentials: Credentials;
  readonly endpoints: Readonly<Partial<Record<CloudProduct, string | undefined>>>;
  /** The bucket that holds documents and records. */
  readonly bucket: string;
  /** The stage of this deployment, "" without one; see stage.ts. */
  readonly stage: string;
  /** Which signature invocations carry first; see fc/signature.ts. */
  readonly fcSignature: FcSignature;
}

/** The official core client. */
export type Core = official.default;

export interface CloudClient {
  readonly access: Access;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: CallLimits;
  /** Aborts when the time for all calls together is over. */
  readonly deadline: AbortSignal | undefined;
  /** How many calls this client has made in all, those on the bucket as well. */
  readonly made: { all: number };
  /** How many ECS and CloudMonitor calls this client has sent, by action. */
  readonly calls: Record<string, number>;
  /** The official core client for a product's endpoint in a region, made at its first use. */
  core(product: CloudProduct, region: string): Promise<Core>;
}

/**
 * An API action: its name, and the official request class, which knows its parameters. Without one the parameters are a query:
 * those of CloudMonitor and Auto Scaling, and what ECS itself gave and gets back unchanged.
 */
export interface Action {
  readonly name: string;
  /** Of an action without `request`, which is of CloudMonitor unless this says otherwise. */
  readonly product?: "ecs" | "ess";
  readonly request: RequestSource | undefined;
}

export const action = (name: string, request?: RequestSource): Action => ({ name, request });

/** An action without a request class; the call names its region. */
export const queryAction = (name: string, product: "ecs" | "ess"): Action => ({
  name,
  product,
  request: undefined,
});

/** One API call, its parameters in the cloud's spelling. */
export interface ApiCall {
  readonly action: Action;
  readonly params: Readonly<Record<string, unknown>>;
  /** Another region than the client's own. */
  readonly region?: string | undefined;
}

const VERSIONS = { ecs: "2014-05-26", cms: "2019-01-01", ess: "2014-08-28" } as const;

/** Binds credentials and ports for one invocation (CLIENT-1). Loads and calls nothing yet (CLIENT-2). */
export function connect(
  access: Access,
  ports: Pick<BasePorts, "clock" | "log"> = real,
  limits: CallLimits = DEFAULT_LIMITS,
): CloudClient {
  const { accessKeyId, accessKeySecret, securityToken = "" } = access.credentials;
  know([accessKeyId, accessKeySecret, securityToken]);
  const cores = new Map<string, Promise<Core>>();
  return {
    access,
    clock: ports.clock,
    log: ports.log,
    limits,
    deadline: limits.allMs === undefined ? undefined : ports.clock.after(limits.allMs),
    made: { all: 0 },
    calls: {},
    core(product, region) {
      const key = `${product} ${region}`;
      const core = cores.get(key) ?? createCore(access, limits.callMs, product, region);
      cores.set(key, core);
      return core;
    },
  };
}

/** The same client for another region; without one the client itself. */
export const inRegion = (client: CloudClient, region: string | undefined): CloudClient =>
  region === undefined ? client : { ...client, access: { ...client.access, region } };

/**
 * Sends a call and reads its answer. Schemas are
 * functions because building all of them costs every cold start, and an invocation needs few (CLIENT-2).
 * @throws CloudError for every refusal, lost answer and answer that does not fit `answer`.
 */
export async function send<T>(
  client: CloudClient,
  call: ApiCall,
  answer: () => z.ZodMiniType<T>,
): Promise<T> {
  const { name, request } = call.action;
  const product = call.action.product ?? (request === undefined ? "cms" : "ecs");
  const region = call.region ?? client.access.region;
  const query =
    request === undefined ? call.params : await toWire(request, name, { RegionId: region, ...call.params });
  const answered: unknown = await ask(client, product, name, async () => {
    const [core, { OpenApiUtil, $OpenApiUtil }] = await Promise.all([
      client.core(product, region),
      import("@alicloud/openapi-core"),
    ]);
    const asked = new $OpenApiUtil.OpenApiRequest({ query: OpenApiUtil.query({ ...query }) });
    client.calls[name] = (client.calls[name] ?? 0) + 1;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion --the SDK's class of options has only optional fields
    return core.callApi(new $OpenApiUtil.Params(rpcShape(name, VERSIONS[product])), asked, {} as never);
  }).catch((error: unknown) => {
    const refused =
      error instanceof CloudError
        ? refusedValue(error.code, { ...call.params, RegionId: region })
        : undefined;
    throw refused === undefined ? error : Object.assign(Object(error), { refused });
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion --the SDK wraps every answer like this
  const { body } = answered as { readonly body: unknown };
  const read = answer().safeParse(body);
  if (!read.success) throw unreadable(product, name, body, read.error);
  return read.data;
}

/** The shape of an RPC call, as the core's `Params` takes it. */
export const rpcShape = (action: string, version: string) => ({
  action,
  version,
  protocol: "HTTPS",
  pathname: "/",
  method: "POST",
  authType: "AK",
  style: "RPC",
  reqBodyType: "formData",
  bodyType: "json",
});

const createCore = (access: Access, callMs: number, product: CloudProduct, region: string): Promise<Core> =>
  coreAt({
    endpoint: access.endpoints[product] ?? defaultEndpoint(product, region, access.accountId),
    credentials: access.credentials,
    region,
    callMs,
  });

/** Where a core client sends, with which key, and how long a call may take. */
interface CoreOptions {
  readonly endpoint: string;
  readonly credentials: Credentials;
  readonly region: string;
  readonly callMs: number;
}

/** The official core client for an endpoint of any product. */
export async function coreAt({ endpoint: url, credentials, region, callMs }: CoreOptions): Promise<Core> {
  const { default: module, $OpenApiUtil } = await import("@alicloud/openapi-core");
  const { accessKeyId, accessKeySecret, securityToken = "" } = credentials;
  const endpoint = new URL(url);
  const session = securityToken !== "";
  const credential = {
    // Handed over ready made, because the SDK's own credential chain is a quarter of its weight.
    getCredential: () =>
      Promise.resolve({
        accessKeyId,
        accessKeySecret,
        securityToken: session ? securityToken : undefined,
        type: session ? "sts" : "access_key",
        providerName: session ? "static_sts" : "static_ak",
      }),
  };
  const config = new $OpenApiUtil.Config({
    endpoint: endpoint.host,
    protocol: endpoint.protocol.slice(0, -1),
    regionId: region,
    // Both, because the SDK's "connect" time-out is an idle time-out that goes on after connecting. Its own are 3 s.
    connectTimeout: callMs,
    readTimeout: callMs,
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK asks for a class and uses this method
  config.credential = credential as never;
  // Loaders disagree on the default of a CommonJS module: its exports, or their own "default".
  const loaded: unknown = module;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of the two is the class
  const Core = typeof loaded === "function" ? (loaded as typeof module.default) : module.default;
  return new Core(config);
}
