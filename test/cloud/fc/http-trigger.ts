/**
 * HTTP triggers of built-in runtimes: a request becomes a JSON event, the handler's answer a response.
 *
 * TRIGGER-1. The default address is for tests: it makes browsers download what they are shown, and forwards no redirect.
 *     https://www.alibabacloud.com/help/en/functioncompute/fc/http-trigger-invoking-function
 * TRIGGER-2. A custom domain does neither: the text of CreateCustomDomain in @alicloud/fc20230330 names it as the cure.
 */
import { CloudFault, type Kernel, type WireRequest, type WireResponse } from "../core/kernel.ts";
import { decode, header, splitUrl } from "../core/signatures.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import type { Platform } from "./api/request.ts";
import { newRequestId } from "./queue.ts";

/** Content types whose bodies travel as text; all others as base64. */
const TEXT = /^(?:text\/|application\/(?:[\w.+-]*json|[\w.+-]*xml|javascript|x-www-form-urlencoded))/i;

/** The names of the trigger's own address: the cloud's, and this machine's in its place. */
const DEFAULT_HOST = /^(?:[\w-]+\.[\w-]+\.fcapp\.run|127\.0\.0\.1|localhost)?$/;

const hostOf = (request: WireRequest): string => header(request, "host").toLowerCase().replace(/:\d+$/, "");

/** The custom domain that a request names as its host; undefined for the default address. */
export const domainOf = (request: WireRequest): string | undefined =>
  DEFAULT_HOST.test(hostOf(request)) ? undefined : hostOf(request);

/** The parameters of a query; values of one name come joined by commas. */
function joined(query: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  for (const [key, value] of query) {
    const before = values.get(key);
    values.set(key, before === undefined ? value : `${before},${value}`);
  }
  // A name such as __proto__ is one as every other.
  return Object.fromEntries(values);
}

/** The event document, version v1, of a request to `functionName`. */
export function httpEvent(
  { region, accountId, time }: Kernel,
  functionName: string,
  request: WireRequest,
  { requestId, domainName }: { readonly requestId: string; readonly domainName?: string | undefined },
): string {
  const { path, query } = splitUrl(request.url);
  const isText = request.body.length === 0 || TEXT.test(header(request, "content-type"));
  const domainPrefix = `${functionName}-local`;
  const now = time.now();
  return JSON.stringify({
    version: "v1",
    rawPath: path,
    // The gateway is written in Go, whose header names are Capitalized-Like-This.
    headers: Object.fromEntries(
      Object.keys(request.headers).map((name) => [capitalize(name), header(request, name)]),
    ),
    queryParameters: joined(query),
    body: request.body.toString(isText ? "utf8" : "base64"),
    isBase64Encoded: !isText,
    requestContext: {
      accountId,
      domainName: domainName ?? `${domainPrefix}.${region}.fcapp.run`,
      domainPrefix: domainName?.split(".")[0] ?? domainPrefix,
      http: {
        method: request.method,
        path: decode(path),
        protocol: "HTTP/1.1",
        sourceIp: "127.0.0.1",
        userAgent: header(request, "user-agent"),
      },
      requestId,
      time: `${new Date(now).toISOString().slice(0, 19)}Z`,
      timeEpoch: String(Math.floor(now)),
    },
  });
}

const capitalize = (name: string): string => name.replace(/(^|-)[a-z]/g, (text) => text.toUpperCase());

/** The function that a request is for, and the custom domain it came to, if it came to one. */
interface Target {
  readonly name: string;
  readonly domainName: string | undefined;
}

/** Serves a request to an address of a function. */
export async function serveHttpTrigger(
  { kernel, host, queue, registry }: Platform,
  { name, domainName }: Target,
  request: WireRequest,
): Promise<WireResponse> {
  const requestId = newRequestId(kernel);
  try {
    const definition = registry.get(name);
    admit(kernel, { definition, isDefault: domainName === undefined }, request);
    const event = Buffer.from(httpEvent(kernel, name, request, { requestId, domainName }));
    if (header(request, "x-fc-invocation-type").toLowerCase() === "async") {
      queue.submit(definition, event, { source: "http", requestId });
      return { status: 202, headers: { "x-fc-request-id": requestId }, body: "" };
    }
    const invocation = await kernel.time.run(host.invoke(definition, event, { source: "http", requestId }));
    const response = toResponse(invocation.result, invocation.error, requestId);
    return domainName === undefined ? asDownload(response) : response;
  } catch (error) {
    if (!(error instanceof CloudFault)) throw error;
    const { status, code, message } = error;
    const body = JSON.stringify({ RequestId: requestId, Code: code, Message: message });
    const headers = {
      "content-type": "application/json",
      "x-fc-request-id": requestId,
      "x-fc-error-type": code,
    };
    return { status, headers, body };
  }
}

/** TRIGGER-1. @throws CloudFault 400 ExternalRedirectForbidden. */
function asDownload(response: WireResponse): WireResponse {
  if (response.status >= 300 && response.status < 400) {
    const message = "the default address of a function forwards no redirect; use a custom domain";
    throw new CloudFault(400, "ExternalRedirectForbidden", message);
  }
  return { ...response, headers: { ...response.headers, "content-disposition": "attachment" } };
}

/** @throws CloudFault when the trigger does not serve this request. */
function admit(
  kernel: Kernel,
  { definition, isDefault }: { readonly definition: FunctionDefinition; readonly isDefault: boolean },
  request: WireRequest,
): void {
  const trigger = definition.triggers.find(({ kind }) => kind === "http");
  if (trigger?.kind !== "http")
    throw new CloudFault(404, "TriggerNotFound", "the function has no HTTP trigger");
  if (trigger.disableInternet && isDefault)
    throw new CloudFault(403, "AccessDenied", "the public URL of this function is off");
  if (!trigger.methods.includes(request.method)) {
    // Seen on the wire; no page says it.
    throw new CloudFault(403, "FCCommonError", `the trigger allows ${trigger.methods.join(", ")}`);
  }
  if (trigger.auth !== "function") return;
  const principal = kernel.authenticate(request, "fc");
  const resource = `acs:fc:${kernel.region}:${kernel.accountId}:functions/${definition.name}`;
  kernel.authorize(principal, "fc:InvokeFunction", resource);
}

interface HandlerResponse {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

/** A document with `statusCode` is a response; anything else is the body of a 200. */
function toResponse(result: string, error: string | undefined, requestId: string): WireResponse {
  const headers = { "content-type": "application/json", "x-fc-request-id": requestId };
  if (error !== undefined)
    return { status: 502, headers: { ...headers, "x-fc-error-type": error }, body: result };
  const response = parseResponse(result);
  if (response === undefined) return { status: 200, headers, body: result };
  const own = Object.fromEntries(
    Object.entries(response.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  const { body: said = "" } = response;
  const body = typeof said === "string" ? said : JSON.stringify(said);
  return {
    status: response.statusCode,
    headers: { ...headers, ...own },
    body: response.isBase64Encoded === true ? Buffer.from(body, "base64") : body,
  };
}

function parseResponse(result: string): HandlerResponse | undefined {
  try {
    const value: unknown = JSON.parse(result);
    if (typeof value !== "object" || value === null || !("statusCode" in value)) return undefined;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other fields are read as unknown
    return Number.isInteger(value.statusCode) ? (value as HandlerResponse) : undefined;
  } catch {
    return undefined;
  }
}
