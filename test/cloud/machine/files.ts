/** The file system of a guest: a map of paths, with directories where a path needs or names them. */
import type { GuestDisk } from "./disk.ts";

/** Directories that are there without anything in them. */
const STANDING = new Set([
  "/",
  "/etc",
  "/root",
  "/tmp",
  "/var",
  "/var/log",
  "/usr",
  "/usr/local",
  "/usr/local/bin",
  "/opt",
  "/home",
  "/srv",
  "/run",
  "/etc/systemd/system",
  "/etc/ssh",
  "/root/.ssh",
]);

export class GuestFiles {
  readonly #files: Map<string, string>;
  readonly #writtenAt: Map<string, number>;
  readonly #now: () => number;

  constructor(disk: GuestDisk, now: () => number) {
    this.#files = disk.files;
    this.#writtenAt = disk.writtenAt;
    this.#now = now;
  }

  read(path: string): string | undefined {
    return path === "/dev/null" ? "" : this.#files.get(path);
  }

  write(path: string, text: string, append = false): void {
    if (path.startsWith("/dev/")) return;
    this.#files.set(path, append ? (this.#files.get(path) ?? "") + text : text);
    this.#writtenAt.set(path, this.#now());
  }

  /** When it was last written, epoch ms; 0 for what the base image brought. */
  writtenAt(path: string): number {
    return this.#writtenAt.get(path) ?? 0;
  }

  isFile(path: string): boolean {
    return this.#files.has(path);
  }

  isDirectory(path: string): boolean {
    const folder = path === "/" ? "/" : `${path}/`;
    if (STANDING.has(path) || this.#files.has(folder)) return true;
    for (const name of this.#files.keys()) if (name.startsWith(folder)) return true;
    return false;
  }

  exists(path: string): boolean {
    return path === "/dev/null" || this.isFile(path) || this.isDirectory(path);
  }

  makeDirectory(path: string): void {
    this.#files.set(`${path}/`, "");
  }

  /** Removes a file, or a directory with all that is in it. */
  remove(path: string): void {
    this.#files.delete(path);
    for (const name of this.#files.keys()) if (name.startsWith(`${path}/`)) this.#files.delete(name);
  }

  /** Names directly in a directory, sorted. */
  list(path: string): string[] {
    const folder = path === "/" ? "/" : `${path}/`;
    const names = new Set<string>();
    for (const name of [...this.#files.keys(), ...STANDING]) {
      if (!name.startsWith(folder) || name === folder) continue;
      names.add(name.slice(folder.length).split("/")[0] ?? "");
    }
    names.delete("");
    return [...names].toSorted();
  }

  /** Every file at or below a path. */
  below(path: string): string[] {
    return [...this.#files.keys()].filter(
      (name) => !name.endsWith("/") && (name === path || name.startsWith(`${path}/`)),
    );
  }

  /** Paths that match a pattern with stars, segment by segment. */
  glob(pattern: string): string[] {
    let found = [""];
    for (const segment of pattern.split("/").slice(1)) {
      found = found.flatMap((base) => {
        if (!/[*?[]/.test(segment))
          return this.exists(`${base}/${segment}`) || segment === "" ? [`${base}/${segment}`] : [];
        const matcher = toRegExp(segment);
        const names = this.list(base === "" ? "/" : base);
        return names
          .filter((name) => matcher.test(name) && (segment.startsWith(".") || !name.startsWith(".")))
          .map((name) => `${base}/${name}`);
      });
    }
    return found;
  }
}

export function resolvePath(cwd: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** A shell pattern as an expression over the whole text. */
export function toRegExp(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s");
}
