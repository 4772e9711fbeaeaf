/**
 * What all senders have in common: raw bytes in, requests to launch instances out. Pure.
 *
 * SENDER-1. A request is verified before it is parsed, over the raw bytes, in constant time.
 * SENDER-2. The id of a delivery comes from the verified body, never from headers beside it: an id in an unsigned
 *     header could be changed to launch twice.
 * SENDER-3. No sender signs a time. The day of the run is the day of the event, so a repeat tomorrow is still the
 *     same run, and an event that is older than its sender repeats it is ignored. Alertmanager says when an alert began, and
 *     not when it sends it: an alert is of any age, and the fleet's ledger knows whether it was taken.
 * SENDER-4. One bad item of a delivery does not stop the others: it is listed in the answer.
 * SENDER-5. A delivery has a largest number of items, and an item one of labels. More is refused before any of it is read.
 */
import * as z from "zod/mini";
import { days, formatDuration, minutes } from "../../../shared/duration.ts";
import { isOneOf } from "../../../shared/hmac.ts";
import { readJsonWithIds } from "../../../shared/json.ts";
import { Name } from "../../../shared/names.ts";
import type { Call } from "../../../shared/http/call.ts";
import { Secrets } from "../../../shared/http/config.ts";

/** A fleet, and how many of its instances one event launches. */
export const FleetShare = z.strictObject({
  fleet: Name,
  count: z._default(z.int().check(z.minimum(1)), 1),
});

/** The share of the first name that has one. */
export function shareOf(
  shares: Readonly<Record<string, z.infer<typeof FleetShare>>>,
  names: readonly string[],
): z.infer<typeof FleetShare> | undefined {
  const name = names.find((one) => Object.hasOwn(shares, one));
  return name === undefined ? undefined : shares[name];
}

export const Fleets = z.array(Name).check(z.minLength(1));

export interface SenderRequest extends Pick<Call, "headers" | "query" | "body"> {
  readonly now: number;
  /** The region of the deployment. */
  readonly region: string;
}

/** A request for instances. */
export interface LaunchRequest {
  readonly fleet: string;
  readonly count: number;
  /** Identifies the event (SENDER-2). */
  readonly delivery: readonly unknown[];
  /** When the event happened, epoch ms. */
  readonly at: number;
  /** Of a job: when it was announced, epoch ms. A later announcement may be another request. */
  readonly announcedAt?: number;
  /** The alerts that ask together, each with its identity and its number of instances; `count` is the sum. */
  readonly alerts?: readonly (readonly [id: string, count: number])[];
  /** Further fields for the ledger of the fleet: see `AlertsRequest` of scale-out. */
  readonly state?: { readonly at?: number; readonly over?: true; readonly member?: string };
}

/** A runner that has begun or finished a job, and when, epoch ms. */
export interface RunnerOfJob {
  readonly runner: string;
  readonly at: number;
  /** The fleets that the runner may be of: those that the sender may use. */
  readonly fleets: readonly string[];
}

/** An item of a delivery that cannot be carried out (SENDER-4). */
export interface RefusedItem {
  /** Where it is in the body, such as `alerts[1]`. */
  readonly at: string;
  readonly reason: string;
}

/** A job that is not queued any more: a runner has begun or finished it, or it was cancelled. */
export interface TakenJob {
  readonly kind: "taken";
  readonly job: LaunchRequest;
  readonly reason: string;
  /** Whether its labels name a fleet, so that its announcement may have launched something. */
  readonly mayLaunch: boolean;
  readonly begun?: RunnerOfJob;
  readonly ended?: RunnerOfJob;
}

export type ParsedWebhook =
  | {
      readonly kind: "launch";
      readonly launches: readonly LaunchRequest[];
      readonly refused?: readonly RefusedItem[];
    }
  | TakenJob
  /** Understood, and nothing to do. */
  | { readonly kind: "ignored"; readonly reason: string; readonly refused?: readonly RefusedItem[] }
  /** Verified, but not an event of this kind of sender. */
  | { readonly kind: "malformed"; readonly error: string; readonly status?: 413 }
  /** Not verified; `why` is for the log. */
  | { readonly kind: "refused"; readonly why: string };

export const ignored = (reason: string): ParsedWebhook => ({ kind: "ignored", reason });
export const malformed = (error: string): ParsedWebhook => ({ kind: "malformed", error });
export const refused = (why: string): ParsedWebhook => ({ kind: "refused", why });

/** The most labels, and annotations, of one item: some dozens are many (SENDER-5). */
export const LABELS_MAX = 256;

const PAST_MS = days(1);
const FUTURE_MS = minutes(5);

/** Why the time of an event makes it unusable, undefined when it does not. */
export const timeProblem = ({ at, announcedAt = at }: LaunchRequest, now: number): string | undefined =>
  Number.isFinite(at) && announcedAt - now <= FUTURE_MS
    ? undefined
    : "the time in the body cannot be read or lies ahead";

/** The request, if its event is recent (SENDER-3). */
export function launch(one: LaunchRequest, now: number, pastMs = PAST_MS): ParsedWebhook {
  const problem = timeProblem(one, now);
  if (problem !== undefined) return malformed(problem);
  const { at, announcedAt = at } = one;
  if (now - announcedAt <= pastMs) return { kind: "launch", launches: [one] };
  return ignored(`it happened more than ${formatDuration(pastMs)} ago`);
}

/** Tokens of a header or an address. Of other characters HTTP says nothing, so each program writes and reads them in its own way. */
export const Tokens = Secrets.check(
  z.refine((tokens) => tokens.every((token) => /^[!-~]+$/.test(token)), {
    error: "must be of ASCII letters, digits and marks, without spaces",
  }),
);

/** Why a request without one of the live tokens is refused, for the log. */
export const BEARER =
  "Authorization: Bearer … is missing or none of the tokens of this sender: compare it with KILN_SENDERS";

/** `Authorization: Bearer <token>` is one of the live tokens. */
export function bearerHolds({ headers }: SenderRequest, tokens: readonly string[]): boolean {
  const given = /^bearer (.+)$/i.exec(headers["authorization"] ?? "")?.[1] ?? "";
  return isOneOf(tokens, given);
}

/** JSON, or the fields of a form; undefined when it is neither. */
export function readBody({ headers, body }: SenderRequest): unknown {
  const text = body.toString("utf8");
  if (/^application\/x-www-form-urlencoded/i.test(headers["content-type"] ?? "")) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  return readJsonWithIds(text);
}

/** A text that may be left out in several ways: without its key, as null, empty, or in a form as the word null. */
export const AbsentOrText = z.nullish(z.string());

/** Such a text; undefined when it is left out. */
export const present = (text: string | null | undefined): string | undefined =>
  text === "null" ? undefined : text || undefined;

/** The most that a count may be. */
const COUNT_MAX = 99_999;

/** Why a text or number is no count, which `readCount` takes. */
export const NO_COUNT = `must be a whole number from 1 to ${COUNT_MAX}`;

/** A whole number of at least 1, given as a number or as text; undefined for anything else. */
export function readCount(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= COUNT_MAX
    ? number
    : undefined;
}
