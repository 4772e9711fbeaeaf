/**
 * The shells of a step, and the commands that run beside one another in the machine's time.
 *
 * A command in the background begins at once and goes on until it waits for the first time; then the script goes on. Of those
 * that wake at the same instant, the one that fell asleep first wakes first.
 */
import type { Run, Steps } from "../machine.ts";
import { Leave } from "./faults.ts";
import type { Shell } from "./shell.ts";

export interface Process {
  readonly pid: number;
  readonly run: Run;
  /** The text of its command. */
  readonly text: string;
  /** Its exit code; undefined while it runs. */
  status: number | undefined;
  wakeAt: number;
  order: number;
  /** A signal that ends it when it wakes. */
  fatal?: Leave | undefined;
}

/** The agent, and the first shell of a step. */
export const AGENT_PID = 4710;

export class Processes {
  /** Shells that are under way, by the ids of their processes, each with the process in whose turn it runs. */
  readonly #shells = new Map<number, { readonly shell: Shell; readonly process: Process | undefined }>();
  readonly #alive = new Set<Process>();
  #lastPid = AGENT_PID;
  #now = 0;
  #order = 0;
  #current: Process | undefined;

  nextPid(): number {
    return ++this.#lastPid;
  }

  /** Begins a process, which runs until it waits for the first time. */
  start(pid: number, run: Run, text: string): Process {
    const process: Process = { pid, run, text, status: undefined, wakeAt: this.#now, order: 0 };
    this.#alive.add(process);
    this.#resume(process);
    return process;
  }

  /** Runs a process to its end, and the others while it waits. Answers its exit code. */
  *main(pid: number, run: Run): Run {
    const main = this.start(pid, run, "");
    while (main.status === undefined) yield* this.#wakeNext();
    return main.status;
  }

  /** Runs what is left when the script is over; undefined when nothing is. */
  rest(): Run | undefined {
    return this.#alive.size === 0 ? undefined : this.#toEnd();
  }

  *#toEnd(): Run {
    while (this.#alive.size > 0) yield* this.#wakeNext();
    return 0;
  }

  *#wakeNext(): Steps<void> {
    const [next] = [...this.#alive].toSorted((a, b) => a.wakeAt - b.wakeAt || a.order - b.order);
    if (next === undefined) return;
    if (next.wakeAt > this.#now) {
      yield next.wakeAt - this.#now;
      this.#now = next.wakeAt;
    }
    this.#resume(next);
  }

  #resume(process: Process): void {
    const before = this.#current;
    this.#current = process;
    try {
      const { fatal } = process;
      process.fatal = undefined;
      const { value, done } = fatal === undefined ? process.run.next() : process.run.throw(fatal);
      if (done === true) this.#end(process, value);
      else this.#sleep(process, this.#now + value);
    } finally {
      this.#current = before;
    }
  }

  #end(process: Process, status: number): void {
    process.status = status;
    this.#alive.delete(process);
  }

  #sleep(process: Process, until: number): void {
    process.wakeAt = until;
    process.order = ++this.#order;
  }

  /** Waits until one of these processes ends, or the shell gets a signal that it traps. */
  *awaited(shell: Shell, processes: readonly Process[]): Steps<Process | undefined> {
    for (;;) {
      if (shell.pending.length > 0) return undefined;
      const ended = processes.find(({ status }) => status !== undefined);
      if (ended !== undefined || processes.length === 0) return ended;
      shell.isWaiting = true;
      yield Math.max(0, Math.min(...processes.map(({ wakeAt }) => wakeAt)) - this.#now);
      shell.isWaiting = false;
    }
  }

  /** A shell is a process of its own while it runs. */
  enter(shell: Shell): () => void {
    const outer = this.#shells.get(shell.pid);
    this.#shells.set(shell.pid, { shell, process: this.#current });
    return () => {
      if (outer === undefined) this.#shells.delete(shell.pid);
      else this.#shells.set(shell.pid, outer);
    };
  }

  isAlive(pid: number): boolean {
    return pid === 1 || pid === AGENT_PID || this.#shells.has(pid);
  }

  /**
   * Sends a signal to a shell that is alive, which traps it or dies of it. Answers what ends the sender's own turn: the shell
   * that dies is the sender, or one that waits for it.
   */
  signal(pid: number, name: string, number: number): Leave | undefined {
    const target = this.#shells.get(pid);
    if (target === undefined) return undefined;
    const { shell, process } = target;
    const trap = name === "KILL" ? undefined : shell.traps.get(name);
    if (trap === "" || (trap === undefined && HARMLESS.has(name))) return undefined;
    if (trap !== undefined) {
      shell.pending.push({ name, number });
      if (shell.isWaiting && process !== undefined) this.#sleep(process, this.#now);
      return undefined;
    }
    const fatal = new Leave("kill", 128 + number, [], shell);
    shell.killedBy = name;
    if (process === this.#current || process === undefined) return fatal;
    process.fatal = fatal;
    this.#sleep(process, this.#now);
    return undefined;
  }
}

/** Signals that end no process. */
const HARMLESS: ReadonlySet<string> = new Set(["CHLD", "CONT", "URG", "WINCH"]);
