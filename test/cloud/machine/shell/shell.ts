/**
 * One shell of a simulated machine, bash or dash. Every step may take virtual time, which the caller lets pass.
 *
 * SHELL-1. A command that is not simulated is named in the output and noted (`Machine.unsupported`), and succeeds without
 *     output. Where its answer is needed, in a condition or in `$( )`, the script ends there: no answer is made up.
 * SHELL-2. What a script changes stays on the disk it runs on, from the moment the line is reached.
 * SHELL-3. It follows bash where a failure ends it (`set -e`) or runs the trap (`trap … ERR`): not in a condition,
 *     before `&&` and `||`, or after `!`; a pipeline counts by its last part unless `pipefail` is on; a function counts
 *     where it is called; what runs in a subshell ends only that.
 */
import type {
  ArithmeticExpression,
  CompoundCommand,
  CompoundList,
  Redirected,
  Script,
  Statement,
  Word,
} from "unbash";
import { ROOT } from "../accounts.ts";
import type { User } from "../accounts.ts";
import { GuestFiles, resolvePath } from "../files.ts";
import type { Machine, Run, Steps } from "../machine.ts";
import { packageOf } from "../packages.ts";
import { calculated, calculatedText } from "./arithmetic.ts";
import { Bounds } from "./bounds.ts";
import { patternOf, textOf } from "./expand.ts";
import { endsLine, Leave, NoAnswer, ShellFault } from "./faults.ts";
import { runStatements } from "./interpret.ts";
import { call } from "./call.ts";
import { absence, isProgram, locate, onPath } from "./lookup.ts";
import { interpreterOf } from "./interpreter.ts";
import { switchOptions, wrongOption } from "./options.ts";
import { Outputs } from "./outputs.ts";
import { AGENT_PID, Processes } from "./processes.ts";
import type { Process } from "./processes.ts";
import { extendedIn, lineAt, readSource } from "./source.ts";
import type { Dialect, Source } from "./source.ts";
import { special, specialList } from "./special.ts";
import { withStream } from "./streams.ts";
import type { Output, Streams } from "./streams.ts";
import { Variables } from "./variables.ts";

type Body = CompoundCommand | Redirected | CompoundList;

export interface Definition {
  readonly body: Body;
  readonly source: Source;
}

export class Shell {
  readonly machine: Machine;
  readonly bounds: Bounds;
  readonly processes: Processes;
  readonly files: GuestFiles;
  variables: Variables;
  functions = new Map<string, Definition>();
  readonly options = new Set<string>();
  readonly shopts = new Set<string>();
  readonly traps = new Map<string, string>();
  /** Commands in the background, by their process ids. */
  readonly jobs = new Map<string, Process>();
  /** Those of the shell that forked this one, which can list them. */
  readonly siblings = new Set<Process>();
  /** Jobs of whose end the script knows. */
  readonly reported = new Set<Process>();
  /** Signals that are trapped, and whose traps have not run yet. */
  readonly pending: { readonly name: string; readonly number: number }[] = [];
  isWaiting = false;
  killedBy: string | undefined;
  readonly aliases = new Map<string, string>();
  readonly limits = new Map<string, string>();
  mask = 0o022;
  /** Its own process; the one of the script, which subshells share; and the one that began the script. */
  pid: number;
  scriptPid: number;
  parentPid = AGENT_PID;
  /** Which process forked this one. */
  forkedBy = AGENT_PID;
  /** Whether it only runs one command, whose process it then is. */
  isReplaceable = false;
  lastJob: number | undefined;
  /** Whether it runs the text of `-c`, whose fatal faults end bash with a code of their own. */
  isCommandText = false;
  /** Whose process it is. */
  user: User = ROOT;
  /** Whether it reads the profiles before its script. */
  isLogin = false;
  streams: Streams;
  dialect: Dialect = "bash";
  cwd = "/root";
  previousCwd = "";
  folders: string[] = [];
  name = "bash";
  args: readonly string[] = [];
  status = 0;
  pipeStatus: readonly number[] = [0];
  line = 1;
  /** The text that is read, and the line of the file at which it begins. */
  source: Source = readSource("", "bash");
  firstLine = 1;
  /** The text of the command under way. */
  written = "";
  /** Lines of the calls under way, and names of the functions; the innermost first. */
  calls: readonly number[] = [];
  callees: readonly string[] = [];
  /** Whether a failure here is a question, not an accident. */
  isTested = false;
  isTrapped = false;
  /** Whether an answer is needed (SHELL-1). */
  isAsked = false;
  substitutionStatus: number | undefined;
  /** How many expressions are under way within one another. */
  nested = 0;
  readonly startedAt: number;
  readonly outputs = new Outputs();

  constructor(
    machine: Machine,
    streams: Streams,
    environment: Readonly<Record<string, string>>,
    step = { bounds: new Bounds(), processes: new Processes() },
  ) {
    this.machine = machine;
    const { bounds, processes } = step;
    this.bounds = bounds;
    this.processes = processes;
    this.pid = processes.nextPid();
    this.scriptPid = this.pid;
    this.streams = streams;
    this.files = new GuestFiles(machine.disk, machine.now, (count) => bounds.spend(count));
    this.variables = new Variables(environment);
    this.startedAt = machine.now();
  }

  /** Runs a file by what its first line says; without one, as the shell that finds a file it cannot execute. */
  *program(text: string, name: string): Run {
    const interpreter = interpreterOf(this, text);
    if (interpreter?.kind === "unknown") return this.notSimulated(text.split("\n", 1)[0] ?? "");
    if (interpreter?.kind === "missing") {
      this.complain(`${name}: cannot execute: required file not found`);
      return 127;
    }
    this.name = name;
    if (interpreter !== undefined) this.dialect = interpreter.dialect;
    this.begin();
    if (interpreter === undefined) return yield* this.script(text);
    const { flags } = interpreter;
    const wrong = wrongOption(this.dialect, flags);
    if (wrong !== undefined) {
      this.complain(`${wrong}: invalid option`);
      return this.dialect === "dash" ? 2 : 1;
    }
    this.set(flags);
    return yield* this.script(text);
  }

  /** Goes on as another user. */
  become(user: User): void {
    this.user = user;
    this.files.user = user.name;
  }

  /** Bash counts how deep it is in others. */
  begin(): void {
    if (this.dialect === "dash") return;
    this.variables.set("SHLVL", String(Number(this.variables.get("SHLVL") ?? 0) + 1));
    this.variables.mark("SHLVL", { isExported: true });
  }

  /** `sh` is dash on Debian and Ubuntu, bash elsewhere. */
  dialectOf(name: string): Dialect {
    if (name === "dash" || name === "ash") return "dash";
    return name === "sh" && this.machine.disk.os?.packager === "deb" ? "dash" : "bash";
  }

  /** Runs a text to its end in a shell of its own; `exit` ends it, not the caller. */
  *script(text: string): Run {
    if (this.isLogin) yield* this.#ended(this.#profiles());
    const [status, calls] = yield* this.#ended(this.text(text));
    const trap = this.exitTrap;
    let last = status;
    if (trap !== undefined) {
      this.calls = calls;
      this.line = 1;
      this.status = status;
      const [ended, , isLeft] = yield* this.#ended(this.trap(trap));
      if (isLeft) last = ended;
    }
    yield* this.closeOutputs();
    return last;
  }

  /** What a login shell reads: https://www.gnu.org/software/bash/manual/html_node/Bash-Startup-Files.html */
  *#profiles(): Run {
    this.isLogin = false;
    const home = this.value("HOME") ?? "";
    const own = this.dialect === "bash" ? [".bash_profile", ".bash_login", ".profile"] : [".profile"];
    const first = own.map((name) => `${home}/${name}`).find((path) => this.files.isFile(path));
    for (const path of ["/etc/profile", first]) {
      const text = path === undefined ? undefined : this.files.read(path);
      if (text !== undefined) yield* this.called(this.text(text));
    }
    return 0;
  }

  *#ended(run: Run): Steps<readonly [status: number, calls: readonly number[], isLeft: boolean]> {
    const leave = this.processes.enter(this);
    try {
      return [yield* run, [], false];
    } catch (error) {
      if (error instanceof Leave && (error.target ?? this) === this) return [error.code, error.calls, true];
      // A construct that is not simulated ends the step: what comes after it would rest on a part that did not run.
      if (!(error instanceof ShellFault) || error.kind === "unsupported") throw error;
      return [this.failed(error), error.calls ?? this.calls, true];
    } finally {
      leave();
    }
  }

  /** The EXIT trap, which bash runs after a fatal signal, too, unless none can be caught. */
  get exitTrap(): string | undefined {
    const isLost = this.killedBy !== undefined && (this.dialect === "dash" || this.killedBy === "KILL");
    return isLost ? undefined : this.traps.get("EXIT");
  }

  /** Runs the traps of signals that came while a command ran. */
  *signals(): Steps<void> {
    for (let signal = this.pending.shift(); signal !== undefined; signal = this.pending.shift())
      yield* this.trap(this.traps.get(signal.name) ?? "");
  }

  /** Says what the shell found wrong. Returns the exit code. */
  failed(error: ShellFault): number {
    this.complain(error.message);
    if (error.kind === "plain") return error.isRedirection && this.dialect === "dash" ? 2 : 1;
    if (this.dialect === "dash") return 2;
    if (endsLine(error)) return 1;
    return /syntax error/i.test(error.message) ? 2 : this.isCommandText ? 127 : 1;
  }

  complain(message: string): void {
    const place = this.dialect === "dash" ? `${this.line}` : `line ${this.line}`;
    this.err(`${this.name}: ${place}: ${message}\n`);
  }

  readonly out: Output = (text) => this.#write(1, text);
  readonly err: Output = (text) => this.#write(2, text);

  #write(descriptor: number, text: string): void {
    this.bounds.spend(text.length);
    this.streams.get(descriptor)?.write?.(text);
  }

  /** Runs a text in this shell. */
  *text(text: string, firstLine = 1): Run {
    const source = readSource(text, this.dialect);
    const before = { source: this.source, firstLine: this.firstLine };
    this.source = source;
    this.firstLine = firstLine;
    try {
      const status = yield* this.#lines(source);
      if (source.fault === undefined) return status;
      this.line = source.fault.line + firstLine - 1;
      throw new ShellFault(source.fault.message);
    } finally {
      Object.assign(this, before);
    }
  }

  /** Runs the statements of a text. Some faults end only the line on which bash finds them. */
  *#lines({ statements, lines }: Source): Run {
    let status = 0;
    let skippedLine = 0;
    let readLine = 0;
    for (const statement of statements) {
      const { pos, end } = statement;
      const line = lineAt(lines, pos);
      if (line !== readLine) this.#readable(statements.filter((each) => lineAt(lines, each.pos) === line));
      readLine = line;
      if (line !== skippedLine) {
        skippedLine = 0;
        try {
          status = yield* runStatements(this, [statement]);
          continue;
        } catch (error) {
          if (!endsLine(error) || this.dialect === "dash") throw error;
          if (error.kind === "line" && this.options.has("errexit")) throw error;
          status = this.failed(error);
          this.status = status;
        }
      }
      skippedLine = lineAt(lines, end);
    }
    return status;
  }

  /** Bash reads a line as a whole, with the options that are on by then. */
  #readable(statements: readonly Statement[]): void {
    if (this.dialect === "dash" || this.shopts.has("extglob")) return;
    for (const statement of statements) {
      const at = extendedIn(statement);
      if (at === undefined) continue;
      this.line = this.lineOf(at);
      throw new ShellFault("syntax error near unexpected token `('");
    }
  }

  lineOf(offset: number): number {
    return lineAt(this.source.lines, offset) + this.firstLine - 1;
  }

  /** Runs a part in this shell, which is a fork: whatever ends it ends nothing else. */
  *part(run: Run): Run {
    const [status] = yield* this.#ended(run);
    return status;
  }

  /** Runs a trap; the status is afterwards as it was before. */
  *trap(text: string): Run {
    const { status } = this;
    this.isTrapped = true;
    try {
      return yield* this.text(text);
    } finally {
      this.isTrapped = false;
      this.status = status;
    }
  }

  /** Handles a failure: nothing where it is tested, else an ERR trap, and the end with `set -e`. */
  *judge(status: number): Run {
    this.status = status;
    if (status === 0 || this.isTested || this.isTrapped) return status;
    const trap = this.traps.get("ERR");
    if (trap !== undefined && (this.callees.length === 0 || this.options.has("errtrace")))
      yield* this.trap(trap);
    if (this.options.has("errexit")) this.leave("exit", status);
    return status;
  }

  leave(kind: Leave["kind"], code: number): never {
    throw new Leave(kind, code, this.calls);
  }

  /** Switches options: `-eu`, `+e`, `-o pipefail`. Answers what is left, or undefined when nothing is. */
  set(given: readonly string[]): readonly string[] | undefined {
    return switchOptions(this, given);
  }

  /** The value of a variable or of a special one; undefined when it is unset. */
  value(name: string, index?: string): string | undefined {
    return index === undefined
      ? (special(this, name) ?? this.variables.get(name))
      : this.element(name, index);
  }

  element(name: string, index: string): string | undefined {
    const list = specialList(this, name);
    return list === undefined ? this.variables.get(name, index) : list[Number(index)];
  }

  /** The elements of an array. */
  list(name: string): readonly string[] {
    return specialList(this, name) ?? this.variables.items(name).map(([, value]) => value);
  }

  *index(name: string, word: Word): Steps<string> {
    const text = yield* this.textOf(word);
    if (text === "@" || text === "*" || (this.variables.find(name)?.isMap ?? false)) return text;
    return String(yield* this.calculateText(text));
  }

  *calculate(expression: ArithmeticExpression): Steps<bigint> {
    return yield* calculated(this, expression);
  }

  *calculateText(text: string): Steps<bigint> {
    return yield* calculatedText(this, text);
  }

  *textOf(word: Word | undefined, isQuoted = false): Steps<string> {
    return yield* textOf(this, word, isQuoted);
  }

  *patternOf(word: Word): Steps<string> {
    return yield* patternOf(this, word);
  }

  readonly path = (text: string): string => resolvePath(this.cwd, text);

  /** The output of `$(…)`. */
  *substitute(script: Script | undefined): Steps<string> {
    if (script === undefined) throw new ShellFault("syntax error in a command substitution");
    const [statement] = script.commands;
    const command = statement?.command;
    // `$(< file)`
    if (script.commands.length === 1 && command?.type === "Command" && command.name === undefined) {
      const [only] = command.prefix;
      if (only?.type === "Redirect" && only.operator === "<")
        return (this.files.read(this.path(yield* this.textOf(only.target))) ?? "").replace(/\n+$/, "");
    }
    return (yield* this.capture(script)).replace(/\n+$/, "");
  }

  /** The output of a part in a shell of its own. */
  *capture(script: Script): Steps<string> {
    let text = "";
    const inner = this.fork();
    // Bash without `inherit_errexit`: only the status of the whole substitution counts.
    if (this.dialect === "bash" && !this.shopts.has("inherit_errexit")) inner.options.delete("errexit");
    inner.isTested = false;
    inner.isAsked = true;
    inner.streams = withStream(this.streams, 1, { write: (more) => void (text += more) });
    this.substitutionStatus = yield* inner.inner(script);
    this.status = this.substitutionStatus;
    return text;
  }

  /** Runs a script that stands within the text that is read, to the end of its shell. */
  *inner(script: Script): Run {
    if (script.source !== undefined) return yield* this.script(script.source);
    const status = yield* this.part(runStatements(this, script.commands));
    const trap = this.exitTrap;
    if (trap !== undefined) yield* this.part(this.trap(trap));
    yield* this.closeOutputs();
    return status;
  }

  /** A subshell: everything is there, and nothing it changes comes back. Traps are not inherited. */
  fork(): Shell {
    const fork = new Shell(this.machine, this.streams, {}, this);
    fork.variables = this.variables.fork();
    fork.become(this.user);
    fork.functions = new Map(this.functions);
    for (const option of this.options) fork.options.add(option);
    for (const option of this.shopts) fork.shopts.add(option);
    const keepsErr = this.options.has("errtrace");
    for (const [signal, text] of this.traps)
      if (text === "" || (signal === "ERR" && keepsErr)) fork.traps.set(signal, text);
    for (const [name, text] of this.aliases) fork.aliases.set(name, text);
    for (const [name, value] of this.limits) fork.limits.set(name, value);
    const { dialect, cwd, previousCwd, name, args, status, line, source, firstLine } = this;
    const { calls, callees, isTested, isAsked, written, isTrapped, mask, scriptPid, parentPid } = this;
    const { lastJob, jobs } = this;
    for (const job of jobs.values()) fork.siblings.add(job);
    Object.assign(fork, { mask, scriptPid, parentPid, lastJob, forkedBy: this.pid });
    Object.assign(fork, { dialect, cwd, previousCwd, name, args, status, line, source, firstLine });
    return Object.assign(fork, { calls, callees, isTested, isAsked, written, isTrapped });
  }

  /** A shell of its own for a script file or `bash -c`: it sees exported variables and changes none. */
  child(dialect = this.dialect): Shell {
    const child = new Shell(this.machine, this.streams, this.variables.exported(), this);
    for (const [name, value] of this.limits) child.limits.set(name, value);
    child.become(this.user);
    const { cwd, isAsked, mask, pid, isReplaceable, forkedBy } = this;
    if (isReplaceable) Object.assign(child, { pid, scriptPid: pid });
    return Object.assign(child, { cwd, isAsked, dialect, mask, parentPid: isReplaceable ? forkedBy : pid });
  }

  /** Runs the commands that read what was written to `>( )`, from the given one on. */
  *closeOutputs(from?: number): Steps<void> {
    yield* this.outputs.close(this, from);
  }

  /** Runs one command by its words. */
  *call(words: readonly string[]): Run {
    return yield* call(this, words);
  }

  /** SHELL-1. */
  notSimulated(command: string): number {
    const text = command.split("\n", 1)[0] ?? "";
    this.#note(text);
    if (this.isAsked) throw new NoAnswer(text);
    return 0;
  }

  /** Past all redirections, so that no script hides it. */
  #note(text: string): void {
    this.machine.print(`guest: not simulated: ${text}${this.isAsked ? " (and its answer is needed)" : ""}\n`);
    this.machine.unsupported(text);
  }

  /** The output of `command -v`; undefined when there is no such program. */
  locate(name: string): string | undefined {
    return locate(this, name);
  }

  /** Why a program cannot be run by another one. */
  absence(name: string): { readonly reason: string; readonly code: number } | undefined {
    return absence(this, name);
  }

  /** A file on PATH. */
  onPath(name: string): string | undefined {
    return onPath(this, name, (path) => this.files.isFile(path));
  }

  /** Whether a path is that of a program which the system or a package brings. */
  isProgram(path: string): boolean {
    return isProgram(this, path);
  }

  /** Whether a package that is installed brings a program. */
  isInstalled(program: string): boolean {
    return packageOf(this.machine.disk, program) !== undefined;
  }

  /** Runs something that `return` ends: a function, or a file that is read. */
  *called(run: Run): Run {
    const outer = this.calls;
    this.calls = [this.line, ...outer];
    try {
      return yield* run;
    } catch (error) {
      if (error instanceof Leave && error.kind === "return") return error.code;
      if (error instanceof ShellFault) error.calls ??= this.calls;
      throw error;
    } finally {
      this.calls = outer;
    }
  }
}
