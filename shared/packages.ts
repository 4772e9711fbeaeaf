/**
 * The packages of an image: the command that lists them on a test instance, the list in its output, and how two lists
 * differ. Pure.
 *
 * PACKAGES-1. A list says when it is complete. An output that was cut, or is no list, is no list of fewer packages.
 */
import { gunzipSync } from "node:zlib";
import type { Step } from "./documents/recipe-steps.ts";
import type { PackageChanges } from "./package-changes.ts";

const END = "kiln end";

/** Cloud Assistant keeps 24 KB of an output: a third of that is a list of a thousand packages, compressed. */
const COMMAND = `list() {
  if command -v rpm >/dev/null 2>&1; then echo "kiln rpm"; rpm -qa; fi
  if command -v dpkg-query >/dev/null 2>&1; then
    echo "kiln deb"
    dpkg-query -W -f='\${db:Status-Abbrev}\${Package} \${Version}\\n'
  fi
  pip=$(command -v pip3 || command -v pip)
  if [ -n "$pip" ]; then echo "kiln pip"; "$pip" list --format=freeze 2>/dev/null; fi
  if command -v npm >/dev/null 2>&1; then echo "kiln npm"; npm ls -g --depth=0 --parseable --long 2>/dev/null; fi
  echo "${END}"
}
if command -v gzip >/dev/null 2>&1; then list | gzip -9 | base64; else list; fi
exit 0`;

/** Lists packages and fails no test. */
export const packagesStep = (timeoutMs: number): Step => ({
  kind: "run",
  name: "packages",
  command: COMMAND,
  timeoutMs,
  environment: {},
});

/** A line of each program, as name and version; undefined for lines that are no package. */
const LINES: Readonly<Record<string, RegExp>> = {
  rpm: /^(?<name>\S+)-(?<version>[^-\s]+-[^-\s]+)$/,
  deb: /^ii\s+(?<name>\S+) (?<version>\S+)$/,
  pip: /^(?<name>[\w.-]+)==(?<version>\S+)$/,
  npm: /:(?<name>@?[^@:]+)@(?<version>[^:\s]+)(?::|$)/,
};

/** Packages by kind and name, such as `pip requests`; a package may be there in several versions. */
export type Packages = ReadonlyMap<string, string>;

/** The packages in the output of `packagesStep`; undefined when it is no whole list (PACKAGES-1). */
export function packagesIn(output: string): Packages | undefined {
  const lines = unpacked(output).trimEnd().split("\n");
  if (lines.pop() !== END) return undefined;
  const versions = new Map<string, string[]>();
  let kind = "";
  for (const line of lines) {
    if (line.startsWith("kiln ")) kind = line.slice("kiln ".length);
    const { name, version } = LINES[kind]?.exec(line.trimEnd())?.groups ?? {};
    if (name === undefined || version === undefined) continue;
    const key = `${kind} ${name}`;
    versions.set(key, [...(versions.get(key) ?? []), version]);
  }
  const sorted = [...versions].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([key, all]) => [key, all.toSorted().join(",")]));
}

function unpacked(output: string): string {
  if (output.includes(END)) return output;
  try {
    return gunzipSync(Buffer.from(output, "base64")).toString("utf8");
  } catch {
    return "";
  }
}

/** A list as a text of one line a package, which `packagesOf` reads. */
export const packagesText = (packages: Packages): string =>
  [...packages].map(([key, version]) => `${key} ${version}\n`).join("");

export const packagesOf = (text: string): Packages =>
  new Map(
    text.split("\n").flatMap((line) => {
      const at = line.lastIndexOf(" ");
      return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );

const NAMES_MAX = 10;
const NAME_MAX = 80;

/** The difference of two lists. Changed packages are named first: most reviewers look for updates. */
export function packageChanges(before: Packages, after: Packages, since: string): PackageChanges {
  const changed = [...after].flatMap(([key, version]) => {
    const old = before.get(key);
    return old === undefined || old === version ? [] : [`${key} ${old} → ${version}`];
  });
  const added = [...after].flatMap(([key, version]) => (before.has(key) ? [] : [`+ ${key} ${version}`]));
  const removed = [...before].flatMap(([key, version]) => (after.has(key) ? [] : [`- ${key} ${version}`]));
  return {
    since,
    added: added.length,
    removed: removed.length,
    changed: changed.length,
    names: [...changed, ...added, ...removed].slice(0, NAMES_MAX).map((name) => name.slice(0, NAME_MAX)),
  };
}
