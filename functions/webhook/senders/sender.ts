/**
 * What every sender of another make has in common: raw bytes in, wishes for instances out. Pure.
 *
 * N1. Verified before it is parsed, over the raw bytes, in constant time; two live secrets while rotating.
 * N2. What makes a delivery itself comes from the verified body, never from headers beside it: an id in an
 *     unsigned header could be changed to have the same wish twice.
 * N3. None of these signs a time. The day of the run is the day the thing happened, so a repeat tomorrow is
 *     still the same run, and what happened more than a day ago is too late to act on.
 */
import { days, formatDuration, minutes } from "../../../shared/duration.ts";
import { isOneOf } from "../verify.ts";

export interface SenderRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly now: number;
}

/** A wish for instances, whoever had it. */
export interface Wish {
  readonly fleet: string;
  readonly count: number;
  /** What makes this wish itself (N2). */
  readonly delivery: readonly unknown[];
  /** When what it is about happened, epoch ms. */
  readonly at: number;
}

export type Heard =
  | { readonly kind: "wishes"; readonly wishes: readonly Wish[] }
  /** Understood, and nothing to do. */
  | { readonly kind: "ignored"; readonly reason: string }
  /** Verified, and not what this sender is expected to send. */
  | { readonly kind: "malformed"; readonly error: string }
  /** Not verified; `why` is for our log. */
  | { readonly kind: "refused"; readonly why: string };

export const ignored = (reason: string): Heard => ({ kind: "ignored", reason });
export const malformed = (error: string): Heard => ({ kind: "malformed", error });
export const refused = (why: string): Heard => ({ kind: "refused", why });

const PAST_MS = days(1);
const FUTURE_MS = minutes(5);

/** The wishes that are still in time (N3). */
export function wished(wishes: readonly Wish[], now: number): Heard {
  if (wishes.some(({ at }) => !Number.isFinite(at) || at - now > FUTURE_MS)) {
    return malformed("the time in the body cannot be read or lies ahead");
  }
  const fresh = wishes.filter(({ at }) => now - at <= PAST_MS);
  if (fresh.length > 0) return { kind: "wishes", wishes: fresh };
  return ignored(`it happened more than ${formatDuration(PAST_MS)} ago`);
}

/** `Authorization: Bearer <token>` is one of the live tokens. */
export function bearerHolds({ headers }: SenderRequest, tokens: readonly string[]): boolean {
  const given = /^bearer (.+)$/i.exec(headers["authorization"] ?? "")?.[1] ?? "";
  return isOneOf(tokens, given);
}

/** JSON, or the fields of a form; undefined when it is neither. */
export function readBody({ headers, body }: SenderRequest): unknown {
  const text = Buffer.from(body).toString("utf8");
  if (/^application\/x-www-form-urlencoded/i.test(headers["content-type"] ?? "")) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A whole number from 1 on, given as a number or as text; undefined for anything else. */
export function readCount(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 1 ? number : undefined;
}
