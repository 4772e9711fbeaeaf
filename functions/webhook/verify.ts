/**
 * Who sent these bytes, and may they do this? Pure: bytes, headers, callers and the time in, a verdict out.
 *
 * V1. Nothing is parsed before the signature holds; the raw bytes are what is signed.
 * V2. The timestamp is in the signed bytes. Old requests are refused after five minutes, requests from
 *     the future after thirty seconds: senders lag more than they lead.
 * V3. Comparison takes the same time whatever differs, and every refusal reads the same to the sender.
 * V4. What makes a delivery itself is drawn from signed material only, so a replay is the same delivery.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { minutes, seconds } from "../../shared/duration.ts";

/** A sender: one or two live secrets (two while rotating) and the routes it may use, `*` as a wildcard. */
export interface Caller {
  readonly secrets: readonly string[];
  readonly routes: readonly string[];
}

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export type Verification =
  | { readonly ok: true; readonly caller: string; readonly delivery: string; readonly sentAt: number }
  /** `why` is for our log; the sender only learns the status. */
  | { readonly ok: false; readonly status: 401 | 403; readonly why: string };

const PAST_MS = minutes(5);
const FUTURE_MS = seconds(30);

/** Verifies `x-kiln-caller`, `x-kiln-timestamp` (Unix seconds) and `x-kiln-signature` (`v1=<hex>`). */
export function verify(
  request: SignedRequest,
  callers: Readonly<Record<string, Caller>>,
  now: number,
): Verification {
  const { headers, method, path, body } = request;
  const name = headers["x-kiln-caller"] ?? "";
  const timestamp = headers["x-kiln-timestamp"] ?? "";
  const given = /^v1=([0-9a-f]{64})$/.exec(headers["x-kiln-signature"] ?? "")?.[1] ?? "";
  const caller = Object.hasOwn(callers, name) ? callers[name] : undefined;
  const signed = Buffer.concat([Buffer.from(`${timestamp}\n${method}\n${path}\n`), body]);
  // An unknown caller costs the same work as a known one (V3).
  const secrets = caller?.secrets ?? ["no such caller"];
  const matches = secrets.map((secret) => sameText(hmac(secret, signed), given)).includes(true);
  if (!caller || !matches) return { ok: false, status: 401, why: caller ? "signature" : "unknown caller" };
  if (!/^\d{10}$/.test(timestamp)) return { ok: false, status: 401, why: "timestamp is not Unix seconds" };
  const sentAt = seconds(Number(timestamp));
  if (now - sentAt > PAST_MS) return { ok: false, status: 401, why: "too old" };
  if (sentAt - now > FUTURE_MS) return { ok: false, status: 401, why: "from the future" };
  if (!caller.routes.some((route) => covers(route, `${method} ${path}`))) {
    return { ok: false, status: 403, why: `route not granted: ${method} ${path}` };
  }
  const delivery = createHash("sha256").update(`${name}\n`).update(signed).digest("hex");
  return { ok: true, caller: name, delivery, sentAt };
}

/** HMAC-SHA256 in hex. */
export const hmac = (secret: string, signed: Uint8Array): string =>
  createHmac("sha256", secret).update(signed).digest("hex");

/** Both sides are hashed again, so that lengths agree and nothing leaks through them (V3). */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Whether `given` is one of the live secrets; each is compared, so that the answer takes the same time. */
export const isOneOf = (secrets: readonly string[], given: string): boolean =>
  secrets.map((secret) => sameText(secret, given)).includes(true);

/** `POST /fleets/*` covers every path below `/fleets/`; without a star the route must be the same. */
const covers = (route: string, asked: string): boolean =>
  route.endsWith("*") ? asked.startsWith(route.slice(0, -1)) : route === asked;
