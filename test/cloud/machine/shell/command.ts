/** A simple command: its words, its variables, its redirections. */
import type { Assignment, Command, Word } from "unbash";
import type { Run, Steps } from "../machine.ts";
import { fieldsOf, textOf } from "./expand.ts";
import { ShellFault } from "./faults.ts";
import { quoted } from "./quote.ts";
import { redirected } from "./redirections.ts";
import type { Shell } from "./shell.ts";

const DECLARATIONS: ReadonlySet<string> = new Set(["export", "local", "declare", "typeset", "readonly"]);

export function* runCommand(shell: Shell, node: Command): Run {
  shell.substitutionStatus = undefined;
  const assignments = node.prefix.filter((each): each is Assignment => each.type === "Assignment");
  if (shell.dialect === "dash" && assignments.some(({ append, index }) => append || index !== undefined))
    return yield* appended(shell, node);
  const { words, declared } = yield* wordsOf(shell, node);
  if (words.length === 0) return yield* assigned(shell, node, assignments);
  const outer = shell.streams;
  shell.streams = yield* redirected(shell, node.redirects);
  const keepsStreams = words[0] === "exec" && words.length === 1;
  if (keepsStreams) shell.outputs.keep();
  shell.variables.push(false);
  try {
    for (const each of assignments) {
      if (shell.variables.find(each.name)?.isReadonly) readonly(shell, each.name);
      else shell.variables.temporary(each.name, yield* valueText(shell, each));
    }
    trace(shell, words, outer);
    const status = yield* shell.call(words);
    for (const each of declared) yield* assign(shell, each);
    return status;
  } finally {
    shell.variables.pop();
    if (!keepsStreams) shell.streams = outer;
  }
}

/** Bash goes on with the command, dash does not. */
function readonly(shell: Shell, name: string): void {
  const fault = new ShellFault(`${name}: readonly variable`, "line");
  if (shell.dialect === "dash") throw fault;
  shell.complain(fault.message);
}

interface Words {
  readonly words: string[];
  /** Arrays that a declaration is given. */
  readonly declared: readonly Assignment[];
}

function* wordsOf(shell: Shell, { name, args }: Command): Steps<Words> {
  const words = name === undefined ? [] : yield* fieldsOf(shell, name);
  const declares = DECLARATIONS.has(words[0] ?? "");
  const declared: Assignment[] = [];
  for (const argument of args) {
    if (argument.type === "Word") words.push(...(yield* fieldsOf(shell, argument)));
    else if (declares && argument.value.type === "ArrayValue") {
      declared.push(argument);
      words.push(argument.name);
    } else words.push(yield* written(shell, argument));
  }
  return { words, declared };
}

/** `x+=1` and `a[1]=x` are names of commands for dash. */
function* appended(shell: Shell, node: Command): Run {
  return yield* shell.call([shell.source.text.slice(node.pos, node.end)]);
}

/** `name=value` as an argument. */
function* written(shell: Shell, assignment: Assignment): Steps<string> {
  const { name, append, index, value } = assignment;
  if (value.type === "ArrayValue") throw new ShellFault(`syntax error near ${assignment.text}`);
  const at = index === undefined ? "" : `[${yield* textOf(shell, index)}]`;
  return `${name}${at}${append ? "+" : ""}=${yield* textOf(shell, value)}`;
}

function* assigned(shell: Shell, node: Command, assignments: readonly Assignment[]): Run {
  for (const each of assignments) {
    yield* assign(shell, each);
    if (shell.options.has("xtrace"))
      shell.err(`+ ${each.name}=${quoted(shell.variables.get(each.name) ?? "")}\n`);
    if (shell.options.has("allexport")) shell.variables.mark(each.name, { isExported: true });
  }
  yield* redirected(shell, node.redirects);
  return shell.substitutionStatus ?? 0;
}

function* valueText(shell: Shell, { name, value, append }: Assignment): Steps<string> {
  const text = value.type === "Word" ? yield* tildes(shell, value) : "";
  return append ? (shell.value(name) ?? "") + text : text;
}

/** A value may have a home directory after each colon, too. */
function* tildes(shell: Shell, word: Word): Steps<string> {
  const text = yield* textOf(shell, word);
  return /:~/.test(word.text) ? text.replaceAll(/:~(?=\/|:|$)/g, `:${shell.value("HOME") ?? ""}`) : text;
}

export function* assign(shell: Shell, assignment: Assignment): Steps<void> {
  const { name, value, append, index } = assignment;
  if (value.type === "ArrayValue") return yield* elements(shell, assignment, value.elements);
  const at = index === undefined ? undefined : yield* shell.index(name, index);
  const text = yield* tildes(shell, value);
  shell.bounds.spend(text.length);
  if (shell.variables.find(name)?.isInteger) {
    const number = yield* shell.calculateText(append ? `${shell.value(name) ?? 0}+${text}` : text);
    return shell.variables.set(name, String(number), at);
  }
  shell.variables.set(name, append ? (shell.value(name, at) ?? "") + text : text, at);
}

function* elements(shell: Shell, { name, append }: Assignment, words: readonly Word[]): Steps<void> {
  const made: (readonly [string, string])[] = [];
  let next = append ? 1 + Math.max(-1, ...shell.variables.items(name).map(([key]) => Number(key))) : 0;
  for (const word of words) {
    const [, key, rest] = /^\[([^\]]*)\]=(.*)$/s.exec(word.text) ?? [];
    if (key !== undefined && rest !== undefined) {
      const [index = "", ...value] = yield* keyed(shell, key, rest, word);
      made.push([index, value.join(" ")]);
      next = Number(index) + 1;
      continue;
    }
    for (const field of yield* fieldsOf(shell, word)) made.push([String(next++), field]);
  }
  if (!append) shell.variables.clear(name);
  else if (shell.variables.find(name) === undefined) shell.variables.clear(name);
  for (const [key, value] of made) shell.variables.set(name, value, key);
}

/** `[key]=value` within an array. */
function* keyed(shell: Shell, key: string, rest: string, word: Word): Steps<string[]> {
  const text = yield* textOf(shell, word);
  const at = text.indexOf("]=");
  const index = key.includes("$") || /["']/.test(key) ? text.slice(1, at) : key;
  return [index, rest === "" ? "" : text.slice(at + 2)];
}

function trace(shell: Shell, words: readonly string[], streams: Shell["streams"]): void {
  if (shell.options.has("xtrace") && !shell.isTrapped)
    streams
      .get(2)
      ?.write?.(
        `+ ${words.map((word) => (word === "[" || word === "]" ? `'${word}'` : quoted(word))).join(" ")}\n`,
      );
}
