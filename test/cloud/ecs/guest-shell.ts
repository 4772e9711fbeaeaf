/**
 * Runs a script on a simulated machine. Every step may take virtual time, which the caller lets pass.
 *
 * H1. A command this guest does not know succeeds and says so: `guest: not simulated: <command>`.
 * H2. What a script changes stays on the disk it runs on, from the moment the line is reached.
 */
import { GuestFiles, resolvePath, toRegExp } from "./guest-files.ts";
import { parseScript } from "./guest-parse.ts";
import type { Node, Redirection } from "./guest-parse.ts";
import { calculate } from "./guest-arithmetic.ts";
import type { Io, Machine, Run } from "./guest-machine.ts";
import { PROGRAMS } from "./guest-programs.ts";
import { SyntaxFault } from "./guest-scan.ts";
import type { Part, Word } from "./guest-scan.ts";

class Exit extends Error {
  readonly code: number;
  readonly kind: "exit" | "return" | "break" | "continue";
  constructor(kind: Exit["kind"], code: number) {
    super(kind);
    this.kind = kind;
    this.code = code;
  }
}

/** The exit code of a script. It yields milliseconds to wait before it goes on. */
export function* runScript(machine: Machine, script: string, env: Readonly<Record<string, string>>): Run {
  const shell = new Shell(machine, { ...env });
  return yield* shell.script(script, { stdin: "", out: machine.print, err: machine.print });
}

type Streams = Pick<Io, "stdin" | "out" | "err">;

/** A loop of a simulated script is cut here: a guest that never ends would stop the world's time. */
const MAX_ROUNDS = 10_000;

export class Shell {
  readonly machine: Machine;
  readonly files: GuestFiles;
  readonly variables: Record<string, string>;
  readonly functions = new Map<string, Node>();
  cwd: string;
  stopOnError = false;
  #args: readonly string[] = [];
  #status = 0;

  constructor(machine: Machine, variables: Record<string, string>) {
    this.machine = machine;
    this.files = new GuestFiles(machine.disk, machine.now);
    this.variables = { PATH: "/usr/sbin:/usr/bin", ...variables };
    this.cwd = variables["PWD"] ?? "/root";
  }

  /** Runs a text to its end; `exit` ends it, not the caller. */
  *script(text: string, streams: Streams): Run {
    try {
      return yield* this.run(parseScript(text), streams, false);
    } catch (error) {
      if (error instanceof Exit) return error.code;
      if (!(error instanceof SyntaxFault)) throw error;
      streams.err(`bash: ${error.message}\n`);
      return 2;
    }
  }

  /** @param isTested whether a failure here is a question, not an accident (`set -e`). */
  *run(node: Node, streams: Streams, isTested: boolean): Run {
    switch (node.kind) {
      case "list":
        return yield* this.#list(node, streams, isTested);
      case "pipeline":
        return yield* this.#pipeline(node, streams, isTested);
      case "if": {
        for (const branch of node.branches) {
          if ((yield* this.run(branch.when, streams, true)) === 0)
            return yield* this.run(branch.body, streams, isTested);
        }
        return node.otherwise === undefined ? 0 : yield* this.run(node.otherwise, streams, isTested);
      }
      case "for": {
        let status = 0;
        for (const word of node.words) {
          for (const value of yield* this.#expand(word)) {
            this.variables[node.name] = value;
            const round = yield* this.#round(node.body, streams, isTested);
            if (round === "break") return 0;
            status = round;
          }
        }
        return status;
      }
      case "while": {
        let status = 0;
        for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
          const isTrue = (yield* this.run(node.when, streams, true)) === 0;
          if (isTrue === node.until) break;
          const round = yield* this.#round(node.body, streams, isTested);
          if (round === "break") break;
          status = round;
        }
        return status;
      }
      case "group": {
        const own = yield* this.#redirect(node.redirections, streams);
        const status = yield* this.run(node.body, own, isTested);
        return status;
      }
      case "function":
        this.functions.set(node.name, node.body);
        return 0;
      case "simple":
        return yield* this.#simple(node, streams, isTested);
    }
  }

  leave(kind: Exit["kind"], code: number): never {
    throw new Exit(kind, code);
  }

  get status(): number {
    return this.#status;
  }

  *#list(node: Extract<Node, { kind: "list" }>, streams: Streams, isTested: boolean): Run {
    let status = 0;
    let skip = false;
    for (const { node: item, operator } of node.items) {
      const chained = operator === "&&" || operator === "||";
      if (!skip) {
        status = yield* this.run(item, streams, isTested || chained);
        this.#status = status;
      }
      if (operator === "&&") skip = status !== 0;
      else if (operator === "||") skip = status === 0;
      else skip = false;
    }
    return status;
  }

  *#pipeline(node: Extract<Node, { kind: "pipeline" }>, streams: Streams, isTested: boolean): Run {
    let stdin = streams.stdin;
    let status = 0;
    for (const [index, part] of node.parts.entries()) {
      const isLast = index === node.parts.length - 1;
      let passed = "";
      const out = isLast ? streams.out : (text: string): void => void (passed += text);
      status = yield* this.run(part, { stdin, out, err: streams.err }, true);
      stdin = passed;
    }
    const result = node.negated ? Number(status === 0) : status;
    return this.#judge(result, isTested || node.negated);
  }

  *#round(body: Node, streams: Streams, isTested: boolean): Generator<number, number | "break"> {
    try {
      return yield* this.run(body, streams, isTested);
    } catch (error) {
      if (!(error instanceof Exit) || (error.kind !== "break" && error.kind !== "continue")) throw error;
      return error.kind === "break" ? "break" : 0;
    }
  }

  *#simple(node: Extract<Node, { kind: "simple" }>, streams: Streams, isTested: boolean): Run {
    const assigned: [string, string][] = [];
    for (const [name, word] of node.assigns) assigned.push([name, (yield* this.#expand(word)).join(" ")]);
    const words: string[] = [];
    for (const word of node.words) words.push(...(yield* this.#expand(word)));
    if (words.length === 0) {
      for (const [name, value] of assigned) this.variables[name] = value;
      yield* this.#redirect(node.redirections, streams);
      return assigned.length === 0
        ? 0
        : this.#status *
            Number(node.assigns.some(([, word]) => word.some((part) => part.kind === "command")));
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
    return this.#judge(status, isTested);
  }

  /** Runs one command by its words. */
  *call(words: readonly string[], streams: Streams, source = words.join(" ")): Run {
    const [name = "", ...args] = words;
    const body = this.functions.get(name);
    if (body !== undefined) return yield* this.#function(body, args, streams);
    const program = PROGRAMS[name.replace(/^(\/usr)?\/s?bin\//, "")];
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
    if (file !== undefined) return yield* this.child().withArgs(args).script(file, streams);
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

  *#function(body: Node, args: readonly string[], streams: Streams): Run {
    const outer = this.#args;
    this.#args = args;
    try {
      return yield* this.run(body, streams, false);
    } catch (error) {
      if (error instanceof Exit && error.kind === "return") return error.code;
      throw error;
    } finally {
      this.#args = outer;
    }
  }

  #judge(status: number, isTested: boolean): number {
    this.#status = status;
    if (status !== 0 && this.stopOnError && !isTested) this.leave("exit", status);
    return status;
  }

  *#redirect(redirections: readonly Redirection[], streams: Streams): Generator<number, Streams> {
    let { stdin, out, err } = streams;
    for (const { fd, operator, target } of redirections) {
      const text = (yield* this.#expand(target, true)).join(" ");
      if (operator === "<<") stdin = text;
      else if (operator === "<<<") stdin = `${text}\n`;
      else if (operator === "<") stdin = this.files.read(resolvePath(this.cwd, text)) ?? "";
      else if (operator === ">&") {
        if (fd === 2 && text === "1") err = out;
        else if (text === "2") out = err;
      } else {
        const path = resolvePath(this.cwd, text);
        if (operator !== ">>") this.files.write(path, "");
        const write = (more: string): void => this.files.write(path, more, true);
        if (operator === ">>" && !this.files.isFile(path)) write("");
        if (fd === 2) err = write;
        else out = write;
        if (operator === "&>") err = write;
      }
    }
    return { stdin, out, err };
  }

  /** A word becomes none, one or several: variables and commands split at blanks unless quoted, stars match paths. */
  *#expand(word: Word, whole = false): Generator<number, string[]> {
    const fields: { text: string; isPattern: boolean; isKept: boolean }[] = [];
    const current = (): { text: string; isPattern: boolean; isKept: boolean } => {
      if (fields.length === 0) fields.push({ text: "", isPattern: false, isKept: false });
      return fields.at(-1)!;
    };
    for (const part of word) {
      const value = yield* this.#value(part);
      if (part.quoted || whole || part.kind === "text") {
        const field = current();
        const home =
          part.kind === "text" && !part.quoted && field.text === ""
            ? value.replace(/^~(?=\/|$)/, "/root")
            : value;
        field.text += home;
        field.isKept ||= part.quoted || value !== "";
        field.isPattern ||= !part.quoted && /[*?]/.test(value);
      } else {
        value.split(/\s+/).forEach((piece, index) => {
          if (index > 0) fields.push({ text: "", isPattern: false, isKept: false });
          current().text += piece;
          current().isKept ||= piece !== "";
        });
      }
    }
    return fields
      .filter((field) => field.isKept || whole)
      .flatMap((field) => {
        if (!field.isPattern || whole) return [field.text];
        const found = this.files.glob(resolvePath(this.cwd, field.text));
        return found.length === 0 ? [field.text] : found;
      });
  }

  *#value(part: Part): Generator<number, string> {
    if (part.kind === "text") return part.text;
    if (part.kind === "command") {
      let text = "";
      const inner = this.child();
      for (const [name, body] of this.functions) inner.functions.set(name, body);
      this.#status = yield* inner.script(part.script, {
        stdin: "",
        out: (more) => void (text += more),
        err: this.machine.print,
      });
      return text.replace(/\n+$/, "");
    }
    if (part.operator === "((") return String(calculate(part.name, this.variables));
    const value = this.#variable(part.name);
    const operand = (yield* this.#expand(part.operand, true)).join("");
    switch (part.operator.replace(":", "")) {
      case "-":
        return value === undefined || (part.operator === ":-" && value === "") ? operand : value;
      case "+":
        return value === undefined || value === "" ? "" : operand;
      case "=":
        if (value === undefined || value === "") this.variables[part.name] = operand;
        return this.variables[part.name] ?? "";
      case "%":
      case "%%":
        return (value ?? "").replace(new RegExp(`(?:${toRegExp(operand).source.slice(1, -1)})$`, "s"), "");
      case "#":
      case "##":
        return (value ?? "").replace(new RegExp(`^(?:${toRegExp(operand).source.slice(1, -1)})`, "s"), "");
      default:
        return value ?? "";
    }
  }

  #variable(name: string): string | undefined {
    if (name === "?") return String(this.#status);
    if (name === "#") return String(this.#args.length);
    if (name === "@" || name === "*") return this.#args.join(" ");
    if (name === "$" || name === "!") return "4711";
    if (name === "0") return "bash";
    if (name === "HOSTNAME") return this.machine.hostName();
    if (/^\d$/.test(name)) return this.#args[Number(name) - 1];
    return this.variables[name];
  }
}
