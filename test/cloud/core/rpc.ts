/**
 * The RPC dialect of the cloud (ECS, CloudMonitor): one flat list of parameters in, JSON or XML out.
 *
 * RPC-1. Parameters come in the query, in a form body, or in both; they are one list.
 * RPC-2. The action comes as `Action` or as the header `x-acs-action`, the version likewise.
 * RPC-3. Without `Format`, signature 1.0 answers XML and ACS3 answers JSON: only `Authorization` tells them apart.
 * RPC-4. An error is the same five members in both formats.
 */
import type { CloudFault, WireRequest, WireResponse } from "./kernel.ts";

/** A decoded call. */
export interface RpcRequest {
  readonly action: string;
  readonly version: string;
  /** Everything that is not about the signature or the envelope. */
  readonly params: Readonly<Record<string, string>>;
  readonly format: "json" | "xml";
  readonly host: string;
}

export type Json = string | number | boolean | null | undefined | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

const ENVELOPE = new Set([
  "Action",
  "Version",
  "Format",
  "AccessKeyId",
  "SignatureMethod",
  "SignatureVersion",
  "SignatureType",
  "SignatureNonce",
  "Signature",
  "Timestamp",
  "SecurityToken",
]);

/** Reads a request of either client generation (RPC-1, RPC-2, RPC-3). */
export function decodeRpc(request: WireRequest): RpcRequest {
  const { headers } = request;
  const all: Record<string, string> = {};
  const query = request.url.indexOf("?");
  if (query !== -1) collect(request.url.slice(query + 1), all);
  if (/^application\/x-www-form-urlencoded/i.test(headers["content-type"] ?? "")) {
    collect(request.body.toString("utf8"), all);
  }
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) if (!ENVELOPE.has(name)) params[name] = value;
  return {
    action: all["Action"] ?? header(headers["x-acs-action"]) ?? "",
    version: all["Version"] ?? header(headers["x-acs-version"]) ?? "",
    params,
    format: formatOf(all["Format"], headers.authorization, headers.accept),
    host: headers.host ?? "",
  };
}

function collect(encoded: string, into: Record<string, string>): void {
  for (const [name, value] of new URLSearchParams(encoded)) into[name] = value;
}

function header(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}

function formatOf(format = "", authorization: string | undefined, accept = ""): "json" | "xml" {
  if (/^json$/i.test(format)) return "json";
  if (/^xml$/i.test(format)) return "xml";
  if (authorization?.startsWith("ACS3-")) return accept.includes("xml") ? "xml" : "json";
  return "xml";
}

/** A good answer: `RequestId` first, then the action's members. */
export function renderRpc(call: RpcRequest, requestId: string, body: JsonObject): WireResponse {
  const whole = { RequestId: requestId, ...body };
  return answer(call.format, { status: 200, body: whole, root: `${call.action}Response`, headers: {} });
}

/** A refusal (RPC-4). */
export function renderRpcFault(call: RpcRequest, requestId: string, fault: CloudFault): WireResponse {
  const whole = {
    RequestId: requestId,
    HostId: call.host,
    Code: fault.code,
    Message: fault.message,
    Recommend: `https://error-center.aliyun.com/status/search?Keyword=${fault.code}&source=PopGw`,
    ...fault.detail,
  } as JsonObject;
  const headers = { "x-acs-request-id": requestId };
  return answer(call.format, { status: fault.status, body: whole, root: "Error", headers });
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
  /** Name of the XML document. */
  readonly root: string;
  readonly headers: Readonly<Record<string, string>>;
}

function answer(format: "json" | "xml", { status, body, root, headers }: Answer): WireResponse {
  const json = format === "json";
  return {
    status,
    // The SDK parses error XML only under exactly this content type.
    headers: {
      ...headers,
      "content-type": json ? "application/json;charset=utf-8" : "text/xml;charset=utf-8",
    },
    body: json ? JSON.stringify(body) : `<?xml version='1.0' encoding='UTF-8'?>${element(root, body)}`,
  };
}

function element(name: string, value: Json): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map((item: Json) => element(name, item)).join("");
  if (typeof value === "object") {
    const inner = Object.entries(value).map(([key, item]) => element(key, item));
    return `<${name}>${inner.join("")}</${name}>`;
  }
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
