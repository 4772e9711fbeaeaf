/**
 * Runs a script on a simulated machine. Every step may take virtual time, which the caller lets pass.
 *
 * SHELL-1. A command this guest does not know succeeds and says so: `guest: not simulated: <command>`.
 * SHELL-2. What a script changes stays on the disk it runs on, from the moment the line is reached.
 */
import { GuestFiles, resolvePath, toRegExp } from "./files.ts";
import { parseScript } from "./parse.ts";
import type { Node, Redirection } from "./parse.ts";
import { calculate } from "./arithmetic.ts";
import type { Io, Machine, Run } from "./machine.ts";
import { programOf } from "./programs.ts";
import { SyntaxFault } from "./scan.ts";
import type { Part, Word } from "./scan.ts";

class Exit extends Error {
  readonly code: number;
  readonly kind: "exit" | "return" | "break" | "continue";
  /** Where functions were called from when it was thrown, the innermost call first. */
  readonly calls: readonly number[];
  constructor(kind: Exit["kind"], code: number, calls: readonly number[]) {
    super(kind);
    this.kind = kind;
    this.code = code;
    this.calls = calls;
  }
}

/** The exit code of a script. It yields milliseconds to wait before it goes on. */
export function* runScript(machine: Machine, script: string, env: Readonly<Record<string, string>>): Run {
  const shell = new Shell(machine, { ...env });
  return yield* shell.program(script, { stdin: "", out: machine.print, err: machine.print });
}

type Streams = Pick<Io, "stdin" | "out" | "err" | "more">;

/** A loop of a simulated script is cut here: a guest that never ends would stop the world's time. */
const MAX_ROUNDS = 10_000;

/** Options that `set` and a shebang switch, by letter and by name. */
const OPTIONS: Readonly<Record<string, string>> = { e: "errexit", u: "nounset", x: "xtrace", E: "errtrace" };

/**
 * One shell. It follows bash where a failure ends it (`set -e`) or runs the trap (`trap … ERR`): not in a condition,
 * before `&&` and `||`, or after `!`; a pipeline counts by its last part unless `pipefail` is on; a function counts
 * where it is called; what runs in a subshell ends only that.
 */
export class Shell {
  readonly machine: Machine;
  readonly files: GuestFiles;
  readonly variables: Record<string, string>;
  readonly functions = new Map<string, Node>();
  readonly options = new Set<string>();
  readonly traps = new Map<string, string>();
  cwd: string;
  #args: readonly string[] = [];
  #status = 0;
  #line = 1;
  /** Lines of the calls under way, the innermost first. */
  #calls: readonly number[] = [];
  /** Functions under way: an ERR trap is not theirs. */
  #depth = 0;
  /** Whether a failure here is a question, not an accident. */
  #isTested = false;
  #isTrapped = false;

  constructor(machine: Machine, variables: Record<string, string>) {
    this.machine = machine;
    this.files = new GuestFiles(machine.disk, machine.now);
    this.variables = { PATH: "/usr/sbin:/usr/bin", ...variables };
    this.cwd = variables["PWD"] ?? "/root";
  }

  /** Runs a file by what its first line says; without one, as a shell does that finds a file it cannot execute. */
  *program(text: string, streams: Streams): Run {
    const [, path = "", rest = ""] = /^#![ \t]*(\S+)[ \t]*([^\n]*)/.exec(text) ?? [];
    const [name = "", ...flags] = path.endsWith("/env") ? rest.split(" ") : [path, rest];
    if (path !== "" && !/(?:^|\/)(?:ba|da|a|k|mk|z)?sh$/.test(name)) {
      streams.out(`guest: not simulated: ${text.split("\n", 1)[0]}\n`);
      return 0;
    }
    this.set(flags.filter((flag) => flag !== ""));
    return yield* this.script(text, streams);
  }

  /** Runs a text to its end in a shell of its own; `exit` ends it, not the caller. */
  *script(text: string, streams: Streams): Run {
    let status = 0;
    let calls: readonly number[] = [];
    try {
      status = yield* this.text(text, streams);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      status = error.code;
      calls = error.calls;
    }
    const trap = this.traps.get("EXIT");
    if (trap === undefined) return status;
    this.#calls = calls;
    this.#line = 1;
    this.#status = status;
    try {
      yield* this.#trap(trap, streams);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      return error.code;
    }
    return status;
  }

  /** Runs a text in this shell. */
  *text(text: string, streams: Streams, firstEnvelope = 1): Run {
    let status = 0;
    try {
      for (const node of parseScript(text, firstEnvelope)) status = yield* this.run(node, streams);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      streams.err(`bash: ${error.message}\n`);
      this.leave("exit", 2);
    }
    return status;
  }

  /** `eval`: a text that is read as if it stood where the shell is. */
  eval(text: string, streams: Streams): Run {
    return this.text(text, streams, this.#line);
  }

  /** Runs another file's text in this shell; `return` ends only that. */
  *source(text: string, streams: Streams): Run {
    return yield* this.#called(this.text(text, streams));
  }

  /** Switches options: `-eu`, `+e`, `-o pipefail`. Answers what is left, or undefined when nothing is. */
  set(given: readonly string[]): readonly string[] | undefined {
    const rest = [...given];
    while (/^[-+]./.test(rest[0] ?? "")) {
      const flags = rest.shift() ?? "";
      if (flags === "--") return rest;
      for (const letter of flags.slice(1)) {
        const name = letter === "o" ? rest.shift() : (OPTIONS[letter] ?? letter);
        if (name === undefined) continue;
        if (flags.startsWith("-")) this.options.add(name);
        else this.options.delete(name);
      }
    }
    return rest.length === 0 ? undefined : rest;
  }

  *run(node: Node, streams: Streams): Run {
    switch (node.kind) {
      case "list":
        return yield* this.#list(node, streams);
      case "pipeline":
        return yield* this.#pipeline(node, streams);
      case "if":
        return yield* this.#if(node, streams);
      case "for":
        return yield* this.#for(node, streams);
      case "while":
        return yield* this.#while(node, streams);
      case "group":
        return yield* this.run(node.body, yield* this.#redirect(node.redirections, streams));
      case "subshell": {
        const own = yield* this.#redirect(node.redirections, streams);
        const status = yield* this.#fork().part(node.body, own);
        this.#line = node.line;
        return yield* this.#judge(status, streams);
      }
      case "function":
        this.functions.set(node.name, node.body);
        return 0;
      case "simple":
        return yield* this.#simple(node, streams);
    }
  }

  *#if({ branches, otherwise }: Extract<Node, { kind: "if" }>, streams: Streams): Run {
    for (const { when, body } of branches) {
      if ((yield* this.#asked(when, streams)) === 0) return yield* this.run(body, streams);
    }
    return otherwise === undefined ? 0 : yield* this.run(otherwise, streams);
  }

  *#for({ words, name, body }: Extract<Node, { kind: "for" }>, streams: Streams): Run {
    let status = 0;
    for (const word of words) {
      for (const value of yield* this.#expand(word)) {
        this.variables[name] = value;
        const round = yield* this.#round(body, streams);
        if (round === "break") return 0;
        status = round;
      }
    }
    return status;
  }

  *#while({ when, until, body }: Extract<Node, { kind: "while" }>, streams: Streams): Run {
    let status = 0;
    for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
      const isTrue = (yield* this.#asked(when, streams)) === 0;
      if (isTrue === until) break;
      const round = yield* this.#round(body, streams);
      if (round === "break") break;
      status = round;
    }
    return status;
  }

  leave(kind: Exit["kind"], code: number): never {
    throw new Exit(kind, code, this.#calls);
  }

  /** Whether there is something to return from. */
  get isCalled(): boolean {
    return this.#calls.length > 0;
  }

  get status(): number {
    return this.#status;
  }

  /** Runs a part in this shell, which is a fork: whatever ends it ends nothing else. */
  *part(node: Node, streams: Streams): Run {
    try {
      return yield* this.run(node, streams);
    } catch (error) {
      if (error instanceof Exit) return error.code;
      throw error;
    }
  }

  /** Runs something whose failure is an answer. */
  *#asked(node: Node, streams: Streams, isAsked = true): Run {
    const before = this.#isTested;
    this.#isTested ||= isAsked;
    try {
      return yield* this.run(node, streams);
    } finally {
      this.#isTested = before;
    }
  }

  *#list(node: Extract<Node, { kind: "list" }>, streams: Streams): Run {
    let status = 0;
    let skip = false;
    for (const { node: item, operator } of node.items) {
      const chained = operator === "&&" || operator === "||";
      if (!skip) {
        // In the background: it goes on beside the script, and whoever does not wait for it does not hear of it.
        const aside = operator === "&";
        status = yield* aside ? this.#fork().part(item, streams) : this.#asked(item, streams, chained);
        if (aside) status = 0;
        this.#status = status;
      }
      if (operator === "&&") skip = status !== 0;
      else if (operator === "||") skip = status === 0;
      else skip = false;
    }
    return status;
  }

  *#pipeline(node: Extract<Node, { kind: "pipeline" }>, streams: Streams): Run {
    const [only, ...more] = node.parts;
    if (only !== undefined && more.length === 0) {
      const status = yield* this.#asked(only, streams);
      return (this.#status = Number(status === 0));
    }
    let stdin = streams.stdin;
    let status = 0;
    for (const [index, part] of node.parts.entries()) {
      const isLast = index === node.parts.length - 1;
      let passed = "";
      const out = isLast ? streams.out : (text: string): void => void (passed += text);
      const fork = this.#fork();
      fork.#isTested ||= node.negated;
      const one = yield* fork.part(part, { ...streams, stdin, out });
      if (part.kind === "simple" || part.kind === "subshell") this.#line = part.line;
      if (one !== 0 || !this.options.has("pipefail")) status = one;
      stdin = passed;
    }
    if (node.negated) return (this.#status = Number(status === 0));
    return yield* this.#judge(status, streams);
  }

  *#round(body: Node, streams: Streams): Generator<number, number | "break"> {
    try {
      return yield* this.run(body, streams);
    } catch (error) {
      if (!(error instanceof Exit) || (error.kind !== "break" && error.kind !== "continue")) throw error;
      return error.kind === "break" ? "break" : 0;
    }
  }

  *#simple(node: Extract<Node, { kind: "simple" }>, streams: Streams): Run {
    if (!this.#isTrapped) this.#line = node.line;
    const assigned: [string, string][] = [];
    for (const [name, word] of node.assigns) assigned.push([name, (yield* this.#expand(word)).join(" ")]);
    const words: string[] = [];
    // Between [[ and ]] words are neither split nor taken for paths.
    const isCondition = node.source.startsWith("[[");
    for (const word of node.words) words.push(...(yield* this.#expand(word, isCondition)));
    if (words.length === 0) {
      for (const [name, value] of assigned) this.variables[name] = value;
      yield* this.#redirect(node.redirections, streams);
      const asks = [...node.assigns.map(([, word]) => word), ...node.words].some((word) =>
        word.some((part) => part.kind === "command"),
      );
      return yield* this.#judge(asks ? this.#status : 0, streams);
    }
    const before = { ...this.variables };
    for (const [name, value] of assigned) this.variables[name] = value;
    const own = yield* this.#redirect(node.redirections, streams);
    const status = yield* this.call(words, own, node.source);
    for (const [name] of assigned) {
      const old = before[name];
      if (old === undefined) delete this.variables[name];
      else this.variables[name] = old;
    }
    if (!this.#isTrapped) this.#line = node.line;
    return yield* this.#judge(status, streams);
  }

  /** Runs one command by its words. */
  *call(words: readonly string[], streams: Streams, source = words.join(" ")): Run {
    const [name = "", ...args] = words;
    const body = this.functions.get(name);
    if (body !== undefined) return yield* this.#function(body, args, streams);
    const program = programOf(name.replace(/^(\/usr)?\/s?bin\//, ""));
    const io: Io = {
      ...streams,
      machine: this.machine,
      files: this.files,
      shell: this,
      path: (text) => resolvePath(this.cwd, text),
    };
    if (program !== undefined) {
      const result = program(args, io);
      return typeof result === "number" ? result : yield* result;
    }
    const file = name.includes("/") ? this.files.read(io.path(name)) : undefined;
    if (file !== undefined) return yield* this.child().withArgs(args).program(file, streams);
    streams.out(`guest: not simulated: ${source}\n`);
    return 0;
  }

  /** A shell of its own for a script file or `bash -c`: it sees the variables and changes none. */
  child(): Shell {
    return new Shell(this.machine, { ...this.variables, PWD: this.cwd });
  }

  withArgs(args: readonly string[]): this {
    this.#args = args;
    return this;
  }

  /** A subshell: everything is there, and nothing it changes comes back. Traps are not inherited. */
  #fork(): Shell {
    const fork = this.child().withArgs(this.#args);
    for (const [name, body] of this.functions) fork.functions.set(name, body);
    for (const option of this.options) fork.options.add(option);
    fork.#status = this.#status;
    fork.#line = this.#line;
    fork.#isTested = this.#isTested;
    return fork;
  }

  *#function(body: Node, args: readonly string[], streams: Streams): Run {
    const outer = this.#args;
    this.#args = args;
    this.#depth++;
    try {
      return yield* this.#called(this.run(body, streams));
    } finally {
      this.#args = outer;
      this.#depth--;
    }
  }

  *#called(run: Run): Run {
    const outer = this.#calls;
    this.#calls = [this.#line, ...outer];
    try {
      return yield* run;
    } catch (error) {
      if (error instanceof Exit && error.kind === "return") return error.code;
      throw error;
    } finally {
      this.#calls = outer;
    }
  }

  /** What a failure means: nothing where it was asked for, else an ERR trap, and the end with `set -e`. */
  *#judge(status: number, streams: Streams): Run {
    this.#status = status;
    if (status === 0 || this.#isTested || this.#isTrapped) return status;
    const trap = this.traps.get("ERR");
    if (trap !== undefined && this.#depth === 0) yield* this.#trap(trap, streams);
    if (this.options.has("errexit")) this.leave("exit", status);
    return status;
  }

  *#trap(text: string, streams: Streams): Run {
    const status = this.#status;
    this.#isTrapped = true;
    try {
      return yield* this.text(text, streams);
    } finally {
      this.#isTrapped = false;
      this.#status = status;
    }
  }

  *#redirect(redirections: readonly Redirection[], streams: Streams): Generator<number, Streams> {
    let { stdin, out, err, more = {} } = streams;
    for (const { fd, operator, target } of redirections) {
      const text = (yield* this.#expand(target, true)).join(" ");
      if (operator === "<<") stdin = text;
      else if (operator === "<<<") stdin = `${text}\n`;
      else if (operator === "<") stdin = this.files.read(resolvePath(this.cwd, text)) ?? "";
      else if (operator === ">&") ({ out, err, more } = copied({ out, err, more }, fd, Number(text)));
      else {
        const write = this.#openFile(resolvePath(this.cwd, text), operator === ">>");
        const isError = fd === 2;
        [out, err] = [isError ? out : write, isError || operator === "&>" ? write : err];
      }
    }
    return { stdin, out, err, more };
  }

  #openFile(path: string, appends: boolean): (text: string) => void {
    if (!appends || !this.files.isFile(path)) this.files.write(path, "");
    return (text) => this.files.write(path, text, true);
  }

  /** A word becomes none, one or several: variables and commands split at blanks unless quoted, stars match paths. */
  *#expand(word: Word, whole = false): Generator<number, string[]> {
    const fields: Field[] = [];
    const current = (): Field => {
      if (fields.length === 0) fields.push({ text: "", isPattern: false, isKept: false });
      return fields.at(-1)!;
    };
    for (const part of word) {
      const value = yield* this.#value(part);
      if (part.quoted || whole || part.kind === "text") append(current(), part, value);
      else {
        const [first = "", ...others] = value.split(/\s+/);
        const field = current();
        field.text += first;
        field.isKept ||= first !== "";
        fields.push(...others.map((text) => ({ text, isPattern: false, isKept: text !== "" })));
      }
    }
    if (whole) return fields.map(({ text }) => text);
    return fields.filter(({ isKept }) => isKept).flatMap((field) => this.#paths(field));
  }

  /** The paths that a pattern matches, or its text. */
  #paths({ text, isPattern }: Field): string[] {
    const found = isPattern ? this.files.glob(resolvePath(this.cwd, text)) : [];
    return found.length === 0 ? [text] : found;
  }

  *#value(part: Part): Generator<number, string> {
    if (part.kind === "text") return part.text;
    if (part.kind === "command") return yield* this.#substitute(part.script);
    if (part.operator === "((") return String(calculate(part.name, this.variables));
    const value = this.#variable(part.name);
    if (value === undefined && part.operator === "" && this.options.has("nounset")) {
      this.machine.print(`bash: line ${this.#line}: ${part.name}: unbound variable\n`);
      this.leave("exit", 1);
    }
    const operand = (yield* this.#expand(part.operand, true)).join("");
    if (part.operator === ":=" || part.operator === "=") {
      if (value === undefined || value === "") this.variables[part.name] = operand;
      return this.variables[part.name] ?? "";
    }
    return applied(part.operator, value, operand);
  }

  /** The output of `$(…)`. */
  *#substitute(script: Extract<Part, { kind: "command" }>["script"]): Generator<number, string> {
    let text = "";
    const inner = this.#fork();
    // Bash without `inherit_errexit`: only the status of the whole substitution counts.
    inner.options.delete("errexit");
    inner.#isTested = false;
    this.#status = yield* inner.script(script, {
      stdin: "",
      out: (more) => void (text += more),
      err: this.machine.print,
    });
    return text.replace(/\n+$/, "");
  }

  #variable(name: string): string | undefined {
    const special: Readonly<Record<string, () => string>> = {
      "?": () => String(this.#status),
      "-": () => this.#flags(),
      LINENO: () => String(this.#line),
      "BASH_LINENO[@]": () => [...this.#calls, 0].join(" "),
      "#BASH_LINENO[@]": () => String(this.#calls.length + 1),
      "#": () => String(this.#args.length),
      "@": () => this.#args.join(" "),
      "*": () => this.#args.join(" "),
      $: () => "4711",
      "!": () => "4711",
      "0": () => "bash",
      HOSTNAME: () => this.machine.hostName(),
    };
    const read = Object.hasOwn(special, name) ? special[name] : undefined;
    if (read !== undefined) return read();
    if (name.startsWith("#")) return String((this.variables[name.slice(1)] ?? "").length);
    if (/^\d$/.test(name)) return this.#args[Number(name) - 1];
    return this.variables[name];
  }

  /** `$-`: one letter an option. */
  #flags(): string {
    const letters = Object.entries(OPTIONS).flatMap(([letter, name]) =>
      this.options.has(name) ? [letter] : [],
    );
    return [...letters, "hB"].join("");
  }
}

/** One field that a word expands to. */
interface Field {
  text: string;
  /** Whether it has stars that are not quoted. */
  isPattern: boolean;
  /** Whether it stays although it is empty. */
  isKept: boolean;
}

/** Adds a part that is not split. */
function append(field: Field, part: Part, value: string): void {
  field.text += isHome(part, field) ? value.replace(/^~(?=\/|$)/, "/root") : value;
  field.isKept ||= part.quoted || value !== "";
  field.isPattern ||= !part.quoted && /[*?]/.test(value);
}

/** Whether a tilde at the beginning of a part means the home directory. */
const isHome = (part: Part, field: Field): boolean =>
  part.kind === "text" && !part.quoted && field.text === "";

interface Outputs<T> {
  readonly out: T;
  readonly err: T;
  readonly more: Readonly<Record<number, T>>;
}

/** `2>&1` and the like: descriptor `fd` becomes a copy of descriptor `from`. */
function copied<T>(outputs: Outputs<T>, fd: number, from: number): Outputs<T> {
  const { out, err, more } = outputs;
  const copy = { 1: out, 2: err, ...more }[from];
  if (copy === undefined) return outputs;
  if (fd === 1) return { ...outputs, out: copy };
  return fd === 2 ? { ...outputs, err: copy } : { ...outputs, more: { ...more, [fd]: copy } };
}

/** `${name<operator>operand}`, but for the operators that assign. */
function applied(operator: string, value: string | undefined, operand: string): string {
  const isEmpty = value === undefined || value === "";
  const text = value ?? "";
  if (operator === "-") return value ?? operand;
  if (operator === ":-") return isEmpty ? operand : text;
  if (operator.endsWith("+")) return isEmpty ? "" : operand;
  const pattern = (): string => `(?:${toRegExp(operand).source.slice(1, -1)})`;
  if (operator.startsWith("%")) return text.replace(new RegExp(`${pattern()}$`, "s"), "");
  return operator.startsWith("#") ? text.replace(new RegExp(`^${pattern()}`, "s"), "") : text;
}
