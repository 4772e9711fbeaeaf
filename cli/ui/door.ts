/**
 * Who may see the page.
 *
 * DOOR-1. Only this machine: the server listens on 127.0.0.1. A web page elsewhere that lets its own name point there
 *     (DNS rebinding) still sends its own name as Host, so other names are refused.
 * DOOR-2. The token in the URL opens the page once and becomes a cookie, so that it is worth nothing in the history of the
 *     browser and the list of processes.
 * DOOR-5. Cookies do not know ports (https://www.rfc-editor.org/rfc/rfc6265#section-8.5): a browser sends those of 127.0.0.1 to
 *     whoever listens on any other port of it, such as another user of this machine. So the page lies below a path that is
 *     secret as well, and the cookie is for that path (section 5.1.4): a server that does not know the path gets no cookie.
 *     Only the answer to the token names the path; a browser tells it to no other site, because of the referrer policy.
 *     Neither of the two alone opens the page.
 * DOOR-3. A request that another site causes is refused: by Origin, and by Sec-Fetch-Site where the browser sends it. The
 *     cookie is SameSite=Strict as well.
 * DOOR-4. A page that only reads answers GET and HEAD alone. One that writes takes a POST with this site's Origin, the cookie and
 *     the token of a change that it has shown; the token is good for that change, once.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isSame } from "../../shared/hmac.ts";
import type { Act } from "./change.ts";

/** A refusal: its status and a sentence on what to do. */
export interface Refusal {
  readonly status: 403 | 405;
  readonly why: string;
}

const again = "start npm run kiln -- ui again, and open the URL that it prints";

/** Changes that were shown and not made yet; the oldest are forgotten. */
const SHOWN_MAX = 100;

const HTTP_PORT = 80;

type Asked = Pick<IncomingMessage, "method" | "headers">;

/** Refuses what another site or another name sends, before anything is read (DOOR-1, DOOR-3, DOOR-4). */
export function refusalOf(
  { method = "", headers }: Asked,
  port: number,
  writes = false,
): Refusal | undefined {
  // Clients leave out the port that http has by default.
  const ports = port === HTTP_PORT ? [`:${port}`, ""] : [`:${port}`];
  const hosts = ports.flatMap((end) => [`127.0.0.1${end}`, `localhost${end}`]);
  const { host = "", origin } = headers;
  if (!hosts.includes(host)) return { status: 403, why: `this server is not ${host}; ${again}` };
  if (origin !== undefined && origin !== `http://${host}`)
    return { status: 403, why: "another site may not use this server" };
  if (["GET", "HEAD"].includes(method)) return undefined;
  if (!writes || method !== "POST")
    return {
      status: 405,
      why: "this page only reads; start it with --write, or use the commands of npm run kiln",
    };
  return origin === undefined ? { status: 403, why: "a change needs the Origin of this page" } : undefined;
}

/** Whether the browser says that another site caused a request (DOOR-3). */
export const isForeign = ({ headers }: Asked): boolean =>
  !["none", "same-origin", undefined].includes(headers["sec-fetch-site"]?.toString());

const secret = (): string => randomBytes(32).toString("base64url");

/** The token, the path and the session of one server. */
export class Door {
  readonly token = secret();
  /** The path that all pages lie below (DOOR-5). */
  readonly base = `/${secret()}`;
  readonly #session = secret();
  #isUsed = false;

  /** The cookie for the first one who brings the token; undefined for all others (DOOR-2, DOOR-5). */
  enter(given: string, port: number): string | undefined {
    if (this.#isUsed || !isSame(given, this.token)) return undefined;
    this.#isUsed = true;
    return `${cookieName(port)}=${this.#session}; Path=${this.base}; HttpOnly; SameSite=Strict`;
  }

  readonly #shown = new Map<string, Act>();

  /** A token for a change that is shown (DOOR-4). */
  grant(act: Act): string {
    const token = secret();
    this.#shown.set(token, act);
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > SHOWN_MAX && oldest !== undefined) this.#shown.delete(oldest);
    return token;
  }

  /** The change of a token, for the first one who brings it. */
  take(token: string): Act | undefined {
    const act = this.#shown.get(token);
    this.#shown.delete(token);
    return act;
  }

  /** The path of a request below that of this server; undefined without that path or the cookie (DOOR-5). */
  pathOf({ headers }: Asked, { pathname, port }: URL): string | undefined {
    const [, base = "", path = "/"] = /^(\/[^/]*)(\/.*)?$/.exec(pathname) ?? [];
    const isKnown = isSame(cookieOf(headers.cookie, cookieName(port)), this.#session);
    return isSame(base, this.base) && isKnown ? path : undefined;
  }
}

const cookieName = (port: number | string): string => `kiln-${port}`;

/** The value of a cookie; empty without it. */
export function cookieOf(header: string | undefined, name: string): string {
  const found = (header ?? "").split(/;\s*/).find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1) ?? "";
}

export const CLOSED: Refusal = {
  status: 403,
  why: `the URL of this page opens once, in one browser; ${again}`,
};
