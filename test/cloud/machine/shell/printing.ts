/** `echo` and `printf`. */
import type { Io } from "../machine.ts";
import { ShellFault } from "./faults.ts";
import { escaped } from "./quote.ts";

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
export function unescaped(text: string): { readonly text: string; readonly isCut: boolean } {
  const cut = /^((?:[^\\]|\\[^c])*?)\\c/s.exec(text);
  const whole = (cut?.[1] ?? text).replaceAll(
    /\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|0?([0-7]{1,3})|(.))/gs,
    (all: string, ...groups: (string | undefined)[]) => {
      const [hex, unicode, octal, char] = groups;
      const code = hex ?? unicode;
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
    const shown = unescaped(text);
    out(shown.text + (shown.isCut ? "" : end));
  }
  return 0;
}

export function printf(args: readonly string[], { out, shell }: Io): number {
  const isInto = args[0] === "-v" && shell.dialect === "bash";
  const [format = "", ...values] = isInto ? args.slice(2) : args[0] === "--" ? args.slice(1) : args;
  const state: State = {
    values: [...values],
    status: 0,
    complain: (message) => shell.complain(message),
    now: shell.machine.now(),
  };
  const pieces = format.match(PIECES) ?? [];
  const takes = pieces.some((piece) => piece.startsWith("%") && piece !== "%%");
  let text = "";
  do text += pieces.map((piece) => formatted(piece, state)).join("");
  while (takes && state.values.length > 0);
  if (isInto) assignTo(args[1] ?? "", text, shell);
  else out(text);
  return state.status;
}

function assignTo(target: string, text: string, shell: Io["shell"]): void {
  const [, name = target, index] = /^(\w+)\[(.*)\]$/.exec(target) ?? [];
  shell.variables.set(name, text, index);
}

const PIECES = /%\([^)]*\)T|%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+)?)?[A-Za-z%]|[^%]+|%/g;

interface State {
  readonly values: string[];
  status: number;
  readonly complain: (message: string) => void;
  readonly now: number;
}

interface Spec {
  readonly flags: string;
  readonly size: number;
  readonly digits: number | undefined;
}

function formatted(piece: string, state: State): string {
  if (!piece.startsWith("%")) return unescaped(piece).text;
  if (piece === "%%") return "%";
  if (piece.startsWith("%(")) {
    state.values.shift();
    return new Date(state.now).toISOString().slice(0, 19);
  }
  const [, flags = "", width = "0", dot, precision = "0", kind = ""] =
    /^%([-+ #0]*)(\*|\d+)?(?:(\.)(\*|\d+)?)?([A-Za-z])$/.exec(piece) ?? [];
  if (kind === "") return piece;
  const number = (given: string): number => Number(given === "*" ? (state.values.shift() ?? 0) : given);
  const size = number(width);
  const digits = dot === undefined ? undefined : number(precision);
  return padded(kind, converted(kind, { flags, size, digits }, state), { flags, size, digits });
}

function padded(kind: string, text: string, { flags, size }: Spec): string {
  if (flags.includes("-")) return text.padEnd(size);
  const isFilled = flags.includes("0") && /[diouxXfeg]/.test(kind);
  if (!isFilled || text.length >= size) return text.padStart(size);
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(size - sign.length, "0");
}

const TEXTS: Readonly<Record<string, (value: string, spec: Spec) => string>> = {
  s: (value, { digits }) => (digits === undefined ? value : value.slice(0, digits)),
  b: (value) => unescaped(value).text,
  q: (value) => escaped(value),
  c: (value) => value.slice(0, 1),
};

const whole = (value: number, { flags, digits }: Spec): string =>
  (flags.includes("+") && value >= 0 ? "+" : "") + String(Math.trunc(value)).padStart(digits ?? 0, "0");

const NUMBERS: Readonly<Record<string, (value: number, spec: Spec) => string>> = {
  d: whole,
  i: whole,
  u: whole,
  f: (value, { digits }) => value.toFixed(digits ?? 6),
  F: (value, { digits }) => value.toFixed(digits ?? 6),
  e: (value, { digits }) => value.toExponential(digits ?? 6),
  g: String,
  x: (value, { flags }) => (flags.includes("#") ? "0x" : "") + Math.trunc(value).toString(16),
  X: (value) => Math.trunc(value).toString(16).toUpperCase(),
  o: (value) => Math.trunc(value).toString(8),
};

function converted(kind: string, spec: Spec, state: State): string {
  const value = state.values.shift() ?? "";
  const text = TEXTS[kind];
  if (text !== undefined) return text(value, spec);
  const number = NUMBERS[kind];
  if (number === undefined) throw new ShellFault(`printf: \`${kind}': invalid format character`, "plain");
  return number(numberOf(value, state), spec);
}

function numberOf(text: string, state: State): number {
  if (text === "") return 0;
  if (/^['"]/.test(text)) return text.codePointAt(1) ?? 0;
  const value = /^-?0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
  if (!Number.isNaN(value)) return value;
  state.complain(`printf: ${text}: invalid number`);
  state.status = 1;
  return Number.parseInt(text, 10) || 0;
}
