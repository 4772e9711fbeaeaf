/** Which program answers on a port of this machine. */
import type { GuestFiles } from "../files.ts";
import { apacheSites } from "./apache.ts";
import { nginxSites } from "./nginx.ts";
import { fileAnswer } from "./site.ts";
import type { Answer, Site } from "./site.ts";

/** Units of packages that speak no HTTP, and their ports. */
const OTHERS: Readonly<Record<string, readonly number[]>> = {
  sshd: [22],
  ssh: [22],
  chronyd: [],
  crond: [],
  cron: [],
  aliyun: [],
  "cloud-init": [],
  docker: [],
  containerd: [],
  supervisor: [],
  dnsmasq: [53],
  redis: [6379],
  "redis-server": [6379],
  mysqld: [3306],
  mariadb: [3306],
  postgresql: [5432],
  "systemd-journald": [],
  "systemd-timesyncd": [],
};

/** What a unit that is up does on the network; undefined when the machine does not know. */
function sitesOf(unit: string, files: GuestFiles): readonly Site[] | undefined {
  if (unit === "nginx") return nginxSites(files);
  if (unit === "httpd" || unit === "apache2") return apacheSites(unit, files);
  const own = ownUnit(unit, files);
  if (own !== undefined) return own;
  return OTHERS[unit]?.map((port): Site => ({ port, names: [], isDefault: true, answer: () => "unknown" }));
}

/** The text of a unit that the user wrote. */
const textOf = (unit: string, files: GuestFiles): string | undefined =>
  files.read(`/etc/systemd/system/${unit}.service`) ?? files.read(`/usr/lib/systemd/system/${unit}.service`);

/** Ports that a unit of the user names in its command or its environment; undefined when it names none. */
function ownUnit(unit: string, files: GuestFiles): readonly Site[] | undefined {
  const text = textOf(unit, files);
  if (text === undefined) return undefined;
  const [, start = ""] = /^ExecStart\s*=\s*(.*)$/m.exec(text) ?? [];
  if (/^[-@:+!]*(?:\/usr)?\/bin\/(?:true|false|sleep|echo)\b/.test(start)) return [];
  const files_ = fileServer(start, text);
  if (files_ !== undefined) return [files_];
  const named = [start, ...text.split("\n").filter((line) => /^Environment\s*=/.test(line))].join(" ");
  const ports = [
    ...named.matchAll(
      /(?:port[= ]|-p[= ]?|listen[= ]|addr\w*[= ]|bind[= ]|PORT=|:)"?(?:[\w.]*:)?(\d{2,5})\b/gi,
    ),
  ];
  if (ports.length === 0) return undefined;
  return ports.map(([, port]): Site => ({
    port: Number(port),
    names: [],
    isDefault: true,
    answer: () => "unknown",
  }));
}

/** `python3 -m http.server [port] [--directory folder]`: https://docs.python.org/3/library/http.server.html */
function fileServer(start: string, text: string): Site | undefined {
  const [, rest] = /python3?\S*\s+-m\s+http\.server\b(.*)$/.exec(start) ?? [];
  if (rest === undefined) return undefined;
  const [, port = "8000"] =
    /\s(\d+)(?:\s|$)/.exec(rest.replaceAll(/(?:-d|--directory|-b|--bind)[= ]\S+/g, "")) ?? [];
  const [, folder] = /(?:-d|--directory)[= ](\S+)/.exec(rest) ?? [];
  const [, working = "/"] = /^WorkingDirectory\s*=\s*(\S+)/m.exec(text) ?? [];
  const indexes = ["index.html", "index.htm"];
  return {
    port: Number(port),
    names: [],
    isDefault: true,
    answer: (path, files) =>
      fileAnswer({ root: folder ?? working, indexes, listing: "unknown" }, path, files),
  };
}

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** The answer of this machine; undefined when nothing listens. */
export function answerAt(
  { host, port, path }: Asked,
  units: Iterable<string>,
  files: GuestFiles,
): Answer | undefined {
  const all = [...units].map((unit) => sitesOf(unit, files));
  const here = all.flatMap((sites) => sites ?? []).filter((site) => site.port === port);
  const site =
    here.find(({ names }) => names.includes(host)) ?? here.find(({ isDefault }) => isDefault) ?? here[0];
  if (site !== undefined) return site.answer(path, files);
  return all.includes(undefined) ? "unknown" : undefined;
}
