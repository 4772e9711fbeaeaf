/**
 * What a signed request claims and how to check it: ACS3-HMAC-SHA256 and RPC signature 1.0 here,
 * the product dialects in fc/signature.ts and oss/signature.ts. Pure: no clock, no keys.
 *
 * SIGNATURE-1. The canonical form is rebuilt from what arrived, decoded and encoded again: clients write URLs
 *     in their own way (`(` bare, `%7E`, spaces as `+`), the signature covers one way only.
 * SIGNATURE-2. A scheme with more than one reading in the field has several `stringsToSign`; any may match.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { CloudFault, type WireRequest } from "./kernel.ts";

/** A signature as claimed by a request, with all that is needed to verify it once the secret is known. */
export interface Signed {
  readonly scheme: "ACS3" | "RPC1" | "FC1" | "OSS1" | "OSS4";
  readonly keyId: string;
  readonly token?: string;
  /** Epoch milliseconds the client says it is; NaN when unreadable, absent when the scheme has none. */
  readonly at?: number;
  /** Presigned URLs: epoch milliseconds after which they are worth nothing. */
  readonly expiresAt?: number;
  readonly nonce?: string;
  readonly given: string;
  /** First the documented reading, then those of known clients (SIGNATURE-2). */
  readonly stringsToSign: readonly string[];
  readonly canonicalRequest?: string;
  readonly sign: (secret: string, stringToSign: string) => string;
}

export const sha256Hex = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

/** RFC 3986: everything but letters, digits and `-_.~` is percent-encoded. */
export const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Path and parameters of a request line, decoded. A second `?` belongs to the name of the first parameter. */
export function splitUrl(url: string): { path: string; query: [string, string][] } {
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  // Behind a `&`, because URLSearchParams drops a leading `?`.
  return { path, query: mark === -1 ? [] : [...new URLSearchParams(`&${url.slice(mark + 1)}`)] };
}

/** A header's value, repeated headers joined by commas; empty when absent. */
export function header(request: WireRequest, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value.join(",") : (value ?? "")).trim();
}

/** Whether `signed` was made with `secret`. */
export function verify(signed: Signed, secret: string): boolean {
  return signed.stringsToSign.some((text) => {
    const expected = Buffer.from(signed.sign(secret, text));
    const given = Buffer.from(signed.given);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
}

/** Parameters of an RPC call: query and, when it is a form, body. */
function rpcParams(request: WireRequest): Map<string, string> {
  const form = header(request, "content-type").startsWith("application/x-www-form-urlencoded");
  return new Map([
    ...splitUrl(request.url).query,
    ...(form ? new URLSearchParams(request.body.toString("utf8")) : []),
  ]);
}

const byCodeUnit = (a: readonly [string, string], b: readonly [string, string]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;

/** Reads `Authorization: ACS3-…`, RPC and ROA style alike. @throws CloudFault when it cannot be read. */
export function readAcs3(request: WireRequest, authorization: string): Signed {
  const [algorithm, keyId, names, given] =
    /^(ACS3-[A-Z0-9-]+)\s+Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=(\w+)$/
      .exec(authorization)
      ?.slice(1) ?? [];
  if (algorithm !== "ACS3-HMAC-SHA256" || !keyId || !names || !given) {
    throw new CloudFault(
      400,
      "IncompleteSignature",
      `Cannot read the Authorization header: ${authorization}`,
    );
  }
  const signedHeaders = names.split(";");
  // Only what was signed can be believed, so what decides must be among it.
  for (const name of ["host", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"]) {
    if (!signedHeaders.includes(name)) {
      throw new CloudFault(400, "IncompleteSignature", `Header ${name} must be among SignedHeaders.`);
    }
  }
  const canonicalRequest = canonicalAcs3(request, names);
  const token = header(request, "x-acs-security-token");
  return {
    scheme: "ACS3",
    keyId,
    ...(token && { token }),
    at: parseIso(header(request, "x-acs-date")),
    nonce: header(request, "x-acs-signature-nonce"),
    given: given.toLowerCase(),
    stringsToSign: [`${algorithm}\n${sha256Hex(canonicalRequest)}`],
    canonicalRequest,
    sign: (secret, text) => createHmac("sha256", secret).update(text).digest("hex"),
  };
}

function canonicalAcs3(request: WireRequest, names: string): string {
  const { path, query } = splitUrl(request.url);
  const parts = path.split("/").map((part) => encode(decode(part)));
  const sorted = query.toSorted(byCodeUnit).map(([key, value]) => `${encode(key)}=${encode(value)}`);
  const headers = names.split(";").map((name) => `${name}:${header(request, name)}\n`);
  // The body as it arrived, not what the header says about it: a changed body must not pass.
  const digest = sha256Hex(request.body);
  return [request.method, parts.join("/"), sorted.join("&"), headers.join(""), names, digest].join("\n");
}

/** Reads signature 1.0 from query and form; undefined when there is none. @throws CloudFault when incomplete. */
export function readRpc(request: WireRequest): Signed | undefined {
  const params = rpcParams(request);
  const keyId = params.get("AccessKeyId");
  if (!params.has("Signature") && keyId === undefined) return undefined;
  for (const name of ["AccessKeyId", "Signature", "SignatureNonce", "Timestamp", "SignatureMethod"]) {
    if (!params.get(name))
      throw new CloudFault(400, `Missing${name}`, `${name} is mandatory for this action.`);
  }
  if (params.get("SignatureMethod") !== "HMAC-SHA1" || params.get("SignatureVersion") !== "1.0") {
    // The misspelling is the cloud's own (error table of the ECS API).
    throw new CloudFault(400, "InvalidParamater", "SignatureMethod must be HMAC-SHA1, SignatureVersion 1.0.");
  }
  const canonical = [...params]
    .filter(([key]) => key !== "Signature")
    .toSorted(byCodeUnit)
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join("&");
  const token = params.get("SecurityToken");
  return {
    scheme: "RPC1",
    keyId: keyId ?? "",
    ...(token && { token }),
    at: parseIso(params.get("Timestamp") ?? ""),
    nonce: params.get("SignatureNonce") ?? "",
    given: params.get("Signature") ?? "",
    stringsToSign: [`${request.method}&%2F&${encode(canonical)}`],
    sign: (secret, text) => createHmac("sha1", `${secret}&`).update(text).digest("base64"),
  };
}

/** Percent-decodes; a lone `%` stays as it is instead of ending the request. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseIso(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
}
