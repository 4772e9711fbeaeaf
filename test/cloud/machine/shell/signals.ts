/** `kill`, `wait` and `jobs`. */
import type { Io, Run } from "../machine.ts";
import type { Leave } from "./faults.ts";
import { complain } from "./answers.ts";
import { AGENT_PID } from "./processes.ts";
import type { Process } from "./processes.ts";
import type { Shell } from "./shell.ts";

export const SIGNALS =
  "EXIT HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );
/** A process that stands still and goes on is not simulated. */
const STOPS: ReadonlySet<string> = new Set(["STOP", "TSTP", "TTIN", "TTOU"]);

/** The name of a signal without `SIG`; undefined for one that does not exist. */
export function signalOf(text: string): string | undefined {
  if (/^\d+$/.test(text)) return SIGNALS[Number(text)];
  const name = text.toUpperCase().replace(/^SIG/, "");
  return SIGNALS.includes(name) ? name : undefined;
}

interface Sent {
  readonly signal: string;
  readonly targets: readonly string[];
}

/** `kill [-s name | -name | -number] process …` */
export function kill(args: readonly string[], { shell, out }: Io): number {
  if (args[0] === "-l" || args[0] === "-L") return listed(args.slice(1), { shell, out });
  const { signal, targets } = sentBy(args);
  if (targets.length === 0) return complain(shell, "kill: usage: kill [-s sigspec | -sigspec] pid", 2);
  const name = signalOf(signal);
  if (name === undefined)
    return complain(shell, `kill: ${signal}: invalid signal specification`, shell.dialect === "dash" ? 2 : 1);
  // Whole groups of processes, processes of the system, and those that stand still.
  if (STOPS.has(name) || targets.some((target) => isForeign(target, name)))
    return shell.notSimulated(["kill", ...args].join(" "));
  return send(shell, name, targets);
}

const isForeign = (target: string, name: string): boolean =>
  /^(?:0|-.+)$/.test(target) || (name !== "EXIT" && /^\d+$/.test(target) && isOfSystem(Number(target)));

const isOfSystem = (pid: number): boolean => pid === 1 || pid === AGENT_PID;

/** Sends it to all; what ends the sender itself comes last. Signal 0 only asks whether they are there. */
function send(shell: Shell, name: string, targets: readonly string[]): number {
  const { processes, dialect } = shell;
  let status = 0;
  let own: Leave | undefined;
  for (const target of targets) {
    const pid = pidOf(shell, target);
    if (pid === undefined)
      status = complain(shell, `kill: ${target}: no process or job`, dialect === "dash" ? 2 : 1);
    else if (!processes.isAlive(pid)) status = complain(shell, `kill: (${pid}) - No such process`, 1);
    else if (name !== "EXIT") own = processes.signal(pid, name, SIGNALS.indexOf(name)) ?? own;
  }
  if (own !== undefined) throw own;
  return status;
}

function sentBy(args: readonly string[]): Sent {
  const [first = "", second = "", ...rest] = args;
  if (first === "-s" || first === "-n") return { signal: second, targets: withoutDashes(rest) };
  if (first === "--") return { signal: "TERM", targets: args.slice(1) };
  if (/^-./.test(first)) return { signal: first.slice(1), targets: withoutDashes(args.slice(1)) };
  return { signal: "TERM", targets: args };
}

const withoutDashes = (words: readonly string[]): readonly string[] =>
  words[0] === "--" ? words.slice(1) : words;

/** `kill -l 15`: the name of a number, which may be the exit code of what it ended. */
function listed(numbers: readonly string[], { shell, out }: Pick<Io, "shell" | "out">): number {
  if (numbers.length === 0) return shell.notSimulated("kill -l");
  for (const text of numbers) {
    const name = signalOf(/^\d+$/.test(text) && Number(text) > 128 ? String(Number(text) - 128) : text);
    if (name === undefined) return complain(shell, `kill: ${text}: invalid signal specification`, 1);
    out(`${/^\d+$/.test(text) ? name : SIGNALS.indexOf(name)}\n`);
  }
  return 0;
}

/** A process id, or `%1` for the first job of this shell. */
function pidOf(shell: Shell, text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  return jobOf(shell, text)?.pid;
}

function jobOf(shell: Shell, text: string): Process | undefined {
  const jobs = [...shell.jobs.values()];
  if (/^%(?:[+%]|)$/.test(text)) return jobs.at(-1);
  const [, number] = /^%(\d+)$/.exec(text) ?? [];
  return number === undefined ? shell.jobs.get(text) : jobs[Number(number) - 1];
}

/** `wait`, `wait -n`, `wait process …` */
export function* wait(args: readonly string[], { shell }: Io): Run {
  const flag = args.find((arg) => arg.startsWith("-"));
  if (flag !== undefined && shell.dialect === "dash")
    return complain(shell, `wait: Illegal option ${flag}`, 2);
  if (flag !== undefined && flag !== "-n") return shell.notSimulated(["wait", ...args].join(" "));
  const names = args.filter((arg) => !arg.startsWith("-"));
  const jobs = names.length === 0 ? [...shell.jobs.keys()] : names;
  if (flag === "-n") return yield* next(shell, jobs);
  const last = yield* each(shell, jobs);
  return names.length === 0 && shell.pending.length === 0 ? 0 : last;
}

/** Waits for one after another. Answers how the last one ended, or which signal came. */
function* each(shell: Shell, names: readonly string[]): Run {
  let status = 0;
  for (const name of names) {
    const job = jobOf(shell, name);
    const ended = job && (yield* shell.processes.awaited(shell, [job]));
    if (shell.pending[0] !== undefined) return shell.dialect === "dash" ? 0 : 128 + shell.pending[0].number;
    if (ended === undefined) status = complain(shell, `wait: pid ${name} is not a child of this shell`, 127);
    else status = report(shell, ended);
  }
  return status;
}

function* next(shell: Shell, names: readonly string[]): Run {
  const open = names.flatMap((name) => jobOf(shell, name) ?? []).filter((job) => !shell.reported.has(job));
  const ended = yield* shell.processes.awaited(shell, open);
  if (ended === undefined) return shell.pending[0] === undefined ? 127 : 128 + shell.pending[0].number;
  shell.reported.add(ended);
  return ended.status ?? 0;
}

/** Says once how a job ended, if a signal killed it. Answers its exit code. */
function report(shell: Shell, job: Process): number {
  const status = job.status ?? 0;
  if (!shell.reported.has(job) && SIGNALS[status - 128] === "KILL")
    shell.complain(`${job.pid} Killed                  ${job.text}`);
  shell.reported.add(job);
  return status;
}

export function jobs(args: readonly string[], { shell, out }: Io): number {
  const running = [...shell.siblings, ...shell.jobs.values()].filter(({ status }) => status === undefined);
  if (args.length === 1 && args[0] === "-p") for (const { pid } of running) out(`${pid}\n`);
  else if (running.length > 0) return shell.notSimulated(["jobs", ...args].join(" "));
  return 0;
}
