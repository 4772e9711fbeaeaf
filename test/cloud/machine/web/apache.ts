/**
 * The sites of Apache, as far as its configuration says files. What leads elsewhere is unknown.
 * https://httpd.apache.org/docs/2.4/mod/core.html
 */
import type { GuestFiles } from "../files.ts";
import { resolvePath } from "../files.ts";
import { fileAnswer } from "./site.ts";
import type { Answer, Site } from "./site.ts";

interface Layout {
  readonly folder: string;
  readonly main: string;
}

const LAYOUTS: Readonly<Record<"httpd" | "apache2", Layout>> = {
  httpd: { folder: "/etc/httpd", main: "conf/httpd.conf" },
  apache2: { folder: "/etc/apache2", main: "apache2.conf" },
};

/** All lines, with those of included files in their place. */
function linesOf({ folder, main }: Layout, files: GuestFiles): string[] {
  const read = (name: string): string[] => {
    const pattern = resolvePath(folder, name);
    const paths = /[*?[]/.test(pattern) ? files.glob(pattern) : [pattern];
    return paths.flatMap((path) =>
      (files.read(path) ?? "").split("\n").flatMap((line) => {
        const [, other] = /^\s*Include(?:Optional)?\s+"?([^"\s]+)/i.exec(line) ?? [];
        return other === undefined ? [line.trim()] : read(other);
      }),
    );
  };
  return read(main);
}

/** Directives after which an answer may come from elsewhere. */
const ELSEWHERE =
  /^(?:Proxy\w*|Rewrite\w*|Redirect\w*|Alias\w*|ScriptAlias\w*|ErrorDocument|SetHandler|AddHandler|Auth\w*|SSLEngine|WSGI\w*)\b/i;

export function apacheSites(program: "httpd" | "apache2", files: GuestFiles): Site[] {
  const lines = linesOf(LAYOUTS[program], files);
  const ports = lines.flatMap((line) => /^Listen\s+(?:\S*:)?(\d+)/i.exec(line)?.[1] ?? []);
  const hosts = blocksOf(lines);
  const hasWelcome = program === "httpd" && files.isFile("/etc/httpd/conf.d/welcome.conf");
  return [...new Set(ports)].flatMap((port) => {
    const own = hosts.filter((host) => host.address.endsWith(`:${port}`) || host.address === "*");
    const all = own.length > 0 ? own : [{ address: "", lines }];
    return all.map((host, index): Site => ({
      port: Number(port),
      names: host.lines.flatMap(
        (line) => /^Server(?:Name|Alias)\s+(.*)$/i.exec(line)?.[1]?.split(/\s+/) ?? [],
      ),
      isDefault: index === 0,
      answer: (path, given) => answerOf(path, [...host.lines, ...lines], { files: given, hasWelcome }),
    }));
  });
}

interface Host {
  readonly address: string;
  readonly lines: string[];
}

function blocksOf(lines: readonly string[]): Host[] {
  const found: Host[] = [];
  let open: Host | undefined;
  for (const line of lines) {
    const [, address] = /^<VirtualHost\s+([^>]+)>/i.exec(line) ?? [];
    if (address !== undefined) found.push((open = { address: address.trim(), lines: [] }));
    else if (/^<\/VirtualHost>/i.test(line)) open = undefined;
    else open?.lines.push(line);
  }
  return found;
}

function answerOf(
  path: string,
  lines: readonly string[],
  { files, hasWelcome }: { readonly files: GuestFiles; readonly hasWelcome: boolean },
): Answer {
  if (lines.some((line) => ELSEWHERE.test(line))) return "unknown";
  const value = (name: string): string | undefined =>
    lines.map((line) => new RegExp(String.raw`^${name}\s+"?([^"]+)"?$`, "i").exec(line)?.[1]).find(Boolean);
  const indexes = value("DirectoryIndex")?.split(/\s+/) ?? ["index.html"];
  // The list of a folder is a page that the machine does not make, and the root of the rpm family has none.
  const listing = hasWelcome && path === "/" ? "forbidden" : "unknown";
  return fileAnswer({ root: value("DocumentRoot") ?? "/var/www/html", indexes, listing }, path, files);
}
