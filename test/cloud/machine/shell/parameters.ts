/** `$x` and `${x…}`. */
import type { ParameterExpansionPart, ParameterOperation, Word } from "unbash";
import type { Steps } from "../machine.ts";
import { isBashExpansion } from "./dash.ts";
import { ShellFault } from "./faults.ts";
import { replaced, toRegExp, trimmed } from "./pattern.ts";
import type { Shell } from "./shell.ts";
import { quoted } from "./quote.ts";

/** A value; `list` for the several ones of `$@` and `${a[@]}`. */
export interface Expanded {
  readonly text: string;
  readonly list?: readonly string[];
}

/** `$name` */
export function simple(shell: Shell, name: string, isQuoted: boolean): Expanded {
  if (name === "@" || name === "*") return joined(shell, name, shell.args, isQuoted);
  const text = shell.value(name);
  if (text === undefined && shell.options.has("nounset")) unset(shell, name);
  return { text: text ?? "" };
}

function unset(shell: Shell, name: string): never {
  throw new ShellFault(shell.dialect === "dash" ? `${name}: parameter not set` : `${name}: unbound variable`);
}

function joined(shell: Shell, by: string, list: readonly string[], isQuoted: boolean): Expanded {
  if (by === "*" && isQuoted) return { text: list.join((shell.value("IFS") ?? " ").slice(0, 1)) };
  return { text: list.join(" "), list };
}

/** `${name…}` */
export function* parameter(shell: Shell, part: ParameterExpansionPart, isQuoted: boolean): Steps<Expanded> {
  const { parameter: name, prefix, operation, text } = part;
  refuse(shell, text, operation);
  if (operation?.type === "Names")
    return joined(shell, operation.operator, shell.variables.names(name), isQuoted);
  const index = part.index === undefined ? undefined : yield* shell.index(name, part.index);
  const by = [index, name].find((each) => each === "@" || each === "*");
  if (by !== undefined) return yield* several(shell, part, by, isQuoted);
  if (prefix === "#") return { text: String(given(shell, name, shell.value(name, index)).length) };
  // The name for which a reference stands.
  const referred = prefix === "!" ? shell.variables.own(name)?.refersTo : undefined;
  if (referred !== undefined) return { text: referred };
  const subject = { ...pointed(shell, part, index), isQuoted };
  if (operation !== undefined) return { text: yield* operated(shell, subject, operation) };
  return { text: given(shell, name, subject.value) };
}

/** @throws ShellFault for an expansion that the shell does not have */
function refuse({ dialect }: Shell, text: string, operation: ParameterOperation | undefined): void {
  if (dialect === "dash" && isBashExpansion(text)) throw new ShellFault("Bad substitution", "line");
  if (operation?.type === "Unknown")
    throw new ShellFault(dialect === "dash" ? "Bad substitution" : `${text}: bad substitution`, "line");
}

/** A value, which must be there with -u. */
function given(shell: Shell, name: string, value: string | undefined): string {
  if (value === undefined && shell.options.has("nounset")) unset(shell, name);
  return value ?? "";
}

/** The variable that is meant: for `${!v}` the one that `v` names, which may be `a[1]`. */
function pointed(
  shell: Shell,
  { parameter: name, prefix }: ParameterExpansionPart,
  index: string | undefined,
): Omit<Subject, "isQuoted"> {
  if (prefix !== "!") return { name, index, value: shell.value(name, index) };
  const target = shell.value(name) ?? "";
  const [, array = target, at] = /^(\w+)\[(.*)\]$/.exec(target) ?? [];
  return { name: array, index: at, value: shell.value(array, at) };
}

/** An operation on `$@` or on all elements of an array. */
function* several(
  shell: Shell,
  part: ParameterExpansionPart,
  by: string,
  isQuoted: boolean,
): Steps<Expanded> {
  const { parameter: name, prefix, operation, index } = part;
  const all = index === undefined ? shell.args : shell.list(name);
  if (prefix === "#") return { text: String(all.length) };
  if (prefix === "!") return joined(shell, by, shell.variables.keys(name), isQuoted);
  if (operation === undefined) return joined(shell, by, all, isQuoted);
  const subject = { name, index: undefined, isQuoted };
  if (operation.type === "Default") {
    if (all.length > 0 && !operation.operator.endsWith("+")) return joined(shell, by, all, isQuoted);
    const value = all.length === 0 ? undefined : all.join(" ");
    return { text: yield* operated(shell, { ...subject, value }, operation) };
  }
  if (operation.type === "Slice") {
    const list = index === undefined ? [shell.name, ...all] : all;
    return joined(shell, by, list.slice(...(yield* bounds(shell, operation, list.length))), isQuoted);
  }
  const changed: string[] = [];
  for (const value of all) changed.push(yield* operated(shell, { ...subject, value }, operation));
  return joined(shell, by, changed, isQuoted);
}

type Slice = Extract<ParameterOperation, { type: "Slice" }>;

/** The bounds of a part of so many characters or elements. */
function* bounds(
  shell: Shell,
  { offset, length }: Slice,
  size: number,
): Steps<readonly [from: number, to: number]> {
  const start = Number(yield* shell.calculateText(yield* shell.textOf(offset)));
  const from = start < 0 ? Math.max(0, size + start) : start;
  if (length === undefined) return [from, size];
  const count = Number(yield* shell.calculateText(yield* shell.textOf(length)));
  return [from, count < 0 ? size + count : from + count];
}

interface Subject {
  readonly name: string;
  readonly index: string | undefined;
  readonly value: string | undefined;
  readonly isQuoted: boolean;
}

function* operated(shell: Shell, subject: Subject, operation: ParameterOperation): Steps<string> {
  const { value = "", name } = subject;
  if (operation.type === "Default") return yield* defaulted(shell, subject, operation);
  if (subject.value === undefined && shell.options.has("nounset")) unset(shell, name);
  switch (operation.type) {
    case "Remove":
      return trimmed(operation.operator, value, yield* pattern(shell, operation.operand));
    case "Replace": {
      const found = yield* pattern(shell, operation.pattern);
      return replaced(operation.operator, value, found, yield* shell.textOf(operation.replacement));
    }
    case "Slice":
      return value.slice(...(yield* bounds(shell, operation, value.length)));
    case "CaseModification":
      return cased(
        value,
        operation.operator,
        operation.operand && (yield* pattern(shell, operation.operand)),
      );
    case "Transform":
      return transformed(value, operation.operand.value);
    default:
      throw new ShellFault(`${name}: bad substitution`);
  }
}

/** A pattern; without `extglob` the brackets of `+(a)` are plain. */
function* pattern(shell: Shell, word: Word): Steps<string> {
  const text = yield* shell.patternOf(word);
  return shell.shopts.has("extglob") ? text : text.replaceAll(/(?<!\\)\(/g, String.raw`\(`);
}

type Default = Extract<ParameterOperation, { type: "Default" }>;

function* defaulted(shell: Shell, subject: Subject, { operator, operand }: Default): Steps<string> {
  const { name, index, value, isQuoted } = subject;
  const isMissing = value === undefined || (operator.startsWith(":") && value === "");
  const kind = operator.at(-1);
  if (kind === "+") return isMissing ? "" : yield* shell.textOf(operand, isQuoted);
  if (!isMissing) return value;
  const text = yield* shell.textOf(operand, isQuoted);
  if (kind === "?")
    throw new ShellFault(`${name}: ${text === "" ? "parameter null or not set" : text}`, "fatal");
  if (kind === "=") shell.variables.set(name, text, index);
  return text;
}

function cased(value: string, operator: string, pattern: string | undefined): string {
  const change = (char: string): string => {
    if (pattern !== undefined && pattern !== "" && !toRegExp(pattern).test(char)) return char;
    return operator.startsWith("^") ? char.toUpperCase() : char.toLowerCase();
  };
  if (operator.length === 2) return Array.from(value).map(change).join("");
  return change(value.slice(0, 1)) + value.slice(1);
}

function transformed(value: string, kind: string): string {
  if (kind === "Q") return quoted(value, true);
  if (kind === "U") return value.toUpperCase();
  if (kind === "L") return value.toLowerCase();
  if (kind === "u") return value.slice(0, 1).toUpperCase() + value.slice(1);
  throw new ShellFault(`\${name@${kind}}`, "unsupported");
}
