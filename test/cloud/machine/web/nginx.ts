/**
 * The sites of nginx, as far as its configuration says files or fixed answers. What leads elsewhere is unknown.
 * https://nginx.org/en/docs/http/ngx_http_core_module.html
 */
import type { GuestFiles } from "../files.ts";
import { resolvePath } from "../files.ts";
import { fileAnswer, NOT_FOUND } from "./site.ts";
import type { Answer, Site } from "./site.ts";

interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly body?: readonly Directive[];
}

const CONFIGURATION = "/etc/nginx/nginx.conf";

/** @throws Error for a text that nginx cannot read */
function read(text: string): Directive[] {
  const tokens =
    text.match(/#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};"']+(?:\{\d[^}]*\})?/g) ?? [];
  const words = tokens.filter((token) => !token.startsWith("#"));
  const block = (isNested: boolean): Directive[] => {
    const found: Directive[] = [];
    let line: string[] = [];
    for (;;) {
      const word = words.shift();
      if (word === undefined || word === "}") {
        if ((word === "}") !== isNested || line.length > 0) throw new Error("unexpected end of a block");
        return found;
      }
      if (word !== ";" && word !== "{") {
        line.push(word.replace(/^(["'])([\s\S]*)\1$/, "$2"));
        continue;
      }
      const [name, ...args] = line;
      if (name === undefined) throw new Error(`unexpected "${word}"`);
      found.push(word === ";" ? { name, args } : { name, args, body: block(true) });
      line = [];
    }
  };
  return block(false);
}

/** Replaces each `include` by what the files say. */
function included(directives: readonly Directive[], files: GuestFiles): Directive[] {
  return directives.flatMap((each) => {
    if (each.name === "include" && each.args[0] !== undefined) {
      const pattern = resolvePath("/etc/nginx", each.args[0]);
      const paths = /[*?[]/.test(pattern) ? files.glob(pattern) : [pattern];
      return paths
        .filter((path) => !path.endsWith("mime.types"))
        .flatMap((path) => included(read(files.read(path) ?? ""), files));
    }
    return each.body === undefined ? [each] : [{ ...each, body: included(each.body, files) }];
  });
}

/** Whether nginx can read its configuration. */
export function isReadable(files: GuestFiles): boolean {
  try {
    const all = included(read(files.read(CONFIGURATION) ?? ""), files);
    return all.length > 0;
  } catch {
    return false;
  }
}

export function nginxSites(files: GuestFiles): Site[] {
  if (!isReadable(files)) return [];
  const http =
    included(read(files.read(CONFIGURATION) ?? ""), files).find(({ name }) => name === "http")?.body ?? [];
  return http.filter(({ name }) => name === "server").flatMap(({ body = [] }) => sitesOf(body, http));
}

const argsOf = (directives: readonly Directive[], name: string): readonly string[] =>
  directives.find((each) => each.name === name)?.args ?? [];

function sitesOf(server: readonly Directive[], http: readonly Directive[]): Site[] {
  const listens = server.filter(({ name }) => name === "listen");
  const ports = listens.length === 0 ? [["80"]] : listens.map(({ args }) => args);
  const found = ports.map((args): Site => {
    const [, port = "80"] = /(?:^|:)(\d+)$/.exec(args[0] ?? "") ?? [];
    const isPlain = !args.includes("ssl");
    return {
      port: Number(port),
      names: argsOf(server, "server_name"),
      isDefault: args.includes("default_server"),
      answer: (path, files) => (isPlain ? answerOf(path, [...server, ...settings(http)], files) : "unknown"),
    };
  });
  return found.filter((site, index) => found.findIndex(({ port }) => port === site.port) === index);
}

/** What a server takes from the level above. */
const settings = (http: readonly Directive[]): Directive[] =>
  http.filter(({ name }) => name === "root" || name === "index");

/** Directives that change no answer but its headers and its log. */
const HARMLESS =
  /^(?:listen|server_name|root|index|alias|location|return|try_files|access_log|error_log|error_page|charset|gzip\w*|add_header|expires|keepalive_\w+|client_\w+|sendfile|tcp_\w+|server_tokens|default_type|types\w*|log_not_found|etag|resolver\w*|proxy_(?!pass)\w+|limit_\w+|ssl_\w+)$/;

function answerOf(path: string, server: readonly Directive[], files: GuestFiles): Answer {
  const location = locationOf(path, server);
  const own = location?.body ?? [];
  const all = [...own, ...server.filter(({ name }) => name === "root" || name === "index")];
  if ([...own, ...server].some(({ name }) => !HARMLESS.test(name))) return "unknown";
  const fixed = [...server, ...own].find(({ name }) => name === "return");
  if (fixed !== undefined) return returned(fixed.args);
  const indexes = argsOf(all, "index");
  const folder = {
    root: rootOf(all),
    indexes: indexes.length === 0 ? ["index.html"] : indexes,
    listing: "forbidden",
  } as const;
  const alias = argsOf(own, "alias")[0];
  const [prefix = ""] = location?.args.slice(-1) ?? [];
  if (alias !== undefined)
    return fileAnswer({ ...folder, root: alias }, `/${path.slice(prefix.length).replace(/^\//, "")}`, files);
  const tried = argsOf(own, "try_files");
  return tried.length === 0 ? fileAnswer(folder, path, files) : triedAnswer(tried, path, folder, files);
}

const rootOf = (directives: readonly Directive[]): string =>
  argsOf(directives, "root")[0] ?? "/usr/share/nginx/html";

function returned([code = "", text = ""]: readonly string[]): Answer {
  if (!/^\d{3}$/.test(code)) return { status: 302, body: "", location: code };
  if (text.includes("$")) return "unknown";
  const status = Number(code);
  if (status >= 300 && status < 400) return { status, body: "", location: text };
  return { status, body: text.replaceAll(String.raw`\n`, "\n") };
}

type Folder = Parameters<typeof fileAnswer>[0];

/** Whether the next one is tried. */
const isMissing = (answer: Answer, tried: string): boolean =>
  answer !== "unknown" && answer.status >= 400 && !(answer.status === 403 && tried.endsWith("/"));

function triedAnswer(tried: readonly string[], path: string, folder: Folder, files: GuestFiles): Answer {
  for (const each of tried.slice(0, -1)) {
    if (/\$(?!uri)/.test(each)) return "unknown";
    const answer = fileAnswer(folder, each.replace("$uri", path.replace(/(.)\/$/, "$1")), files);
    if (!isMissing(answer, each)) return answer;
  }
  const [last = ""] = tried.slice(-1);
  const [, code] = /^=(\d+)$/.exec(last) ?? [];
  if (code !== undefined) return code === "404" ? NOT_FOUND : { status: Number(code), body: "" };
  return last.startsWith("/") && !last.includes("$") ? fileAnswer(folder, last, files) : "unknown";
}

/** The location that nginx chooses for a path: exact, then the longest prefix, unless an expression matches. */
function locationOf(path: string, server: readonly Directive[]): Directive | undefined {
  const all = server.filter(({ name }) => name === "location");
  const by = (kind: string): Directive[] =>
    all.filter(({ args }) => (args.length > 1 ? args[0] : "") === kind);
  const exact = by("=").find(({ args }) => args[1] === path);
  if (exact !== undefined) return exact;
  const prefixes = [...by(""), ...by("^~")].filter(({ args }) => path.startsWith(args.at(-1) ?? ""));
  const longest = prefixes.toSorted((a, b) => (b.args.at(-1) ?? "").length - (a.args.at(-1) ?? "").length)[0];
  if (longest?.args[0] === "^~") return longest;
  const matching = [...by("~"), ...by("~*")].find(({ args }) =>
    new RegExp(args[1] ?? "", args[0] === "~*" ? "i" : "").test(path),
  );
  return matching ?? longest;
}
