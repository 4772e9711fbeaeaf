/**
 * Calls to RAM, STS and the control plane of Function Compute through the official core client.
 *
 * API-1. A call that is throttled was not carried out, so it is made again, for a minute: ECS refuses until the next one.
 *     https://www.alibabacloud.com/help/en/openapi/throttling-and-quota-management
 */
import { Readable } from "node:stream";
import type { $OpenApiUtil as OpenApi } from "@alicloud/openapi-core";
import { coreAt, type Core, type Credentials, rpcShape } from "../shared/cloud/client.ts";
import { minutes, seconds } from "../shared/duration.ts";
import { messageOf } from "../shared/errors.ts";
import { real, type Clock } from "../shared/ports.ts";

/** URLs of the products; a deployment elsewhere than on the public cloud replaces some of them. */
export interface Endpoints {
  readonly ram: string;
  readonly sts: string;
  /** Billing. */
  readonly bss: string;
  /** Functions and their settings. */
  readonly fc: string;
  /** Invocations have a host of their own. */
  readonly invocations: string;
  readonly ecs: string;
  readonly oss: string;
}

/** A call that the cloud refused, or that got no answer: then the status is 0. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;
  constructor(action: string, { code, status, said }: { code: string; status: number; said: string }) {
    super(
      status === 0
        ? `${action} got no answer (${code}): ${said}; look at the network and the proxy of this machine, and at KILN_REGION`
        : `${action} answered ${code}: ${said}`,
    );
    this.code = code;
    this.status = status;
  }
}

export type Answer = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;

/** The cloud's APIs with the key of whoever deploys. */
export interface Api {
  rpc(product: keyof typeof RPC_VERSIONS, action: string, params: Texts): Promise<Answer>;
  /** A call on the control plane of Function Compute; `path` below the version. */
  fc(method: "GET" | "DELETE" | "POST" | "PUT", path: string, query?: Texts, body?: object): Promise<Answer>;
  /** Runs a function and waits for its answer. An error of the function is an answer too. */
  invoke(functionName: string, payload: string): Promise<Invoked>;
  /** Queues an event for a function, whatever its size. */
  queue(functionName: string, payload: string): Promise<void>;
}

/** The answer of a function. */
export interface Invoked {
  readonly text: string;
  /** The class of the function's error; "" when it succeeded. */
  readonly errorType: string;
}

const RPC_VERSIONS = { ram: "2015-05-01", sts: "2015-04-01", ecs: "2014-05-26", bss: "2017-12-14" } as const;
const FC_VERSION = "2023-03-30";

interface Connection {
  readonly region: string;
  readonly credentials: Credentials;
  readonly endpoints: Endpoints;
  /** For the waits between repeats; this machine's when left out. */
  readonly clock?: Clock;
}

const onFunctions = (method: string, path: string) => ({
  version: FC_VERSION,
  pathname: `/${FC_VERSION}${path}`,
  method,
  style: "FC",
  reqBodyType: "json",
});

/** Connects; nothing is called yet. */
export function connectApi({ region, credentials, endpoints, clock = real.clock }: Connection): Api {
  const cores = new Map<string, Promise<Core>>();
  const coreOf = (endpoint: string, callMs = seconds(30)): Promise<Core> => {
    const key = `${endpoint} ${callMs}`;
    const core = cores.get(key) ?? coreAt({ endpoint, credentials, region, callMs });
    cores.set(key, core);
    return core;
  };
  const invocation = (name: string, payload: string, headers: Texts): Promise<Answered> => {
    const asked = { action: `invoke ${name}`, ...onFunctions("POST", `/functions/${name}/invocations`) };
    const core = coreOf(endpoints.invocations, INVOCATION_MS);
    return patiently(clock, () => {
      const stream = Readable.from([Buffer.from(payload)]);
      return call(core, asked, { query: { qualifier: "LATEST" }, headers, stream });
    });
  };
  return {
    rpc: async (product, action, query) => {
      const asked = { ...rpcShape(action, RPC_VERSIONS[product]), bodyType: "string" };
      return bodyOf(await patiently(clock, () => call(coreOf(endpoints[product]), asked, { query })));
    },
    fc: async (method, path, query = {}, body) => {
      const asked = { action: `${method} ${path}`, ...onFunctions(method, path) };
      const sent = { query, ...(body && { body }) };
      return bodyOf(await patiently(clock, () => call(coreOf(endpoints.fc), asked, sent)));
    },
    invoke: async (name, payload) => {
      const { body = "", headers = {} } = await invocation(name, payload, {});
      return { text: body, errorType: headers["x-fc-error-type"] ?? "" };
    },
    queue: async (name, payload) => {
      await invocation(name, payload, { "x-fc-invocation-type": "Async" });
    },
  };
}

const WAITS_MS = [1, 2, 4, 8, 16, 32].map(seconds);

const isThrottled = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 429 || error.code.startsWith("Throttling"));

/** API-1. */
async function patiently<T>(clock: Clock, make: () => Promise<T>): Promise<T> {
  for (const waitMs of WAITS_MS) {
    try {
      return await make();
    } catch (error) {
      if (!isThrottled(error)) throw error;
      await clock.sleep(waitMs);
    }
  }
  return make();
}

/** An invocation may be answered later than a call. */
const INVOCATION_MS = minutes(2);

interface Shape {
  readonly action: string;
  readonly version: string;
  readonly pathname: string;
  readonly method: string;
  readonly style: string;
  readonly reqBodyType: string;
}

interface Answered {
  readonly body?: string;
  readonly headers?: Texts;
}

async function call(
  core: Promise<Core>,
  shape: Shape,
  sent: ConstructorParameters<typeof OpenApi.OpenApiRequest>[0],
): Promise<Answered> {
  const { $OpenApiUtil } = await import("@alicloud/openapi-core");
  const params = new $OpenApiUtil.Params({
    protocol: "HTTPS",
    authType: "AK",
    // Text, because an answer to DELETE has none.
    bodyType: "string",
    ...shape,
  });
  const request = new $OpenApiUtil.OpenApiRequest(sent);
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's class of options has only optional fields
    const answered: unknown = await (await core).callApi(params, request, {} as never);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK wraps every answer like this
    return answered as Answered;
  } catch (error) {
    throw apiError(shape.action, error);
  }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the products answer objects
const bodyOf = ({ body = "" }: Answered): Answer => (body === "" ? {} : (JSON.parse(body) as Answer));

interface Raised {
  readonly code?: string;
  readonly statusCode?: number;
  readonly data?: { readonly Code?: string; readonly Message?: string };
}

function apiError(action: string, error: unknown): ApiError {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field is optional, whatever was thrown
  const { code, statusCode = 0, data } = error as Raised;
  // The client adds the request that failed to the message of the network, without a space.
  const said = data?.Message ?? messageOf(error).replace(/(?:GET|POST|PUT|DELETE) \S+ failed\.$/, "");
  return new ApiError(action, { code: data?.Code ?? code ?? "NoAnswer", status: statusCode, said });
}

/** The answer, undefined when the cloud says that there is no such thing (404). */
export async function ifThere(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
