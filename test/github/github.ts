/**
 * GitHub as far as webhooks go: it posts events to their addresses, keeps its deliveries, lists them and sends them again.
 * It knows nothing of Kiln.
 *
 * HUB-1. A failed delivery is never repeated by itself, and deliveries are kept for three days.
 *     https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries,
 *     https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
 * HUB-2. An attempt ends after 10 seconds. https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
 * HUB-3. Lists begin with the newest attempt, hold 100 at most and link to the next page with an opaque cursor. All attempts to
 *     deliver one event have one `guid`. https://docs.github.com/en/rest/repos/webhooks
 * HUB-4. Another attempt is accepted with 202, and made and listed later. https://docs.github.com/en/rest/repos/webhooks
 * HUB-5. A renamed repository is found under its old name by a redirect, which keeps the method.
 *     https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 * HUB-6. Hooks of repositories and organizations are open to tokens of installations, that of an app to its JSON web token alone.
 *     https://docs.github.com/en/rest/repos/webhooks, https://docs.github.com/en/rest/apps/webhooks
 */
import { createHmac, randomUUID } from "node:crypto";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import * as z from "zod/mini";
import { days, minutes, seconds } from "../../shared/duration.ts";
import { refusalOf, tokenOf, type App, type Token } from "./credentials.ts";
import { Limits, type Rates } from "./limits.ts";

/** A webhook as its owner has configured it. */
export interface Hook {
  /** Where the API has it: `/repos/<owner>/<name>/hooks/<id>`, `/orgs/<name>/hooks/<id>` or `/app/hook`. */
  readonly path: string;
  readonly secret: string;
  /** Where events are posted to; it may change, and may lead nowhere. */
  url: string;
}

/** One attempt, as the API lists it. Ids are larger than a double holds. */
interface Attempt {
  readonly id: bigint;
  readonly guid: string;
  readonly delivered_at: string;
  readonly redelivery: boolean;
  readonly status: string;
  readonly status_code: number;
  readonly event: string;
  readonly action: string;
}

interface Stored extends Attempt {
  readonly hook: Hook;
  readonly at: number;
  readonly body: string;
}

interface Options {
  /** The time, epoch ms. */
  readonly now: () => number;
  /** Makes another attempt later; at once when left out. */
  readonly later?: (attempt: () => void) => void;
  /** Holds the time while an attempt is made. */
  readonly hold?: <T>(work: Promise<T>) => Promise<T>;
  readonly hooks: readonly Hook[];
  readonly tokens?: readonly Token[];
  readonly apps?: readonly App[];
  readonly rates?: Partial<Rates>;
}

const KEPT_MS = days(3);
/** By the clock of GitHub, which may stand still while an attempt is made. */
const TIMEOUT_MS = seconds(10);
const TIMED_OUT = { status: "timed out", status_code: 504 };
/** By the clock of this machine. */
const SILENT_MS = minutes(1);
const PER_PAGE = { usual: 30, most: 100 };

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

const NOT_FOUND = { status: 404, body: { message: "Not Found" } };

interface Event {
  readonly event: string;
  readonly payload: { readonly action: string };
}

/** What a token of an installation is asked to be good for. */
const Asked = z.object({
  permissions: z.optional(z.record(z.string(), z.enum(["read", "write"]))),
});

export class Github {
  readonly limits: Limits;
  /** Answers that GitHub gives for reasons of its own. */
  trouble: (method: string, path: string) => { readonly status: number; readonly body: unknown } | undefined =
    () => undefined;
  /** Where the API has what was renamed, from the old path to the new one. */
  renamed: readonly [from: string, to: string] | undefined;
  readonly #options: Options;
  readonly #stored: Stored[] = [];
  readonly #server: Server;
  /** Tokens of installations, the newest last. */
  readonly issued: Token[] = [];
  /** Above 2^53, as ids of GitHub may be. */
  #nextId = 9_007_199_254_740_993n;

  private constructor(options: Options) {
    this.#options = options;
    this.limits = new Limits(options.now, options.rates);
    this.#server = createServer((incoming, answer) => void this.#serve(incoming, answer));
  }

  static async start(options: Options): Promise<Github> {
    const github = new Github(options);
    await new Promise<void>((resolve) => github.#server.listen(0, "127.0.0.1", resolve));
    return github;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  /** The attempts to deliver to a hook, oldest first. */
  attempts(hook: Hook): readonly Attempt[] {
    return this.#stored.filter((one) => one.hook === hook);
  }

  /** Something happens: the hook is sent an event, once. */
  send(hook: Hook, { event, payload }: Event): Promise<Attempt> {
    const body = JSON.stringify(payload);
    const work = this.#attempt({ hook, event, action: payload.action, body, guid: randomUUID() }, false);
    return this.#options.hold?.(work) ?? work;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #attempt(
    given: Pick<Stored, "hook" | "event" | "action" | "body" | "guid">,
    redelivery: boolean,
  ): Promise<Attempt> {
    const at = this.#options.now();
    const posted = await post(given);
    const result = this.#options.now() - at > TIMEOUT_MS ? TIMED_OUT : posted;
    const delivered_at = `${new Date(at).toISOString().slice(0, 19)}Z`;
    const stored = { ...given, ...result, at, delivered_at, redelivery, id: this.#nextId++ };
    this.#stored.push(stored);
    return stored;
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
    const { status, body, headers } = this.#answerTo(incoming, Buffer.concat(chunks).toString());
    const text = JSON.stringify(body, (_key, value: unknown) =>
      typeof value === "bigint" ? `#${value}` : value,
    );
    answer.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
    answer.end(text.replaceAll(/"#(\d+)"/g, "$1"));
  }

  #answerTo(incoming: IncomingMessage, sent: string): Answer {
    const { pathname, search } = new URL(incoming.url ?? "/", this.url);
    const [from, to] = this.renamed ?? [];
    if (from === undefined || to === undefined) return this.#answerAt(pathname, incoming, sent);
    if (!pathname.startsWith(from)) return this.#answerAt(pathname.replace(to, from), incoming, sent);
    // HUB-5.
    const location = `${this.url}${pathname.replace(from, to)}${search}`;
    return { status: 301, body: { message: "Moved Permanently", url: location }, headers: { location } };
  }

  #answerAt(pathname: string, incoming: IncomingMessage, sent: string): Answer {
    const { url = "/", method = "GET" } = incoming;
    const { searchParams } = new URL(url, this.url);
    const { authorization = "" } = incoming.headers;
    const hook = this.#options.hooks.find(({ path }) => pathname.startsWith(`${path}/deliveries`));
    const bearer = authorization.replace("Bearer ", "");
    const { refusal: limited, headers } = this.limits.count(bearer, method);
    if (limited !== undefined) return { ...limited, headers };
    const refused = this.#refusal(bearer, { path: hook?.path, isApp: pathname.startsWith("/app/"), method });
    if (refused !== undefined) return { status: refused.status, body: { message: refused.message }, headers };
    const [, installation] = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(pathname) ?? [];
    if (installation !== undefined && method === "POST")
      return { ...this.#issue(bearer, Number(installation), sent), headers };
    if (hook === undefined) return { ...NOT_FOUND, headers };
    const trouble = this.trouble(method, pathname);
    if (trouble !== undefined) return { ...trouble, headers };
    return this.#deliveries(hook, method, { pathname, searchParams, headers });
  }

  #refusal(bearer: string, asked: Parameters<typeof refusalOf>[1]) {
    const tokens = [...(this.#options.tokens ?? []), ...this.issued];
    return refusalOf(bearer, asked, { ...this.#options, tokens });
  }

  #deliveries(
    hook: Hook,
    method: string,
    { pathname, searchParams, headers }: Pick<URL, "pathname" | "searchParams"> & Pick<Answer, "headers">,
  ): Answer {
    if (method === "POST") return { ...this.#again(hook, pathname.split("/").at(-2)), headers };
    const { page, link } = this.#page(hook, searchParams);
    return { status: 200, body: page, headers: { ...headers, ...(link !== undefined && { link }) } };
  }

  /** HUB-6. */
  #issue(jwt: string, id: number, sent: string): Pick<Answer, "status" | "body"> {
    const { permissions } = Asked.parse(JSON.parse(sent || "{}"));
    const made = tokenOf(jwt, { id, permissions }, this.#options);
    if ("status" in made) return { status: made.status, body: { message: made.message } };
    this.issued.push(made);
    const expires_at = `${new Date(made.expiresAt).toISOString().slice(0, 19)}Z`;
    return { status: 201, body: { token: made.token, expires_at, repository_selection: "selected" } };
  }

  /** HUB-3. */
  #page(hook: Hook, query: URLSearchParams) {
    const size = Math.min(Number(query.get("per_page") ?? PER_PAGE.usual), PER_PAGE.most);
    const from = BigInt(query.get("cursor")?.replace("v1_", "") ?? this.#nextId);
    const all = this.#kept(hook).filter(({ id }) => id <= from);
    const page = all.slice(0, size).map(({ hook: _hook, at: _at, body: _body, ...listed }) => listed);
    const after = all[size];
    const address = `${this.url}${hook.path}/deliveries?per_page=${size}&cursor=v1_${after?.id}`;
    return { page, link: after && `<${address}>; rel="next"` };
  }

  #kept = (hook: Hook): readonly Stored[] =>
    this.#stored
      .filter((one) => one.hook === hook && this.#options.now() - one.at < KEPT_MS)
      .toSorted((a, b) => Number(b.id - a.id));

  /** HUB-4. */
  #again(hook: Hook, id: string | undefined): Pick<Answer, "status" | "body"> {
    const found = this.#kept(hook).find((one) => String(one.id) === id);
    if (found === undefined) return NOT_FOUND;
    const { event, action, body, guid } = found;
    const attempt = (): void => {
      const work = this.#attempt({ hook, event, action, body, guid }, true);
      void (this.#options.hold?.(work) ?? work);
    };
    if (this.#options.later === undefined) attempt();
    else this.#options.later(attempt);
    return { status: 202, body: {} };
  }
}

/** Posts an event as https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers says. */
function post({ hook, event, body, guid }: Pick<Stored, "hook" | "event" | "body" | "guid">) {
  const headers = {
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/0000000",
    "x-github-event": event,
    "x-github-delivery": guid,
    "x-hub-signature-256": `sha256=${createHmac("sha256", hook.secret).update(body).digest("hex")}`,
  };
  return new Promise<Pick<Attempt, "status" | "status_code">>((resolve) => {
    const signal = AbortSignal.timeout(SILENT_MS);
    const outgoing = request(hook.url, { method: "POST", headers, signal }, (incoming) => {
      incoming.resume();
      const { statusCode = 0, statusMessage = "" } = incoming;
      const status = statusCode < 300 ? "OK" : `Invalid HTTP Response: ${statusCode} ${statusMessage}`;
      incoming.on("end", () => resolve({ status, status_code: statusCode }));
    });
    outgoing.on("error", () => {
      resolve(signal.aborted ? TIMED_OUT : { status: "failed to connect to host", status_code: 502 });
    });
    outgoing.end(body);
  });
}
