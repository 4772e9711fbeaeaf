/**
 * Calls of GitHub about the deliveries of a hook.
 * https://docs.github.com/en/rest/repos/webhooks and https://docs.github.com/en/rest/orgs/webhooks, which take a token of an
 * installation too; https://docs.github.com/en/rest/apps/webhooks, which takes the JSON web token of the app alone.
 *
 * GITHUB-1. A refusal is a value, because its kind decides how to go on: the settings are wrong, the limit of calls is
 *     reached, or nothing is known.
 * GITHUB-2. A token goes to the configured address and to no other, wherever a link or a redirect leads.
 */
import * as z from "zod/mini";
import { hours, minutes, seconds } from "../../../shared/duration.ts";
import { readJson, readJsonWithIds } from "../../../shared/json.ts";
import type { Clock } from "../../../shared/ports.ts";
import { know, redactedStart } from "../../../shared/redact.ts";
import { AccessToken, forget, jwtOf, keepToken, knownToken, PERMISSION } from "./app.ts";
import type { GithubHook } from "./config.ts";

/** One attempt to deliver an event. */
export interface Delivery {
  /** A number of 64 bits, as text. */
  readonly id: string;
  /** Shared by all attempts to deliver an event. */
  readonly guid: string;
  readonly event: string;
  /** What happened in the event, such as completed; empty where GitHub says nothing. */
  readonly action: string;
  /** Epoch ms. */
  readonly at: number;
  readonly ok: boolean;
}

/** Why GitHub did not do what was asked (GITHUB-1). */
export type Refusal =
  | { readonly kind: "refused" | "unknown"; readonly status: number; readonly problem: string }
  | { readonly kind: "limited"; readonly until: number; readonly problem: string };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

type Answered =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly refusal: Refusal };

const PER_PAGE = 100;
/** All pages of a list together: the function has five minutes (s.yaml). */
const LIST_MS = minutes(2);

const Deliveries = z.array(
  z.looseObject({
    id: z.pipe(z.union([z.string(), z.int()]), z.transform(String)),
    guid: z.string(),
    event: z.string(),
    action: z.nullish(z.string()),
    delivered_at: z.string(),
    status: z.nullish(z.string()),
    status_code: z.nullish(z.number()),
  }),
);

/** The newest deliveries first, those since `since`. `complete` is false when there are more than can be read. */
export async function listDeliveries(
  hook: GithubHook,
  { since, pagesMax }: { readonly since: number; readonly pagesMax: number },
  clock: Clock,
): Promise<{ readonly deliveries: readonly Delivery[]; readonly complete: boolean } | Refusal> {
  const deliveries: Delivery[] = [];
  let url = `${hook.api}${pathOf(hook)}?per_page=${PER_PAGE}`;
  const until = clock.now() + LIST_MS;
  for (let page = 0; page < pagesMax && clock.now() <= until; page++) {
    const called = await call(hook, "GET", url, clock);
    if (!called.ok) return called.refusal;
    const { text, headers } = called.answer;
    const parsed = Deliveries.safeParse(readJsonWithIds(text));
    if (!parsed.success) return unknown(200, "its answer is no list of deliveries");
    const found = parsed.data.map((one) => toDelivery(one, since));
    deliveries.push(...found.filter(({ at }) => at >= since));
    const next = nextOf(headers.get("link") ?? "");
    if (next === undefined || found.some(({ at }) => at < since)) return { deliveries, complete: true };
    if (!next.startsWith(`${hook.api}/`)) return unknown(200, "its next page is at another address");
    url = next;
  }
  return { deliveries, complete: false };
}

/** Asks for another attempt; undefined when GitHub accepts, which says nothing about its result. */
export async function requestRedelivery(
  hook: GithubHook,
  id: string,
  clock: Clock,
): Promise<Refusal | undefined> {
  const called = await call(hook, "POST", `${hook.api}${pathOf(hook)}/${id}/attempts`, clock);
  return called.ok ? undefined : called.refusal;
}

function pathOf(hook: GithubHook): string {
  switch (hook.kind) {
    case "repository":
      return `/repos/${hook.repository}/hooks/${hook.hook}/deliveries`;
    case "organization":
      return `/orgs/${hook.organization}/hooks/${hook.hook}/deliveries`;
    case "app":
      return "/app/hook/deliveries";
  }
}

/**
 * GitHub follows no redirect, so one reaches no webhook. A time that cannot be read is taken for the oldest that counts.
 * https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
 */
const toDelivery = (
  { id, guid, event, action, delivered_at, status, status_code: code }: z.infer<typeof Deliveries>[number],
  since: number,
): Delivery => {
  const at = Date.parse(delivered_at);
  const ok = code === undefined || code === null ? status === "OK" : code >= 200 && code < 300;
  return { id, guid, event, action: action ?? "", at: Number.isNaN(at) ? since : at, ok };
};

/** https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
const nextOf = (link: string): string | undefined => /<([^>]+)>;\s*rel="next"/.exec(link)?.[1];

const TIMEOUT_MS = seconds(10);

async function call(hook: GithubHook, method: string, url: string, clock: Clock): Promise<Answered> {
  const bearer = await bearerOf(hook, clock);
  if (typeof bearer !== "string") return { ok: false, refusal: bearer };
  const called = await callAs(bearer, { api: hook.api, method, url }, clock);
  // It was revoked, or its installation was suspended and came back: the next call asks for another one.
  if (!called.ok && called.refusal.kind === "refused" && called.refusal.status === 401) forget(bearer);
  return called;
}

/** The bearer of the calls about a hook, or why there is none. */
async function bearerOf(hook: GithubHook, clock: Clock): Promise<string | Refusal> {
  if (hook.kind === "app") return jwtOf(hook.app, hook.privateKey, clock.now());
  const { token, app } = hook;
  if (app === undefined) return token ?? "";
  const use = `${hook.kind} ${hook.api}`;
  const known = knownToken(app, use, clock.now());
  if (known !== undefined) return known;
  const jwt = jwtOf(app.id, app.privateKey, clock.now());
  const url = `${hook.api}/app/installations/${app.installation}/access_tokens`;
  const body = JSON.stringify({ permissions: PERMISSION[hook.kind] });
  const called = await callAs(jwt, { api: hook.api, method: "POST", url, body }, clock);
  if (!called.ok) return called.refusal;
  const given = AccessToken.safeParse(readJson(called.answer.text)).data;
  if (given === undefined) return unknown(called.answer.status, "its answer is no token");
  return keepToken(app, use, given);
}

interface Call {
  readonly api: string;
  readonly method: string;
  readonly url: string;
  readonly body?: string;
}

async function callAs(bearer: string, { api, method, url, body }: Call, clock: Clock): Promise<Answered> {
  know([bearer]);
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${bearer}`,
    "user-agent": "kiln",
    "x-github-api-version": "2022-11-28",
  };
  try {
    const signal = clock.after(TIMEOUT_MS);
    const init = { method, headers, signal, ...(body !== undefined && { body }) };
    const response = await fetchWithin(api, url, init);
    const answer = { status: response.status, headers: response.headers, text: await response.text() };
    return response.ok ? { ok: true, answer } : { ok: false, refusal: refusalOf(answer, clock.now()) };
  } catch {
    return { ok: false, refusal: unknown(0, "it does not answer") };
  }
}

/** A renamed repository is at a new address after one redirect. */
const REDIRECTS_MAX = 3;

/**
 * Follows a redirect with the same method, as GitHub asks for, and as long as it stays at the configured address (GITHUB-2).
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
async function fetchWithin(api: string, url: string, init: RequestInit, hops = 0): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  const location = response.headers.get("location");
  if (![301, 302, 307, 308].includes(response.status) || location === null) return response;
  const to = new URL(location, url).href;
  if (hops === REDIRECTS_MAX || !to.startsWith(`${api}/`)) return response;
  await response.body?.cancel();
  return fetchWithin(api, to, init, hops + 1);
}

const Message = z.looseObject({ message: z.string() });
const MESSAGE_MAX = 200;

/** https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api */
function refusalOf({ status, headers, text }: Answer, now: number): Refusal {
  const message = redactedStart(Message.safeParse(readJson(text)).data?.message ?? "", MESSAGE_MAX);
  const problem = `status ${status}${message === "" ? "" : `: ${message}`}`;
  const until = limitedUntil(headers, now);
  const isLimit = status === 429 || (status === 403 && (until !== undefined || /rate limit/i.test(message)));
  if (isLimit) return { kind: "limited", until: until ?? now + minutes(1), problem };
  return status >= 500 ? unknown(status, problem) : { kind: "refused", status, problem };
}

/** GitHub counts its calls by the hour, so no instant that it names is further away: another one is none of GitHub. */
const LIMITED_MAX_MS = hours(1);

/** Epoch ms, a whole number. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function limitedUntil(headers: Headers, now: number): number | undefined {
  const within = (at: number): number => Math.ceil(Math.min(Math.max(at, now), now + LIMITED_MAX_MS));
  const afterS = Number(headers.get("retry-after"));
  if (afterS > 0) return within(now + seconds(afterS));
  const resetAt = seconds(Number(headers.get("x-ratelimit-reset")));
  return headers.get("x-ratelimit-remaining") === "0" && resetAt > 0 ? within(resetAt) : undefined;
}

const unknown = (status: number, problem: string): Refusal => ({ kind: "unknown", status, problem });
