/**
 * Requests to a deployment, signed as one of its callers.
 *
 * CLIENT-1. A signature holds for minutes by the clock of the server. When it is refused and the server's clock differs,
 *     the request is signed again with the server's time: clocks of laptops are wrong, and a local cloud's may run faster.
 * CLIENT-2. Where the platform or the webhook is busy (429, 503), or nothing answers, the same signed bytes are sent again:
 *     they are one request, whether an earlier try arrived or not. Pauses double and differ, so that many callers who
 *     were refused at once do not come back at once.
 * CLIENT-3. What only reads is signed for each try: a busy server may take longer than a signature holds. A change whose
 *     signature ran out meanwhile is not signed again, since it may be carried out already.
 */
import { randomBytes, randomInt } from "node:crypto";
import { readDotEnv } from "../deploy/dot-env.ts";
import { seconds } from "../shared/duration.ts";
import { messageOf } from "../shared/errors.ts";
import { ANSWER_HEADER, FUNCTION_HEADER } from "../shared/http/answer.ts";
import { hmac } from "../shared/hmac.ts";
import { foreign, parseReply, refusalIn, type Answer, type Reply } from "./answers.ts";
import { CommandError, EXIT, type Input, type Io } from "./command.ts";

/** A function with an HTTP trigger. */
export type Target = "api" | "webhook";

export interface Sent {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One caller of one deployment. */
export interface Client {
  /** Sends a request. @throws CommandError when it is not authenticated, not allowed, or not answered by Kiln */
  send(target: Target, method: string, path: string, sent?: Sent): Promise<Reply>;
  /** The facts that the API answers to a GET request. @throws CommandError for any other answer */
  get<T extends object>(answer: Answer<T>, path: string): Promise<T & { readonly serverAt: number }>;
}

/** The value of `--match`. @throws CommandError for one that is no etag */
export function etagIn(input: Input): string | undefined {
  const etag = input
    .one("match")
    ?.trim()
    .replace(/^(?:W\/)?"(.*)"$/, "$1");
  if (etag === undefined || /^[!#-+\--~]+$/.test(etag)) return etag;
  throw new CommandError(
    EXIT.usage,
    "--match needs the etag of the document; leave it out to replace what is there",
  );
}

const URLS = { api: "KILN_API", webhook: "KILN_WEBHOOK" } as const;

/** The variables of the environment, and those of `.env` beside s.yaml that it does not set. */
export function variables({ env, root }: Io): Readonly<Record<string, string | undefined>> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  return { ...readDotEnv(root), ...set };
}

/**
 * The address of a path, at the host that the setting names: a path may name another one.
 * @throws CommandError without the value of a setting that may hold a password
 */
function urlAt(base: string, path: string, { name, what }: { readonly name: string; readonly what: string }) {
  const own = URL.canParse(base) ? new URL(base) : undefined;
  if (own?.username || own?.password || base.includes("@"))
    throw new CommandError(
      EXIT.usage,
      `${name} holds a user or a password, which Kiln does not use: write ${what}`,
    );
  if (own === undefined || !/^https?:$/.test(own.protocol))
    throw new CommandError(EXIT.usage, `${name} is ${base}, which is no URL: write ${what}`);
  const url = URL.canParse(path, own.href) ? new URL(path, own) : undefined;
  if (url?.origin === own.origin) return url;
  throw new CommandError(
    EXIT.usage,
    `the path ${path} names a host; begin it with one / and a name, as in /status`,
  );
}

/** A client with the settings of this machine; those that are missing are named when they are needed. */
export function clientFor(io: Io): Client {
  const known = variables(io);
  const setting = (name: string, what: string): string => {
    const value = known[name];
    if (value) return value;
    throw new CommandError(
      EXIT.usage,
      `${name} is not set: write it into .env or the environment, ${what}; see README, “See what it does”`,
    );
  };
  const urlOf = (target: Target, path: string): URL => {
    const what = `the URL of the ${target} that npm run deploy or npm run cloud prints`;
    return urlAt(setting(URLS[target], what), path, { name: URLS[target], what });
  };
  const send: Client["send"] = async (target, method, path, sent = {}) => {
    const url = urlOf(target, path);
    const caller = setting("KILN_CALLER", "the name of a caller in KILN_CALLERS");
    const secret = setting("KILN_SECRET", "the secret of that caller");
    // The API changes nothing by POST: a plan is asked with a body.
    const reads = method === "GET" || (target === "api" && method === "POST");
    const call = { url, method, caller, secret, sent, reads };
    requireSendable(call);
    const first = await exchange(call, io.now(), io);
    const isRefused = isUnknownCaller(first) && first.trouble === undefined;
    const last = isRefused ? await exchange(call, first.at, io) : first;
    refuseOther(target, call, { last, skewMs: first.at - io.now() });
    return last;
  };
  return {
    send,
    get: async <T extends object>(answer: Answer<T>, path: string) => {
      const reply = await send("api", "GET", path);
      return { ...parseReply(answer, reply), serverAt: reply.at };
    },
  };
}

/** @throws CommandError for an answer that is not of this function of Kiln to this caller */
function refuseOther(
  target: Target,
  call: Call,
  { last, skewMs }: { readonly last: Exchanged; readonly skewMs: number },
): void {
  const { url, caller, method } = call;
  if (isOfOther(target, last)) throw wrongTarget(target, url);
  if (isUnknownCaller(last))
    throw last.trouble === undefined ? notAuthenticated(caller, url, skewMs) : ranOut(call, last.trouble);
  if (last.status === 403 && refusalIn(last) === "not allowed")
    throw notAllowed(caller, `${method} ${url.pathname}`);
  if (isForeign(last)) throw foreign(last);
}

const isUnknownCaller = (reply: Reply): boolean =>
  reply.status === 401 && refusalIn(reply) === "not authenticated";

/** Kiln marks its answers and never redirects; its 401 and 403 are those above (ANSWER-1). Errors may be of the platform. */
const isForeign = ({ status, headers }: Reply): boolean =>
  (status >= 300 && status < 400) ||
  status === 401 ||
  status === 403 ||
  (status < 500 && status !== 429 && !headers.has(ANSWER_HEADER)) ||
  /^\s*text\/html/i.test(headers.get("content-type") ?? "");

const OTHER = { api: "webhook", webhook: "api" } as const;

/** A function names itself in every answer; what stands between, and an earlier version, does not. */
const isOfOther = (target: Target, { headers }: Reply): boolean =>
  headers.get(FUNCTION_HEADER) === OTHER[target];

const wrongTarget = (target: Target, { origin }: URL): CommandError =>
  new CommandError(
    EXIT.usage,
    `${URLS[target]} is ${origin}, the URL of the ${OTHER[target]}: write the URL of the ${target} that npm run deploy or npm run cloud prints`,
  );

/** @throws CommandError for a request that cannot be sent, wherever to: to try it once more changes nothing */
function requireSendable(call: Call): void {
  if (!/^[!-~]+$/.test(call.caller))
    throw new CommandError(
      EXIT.usage,
      "KILN_CALLER holds a character that no header can carry: write the name as it stands in KILN_CALLERS",
    );
  try {
    void new Request(call.url, signed(call, 0));
  } catch (error) {
    const { method, url } = call;
    throw new CommandError(EXIT.usage, `${method} ${url.pathname} cannot be sent: ${messageOf(error)}`);
  }
}

interface Call {
  readonly url: URL;
  readonly method: string;
  readonly caller: string;
  readonly secret: string;
  readonly sent: Sent;
  /** Whether it changes nothing. */
  readonly reads: boolean;
}

/** The answer to the last try, and why an earlier one was not the last. */
interface Exchanged extends Reply {
  readonly trouble?: string;
}

/** A function answers within its own deadline of ten seconds (shared/http/handler.ts), or not at all. */
const TIMEOUT_MS = seconds(15);
/** Five pauses of at most 1, 2, 4, 8 and 16 seconds. */
const TRIES = 6;
/** No try begins later than this after the first one, so an address that hangs is given up after half a minute. */
const TRYING_MS = seconds(30);
const BUSY = new Set([429, 503]);

/** Signs a request and sends it until it is answered (CLIENT-2, CLIENT-3). @param at the server's clock, as far as it is known */
async function exchange(call: Call, at: number, io: Pick<Io, "err" | "sleep" | "now">): Promise<Exchanged> {
  let aheadMs = at - io.now();
  let init = signed(call, at);
  let trouble: string | undefined;
  const began = io.now();
  for (let tried = 1; ; tried++) {
    const got = await attempt(call, init, io.now() + aheadMs);
    const why = whyAgain(got);
    const isLast = tried === TRIES || io.now() - began >= TRYING_MS;
    const isOver = isLast || ("why" in got && got.isFinal);
    if (isOver || (why === undefined && !isStale(call, got, trouble))) return ended(call, got, trouble);
    if (!("why" in got)) aheadMs = got.at - io.now();
    if (why !== undefined) {
      trouble = why;
      await pause(tried, `${call.url.origin} ${why}`, io);
    }
    if (call.reads) init = signed(call, io.now() + aheadMs);
  }
}

/** Why a request is sent again. */
const whyAgain = (got: Reply | Unanswered): string | undefined =>
  "why" in got ? got.why : BUSY.has(got.status) ? `answers ${got.status}` : undefined;

/** Whether the signature of a read ran out while the server was busy. */
const isStale = ({ reads }: Call, got: Reply | Unanswered, trouble: string | undefined): boolean =>
  reads && trouble !== undefined && !("why" in got) && isUnknownCaller(got);

/** @throws CommandError without an answer */
function ended({ url }: Call, got: Reply | Unanswered, trouble: string | undefined): Exchanged {
  if ("why" in got) throw new CommandError(EXIT.failed, `${url.origin} ${got.why}`);
  return { ...got, ...(trouble !== undefined && { trouble }) };
}

async function pause(tried: number, why: string, io: Pick<Io, "err" | "sleep">): Promise<void> {
  const ms = seconds(2 ** (tried - 1)) * (randomInt(50, 101) / 100);
  io.err(`${why}; sent again in ${(ms / 1000).toFixed(1)} s`);
  await io.sleep(ms);
}

function signed({ url, method, caller, secret, sent: { body = "", headers = {} } }: Call, at: number) {
  const timestamp = String(Math.floor(at / 1000));
  const nonce = randomBytes(8).toString("hex");
  // The query is not signed: it chooses what is read, and nothing that is written.
  const signature = hmac(secret, `${caller}\n${timestamp}\n${nonce}\n${method}\n${seenPath(url)}\n${body}`);
  return {
    method,
    headers: {
      "content-type": "application/json",
      ...headers,
      "x-kiln-caller": caller,
      "x-kiln-timestamp": timestamp,
      "x-kiln-nonce": nonce,
      "x-kiln-signature": `v2=${signature}`,
    },
    ...(body !== "" && { body }),
  };
}

/** No answer. A host without an address is a wrong setting, and a closed port of this machine a program that does not run. */
interface Unanswered {
  readonly why: string;
  readonly isFinal: boolean;
}

const PROXY =
  "is behind a proxy that refuses the request, as it does without a login (407): see the settings of the proxy of this machine";

/** On the machine itself a port that is closed stays closed until a program is started. */
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;
const NO_CLOUD = "refuses the connection: does npm run cloud run, and has it printed this port?";

/** A function answers 6 MB at most: https://www.alibabacloud.com/help/en/functioncompute/fc/product-overview/limits */
const ANSWER_MAX_BYTES = 8 * 1024 * 1024;

async function attempt({ url, method }: Call, init: RequestInit, at: number): Promise<Reply | Unanswered> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // A redirect would carry the signature to whom it names.
    const { status, headers, body } = await fetch(url, { ...init, signal, redirect: "manual" });
    const text = await boundedText(body);
    if (text === undefined)
      return {
        why: `answers ${method} ${url.pathname} with more than Kiln does (${ANSWER_MAX_BYTES} bytes): compare KILN_API and KILN_WEBHOOK with what npm run deploy prints`,
        isFinal: true,
      };
    const date = Date.parse(headers.get("date") ?? "");
    return { asked: `${method} ${url.href}`, status, headers, text, at: Number.isFinite(date) ? date : at };
  } catch (error) {
    return unanswered(error, url);
  }
}

function unanswered(error: unknown, { hostname }: URL): Unanswered {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code }: { readonly code?: unknown } = Object(cause);
  if (code === "ECONNREFUSED" && LOOPBACK.test(hostname)) return { why: NO_CLOUD, isFinal: true };
  const said = messageOf(cause) || (typeof code === "string" ? code : "");
  // https://fetch.spec.whatwg.org/#http-network-or-cache-fetch: 407 is an error without an answer, and without words in Node.
  if (said === "") return { why: PROXY, isFinal: true };
  return { why: `does not answer: ${said}`, isFinal: code === "ENOTFOUND" };
}

/** The text of a body; undefined for one that is too long, which is not read to its end. */
async function boundedText(body: ReadableStream<Uint8Array> | null): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > ANSWER_MAX_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** The path as the function receives it, decoded. */
function seenPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

function notAuthenticated(caller: string, { origin }: URL, skewMs: number): CommandError {
  const apart =
    Math.abs(skewMs) > seconds(30) ? `; its clock and yours differ by ${Math.round(skewMs / 1000)} s` : "";
  return new CommandError(
    EXIT.authentication,
    `${origin} does not know caller ${caller} with this secret: compare KILN_CALLER and KILN_SECRET with KILN_CALLERS of the deployment${apart}`,
  );
}

/** CLIENT-3: the caller is known, so what was in the way comes first. */
function ranOut({ url, method, reads }: Call, trouble: string): CommandError {
  const next = reads
    ? "try again later"
    : "whether the request was carried out is open: see npm run kiln -- runs before you send it again";
  return new CommandError(
    EXIT.failed,
    `${url.origin} ${trouble}, for longer than the signature of ${method} ${url.pathname} holds (then 401); ${next}`,
  );
}

const notAllowed = (caller: string, route: string): CommandError =>
  new CommandError(
    EXIT.authentication,
    `caller ${caller} may not ${route}: add the route to it in KILN_CALLERS, and deploy`,
  );
