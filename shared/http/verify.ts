/**
 * Authenticates a caller by the signature of its request, and checks its routes. Pure.
 *
 * VERIFY-1. Nothing is parsed before the signature holds; the raw bytes are what is signed.
 * VERIFY-2. The timestamp is in the signed bytes. A request is refused when it is older than five minutes or more
 *     than thirty seconds in the future: clocks of callers are behind more often than ahead.
 * VERIFY-3. Comparison takes the same time whatever differs, and every refusal reads the same to the sender.
 * VERIFY-4. The delivery id is made of signed bytes only, so a replay has the same id.
 */
import { createHash } from "node:crypto";
import { minutes, seconds } from "../duration.ts";
import { hmac, isOneOf } from "../hmac.ts";
import type { Call } from "./call.ts";
import type { Caller } from "./config.ts";

export type Verification =
  | { readonly ok: true; readonly caller: string; readonly delivery: string; readonly sentAt: number }
  /** `why` is for the log; the sender only gets the status. */
  | { readonly ok: false; readonly status: 401 | 403; readonly why: string };

const PAST_MS = minutes(5);
const FUTURE_MS = seconds(30);

/** Verifies `x-kiln-caller`, `x-kiln-timestamp` (Unix seconds) and `x-kiln-signature` (`v1=<hex>`). */
export function verify(
  request: Pick<Call, "headers" | "method" | "path" | "body">,
  callers: Readonly<Record<string, Caller>>,
  now: number,
): Verification {
  const { headers, method, path, body } = request;
  const header = (name: string): string => headers[`x-kiln-${name}`] ?? "";
  const name = header("caller");
  const timestamp = header("timestamp");
  const caller = Object.hasOwn(callers, name) ? callers[name] : undefined;
  const signed = Buffer.concat([Buffer.from(`${timestamp}\n${method}\n${path}\n`), body]);
  // An unknown caller costs the same work as a known one (VERIFY-3).
  const secrets = caller?.secrets ?? ["no such caller"];
  const expected = secrets.map((secret) => `v1=${hmac(secret, signed)}`);
  const matches = isOneOf(expected, header("signature"));
  if (caller === undefined) return { ok: false, status: 401, why: "unknown caller" };
  const why = matches ? timeProblem(timestamp, now) : "signature";
  if (why !== undefined) return { ok: false, status: 401, why };
  if (!caller.routes.some((route) => covers(route, `${method} ${path}`))) {
    return { ok: false, status: 403, why: `route not allowed: ${method} ${path}` };
  }
  const delivery = createHash("sha256").update(`${name}\n`).update(signed).digest("hex");
  return { ok: true, caller: name, delivery, sentAt: seconds(Number(timestamp)) };
}

/** VERIFY-2. */
function timeProblem(timestamp: string, now: number): string | undefined {
  if (!/^\d{10}$/.test(timestamp)) return "timestamp is not Unix seconds";
  const ageMs = now - seconds(Number(timestamp));
  if (ageMs > PAST_MS) return "too old";
  return -ageMs > FUTURE_MS ? "from the future" : undefined;
}

/** `POST /fleets/*` covers every path below `/fleets/`; without a star the route must be the same. */
const covers = (route: string, asked: string): boolean =>
  route.endsWith("*") ? asked.startsWith(route.slice(0, -1)) : route === asked;
