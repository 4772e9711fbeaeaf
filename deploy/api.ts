/** Calls to RAM, STS and the control plane of Function Compute through the official core client. */
import type { $OpenApiUtil as OpenApi } from "@alicloud/openapi-core";
import { coreAt, type Core, type Credentials } from "../shared/cloud/client.ts";
import { seconds } from "../shared/duration.ts";
import { messageOf } from "../shared/errors.ts";

/** URLs of the products; a deployment elsewhere than on the public cloud replaces some of them. */
export interface Endpoints {
  readonly ram: string;
  readonly sts: string;
  readonly fc: string;
  readonly ecs: string;
  readonly oss: string;
}

/** A call that the cloud refused. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;
  constructor(action: string, { code, status, said }: { code: string; status: number; said: string }) {
    super(`${action} answered ${code}: ${said}`);
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
  fc(method: "GET" | "DELETE", path: string, query?: Texts): Promise<Answer>;
}

const RPC_VERSIONS = { ram: "2015-05-01", sts: "2015-04-01", ecs: "2014-05-26" } as const;
const FC_VERSION = "2023-03-30";

interface Connection {
  readonly region: string;
  readonly credentials: Credentials;
  readonly endpoints: Endpoints;
}

/** Connects; nothing is called yet. */
export function connectApi({ region, credentials, endpoints }: Connection): Api {
  const cores = new Map<string, Promise<Core>>();
  const coreOf = (endpoint: string): Promise<Core> => {
    const core = cores.get(endpoint) ?? coreAt({ endpoint, credentials, region, callMs: seconds(30) });
    cores.set(endpoint, core);
    return core;
  };
  return {
    rpc: (product, action, query) =>
      call(coreOf(endpoints[product]), action, query, {
        version: RPC_VERSIONS[product],
        pathname: "/",
        method: "POST",
        style: "RPC",
        reqBodyType: "formData",
      }),
    fc: (method, path, query = {}) =>
      call(coreOf(endpoints.fc), `${method} ${path}`, query, {
        version: FC_VERSION,
        pathname: `/${FC_VERSION}${path}`,
        method,
        style: "FC",
        reqBodyType: "json",
      }),
  };
}

interface Shape {
  readonly version: string;
  readonly pathname: string;
  readonly method: string;
  readonly style: string;
  readonly reqBodyType: string;
}

async function call(core: Promise<Core>, action: string, query: Texts, shape: Shape): Promise<Answer> {
  const { $OpenApiUtil } = await import("@alicloud/openapi-core");
  const params = new $OpenApiUtil.Params({
    action,
    protocol: "HTTPS",
    authType: "AK",
    // Text, because an answer to DELETE has none.
    bodyType: "string",
    ...shape,
  });
  const request = new $OpenApiUtil.OpenApiRequest({ query });
  try {
    return await bodyOf(await core, params, request);
  } catch (error) {
    throw apiError(action, error);
  }
}

async function bodyOf(core: Core, params: OpenApi.Params, request: OpenApi.OpenApiRequest): Promise<Answer> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's class of options has only optional fields
  const answered: unknown = await core.callApi(params, request, {} as never);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK wraps every answer like this
  const { body = "" } = answered as { readonly body?: string };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both products answer objects
  return body === "" ? {} : (JSON.parse(body) as Answer);
}

interface Raised {
  readonly code?: string;
  readonly statusCode?: number;
  readonly data?: { readonly Code?: string; readonly Message?: string };
}

function apiError(action: string, error: unknown): ApiError {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field is optional, whatever was thrown
  const { code, statusCode = 0, data } = error as Raised;
  const said = data?.Message ?? messageOf(error);
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
