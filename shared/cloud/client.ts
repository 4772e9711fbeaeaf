/**
 * The door to the cloud: one client per invocation, one way to send.
 *
 * C1. A client lives for one invocation: the credentials it holds expire.
 * C2. Nothing of the SDKs is loaded before the first call that needs it.
 * C3. The SDK never repeats a call. Repeating is decided by the steps, with the same client token, and where somebody
 *     waits by the client's patience.
 * C4. No secret leaves in an error: see refusal.ts.
 */
import type * as official from "@alicloud/openapi-core";
import type * as z from "zod/mini";
import type { CloudProduct } from "../errors.ts";
import { real, type Clock, type Log, type Ports } from "../ports.ts";
import { defaultEndpoint } from "./endpoints.ts";
import { ask, UNHURRIED, type Patience } from "./patience.ts";
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
  /** The bucket that holds documents and journals. */
  readonly bucket: string;
  /** Which signature invocations carry first; see fc.ts. */
  readonly fcSignature: "fc" | "acs3";
}

/** The official client, reduced to what is used of it. */
export type Core = official.default;

export interface CloudClient {
  readonly access: Access;
  readonly clock: Clock;
  readonly log: Log;
  readonly patience: Patience;
  /** Aborts when the patience for all calls together is over. */
  readonly deadline: AbortSignal | undefined;
  /** The official core client for a product's endpoint in a region, made at its first use. */
  core(product: CloudProduct, region: string): Promise<Core>;
}

/** One API call: the cloud's spelling of action and parameters, and where the official request class is (C2). */
export interface ApiCall {
  readonly action: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Left out for CloudMonitor, whose parameters are a flat query. */
  readonly request?: RequestSource;
  /** Another region than the client's own. */
  readonly region?: string | undefined;
}

const VERSIONS = { ecs: "2014-05-26", cms: "2019-01-01" } as const;

/** Binds credentials and ports for one invocation (C1). Loads and calls nothing yet (C2). */
export function connect(
  access: Access,
  ports: Pick<Ports, "clock" | "log"> = real,
  patience: Patience = UNHURRIED,
): CloudClient {
  const cores = new Map<string, Promise<Core>>();
  return {
    access,
    clock: ports.clock,
    log: ports.log,
    patience,
    deadline: patience.allMs === undefined ? undefined : ports.clock.after(patience.allMs),
    core(product, region) {
      const key = `${product} ${region}`;
      const core = cores.get(key) ?? createCore(access, patience.callMs, product, region);
      cores.set(key, core);
      return core;
    },
  };
}

/**
 * Sends an ECS call (with `request`) or a CloudMonitor one (without) and reads its answer. Schemas are
 * functions because building all of them costs every cold start, and an invocation needs few (C2).
 * @throws CloudError for every refusal, lost answer and answer that does not fit `answer`.
 */
export async function send<T>(
  client: CloudClient,
  call: ApiCall,
  answer: () => z.ZodMiniType<T>,
): Promise<T> {
  const { action, request } = call;
  const product = request === undefined ? "cms" : "ecs";
  const region = call.region ?? client.access.region;
  const query =
    request === undefined ? call.params : await toWire(request, action, { RegionId: region, ...call.params });
  const answered: unknown = await ask(client, product, action, async () => {
    const [core, { OpenApiUtil, $OpenApiUtil }] = await Promise.all([
      client.core(product, region),
      import("@alicloud/openapi-core"),
    ]);
    const asked = new $OpenApiUtil.OpenApiRequest({ query: OpenApiUtil.query({ ...query }) });
    return core.callApi(paramsOf($OpenApiUtil, product, action), asked, {} as never);
  });
  const { body } = answered as { body: unknown };
  const read = answer().safeParse(body);
  if (!read.success) throw unreadable(product, action, body, read.error);
  return read.data;
}

function paramsOf(
  { Params }: typeof official.$OpenApiUtil,
  product: keyof typeof VERSIONS,
  action: string,
): InstanceType<typeof Params> {
  return new Params({
    action,
    version: VERSIONS[product],
    protocol: "HTTPS",
    pathname: "/",
    method: "POST",
    authType: "AK",
    style: "RPC",
    reqBodyType: "formData",
    bodyType: "json",
  });
}

async function createCore(
  access: Access,
  callMs: number,
  product: CloudProduct,
  region: string,
): Promise<Core> {
  const { default: module, $OpenApiUtil } = await import("@alicloud/openapi-core");
  const { accessKeyId, accessKeySecret, securityToken = "" } = access.credentials;
  const endpoint = new URL(access.endpoints[product] ?? defaultEndpoint(product, region, access.accountId));
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
  config.credential = credential as never;
  // Loaders disagree on what the default of a CommonJS module is: its exports, or their own "default".
  const loaded: unknown = module;
  const Core = typeof loaded === "function" ? (loaded as typeof module.default) : module.default;
  return new Core(config);
}
