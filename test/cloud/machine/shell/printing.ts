/** `echo` and `printf`. */
import type { Io } from "../machine.ts";
import { clockText } from "../clock.ts";
import { floatingText, isFloating, isWhole, padded, wholeText } from "./conversions.ts";
import type { Spec } from "./conversions.ts";
import { escaped } from "./quote.ts";
import type { Shell } from "./shell.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  e: "\u001B",
  E: "\u001B",
  f: "\f",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/** Resolves `\n`, `\033`, `\x1b` …; `\c` ends the text. */
export function unescaped(text: string, isDash = false): { readonly text: string; readonly isCut: boolean } {
  const cut = /^((?:[^\\]|\\[^c])*?)\\c/s.exec(text);
  const whole = (cut?.[1] ?? text).replaceAll(
    /\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|0?([0-7]{1,3})|(.))/gs,
    (all: string, ...groups: (string | undefined)[]) => {
      const [hex, unicode, octal, char] = groups;
      const code = hex ?? unicode;
      if (isDash && /^\\[xueE]/.test(all)) return all;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return ESCAPES[char ?? ""] ?? all;
    },
  );
  return { text: whole, isCut: cut !== null };
}

export function echo(args: readonly string[], { out, shell }: Io): number {
  // dash knows -n only, and always reads escapes.
  const isFlag = shell.dialect === "dash" ? /^-n$/ : /^-[neE]+$/;
  const first = args.findIndex((arg) => !isFlag.test(arg));
  const flags = args.slice(0, first === -1 ? args.length : first).join("");
  const text = args.slice(first === -1 ? args.length : first).join(" ");
  const end = flags.includes("n") ? "" : "\n";
  if (shell.dialect === "bash" && !/e[^E]*$/.test(flags)) out(text + end);
  else {
    const shown = unescaped(text, shell.dialect === "dash");
    out(shown.text + (shown.isCut ? "" : end));
  }
  return 0;
}

export function printf(args: readonly string[], { out, shell }: Io): number {
  const isInto = args[0] === "-v" && shell.dialect === "bash";
  const given = isInto ? args.slice(2) : args;
  const [format, ...values] = given[0] === "--" ? given.slice(1) : given;
  if (format === undefined) {
    shell.complain("printf: usage: printf format [arguments]");
    return 2;
  }
  const state: State = { shell, values, taken: 0, status: 0, isOver: false };
  const text = repeated(format.match(PIECES) ?? [], state);
  if (isInto) assignTo(args[1] ?? "", text, shell);
  else out(text);
  return state.status;
}

/** A format is used again until no value is left; one that takes none is used once. */
function repeated(pieces: readonly string[], state: State): string {
  let text = "";
  do {
    state.taken = 0;
    for (const piece of pieces) {
      text += formatted(piece, state);
      state.shell.bounds.spend(piece.length);
      if (state.isOver) return text;
    }
  } while (state.taken > 0 && state.values.length > 0);
  return text;
}

function assignTo(target: string, text: string, shell: Shell): void {
  const [, name = target, index] = /^(\w+)\[(.*)\]$/.exec(target) ?? [];
  shell.variables.set(name, text, index);
}

/** Flags, width, precision and length of a conversion. */
const DIRECTIVE = String.raw`%([-+ #0']*)(\*|\d+)?(?:(\.)(\*|-?\d+)?)?(?:hh|h|ll|l|j|z|t|L)?`;
const PIECES = new RegExp(String.raw`%%|%\([^)]*\)T|${DIRECTIVE}.?|[^%]+`, "gs");

interface State {
  readonly shell: Shell;
  readonly values: string[];
  /** How many values this round of the format took. */
  taken: number;
  status: number;
  /** Whether the output ends here, after an error or `\c`. */
  isOver: boolean;
}

function take(state: State): string | undefined {
  const value = state.values.shift();
  if (value !== undefined) state.taken++;
  return value;
}

function formatted(piece: string, state: State): string {
  if (!piece.startsWith("%")) {
    return unescaped(piece, state.shell.dialect === "dash").text;
  }
  if (piece === "%%") return "%";
  const { dialect } = state.shell;
  const [, format] = /^%\(([^)]*)\)T$/.exec(piece) ?? [];
  if (format !== undefined && dialect === "bash") return time(format, state);
  const [, flags = "", width, dot, precision, letter = ""] =
    new RegExp(`^${DIRECTIVE}(.?)$`, "s").exec(piece) ?? [];
  if (!isKnown(letter, flags, dialect)) return refused(piece, letter, state);
  return converted(
    letter,
    specOf(flags, width, dot === undefined ? undefined : (precision ?? "0"), state),
    state,
  );
}

const isKnown = (letter: string, flags: string, dialect: Shell["dialect"]): boolean =>
  letter !== "" &&
  (isWhole(letter) || isFloating(letter) || (dialect === "bash" ? "sbqc" : "sbc").includes(letter)) &&
  (dialect === "bash" || !flags.includes("'"));

function refused(piece: string, letter: string, state: State): string {
  const { shell } = state;
  if (/^[aAnQ]$/.test(letter) && shell.dialect === "bash") shell.notSimulated(`printf %${letter}`);
  else if (shell.dialect === "dash")
    shell.complain(
      letter === "" ? "printf: missing format character" : `printf: ${piece}: invalid directive`,
    );
  else
    shell.complain(
      letter === ""
        ? `printf: \`${piece}': missing format character`
        : `printf: \`${letter}': invalid format character`,
    );
  state.status = shell.dialect === "dash" ? 2 : 1;
  state.isOver = true;
  return "";
}

function specOf(flags: string, width: string | undefined, precision: string | undefined, state: State): Spec {
  const number = (given: string): number => Number(given === "*" ? integerOf(take(state), state) : given);
  const size = width === undefined ? 0 : number(width);
  const digits = precision === undefined ? undefined : number(precision);
  state.shell.bounds.spend(Math.abs(size) + Math.abs(digits ?? 0));
  return {
    flags: size < 0 ? `-${flags}` : flags,
    size: Math.abs(size),
    digits: digits === undefined || digits < 0 ? undefined : digits,
  };
}

/** `%(%F)T`: a time in seconds; -1, and nothing at all, is now. */
function time(format: string, state: State): string {
  const given = take(state);
  const { shell } = state;
  if (given === "-2") shell.notSimulated("printf %()T of the shell's start");
  const at =
    given === undefined || given === "-1" ? shell.machine.now() : Number(integerOf(given, state)) * 1000;
  const text = clockText(format === "" ? "%T" : format, at);
  if (text === undefined) shell.notSimulated(`printf %(${format})T`);
  return text ?? "";
}

function converted(letter: string, spec: Spec, state: State): string {
  const value = take(state);
  if (isWhole(letter)) return wholeText(letter, integerOf(value, state), spec);
  if (isFloating(letter)) return floatingText(letter, floatOf(value, state), spec);
  return padded(textBy(letter, value ?? "", spec, state), spec);
}

function textBy(letter: string, value: string, { digits }: Spec, state: State): string {
  if (letter === "c") return value.slice(0, 1);
  if (letter === "q") return escaped(value);
  if (letter === "s") return digits === undefined ? value : value.slice(0, digits);
  const { text, isCut } = unescaped(value, state.shell.dialect === "dash");
  state.isOver ||= isCut;
  return text;
}

/** `42`, `-042`, `0x1f`, and `'a` for the code of a character; for anything else the number it begins with. */
function integerOf(text: string | undefined, state: State): bigint {
  if (text === undefined || text === "") return 0n;
  if (/^['"]/.test(text)) return BigInt(text.codePointAt(1) ?? 0);
  const [, sign = "", digits = "0", rest = ""] =
    /^\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)?(.*)$/s.exec(text) ?? [];
  if (rest !== "") invalid(text, state);
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === "-" ? -value : value;
}

function floatOf(text: string | undefined, state: State): number {
  if (text === undefined || text === "") return 0;
  if (/^['"]/.test(text)) return text.codePointAt(1) ?? 0;
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  invalid(text, state);
  return Number.parseFloat(text) || 0;
}

function invalid(text: string, state: State): void {
  state.shell.complain(`printf: ${text}: invalid number`);
  state.status = 1;
}
