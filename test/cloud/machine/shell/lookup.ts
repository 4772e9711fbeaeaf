/** Which program a name stands for. */
import type { Program } from "../machine.ts";
import { BUILTINS } from "./builtins.ts";
import { programOf } from "../programs.ts";
import { BASH_ONLY } from "./dash.ts";
import type { Shell } from "./shell.ts";

type Found =
  | { readonly kind: "program"; readonly program: Program }
  | { readonly kind: "file"; readonly text: string }
  /** No program of this name can exist. */
  | { readonly kind: "missing"; readonly reason: string; readonly code: number }
  /** The machine does not know whether it exists. */
  | { readonly kind: "unknown" };

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Folders of the programs that the machine simulates; it does not know which of them is in which. */
const SYSTEM: ReadonlySet<string> = new Set(["/usr/sbin", "/usr/bin", "/sbin", "/bin"]);

/** The folders of PATH in their order; an empty one is the current folder. */
const foldersOf = (shell: Shell): string[] =>
  (shell.value("PATH") ?? DEFAULT_PATH).split(":").map((folder) => shell.path(folder === "" ? "." : folder));

/** The first file of this name on PATH for which a condition holds. */
export function onPath(shell: Shell, name: string, isMeant: (path: string) => boolean): string | undefined {
  if (name.includes("/")) return undefined;
  return foldersOf(shell)
    .map((folder) => `${folder}/${name}`)
    .find(isMeant);
}

/** A script of one's own, unless a program of the system comes first on PATH. */
function ownFile(shell: Shell, name: string): string | undefined {
  const own = onPath(shell, name, (path) => shell.files.isExecutable(path));
  const folders = foldersOf(shell);
  const at = own === undefined ? -1 : folders.indexOf(own.slice(0, own.lastIndexOf("/")));
  const isHidden = programOf(name) !== undefined && !SYSTEM.has(folders[at] ?? "");
  return isHidden && folders.slice(0, at).some((folder) => SYSTEM.has(folder)) ? undefined : own;
}

/** Characters that no program has in its name, as in `x+=1` or `i++`. */
const isImpossible = (name: string): boolean =>
  name === "" || /[=<>*?[\]{}()$"'\s]/.test(name) || (/(\+\+|--)$/.test(name) && !/^[gc]\+\+$/.test(name));

export function findProgram(shell: Shell, name: string): Found {
  if (shell.dialect === "dash" && BASH_ONLY.has(name)) return missing(`${name}: not found`, 127);
  const builtin = BUILTINS.get(name);
  if (builtin !== undefined) return { kind: "program", program: builtin };
  return name.includes("/") ? byPath(shell, name) : byName(shell, name);
}

function byName(shell: Shell, name: string): Found {
  const own = ownFile(shell, name);
  if (own !== undefined) return { kind: "file", text: shell.files.read(own) ?? "" };
  const program = programOf(name);
  const hasSystem = foldersOf(shell).some((folder) => SYSTEM.has(folder));
  if (program !== undefined && hasSystem) return { kind: "program", program };
  if (!isImpossible(name) && hasSystem && !isElsewhere(shell, name)) return { kind: "unknown" };
  return missing(shell.dialect === "dash" ? `${name}: not found` : `${name}: command not found`, 127);
}

/** Whether a script of one's own has this name, in a folder that is not on PATH. */
const isElsewhere = (shell: Shell, name: string): boolean =>
  ["/usr/local/bin", "/usr/local/sbin"].some((folder) => shell.files.isExecutable(`${folder}/${name}`));

function byPath(shell: Shell, name: string): Found {
  const path = shell.path(name);
  const text = shell.files.read(path);
  if (text !== undefined && shell.files.isFile(path))
    return shell.files.isExecutable(path)
      ? { kind: "file", text }
      : missing(`${name}: Permission denied`, 126);
  if (shell.files.isDirectory(path)) return missing(`${name}: Is a directory`, 126);
  const [, base] = /^\/(?:usr\/)?(?:local\/)?s?bin\/([^/]+)$/.exec(path) ?? [];
  const program = base === undefined ? undefined : (programOf(base) ?? BUILTINS.get(base));
  if (program !== undefined) return { kind: "program", program };
  // A file of the script's own is there or not; of what packages bring, the machine knows too little.
  const isOwn = !name.startsWith("/") || /^\/(tmp|root|home|var\/tmp|usr\/local)\//.test(path);
  return isOwn
    ? missing(`${name}: ${shell.dialect === "dash" ? "not found" : "No such file or directory"}`, 127)
    : { kind: "unknown" };
}

const missing = (reason: string, code: number): Found => ({ kind: "missing", reason, code });

/** Builtins that the rpm family also has as files, as POSIX asks; they change nothing but their own process. */
const OF_POSIX: ReadonlySet<string> = new Set(
  "alias bg cd command fc fg getopts hash jobs read type ulimit umask unalias wait".split(" "),
);

/** Why a program cannot run another one; undefined when it can, or when the machine does not know. */
export function absence(shell: Shell, name: string): Extract<Found, { kind: "missing" }> | undefined {
  const isRpm = shell.machine.disk.os?.packager === "rpm";
  if (BUILTINS.has(name) && !FILES_TOO.has(name) && !(isRpm && OF_POSIX.has(name)))
    return { kind: "missing", reason: `${name}: command not found`, code: 127 };
  const found = findProgram(shell, name);
  return found.kind === "missing" ? found : undefined;
}

export function locate(shell: Shell, name: string): string | undefined {
  if (shell.functions.has(name)) return name;
  const found = findProgram(shell, name);
  if (found.kind === "missing") return undefined;
  if (found.kind === "file") return name.includes("/") ? name : ownFile(shell, name);
  if (found.kind === "program" && BUILTINS.has(name)) return name;
  if (found.kind === "program" && shell.machine.disk.os?.packager === foreign(name)) return undefined;
  return found.kind === "program" || shell.isInstalled(name)
    ? `/usr/bin/${name.split("/").at(-1)}`
    : undefined;
}

/** Builtins that are files, too. */
const FILES_TOO: ReadonlySet<string> = new Set("true false echo printf test [ pwd kill which".split(" "));

/** Whether a path is that of a program which the system or a package brings. */
export function isProgram(shell: Shell, path: string): boolean {
  const [, name = ""] = /^\/(?:usr\/)?s?bin\/([^/]+)$/.exec(path) ?? [];
  if (name === "") return false;
  if (programOf(name) === undefined) return FILES_TOO.has(name) || shell.isInstalled(name);
  return shell.machine.disk.os?.packager !== foreign(name);
}

/** The package manager of the other distributions is not there. */
const foreign = (name: string): "rpm" | "deb" | undefined =>
  /^(apt|apt-get|dpkg|dpkg-query|adduser)$/.test(name)
    ? "rpm"
    : /^(yum|dnf|rpm)$/.test(name)
      ? "deb"
      : undefined;
