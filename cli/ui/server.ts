/**
 * The page of `kiln ui`: a server on this machine that turns answers of the API into HTML. The secret of the caller stays in
 * this process; a browser gets names, states and outputs.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { FAMILY, NAME, RUN } from "../../shared/names.ts";
import { messageOf } from "../../shared/errors.ts";
import { clientFor } from "../client.ts";
import { CommandError, type Io } from "../command.ts";
import { localSecond } from "../format.ts";
import {
  familyPage,
  fleetPage,
  readFamily,
  readFleet,
  readRun,
  readRuns,
  runPage,
  runsPage,
  type Reading,
} from "./details.ts";
import { actIn, change, changePage, readChange } from "./change.ts";
import { CLOSED, cookieOf, Door, isForeign, refusalOf, type Refusal } from "./door.ts";
import { html, type Html } from "./html.ts";
import { overviewPage, readOverview } from "./overview.ts";
import { section, type View } from "./parts.ts";
import { Source } from "./source.ts";
import { LANGUAGES, languageOf, type Language } from "./words.ts";

/** A server that runs. */
export interface Ui {
  /** Opens the page once. */
  readonly url: string;
  close(): Promise<void>;
}

/** Reads what a page needs, then shows it. */
type Page = (name: string, reading: Reading) => Promise<(view: View) => Html>;

const shown =
  <T>(read: (name: string, reading: Reading) => Promise<T>, show: (found: T, view: View) => Html): Page =>
  async (name, reading) => {
    const found = await read(name, reading);
    return (view) => show(found, view);
  };

const PAGES: readonly (readonly [path: RegExp, page: Page])[] = [
  [/^\/$/, shown((_, { source }) => readOverview(source), overviewPage)],
  [/^\/runs$/, shown((_, { source, query }) => readRuns(query, source), runsPage)],
  [new RegExp(`^/runs/(${RUN})$`), shown((name, { source }) => readRun(name, source), runPage)],
  [
    new RegExp(`^/families/(${FAMILY})$`, "u"),
    shown((name, { source }) => readFamily(name, source), familyPage),
  ],
  [new RegExp(`^/fleets/(${NAME})$`), shown(readFleet, fleetPage)],
];

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  // Under no-referrer browsers send the Origin of a form as null, and a change needs it.
  "referrer-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store",
} as const;

const HTML = { "content-type": "text/html; charset=utf-8" } as const;
const LANGUAGE_COOKIE = "kiln-language";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

/** The script and the style: the only files that are served, so no path leads to another one. */
function filesOf(root: string): ReadonlyMap<string, Answer> {
  const file = (name: string, type: string) =>
    [
      `/${name}`,
      {
        status: 200,
        headers: { "content-type": `${type}; charset=utf-8` },
        body: readFileSync(join(root, "cli", "ui", "static", name), "utf8"),
      },
    ] as const;
  return new Map([file("page.js", "text/javascript"), file("page.css", "text/css")]);
}

interface Options {
  readonly port?: number;
  /** Whether the page has buttons that change something. */
  readonly writes?: boolean;
}

/** Starts the server. @param port 0 for one that is free */
export async function serveUi(io: Io, { port = 0, writes = false }: Options = {}): Promise<Ui> {
  const door = new Door();
  const source = new Source(clientFor(io), io);
  const files = filesOf(io.root);
  let own = port;
  const server = createServer((request, response) => {
    void answered(request, { door, source, files, port: own, writes, now: io.now }).then((answer) =>
      write(request, response, answer),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  own = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${own}/open/${door.token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Serving {
  readonly door: Door;
  readonly source: Source;
  readonly files: ReadonlyMap<string, Answer>;
  readonly port: number;
  readonly writes: boolean;
  readonly now: () => number;
}

function write(
  { method }: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
): void {
  response.writeHead(status, { ...HEADERS, ...headers });
  response.end(method === "HEAD" ? undefined : body);
}

async function answered(request: IncomingMessage, serving: Serving): Promise<Answer> {
  try {
    return await answerTo(request, serving);
  } catch (error) {
    return text(500, `the page could not be made: ${messageOf(error)}`);
  }
}

/** The address of a request; undefined for one that names no path of this server. */
function urlOf({ url = "/" }: IncomingMessage, port: number): URL | undefined {
  // Not resolved against the address: // would begin another host.
  const whole = `http://127.0.0.1:${port}${url}`;
  return url.startsWith("/") && URL.canParse(whole) ? new URL(whole) : undefined;
}

const text = (status: number, why: string): Answer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: `${why}\n`,
});
const refused = ({ status, why }: Refusal): Answer => text(status, why);

async function answerTo(request: IncomingMessage, serving: Serving): Promise<Answer> {
  const { door, port, files, writes } = serving;
  const refusal = refusalOf(request, port, writes);
  if (refusal !== undefined) return refused(refusal);
  const url = urlOf(request, port);
  if (url === undefined) return text(400, "this is no path of this page");
  const [, token] = /^\/open\/([\w-]+)$/.exec(url.pathname) ?? [];
  if (token !== undefined) return opened(token, request, serving);
  const path = door.pathOf(request, url);
  if (path === undefined || isForeign(request)) return refused(CLOSED);
  const file = files.get(path);
  if (file !== undefined) return file;
  const shown = { path, query: url.searchParams, language: languageIn(url, request), base: door.base };
  try {
    return await (request.method === "POST" ? changed(request, serving, shown) : pageAt(shown, serving));
  } catch (error) {
    return failed(error, shown, serving);
  }
}

/** A page that says why there is no other, with the way on. A sentence of the deployment is as it is. */
function problemPage(status: number, why: string, shown: Shown, { source, now }: Serving): Answer {
  const view = { words: LANGUAGES[shown.language], now: source.serverNow(now()) };
  const content = section(
    "problem",
    view.words.notPossible,
    html`<p class="bad" role="alert">${why}</p>
      <p><a href="/">${view.words.back}</a></p>`,
  );
  return { ...framed(content, view, shown), status };
}

const failed = (error: unknown, shown: Shown, serving: Serving): Answer =>
  problemPage(
    error instanceof CommandError ? 502 : 500,
    LANGUAGES[shown.language].said(messageOf(error)),
    shown,
    serving,
  );

/** A link from elsewhere may open the page. The next request is then this site's own, so the strict cookie goes with it. */
function opened(token: string, { method }: IncomingMessage, { door, port }: Serving): Answer {
  const cookie = method === "GET" ? door.enter(token, port) : undefined;
  if (cookie === undefined) return refused(CLOSED);
  const page = `${door.base}/`;
  const body = html`<!doctype html><meta http-equiv="refresh" content="0;url=${page}" /><title>Kiln</title
    ><a href="${page}">Kiln</a>`;
  return { status: 200, headers: { ...HTML, "set-cookie": cookie }, body: body.text };
}

/** A token and its name. */
const FORM_MAX_BYTES = 200;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    parts.push(Buffer.from(part));
    bytes += parts.at(-1)?.length ?? 0;
    if (bytes > FORM_MAX_BYTES) return "";
  }
  return Buffer.concat(parts).toString();
}

/** Makes the change of a form. */
async function changed(request: IncomingMessage, serving: Serving, shown: Shown): Promise<Answer> {
  const { door, source } = serving;
  const token = new URLSearchParams(await bodyOf(request)).get("token") ?? "";
  const act = door.take(token);
  if (act === undefined) return problemPage(403, LANGUAGES[shown.language].madeAlready, shown, serving);
  const location = `${shown.base}${await change(act, source)}`;
  return { status: 303, headers: { location }, body: "" };
}

async function pageAt(shown: Shown, serving: Serving): Promise<Answer> {
  const { source, now } = serving;
  const path = decoded(shown.path);
  if (path === "/change") return changeAt(shown, serving);
  for (const [pattern, page] of PAGES) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const show = await page(match[1] ?? "", { source, query: shown.query });
    const view = { words: LANGUAGES[shown.language], now: source.serverNow(now()) };
    return framed(show(view), view, shown);
  }
  return problemPage(404, LANGUAGES[shown.language].noPage, shown, serving);
}

async function changeAt(shown: Shown, serving: Serving): Promise<Answer> {
  const { source, now, door, writes } = serving;
  const act = actIn(shown.query);
  const words = LANGUAGES[shown.language];
  if (act === undefined) return problemPage(404, words.noChange, shown, serving);
  const planned = await readChange(act, source, words);
  const view = { words, now: source.serverNow(now()) };
  return framed(changePage(planned, view, writes ? door : undefined), view, shown);
}

/** The page that is asked for. */
interface Shown {
  /** Below the secret one. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly language: Language;
  /** The secret path (DOOR-5). */
  readonly base: string;
}

const framed = (content: Html, view: View, { query, language, base }: Shown): Answer => ({
  status: 200,
  headers: {
    ...HTML,
    "set-cookie": `${LANGUAGE_COOKIE}=${language}; Path=${base}; HttpOnly; SameSite=Strict`,
  },
  body: below(base, frame(content, view, query)),
});

/** Links of templates begin with a slash. No text of a deployment looks like one: its quotes are escaped (html.ts). */
const below = (base: string, { text: page }: Html): string =>
  page.replaceAll(/\b(href|src|action)="\//g, `$1="${base}/`);

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const languageIn = (url: URL, { headers }: IncomingMessage): Language =>
  languageOf(
    url.searchParams.get("lang") ?? cookieOf(headers.cookie, LANGUAGE_COOKIE),
    headers["accept-language"],
  );

/** The page around its content. */
function frame(content: Html, { words, now }: View, query: URLSearchParams): Html {
  const other = new URLSearchParams(query);
  other.set("lang", words.lang === "en" ? "zh" : "en");
  return html`<!doctype html>
    <html lang="${words.lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Kiln</title>
        <link rel="stylesheet" href="/page.css" />
        <link rel="icon" href="data:," />
        <script src="/page.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">${words.skip}</a>
        <header>
          <h1><a href="/">Kiln</a></h1>
          <nav>
            <a href="/">${words.overview}</a> <a href="/runs">${words.runs}</a>
            <a href="?${other.toString()}" hreflang="${words.lang === "en" ? "zh-CN" : "en"}"
              >${words.other}</a
            >
          </nav>
          <p id="updated" role="status" data-stale="${words.stale}">
            ${words.updated}
            <time datetime="${new Date(now).toISOString()}">${localSecond(now)}</time>
          </p>
        </header>
        <main id="main" tabindex="-1">${content}</main>
      </body>
    </html>`;
}
