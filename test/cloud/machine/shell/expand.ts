/** Words become fields: variables, commands and braces are expanded, fields split at blanks, patterns match paths. */
import type { ProcessSubstitutionPart, Word, WordPart } from "unbash";
import { userOf } from "../accounts.ts";
import type { Steps } from "../machine.ts";
import { braced } from "./braces.ts";
import { ShellFault } from "./faults.ts";
import { parameter, simple } from "./parameters.ts";
import type { Expanded } from "./parameters.ts";
import { escapeRegExp, plain } from "./pattern.ts";
import type { Shell } from "./shell.ts";

/** One field. `pattern` is its text with a backslash before every character that is not one of a pattern. */
interface Field {
  text: string;
  pattern: string;
  isPattern: boolean;
  /** Whether it stays although it is empty. */
  isKept: boolean;
}

/** How many characters a field costs. */
const FIELD = 50;

const empty = (): Field => ({ text: "", pattern: "", isPattern: false, isKept: false });

/** The fields of a word of a command. */
export function* fieldsOf(shell: Shell, word: Word): Steps<string[]> {
  const found: string[] = [];
  for (const each of braced(word, shell.dialect, (count) => shell.bounds.spend(count))) {
    const fields = yield* expanded(shell, each, true);
    shell.bounds.spend(fields.length * FIELD);
    for (const field of fields) if (field.isKept) found.push(...pathsOf(shell, field));
  }
  return found;
}

/** A word as one text: not split, and not a path. */
export function* textOf(shell: Shell, word: Word | undefined, isQuoted = false): Steps<string> {
  if (word === undefined) return "";
  const fields = yield* expanded(shell, word, false, isQuoted);
  return fields.map(({ text }) => text).join(" ");
}

/** A word as a pattern, in which quoted characters are plain. */
export function* patternOf(shell: Shell, word: Word): Steps<string> {
  const fields = yield* expanded(shell, word, false);
  return fields.map(({ pattern }) => pattern).join(" ");
}

/** The parts of a here-document, or of an arithmetic word. */
export function* partsText(shell: Shell, parts: readonly WordPart[]): Steps<string> {
  const fields = [empty()];
  for (const part of parts)
    yield* add(shell, fields, part, { isQuoted: true, splits: false, isFirst: false });
  return fields.map(({ text }) => text).join(" ");
}

interface Mode {
  readonly isQuoted: boolean;
  readonly splits: boolean;
  readonly isFirst: boolean;
}

function* expanded(shell: Shell, word: Word, splits: boolean, isQuoted = false): Steps<Field[]> {
  const fields = [empty()];
  const mode = (isFirst: boolean): Mode => ({ isQuoted, splits, isFirst });
  if (word.parts === undefined) literal(shell, fields, word.text, mode(true));
  for (const [index, part] of (word.parts ?? []).entries())
    yield* add(shell, fields, part, mode(index === 0));
  return fields;
}

function* add(shell: Shell, fields: Field[], part: WordPart, mode: Mode): Steps<void> {
  switch (part.type) {
    case "DoubleQuoted":
    case "LocaleString":
      if (part.parts.length === 0) append(fields, "", true);
      for (const inner of part.parts)
        yield* add(shell, fields, inner, { ...mode, isQuoted: true, isFirst: false });
      return;
    case "ProcessSubstitution":
      return append(fields, yield* substituted(shell, part), true);
    case "SimpleExpansion":
    case "ParameterExpansion":
    case "CommandExpansion":
    case "ArithmeticExpansion":
      return insert(shell, fields, yield* valueOf(shell, part, mode.isQuoted), mode);
    default:
      if (isBracketed(part)) return yield* addPattern(shell, fields, part, mode);
      return addText(shell, fields, part, mode);
  }
}

/** `[$x]`, `?(a|$x)` and `{$x}`: what is in the brackets is expanded, too. */
function* addPattern(shell: Shell, fields: Field[], part: PatternPart, mode: Mode): Steps<void> {
  const { parts, text } = part;
  if (mode.isQuoted) return append(fields, text, true);
  if (parts === undefined) return literal(shell, fields, text, mode);
  const inner = { ...mode, isFirst: false };
  literal(shell, fields, part.type === "ExtendedGlob" ? `${part.operator}(` : text.slice(0, 1), inner);
  for (const each of parts) yield* add(shell, fields, each, inner);
  literal(shell, fields, text.slice(-1), inner);
}

type PatternPart = Extract<WordPart, { type: "Glob" | "ExtendedGlob" | "BraceExpansion" }>;

export const isBracketed = (part: WordPart): part is PatternPart =>
  part.type === "Glob" || part.type === "ExtendedGlob" || part.type === "BraceExpansion";

type TextPart = Extract<WordPart, { type: "Literal" | "SingleQuoted" | "AnsiCQuoted" }>;

function addText(shell: Shell, fields: Field[], part: TextPart, mode: Mode): void {
  if (part.type === "AnsiCQuoted")
    return append(fields, shell.dialect === "dash" ? `$${part.text.slice(2, -1)}` : part.value, true);
  // Within double quotes, as in "${x:-'a'}", single quotes are characters.
  if (part.type === "SingleQuoted") return append(fields, mode.isQuoted ? part.text : part.value, true);
  if (!mode.isQuoted) return literal(shell, fields, part.text, mode);
  return append(fields, part.value, true);
}

type Expansion = Extract<
  WordPart,
  { type: "SimpleExpansion" | "ParameterExpansion" | "CommandExpansion" | "ArithmeticExpansion" }
>;

function* valueOf(shell: Shell, part: Expansion, isQuoted: boolean): Steps<Expanded> {
  if (part.type === "SimpleExpansion") return simple(shell, part.text.slice(1), isQuoted);
  if (part.type === "ParameterExpansion") return yield* parameter(shell, part, isQuoted);
  if (part.type === "CommandExpansion") return { text: yield* shell.substitute(part.script) };
  if (part.expression === undefined) return { text: "0" };
  return { text: String(yield* shell.calculate(part.expression)) };
}

const lastOf = (fields: Field[]): Field => {
  const last = fields.at(-1) ?? empty();
  if (fields.length === 0) fields.push(last);
  return last;
};

function append(fields: Field[], text: string, isKept: boolean): void {
  const field = lastOf(fields);
  field.text += text;
  field.pattern += plain(text);
  field.isKept ||= isKept || text !== "";
}

/** Text as it is written: a backslash quotes, a tilde at its beginning is the home directory. */
function literal(shell: Shell, fields: Field[], written: string, { isFirst }: Mode): void {
  const field = lastOf(fields);
  const rest = isFirst ? withoutTilde(shell, fields, written) : written;
  for (let at = 0; at < rest.length; at++) {
    const char = rest[at] ?? "";
    if (char === "\\") {
      const next = rest[++at] ?? "";
      if (next !== "\n") append(fields, next, true);
      continue;
    }
    field.text += char;
    field.pattern += char;
    field.isPattern ||= /[*?[(]/.test(char);
    field.isKept = true;
  }
}

/** Puts the home directory in for a tilde. Answers what follows it. */
function withoutTilde(shell: Shell, fields: Field[], written: string): string {
  const [tilde, name = ""] = /^~([a-z_][\w.-]*)?(?=[/:]|$)/i.exec(written) ?? [];
  const home = tilde === undefined ? undefined : homeOf(shell, name);
  if (home === undefined || tilde === undefined) return written;
  append(fields, home, true);
  return written.slice(tilde.length);
}

/** `~` and `~name`; a name that no user has stays as it is written. */
function homeOf(shell: Shell, name: string): string | undefined {
  if (name === "") return shell.value("HOME") ?? shell.user.home;
  return userOf({ get: (path) => shell.files.read(path) }, name)?.home;
}

/** Puts a value in: several fields for "$@", else one text that is split unless it is quoted. */
function insert(shell: Shell, fields: Field[], { text, list }: Expanded, mode: Mode): void {
  if (list === undefined) {
    if (mode.isQuoted || !mode.splits) return asPattern(fields, text, mode.isQuoted);
    return split(shell, fields, text);
  }
  if (!mode.splits) return asPattern(fields, list.join(" "), mode.isQuoted);
  for (const [index, item] of list.entries()) {
    if (index > 0) fields.push(empty());
    if (mode.isQuoted) append(fields, item, true);
    else split(shell, fields, item);
  }
}

/** A value that is not split; its stars are those of a pattern unless it is quoted. */
function asPattern(fields: Field[], text: string, isQuoted: boolean): void {
  if (isQuoted) return append(fields, text, true);
  const field = lastOf(fields);
  field.text += text;
  field.pattern += text;
  field.isKept ||= text !== "";
}

function split(shell: Shell, fields: Field[], text: string): void {
  const separators = shell.value("IFS") ?? " \t\n";
  for (const [index, piece] of splitBy(text, separators).entries()) {
    if (index > 0) fields.push(empty());
    const field = lastOf(fields);
    field.text += piece.text;
    field.pattern += piece.text;
    field.isPattern ||= /[*?[]/.test(piece.text);
    field.isKept ||= piece.text !== "" || piece.isKept;
  }
}

interface Piece {
  readonly text: string;
  readonly isKept: boolean;
}

/** Splits at separators: blanks join, other separators each end a field. */
function splitBy(text: string, separators: string): Piece[] {
  if (separators === "" || text === "") return [{ text, isKept: text !== "" }];
  const blanks = Array.from(separators)
    .filter((char) => /\s/.test(char))
    .join("");
  const others = Array.from(separators)
    .filter((char) => !/\s/.test(char))
    .join("");
  const set = (chars: string): string => `[${escapeRegExp(chars)}]`;
  const blank = blanks === "" ? "" : `${set(blanks)}*`;
  const hard = others === "" ? undefined : `${blank}${set(others)}${blank}`;
  const soft = blanks === "" ? undefined : `${set(blanks)}+`;
  const splitter = new RegExp([hard, soft].filter((each) => each !== undefined).join("|"));
  const pieces = text.split(splitter);
  // A separator at the end ends the last field, and begins none.
  return pieces.map((piece, index) => ({
    text: piece,
    isKept: others !== "" && index < pieces.length - 1 && hasHard(text, others),
  }));
}

const hasHard = (text: string, others: string): boolean =>
  Array.from(others).some((char) => text.includes(char));

/** The paths that a pattern matches, or its text. */
function pathsOf(shell: Shell, { text, pattern, isPattern }: Field): string[] {
  if (!isPattern || shell.options.has("noglob")) return [text];
  const isAbsolute = pattern.startsWith("/");
  const found = shell.files.glob(
    isAbsolute ? pattern : `${plain(shell.cwd === "/" ? "" : shell.cwd)}/${pattern}`,
    shell.shopts.has("dotglob"),
  );
  if (found.length === 0) return shell.shopts.has("nullglob") ? [] : [text];
  if (isAbsolute) return found;
  const base = shell.cwd === "/" ? "/" : `${shell.cwd}/`;
  return found.map((path) => (path.startsWith(base) ? path.slice(base.length) : path));
}

/** `<( )` is a file with the output of a command, `>( )` one whose text a command reads afterwards. */
function* substituted(shell: Shell, { operator, script }: ProcessSubstitutionPart): Steps<string> {
  if (script === undefined) throw new ShellFault("syntax error in a process substitution");
  const path = shell.outputs.nextPath();
  if (operator === "<") shell.files.openRead(path, yield* shell.capture(script));
  else shell.outputs.open(shell, path, script);
  return path;
}
