/** Runs the nodes of a syntax tree. */
import type {
  AndOr,
  ArithmeticFor,
  Case,
  Command,
  CommandNode,
  CompoundList,
  For,
  If,
  Pipeline,
  PipelineNode,
  Redirection,
  Statement,
  While,
} from "unbash";
import type { Run } from "../machine.ts";
import { Exceeded } from "./bounds.ts";
import { runCommand } from "./command.ts";
import { holds } from "./conditions.ts";
import { fieldsOf } from "./expand.ts";
import { endsLine, Leave, ShellFault } from "./faults.ts";
import { toRegExp } from "./pattern.ts";
import { redirected } from "./redirections.ts";
import type { Shell } from "./shell.ts";
import { Input, withStream } from "./streams.ts";

/** A loop of a simulated script is cut here: a guest that never ends would stop the world's time. */
const MAX_ROUNDS = 10_000;

type Node = Statement | PipelineNode | AndOr | CompoundList;

export function* runStatements(shell: Shell, nodes: readonly Node[]): Run {
  let status = 0;
  for (const node of nodes) status = yield* run(shell, node);
  return status;
}

function* run(shell: Shell, node: Node): Run {
  if (shell.options.has("noexec")) return 0;
  if (node.type === "CompoundList") return yield* runStatements(shell, node.commands);
  if (node.type === "Statement") return yield* statement(shell, node);
  if (node.type === "AndOr") return yield* list(shell, node);
  if (node.type === "Pipeline") return yield* pipeline(shell, node);
  return yield* command(shell, node);
}

/** In the background: it goes on beside the script, and the terminal's signals do not reach it. */
function* statement(shell: Shell, node: Statement): Run {
  if (!node.background) {
    shell.status = yield* run(shell, node.command);
    return shell.status;
  }
  const fork = shell.fork();
  // Bash leaves it the input of a pipe.
  if (shell.dialect === "dash") fork.streams = withStream(fork.streams, 0, { input: new Input("") });
  for (const signal of ["INT", "QUIT"]) fork.traps.set(signal, "");
  const text = shell.source.text.slice(node.pos, node.end).replace(/\s*&$/, "");
  const job = shell.processes.start(fork.pid, alone(fork, spawned(fork, node.command)), text);
  shell.jobs.set(String(fork.pid), job);
  shell.lastJob = job.pid;
  shell.status = 0;
  return 0;
}

/** Runs a command in a fork that is there for it alone: `( )` and a script are not processes of their own then. */
function* spawned(fork: Shell, node: Node): Run {
  if (node.type === "Redirected")
    return yield* withRedirections(fork, node.redirects, () => spawned(fork, node.command));
  if (node.type === "Subshell") return yield* runStatements(fork, node.body.commands);
  fork.isReplaceable = node.type === "Command";
  return yield* run(fork, node);
}

/** Runs a fork to its end, its EXIT trap included. */
function* alone(fork: Shell, run: Run): Run {
  const status = yield* fork.part(run);
  const trap = fork.exitTrap;
  if (trap !== undefined) {
    fork.status = status;
    yield* fork.part(fork.trap(trap));
  }
  yield* fork.closeOutputs();
  return status % 256;
}

/** Runs something whose failure is an answer. */
function* tested(shell: Shell, node: Node, isTested = true): Run {
  const before = shell.isTested;
  shell.isTested ||= isTested;
  try {
    return yield* run(shell, node);
  } finally {
    shell.isTested = before;
  }
}

/** Runs a condition, which needs an answer. */
function* asked(shell: Shell, node: Node): Run {
  const before = shell.isAsked;
  shell.isAsked = true;
  try {
    return yield* tested(shell, node);
  } finally {
    shell.isAsked = before;
  }
}

function* list(shell: Shell, { commands, operators }: AndOr): Run {
  let status = 0;
  for (const [index, node] of commands.entries()) {
    const operator = operators[index - 1];
    if (operator === "&&" && status !== 0) continue;
    if (operator === "||" && status === 0) continue;
    status = yield* tested(shell, node, index < operators.length);
    shell.status = status;
  }
  return status;
}

function* pipeline(shell: Shell, { prefixes, commands, operators }: Pipeline): Run {
  const isNegated = prefixes.filter(({ type }) => type === "Negation").length % 2 === 1;
  const isTimed = prefixes.some(({ type }) => type === "Time");
  const [only] = commands;
  if (commands.length === 1 && only !== undefined) {
    const status = isNegated ? yield* asked(shell, only) : yield* run(shell, only);
    if (isTimed) shell.err("\nreal\t0m0.000s\nuser\t0m0.000s\nsys\t0m0.000s\n");
    shell.status = isNegated ? Number(status === 0) : status;
    return shell.status;
  }
  const status = yield* piped(shell, commands, operators, isNegated);
  if (!isNegated) return yield* shell.judge(status);
  shell.status = Number(status === 0);
  return shell.status;
}

function* piped(
  shell: Shell,
  commands: readonly CommandNode[],
  operators: readonly string[],
  isNegated: boolean,
): Run {
  const codes: number[] = [];
  let passed: string | undefined;
  for (const [index, part] of commands.entries()) {
    const fork = partOf(shell, passed, isNegated);
    if (index < commands.length - 1) {
      passed = "";
      const write = (text: string): void => void (passed += text);
      fork.streams = withStream(fork.streams, 1, { write });
      if (operators[index] === "|&") fork.streams = withStream(fork.streams, 2, { write });
    }
    const isOwn = index === commands.length - 1 && shell.shopts.has("lastpipe");
    codes.push(yield* isOwn ? lastly(shell, part, fork.streams) : fork.part(spawned(fork, part)));
    yield* fork.closeOutputs();
    if (part.type === "Command" || part.type === "Subshell") shell.line = fork.line;
  }
  shell.pipeStatus = codes;
  return shell.options.has("pipefail") ? (codes.findLast((code) => code !== 0) ?? 0) : (codes.at(-1) ?? 0);
}

/** A shell for one part of a pipeline. @param passed the output of the part before it */
function partOf(shell: Shell, passed: string | undefined, isNegated: boolean): Shell {
  const fork = shell.fork();
  fork.isTested ||= isNegated;
  fork.isAsked ||= isNegated;
  if (passed !== undefined) fork.streams = withStream(fork.streams, 0, { input: new Input(passed) });
  return fork;
}

/** With `lastpipe` the last part of a pipeline runs in the shell itself. */
function* lastly(shell: Shell, node: CommandNode, streams: Shell["streams"]): Run {
  const { streams: before, isTested } = shell;
  Object.assign(shell, { streams, isTested: true });
  try {
    return yield* command(shell, node);
  } finally {
    Object.assign(shell, { streams: before, isTested });
  }
}

function* command(shell: Shell, node: CommandNode | CompoundList): Run {
  shell.bounds.command();
  switch (node.type) {
    case "Command":
      return yield* simple(shell, node);
    case "Redirected":
      return yield* withRedirections(shell, node.redirects, () => command(shell, node.command));
    case "CompoundList":
      return yield* runStatements(shell, node.commands);
    case "BraceGroup":
      return yield* runStatements(shell, node.body.commands);
    case "Subshell":
      return yield* subshell(shell, node.body, node.end);
    case "Function":
      shell.functions.set(node.name.value, { body: node.body, source: shell.source });
      return 0;
    case "Coproc":
    case "Select":
      throw new ShellFault(node.type.toLowerCase(), "unsupported");
    default:
      return yield* construct(shell, node);
  }
}

type Construct = Extract<
  CommandNode,
  { type: "If" | "For" | "ArithmeticFor" | "While" | "Case" | "TestCommand" | "ArithmeticCommand" }
>;

function* construct(shell: Shell, node: Construct): Run {
  switch (node.type) {
    case "If":
      return yield* conditional(shell, node);
    case "For":
      return yield* forEach(shell, node);
    case "ArithmeticFor":
      return yield* counted(shell, node);
    case "While":
      return yield* whileLoop(shell, node);
    case "Case":
      return yield* select(shell, node);
    case "TestCommand":
      return yield* answered(shell, node, function* () {
        return Number(!(yield* holds(shell, node.expression)));
      });
    case "ArithmeticCommand":
      return yield* answered(shell, node, function* () {
        return Number(node.expression === undefined || (yield* shell.calculate(node.expression)) === 0n);
      });
  }
}

/** `[[ ]]` and `(( ))` fail for what would end the line elsewhere. */
function* answered(shell: Shell, place: Place, body: () => Run): Run {
  return yield* judged(shell, place, function* () {
    try {
      return yield* body();
    } catch (error) {
      if (!endsLine(error)) throw error;
      return shell.failed(error);
    }
  });
}

/** A simple command: its line, its errors and what they mean. */
function* simple(shell: Shell, node: Command): Run {
  const parts = [...node.prefix, ...(node.name ? [node.name] : []), ...node.suffix];
  // Bash counts a command by the line it has read when it knows its second word.
  const known = parts[Math.min(1, parts.length - 1)] ?? node;
  return yield* judged(shell, { pos: node.pos, end: node.end, lineAt: known.end }, () =>
    runCommand(shell, node),
  );
}

interface Place {
  readonly pos: number;
  readonly end: number;
  readonly lineAt?: number;
}

function* judged(shell: Shell, { pos, end, lineAt = pos }: Place, body: () => Run): Run {
  const line = shell.isTrapped ? shell.line : shell.lineOf(lineAt);
  const from = shell.outputs.count;
  shell.line = line;
  if (!shell.isTrapped) shell.written = shell.source.text.slice(pos, end);
  let status: number;
  try {
    status = yield* body();
  } catch (error) {
    if (!(error instanceof ShellFault) || error.kind !== "plain") throw error;
    status = shell.failed(error);
  }
  yield* shell.closeOutputs(from);
  shell.line = line;
  shell.pipeStatus = [status];
  shell.status = status;
  yield* shell.signals();
  return yield* shell.judge(status);
}

function* withRedirections(shell: Shell, redirections: readonly Redirection[], body: () => Run): Run {
  const before = shell.streams;
  const from = shell.outputs.count;
  try {
    shell.streams = yield* redirected(shell, redirections);
  } catch (error) {
    if (!(error instanceof ShellFault) || error.kind !== "plain") throw error;
    return yield* shell.judge(shell.failed(error));
  }
  try {
    return yield* body();
  } finally {
    shell.streams = before;
    yield* shell.closeOutputs(from);
  }
}

function* subshell(shell: Shell, body: CompoundList, end: number): Run {
  const fork = shell.fork();
  const status = yield* alone(fork, runStatements(fork, body.commands));
  if (!shell.isTrapped) shell.line = shell.lineOf(end - 1);
  yield* shell.signals();
  return yield* shell.judge(status);
}

function* conditional(shell: Shell, node: If): Run {
  for (const branch of [node, ...node.elif])
    if ((yield* asked(shell, branch.clause)) === 0) return yield* run(shell, branch.then);
  if (node.else !== undefined) return yield* run(shell, node.else);
  shell.status = 0;
  return 0;
}

function* forEach(shell: Shell, { name, wordlist, body }: For): Run {
  const values: string[] = [];
  for (const word of wordlist ?? []) values.push(...(yield* fieldsOf(shell, word)));
  let status = 0;
  for (const value of wordlist === undefined ? shell.args : values) {
    if (shell.dialect === "bash" && shell.variables.find(name.value)?.isReadonly) {
      shell.complain(`${name.value}: readonly variable`);
      return 1;
    }
    shell.variables.set(name.value, value);
    const round = yield* once(shell, body);
    if (round.isOver) return round.status;
    status = round.status;
  }
  return status;
}

function* counted(shell: Shell, { initialize, test, update, body }: ArithmeticFor): Run {
  if (initialize !== undefined) yield* shell.calculate(initialize);
  let status = 0;
  for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
    if (test !== undefined && (yield* shell.calculate(test)) === 0n) return status;
    const round = yield* once(shell, body);
    if (round.isOver) return round.status;
    status = round.status;
    if (update !== undefined) yield* shell.calculate(update);
  }
  return endless(shell);
}

function* whileLoop(shell: Shell, { kind, clause, body }: While): Run {
  let status = 0;
  for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
    if (((yield* asked(shell, clause)) === 0) === (kind === "until")) return status;
    const round = yield* once(shell, body);
    if (round.isOver) return round.status;
    status = round.status;
  }
  return endless(shell);
}

function endless(shell: Shell): never {
  throw new Exceeded(`more than ${MAX_ROUNDS} rounds of the loop at line ${shell.line}`);
}

function* once(
  shell: Shell,
  body: CompoundList,
): Generator<number, { readonly status: number; readonly isOver: boolean }> {
  try {
    return { status: yield* run(shell, body), isOver: false };
  } catch (error) {
    if (!(error instanceof Leave) || (error.kind !== "break" && error.kind !== "continue")) throw error;
    if (error.code > 1) throw new Leave(error.kind, error.code - 1, error.calls);
    return { status: 0, isOver: error.kind === "break" };
  }
}

function* select(shell: Shell, { word, items }: Case): Run {
  const text = yield* shell.textOf(word);
  let status = 0;
  let falls = false;
  for (const { pattern, body, terminator } of items) {
    if (!falls && !(yield* matches(shell, pattern, text))) continue;
    status = yield* run(shell, body);
    falls = terminator === ";&";
    if (terminator === undefined || terminator === ";;") break;
  }
  return status;
}

function* matches(
  shell: Shell,
  patterns: Case["items"][number]["pattern"],
  text: string,
): Generator<number, boolean> {
  for (const each of patterns)
    if (toRegExp(yield* shell.patternOf(each), shell.shopts.has("nocasematch")).test(text)) return true;
  return false;
}
