/**
 * Ends this process with the one that started it, however that one ends.
 *
 * `npm run cloud` is a chain: the program that starts it, npm, a shell, tsx, this process. A signal that kills one of them
 * reaches none of the others, so each link is watched: when a process of the chain has another parent than before, the
 * one above it is gone.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const LOOK_MS = 250;

interface Found {
  readonly parent: number;
  /** Its command line; empty when it cannot be read. */
  readonly command: readonly string[];
}

/** The parent and the command of a process; undefined when it is gone. */
function look(pid: number): Found | undefined {
  try {
    if (process.platform !== "linux") return lookWithPs(pid);
    // The second field, a name in brackets, may hold anything.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split(/[\0 ]/);
    return { parent: Number(parent), command };
  } catch {
    return undefined;
  }
}

function lookWithPs(pid: number): Found {
  const text = execFileSync("ps", ["-o", "ppid=,command=", "-p", String(pid)], { encoding: "utf8" });
  const [parent, ...command] = text.trim().split(/\s+/);
  return { parent: Number(parent), command };
}

const MANAGER = /^(npm|npx|pnpm|pnpx|yarn)\b/;
const WRAPPER = /^(tsx|timeout|nice)$/;
const SHELL = /^-?(sh|bash|dash|ash|zsh|ksh)$/;

/** Whether the program, or the script it interprets, has such a name. */
const isNamed = (command: readonly string[], name: RegExp): boolean =>
  command.slice(0, 3).some((part) => name.test(basename(part)));

/** Whether a process only carries out another program's order to start us. */
function isBetween(command: readonly string[]): boolean {
  const [first = "", option = ""] = command;
  if (SHELL.test(basename(first))) return /^-[a-z]*c$/.test(option);
  return isNamed(command, MANAGER) || isNamed(command, WRAPPER);
}

interface Link {
  readonly child: number;
  readonly parent: number;
  readonly command: readonly string[];
}

/** From this process up to the program that started it. */
function chain(): Link[] {
  const links: Link[] = [];
  for (let child = process.pid; child > 1;) {
    const parent = child === process.pid ? process.ppid : (look(child)?.parent ?? 0);
    if (parent < 1) break;
    const { command } = look(parent) ?? { command: [] };
    links.push({ child, parent, command });
    if (!isBetween(command)) break;
    child = parent;
  }
  return links;
}

/** Calls `onEnd` once, when a process between this one and the program that started it is gone, or that program. */
export function watchAncestors(onEnd: () => void): void {
  const links = chain();
  const isManaged = process.env["npm_lifecycle_script"]?.includes("cloud/main") === true;
  // It ended before this process could look.
  const isLate = isManaged && !links.some(({ command }) => isNamed(command, MANAGER));
  const isWhole = (): boolean =>
    !isLate &&
    links.every(({ child, parent }) =>
      child === process.pid ? process.ppid === parent : look(child)?.parent === parent,
    );
  const timer = setInterval(() => {
    if (isWhole()) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_MS);
  timer.unref();
}
