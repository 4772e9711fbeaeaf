/**
 * One signed request to the bucket. Signature version 4 of OSS ("OSS4-HMAC-SHA256").
 *
 * OSS-REQUEST-1. The canonical path is always /BUCKET/KEY, whatever the URL looks like.
 * OSS-REQUEST-2. The body is not hashed (UNSIGNED-PAYLOAD): TLS protects it, and the cloud accepts it for every call.
 * OSS-REQUEST-3. Only content-type and the x-oss- headers are signed.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4
 */
import { createHash, createHmac } from "node:crypto";
import { request as requestHttp, type IncomingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { CloudClient } from "../client.ts";
import { defaultEndpoint } from "../endpoints.ts";
import { ask, foreignAnswer } from "../call-limits.ts";
import { clean, cloudError } from "../refusal.ts";
import { textOf } from "./xml.ts";

export interface BucketCall {
  readonly action: string;
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Left out for calls on the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** A longer body is cut off: its length is in the headers. */
  readonly maxBytes?: number | undefined;
  /** Error codes that are an answer and no error to this call. */
  readonly allow?: readonly string[];
}

export interface BucketAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a call on `access.bucket`. @throws CloudError for refusals that are not in `allow` and lost answers. */
export const sendToBucket = (client: CloudClient, call: BucketCall): Promise<BucketAnswer> =>
  ask(client, "oss", call.action, async () =>
    accepted(call, await exchange(urlOf(client, call), call, signedHeaders(client, call))),
  );

/** @throws CloudError for a refusal. */
function accepted(call: BucketCall, answer: BucketAnswer): BucketAnswer {
  if (answer.status < 300) return answer;
  const xml = answer.body.toString("utf8");
  const header = answer.headers["x-oss-request-id"];
  // HEAD has no body to say why; 404 can only mean one thing there.
  const code = textOf(xml, "Code") || (answer.status === 404 ? "NoSuchKey" : `Http${answer.status}`);
  if (call.allow?.includes(code)) return answer;
  const requestId = textOf(xml, "RequestId") || (typeof header === "string" ? header : "");
  const said = clean(textOf(xml, "Message"));
  throw cloudError({ product: "oss", action: call.action, code, status: answer.status, requestId, said });
}

/** Virtual-hosted style as the cloud wants it; path style where the host is a bare address without sub-domains. */
function urlOf({ access }: CloudClient, { key = "", query = {} }: BucketCall): URL {
  const url = new URL(access.endpoints.oss ?? defaultEndpoint("oss", access.region, access.accountId));
  const bare = url.hostname === "localhost" || isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0;
  if (!bare) url.hostname = `${access.bucket}.${url.hostname}`;
  url.pathname = `${bare ? `/${access.bucket}` : ""}/${encodePath(key)}`;
  url.search = canonicalQuery(query);
  return url;
}

/** The headers that sign a call; they hold for the instant of the client's clock. */
export function signedHeaders(client: CloudClient, call: BucketCall): Record<string, string> {
  const { access, clock } = client;
  const { accessKeyId, securityToken = "" } = access.credentials;
  const { at, scope } = scopeOf(client, clock.now());
  const headers: Record<string, string> = {
    ...call.headers,
    "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
    "x-oss-date": at,
    ...(securityToken !== "" && { "x-oss-security-token": securityToken }),
  };
  const signature = signatureOf({ access, at, scope }, call, headers);
  return {
    ...headers,
    authorization: `OSS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},Signature=${signature}`,
  };
}

/**
 * A URL that reads one object without credentials, for so long from now. It is a secret.
 * https://www.alibabacloud.com/help/en/oss/developer-reference/add-signatures-to-urls
 */
export function signedUrl(client: CloudClient, key: string, lifeMs: number): string {
  const { access, clock } = client;
  const { accessKeyId, securityToken = "" } = access.credentials;
  const { at, scope } = scopeOf(client, clock.now());
  const query: Record<string, string> = {
    "x-oss-credential": `${accessKeyId}/${scope}`,
    "x-oss-date": at,
    "x-oss-expires": String(Math.floor(lifeMs / 1000)),
    "x-oss-signature-version": "OSS4-HMAC-SHA256",
    ...(securityToken !== "" && { "x-oss-security-token": securityToken }),
  };
  const call = { method: "GET", key, query } as const;
  const signed = { ...query, "x-oss-signature": signatureOf({ access, at, scope }, call, {}) };
  return urlOf(client, { ...call, action: "GetObject", query: signed }).href;
}

/** The instant of a signature, and what it is good for. */
function scopeOf({ access }: CloudClient, now: number): { readonly at: string; readonly scope: string } {
  const at = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  return { at, scope: `${at.slice(0, 8)}/${access.region}/oss/aliyun_v4_request` };
}

interface Signing {
  readonly access: CloudClient["access"];
  readonly at: string;
  readonly scope: string;
}

function signatureOf(
  { access, at, scope }: Signing,
  call: Pick<BucketCall, "method" | "key" | "query">,
  headers: Readonly<Record<string, string>>,
): string {
  const canonical = [
    call.method,
    `/${access.bucket}/${encodePath(call.key ?? "")}`,
    canonicalQuery(call.query ?? {}),
    ...Object.keys(headers)
      .filter((name) => name === "content-type" || name.startsWith("x-oss-"))
      .toSorted()
      .map((name) => `${name}:${headers[name]?.trim()}`),
    "",
    "",
    "UNSIGNED-PAYLOAD",
  ].join("\n");
  const toSign = ["OSS4-HMAC-SHA256", at, scope, createHash("sha256").update(canonical).digest("hex")].join(
    "\n",
  );
  const secret = Buffer.from(`aliyun_v4${access.credentials.accessKeySecret}`);
  return hmac(scope.split("/").reduce(hmac, secret), toSign).toString("hex");
}

function exchange(url: URL, call: BucketCall, headers: Record<string, string>): Promise<BucketAnswer> {
  const request = url.protocol === "http:" ? requestHttp : requestHttps;
  const length = call.method.startsWith("P") ? { "content-length": String(call.body?.length ?? 0) } : {};
  return new Promise((resolve, reject) => {
    const options = { method: call.method, headers: { ...headers, ...length } };
    const sent = request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const end = (): void => {
        // Every answer of OSS has a request id; without it, the page of a proxy could be read as an object.
        if ((answer.statusCode ?? 0) < 300 && answer.headers["x-oss-request-id"] === undefined)
          return reject(foreignAnswer("OSS"));
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
      };
      answer.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes <= (call.maxBytes ?? Number.POSITIVE_INFINITY)) return;
        end();
        answer.destroy();
      });
      answer.on("error", reject);
      answer.on("end", end);
    });
    sent.on("error", reject);
    sent.end(call.body);
  });
}

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const encodePath = (key: string): string => key.split("/").map(encode).join("/");

function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => (value === "" ? encode(name) : `${encode(name)}=${encode(value)}`))
    .toSorted()
    .join("&");
}
