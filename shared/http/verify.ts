/**
 * Authenticates a caller by the signature of its request, and checks its routes. Pure.
 *
 * VERIFY-1. Nothing is parsed before the signature holds; the raw bytes are what is signed.
 * VERIFY-2. The timestamp is in the signed bytes. A request is refused when it is older than five minutes or more
 *     than thirty seconds in the future: clocks of callers are behind more often than ahead.
 * VERIFY-3. Comparison takes the same time whatever differs, and every refusal reads the same to the sender.
 * VERIFY-4. The delivery id is made of signed bytes only, so a replay has the same id. A nonce among them tells two equal
 *     requests of the same second apart.
 * VERIFY-5. Version 2 signs the caller's name, so callers with the same secret cannot stand in for each other. Version 1
 *     is accepted through release 0.2.
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

/**
 * Verifies `x-kiln-signature`, `v2=<hex>` over caller, timestamp (Unix seconds), nonce, method, path and body. The first
 * three are headers `x-kiln-…`; the nonce may be left out and is then an empty line.
 */
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
  const nonce = header("nonce");
  const isFirst = header("signature").startsWith("v1=");
  const head = isFirst ? [timestamp, method, path] : [name, timestamp, nonce, method, path];
  const signed = Buffer.concat([Buffer.from(`${head.join("\n")}\n`), body]);
  // An unknown caller costs the same work as a known one (VERIFY-3).
  const secrets = caller?.secrets ?? ["no such caller"];
  const expected = secrets.map((secret) => `${isFirst ? "v1" : "v2"}=${hmac(secret, signed)}`);
  const matches = isOneOf(expected, header("signature"));
  if (caller === undefined) return { ok: false, status: 401, why: UNKNOWN };
  const why = matches ? (nonceProblem(nonce) ?? timeProblem(timestamp, now)) : SIGNATURE;
  if (why !== undefined) return { ok: false, status: 401, why };
  if (!caller.routes.some((route) => covers(route, `${method} ${path}`))) {
    return {
      ok: false,
      status: 403,
      why: `route not allowed: ${method} ${path}; add it to the caller in KILN_CALLERS if it should be`,
    };
  }
  const delivery = createHash("sha256").update(`${name}\n`).update(signed).digest("hex");
  return { ok: true, caller: name, delivery, sentAt: seconds(Number(timestamp)) };
}

/** A line feed in it would move the parts that are signed. */
const nonceProblem = (nonce: string): string | undefined =>
  /^([A-Za-z0-9_-]{8,64})?$/.test(nonce) ? undefined : "nonce is not 8 to 64 letters, digits, _ and -";

/** Reasons for the log and the counts of refusals, each with what to look at; the caller sees none. */
const UNKNOWN = "KILN_CALLERS has no caller of this name: add it, or correct x-kiln-caller";
const SIGNATURE =
  "the signature is wrong: compare the secret with KILN_CALLERS, and the signed bytes with README, “Callers”";

/** VERIFY-2. */
function timeProblem(timestamp: string, now: number): string | undefined {
  if (!/^\d{10}$/.test(timestamp)) return "timestamp is not Unix seconds";
  const ageMs = now - seconds(Number(timestamp));
  if (ageMs > PAST_MS) return "signed more than 5 minutes ago: look at the clock of the caller";
  return -ageMs > FUTURE_MS ? "signed for a time ahead: look at the clock of the caller" : undefined;
}

/**
 * A star stands for one part of a path, and at the end for all that follow: `POST /fleets/*` covers every path below
 * `/fleets/`, and `POST /fleets/*\/scale-out` that action of every fleet.
 */
function covers(route: string, asked: string): boolean {
  const [parts, given] = [route.split("/"), asked.split("/")];
  const isOpen = parts.at(-1) === "*";
  if (isOpen ? given.length < parts.length : given.length !== parts.length) return false;
  return parts.every((part, index) => (part === "*" ? given[index] !== "" : part === given[index]));
}
