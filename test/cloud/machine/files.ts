/** The file system of a guest: a map of paths, with directories where a path needs or names them. */
import type { GuestDisk } from "./disk.ts";
import { ShellFault } from "./shell/faults.ts";
import { toRegExp } from "./shell/pattern.ts";

/** Whether the kernel makes the files there. It has more of them than the machine knows. */
export const isOfKernel = (path: string): boolean => /^\/(?:proc|sys)\//.test(path);

/** Whether reading it never ends. */
export const isEndless = (path: string): boolean => /^\/dev\/(?:zero|full|u?random)$/.test(path);

/** Directories that are there without anything in them. */
const STANDING = new Set([
  "/",
  "/etc",
  "/root",
  "/tmp",
  "/var",
  "/var/log",
  "/usr",
  "/usr/bin",
  "/usr/sbin",
  "/usr/lib",
  "/usr/lib/systemd/system",
  "/usr/local/sbin",
  "/bin",
  "/sbin",
  "/lib",
  "/boot",
  "/dev",
  "/proc",
  "/sys",
  "/mnt",
  "/usr/share",
  "/usr/src",
  "/var/lib",
  "/var/cache",
  "/var/tmp",
  "/var/spool",
  "/etc/cloud",
  "/etc/cloud/cloud.cfg.d",
  "/etc/profile.d",
  "/etc/sysctl.d",
  "/etc/sudoers.d",
  "/etc/security",
  "/etc/cron.d",
  "/etc/default",
  "/etc/logrotate.d",
  "/etc/systemd",
  "/etc/apt",
  "/etc/apt/sources.list.d",
  "/etc/apt/apt.conf.d",
  "/etc/apt/keyrings",
  "/etc/yum.repos.d",
  "/etc/pam.d",
  "/etc/selinux",
  "/etc/sysconfig",
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

const DEVICES = new Set([
  "/dev/null",
  "/dev/zero",
  "/dev/full",
  "/dev/random",
  "/dev/urandom",
  "/dev/tty",
  "/dev/console",
  "/dev/stdin",
  "/dev/stdout",
  "/dev/stderr",
]);
/** Links may lead to links, but not for ever. */
const MAX_LINKS = 8;

export class GuestFiles {
  readonly #disk: GuestDisk;
  readonly #files: Map<string, string>;
  readonly #now: () => number;
  /** Files of `<( )` and `>( )`. */
  readonly #opened = new Map<string, string>();
  readonly #spend: (count: number) => void;
  /** The user who reads and writes. */
  user = "root";

  /** @param spend pays for characters, and for entries that are looked through */
  constructor(disk: GuestDisk, now: () => number, spend: (count: number) => void) {
    this.#spend = spend;
    this.#disk = disk;
    this.#files = disk.files;
    this.#now = now;
  }

  openRead(path: string, text: string): void {
    this.#opened.set(path, text);
  }

  openWrite(path: string): void {
    this.#opened.set(path, "");
  }

  /** Returns what was written. */
  close(path: string): string {
    const text = this.#opened.get(path) ?? "";
    this.#opened.delete(path);
    return text;
  }

  read(path: string): string | undefined {
    if (DEVICES.has(path)) return "";
    this.#mayRead(path);
    const text = this.#opened.get(path) ?? this.#files.get(this.#real(path));
    this.#spend(text?.length ?? 0);
    return text;
  }

  write(path: string, text: string, append = false): void {
    this.#spend(text.length);
    if (this.#opened.has(path)) this.#opened.set(path, (this.#opened.get(path) ?? "") + text);
    if (path.startsWith("/dev/")) return;
    const real = this.#real(path);
    this.#mayWrite(path, real);
    this.#files.set(real, append ? (this.#files.get(real) ?? "") + text : text);
    this.#disk.writtenAt.set(real, this.#now());
  }

  link(path: string, target: string): void {
    this.#mayWrite(path, path);
    this.remove(path);
    this.#disk.links.set(path, target);
  }

  isLink(path: string): boolean {
    return this.#disk.links.has(path);
  }

  target(path: string): string | undefined {
    return this.#disk.links.get(path);
  }

  makeExecutable(path: string, may: boolean): void {
    if (may) this.#disk.executable.add(this.#real(path));
    else this.#disk.executable.delete(this.#real(path));
  }

  isExecutable(path: string): boolean {
    return this.isFile(path) && this.#disk.executable.has(this.#real(path));
  }

  /** Disks only. */
  isDevice(path: string): boolean {
    return path === "/dev/vda" || path === "/dev/vda1";
  }

  /** The path that links lead to. */
  real(path: string): string {
    return this.#real(path);
  }

  #real(path: string): string {
    const { links } = this.#disk;
    if (links.size === 0) return path;
    let real = path;
    for (let steps = 0; steps < MAX_LINKS; steps++) {
      const link = prefixes(real).find((prefix) => links.has(prefix));
      if (link === undefined) return real;
      real = resolvePath(link.replace(/\/[^/]*$/, ""), links.get(link) ?? "") + real.slice(link.length);
    }
    return real;
  }

  /** When it was last written, epoch ms; 0 for what the base image brought. */
  writtenAt(path: string): number {
    return this.#disk.writtenAt.get(this.#real(path)) ?? 0;
  }

  isFile(path: string): boolean {
    return this.#files.has(this.#real(path));
  }

  isDirectory(given: string): boolean {
    const path = this.#real(given);
    const folder = path === "/" ? "/" : `${path}/`;
    if (STANDING.has(path) || this.#files.has(folder)) return true;
    this.#spend(this.#files.size);
    for (const name of this.#files.keys()) if (name.startsWith(folder)) return true;
    return false;
  }

  exists(path: string): boolean {
    return (
      DEVICES.has(path) ||
      this.isDevice(path) ||
      this.#opened.has(path) ||
      this.isFile(path) ||
      this.isDirectory(path)
    );
  }

  /** Whether a file can be made here. Packages bring folders that this machine does not know, below a few of them. */
  hasFolder(path: string): boolean {
    const folder = path.slice(0, path.lastIndexOf("/")) || "/";
    return this.isDirectory(folder) || /^\/(etc|usr|var|lib|boot|run|proc|sys|dev)\//.test(`${folder}/`);
  }

  makeDirectory(path: string): void {
    const real = this.#real(path);
    this.#mayWrite(path, real);
    this.#files.set(`${real}/`, "");
  }

  /** Gives a path to a user, `*` for all. */
  own(path: string, user: string): void {
    if (user === "root") this.#disk.owners.delete(this.#real(path));
    else this.#disk.owners.set(this.#real(path), user);
  }

  /** Gives a copy to the owner of the original, as only root can. */
  keepOwner(from: string, to: string): void {
    if (this.user === "root") this.own(to.replace(/\/$/, ""), this.owner(from.replace(/\/$/, "")));
  }

  /** Whose a path is. */
  owner(path: string): string {
    return this.#disk.owners.get(this.#real(path)) ?? "root";
  }

  /** Whether the user may look into a folder. */
  mayEnter(path: string): boolean {
    return this.user === "root" || !/^\/root(?:\/|$)/.test(path) || this.owner(path) === this.user;
  }

  #mayRead(path: string): void {
    if (!this.mayEnter(path) || (this.user !== "root" && path === "/etc/shadow")) throw denied(path);
  }

  /** Who makes a file owns it. */
  #mayWrite(path: string, real: string): void {
    if (this.user === "root") return;
    if (this.#files.has(real)) {
      if (!this.#isWritable(real)) throw denied(path);
      return;
    }
    let folder = folderOf(real);
    const made = [real];
    for (; !this.isDirectory(folder); folder = folderOf(folder)) made.push(folder);
    if (!this.#isWritable(folder)) throw denied(path);
    for (const each of made) this.#disk.owners.set(each, this.user);
  }

  #isWritable(real: string): boolean {
    const owner = this.#disk.owners.get(real) ?? (/^\/(?:var\/)?tmp$|^\/dev\//.test(real) ? "*" : "root");
    return owner === "*" || owner === this.user;
  }

  /** Removes a file, or a directory with all that is in it. */
  remove(path: string): void {
    const { links, executable, owners } = this.#disk;
    if (this.user !== "root" && this.exists(path) && !this.#isWritable(folderOf(this.#real(path))))
      throw denied(path);
    const folder = path.slice(0, path.lastIndexOf("/"));
    // A folder stays when its last entry goes.
    if (folder !== "" && !STANDING.has(folder) && this.exists(path)) this.#files.set(`${folder}/`, "");
    this.#spend(this.#files.size);
    links.delete(path);
    this.#files.delete(path);
    executable.delete(path);
    owners.delete(path);
    for (const known of [this.#files, links, executable, owners])
      for (const name of known.keys()) if (name.startsWith(`${path}/`)) known.delete(name);
  }

  /** Names directly in a directory, sorted. */
  list(given: string): string[] {
    const path = this.#real(given);
    const folder = path === "/" ? "/" : `${path}/`;
    const names = new Set<string>();
    this.#spend(this.#files.size);
    for (const name of [...this.#files.keys(), ...this.#disk.links.keys(), ...STANDING]) {
      if (!name.startsWith(folder) || name === folder) continue;
      names.add(name.slice(folder.length).split("/")[0] ?? "");
    }
    names.delete("");
    return [...names].toSorted();
  }

  /** Every file at or below a path. */
  below(path: string): string[] {
    return this.entries(path).filter((name) => !name.endsWith("/"));
  }

  /** Every file and every directory at or below a path; the latter end in a slash. */
  entries(given: string): string[] {
    const path = this.#real(given);
    const inside = path === "/" ? "/" : `${path}/`;
    this.#spend(this.#files.size);
    return [...this.#files.keys()].filter((name) => name === path || name.startsWith(inside));
  }

  /** Paths that match a pattern with stars, segment by segment; a slash at the end asks for directories. */
  glob(pattern: string, showsHidden = false): string[] {
    let found = [""];
    for (const segment of pattern.split("/").slice(1)) {
      found = found.flatMap((base) => {
        if (!/[*?[]|[@+!]\(/.test(segment.replaceAll(/\\./g, ""))) {
          const path = `${base}/${segment.replaceAll(/\\(.)/g, "$1")}`;
          const whole = resolvePath("/", path);
          return (segment === "" ? this.isDirectory(whole) : this.exists(whole)) ? [path] : [];
        }
        const matcher = toRegExp(segment);
        const names = this.list(resolvePath("/", base));
        return names
          .filter(
            (name) => matcher.test(name) && (showsHidden || segment.startsWith(".") || !name.startsWith(".")),
          )
          .map((name) => `${base}/${name}`);
      });
    }
    return found;
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

const denied = (path: string): ShellFault => new ShellFault(`${path}: Permission denied`, "plain");

export function resolvePath(cwd: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** A path and the directories above it, the longest last. */
const prefixes = (path: string): string[] =>
  path.split("/").flatMap((_, index, parts) => (index === 0 ? [] : [parts.slice(0, index + 1).join("/")]));
