/**
 * Who may see the page.
 *
 * DOOR-1. Only this machine: the server listens on 127.0.0.1. A web page elsewhere that lets its own name point there
 *     (DNS rebinding) still sends its own name as Host, so other names are refused.
 * DOOR-2. The token in the URL opens the page once and becomes a cookie, so that it is worth nothing in the history of the
 *     browser and the list of processes. Cookies do not know ports: the name holds the port, and the value is this server's.
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

type Asked = Pick<IncomingMessage, "method" | "headers">;

/** Refuses what another site or another name sends, before anything is read (DOOR-1, DOOR-3, DOOR-4). */
export function refusalOf(
  { method = "", headers }: Asked,
  port: number,
  writes = false,
): Refusal | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
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

/** The token and the session of one server. */
export class Door {
  readonly token = secret();
  readonly #session = secret();
  #isUsed = false;

  /** The cookie for the first one who brings the token; undefined for all others (DOOR-2). */
  enter(given: string, port: number): string | undefined {
    if (this.#isUsed || !isSame(given, this.token)) return undefined;
    this.#isUsed = true;
    return `${cookieName(port)}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
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

  /** Whether a request carries the cookie of this server. */
  knows({ headers }: Asked, port: number): boolean {
    return isSame(cookieOf(headers.cookie, cookieName(port)), this.#session);
  }
}

const cookieName = (port: number): string => `kiln-${port}`;

/** The value of a cookie; empty without it. */
export function cookieOf(header: string | undefined, name: string): string {
  const found = (header ?? "").split(/;\s*/).find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1) ?? "";
}

export const CLOSED: Refusal = {
  status: 403,
  why: `the URL of this page opens once, in one browser; ${again}`,
};
