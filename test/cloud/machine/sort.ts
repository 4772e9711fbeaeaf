/** `sort`, by the bytes of its lines. */
import { complain, eachText, lines, notSimulated } from "./answers.ts";
import type { Io, Program } from "./machine.ts";

/** The place of a key in a line, and how it is compared. Fields and characters count from 1; 0 is the end of a field. */
interface Key {
  readonly from: readonly [field: number, character: number];
  readonly to: readonly [field: number, character: number] | undefined;
  readonly flags: string;
}

interface Given {
  readonly flags: string;
  readonly keys: readonly Key[];
  readonly separator: string | undefined;
  readonly target: string | undefined;
  readonly names: readonly string[];
}

const LONG: Readonly<Record<string, string>> = {
  "--numeric-sort": "-n",
  "--reverse": "-r",
  "--unique": "-u",
  "--ignore-case": "-f",
  "--human-numeric-sort": "-h",
  "--version-sort": "-V",
  "--stable": "-s",
  "--check": "-c",
  "--ignore-leading-blanks": "-b",
  "--key": "-k",
  "--field-separator": "-t",
  "--output": "-o",
};

const words = (args: readonly string[]): string[] =>
  args.flatMap((arg) => {
    const [, name = "", value] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const short = LONG[name];
    return short === undefined ? [arg] : [value === undefined ? short : short + value];
  });

/** A command line; undefined for one that is not simulated. */
function read(args: readonly string[]): Given | undefined {
  const { flags, names, texts } = split(args);
  const keys = texts.filter(([letter]) => letter === "k").map(([, text]) => keyOf(text));
  const isKnown = names.every((name) => name === "-" || !name.startsWith("-"));
  if (!isKnown || !keys.every((key) => key !== undefined)) return undefined;
  const one = (letter: string): string | undefined => texts.find(([each]) => each === letter)?.[1];
  return { flags, names, keys, separator: one("t"), target: one("o") };
}

interface Split {
  readonly flags: string;
  /** Files, and options that are not simulated. */
  readonly names: readonly string[];
  /** Options with their values. */
  readonly texts: readonly (readonly [letter: string, text: string])[];
}

function split(args: readonly string[]): Split {
  const rest = words(args);
  const texts: [string, string][] = [];
  const names: string[] = [];
  let flags = "";
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, letters, letter, value] = /^-(?=.)([nrufhVscCb]*)(?:([kto])(.*))?$/s.exec(word) ?? [];
    if (letters === undefined) names.push(word);
    else flags += letters;
    if (letter !== undefined) texts.push([letter, value || (rest.shift() ?? "")]);
  }
  return { flags, names, texts };
}

/** `2`, `2,2`, `1.3n`, `2,2nr` */
function keyOf(text: string): Key | undefined {
  const match = /^(\d+)(?:\.(\d+))?([nrfhVb]*)(?:,(\d+)(?:\.(\d+))?([nrfhVb]*))?$/.exec(text);
  if (match === null) return undefined;
  const [, field, character = "1", flags = "", last, lastCharacter = "0", more = ""] = match;
  return {
    from: [Number(field), Number(character)],
    to: last === undefined ? undefined : [Number(last), Number(lastCharacter)],
    flags: flags + more,
  };
}

/** The text of a key. Without a separator a field begins with the blanks before it. */
function part(line: string, { from, to, flags }: Key, separator: string | undefined): string {
  const fields = separator === undefined ? (line.match(/\s*\S+|\s+$/g) ?? []) : line.split(separator);
  const gap = separator?.length ?? 0;
  const begins = (field: number): number =>
    fields.slice(0, field - 1).reduce((sum, { length }) => sum + length + gap, 0);
  const blanks = (field: number): number =>
    flags.includes("b") ? (/^\s*/.exec(fields[field - 1] ?? "")?.[0].length ?? 0) : 0;
  const start = begins(from[0]) + blanks(from[0]) + from[1] - 1;
  if (to === undefined) return line.slice(start);
  const [field, character] = to;
  const length = character === 0 ? (fields[field - 1] ?? "").length : blanks(field) + character;
  return line.slice(start, Math.max(start, begins(field) + length));
}

type Compare = (a: string, b: string) => number;

const byText: Compare = (a, b) => (a < b ? -1 : Number(a > b));
const byNumber: Compare = (a, b) => (Number.parseFloat(a) || 0) - (Number.parseFloat(b) || 0);

/** By the sign, then by the unit, then by the number. */
function bySize(a: string, b: string): number {
  const rank = (text: string): readonly number[] => {
    const [, number = "0", unit = ""] = /^\s*(-?[\d.]+)([KkMGTPE]?)/.exec(text) ?? [];
    const value = Number.parseFloat(number) || 0;
    const power = value === 0 ? 0 : "KMGTPE".indexOf(unit.toUpperCase() || "?") + 1;
    return [Math.sign(value), Math.sign(value) * power, value];
  };
  const [first, second] = [rank(a), rank(b)];
  return first.map((value, at) => value - (second[at] ?? 0)).find((order) => order !== 0) ?? 0;
}

function byVersion(a: string, b: string): number {
  const split = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const [first, second] = [split(a), split(b)];
  for (let at = 0; at < Math.max(first.length, second.length); at++) {
    const [x = "", y = ""] = [first[at], second[at]];
    const order = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : byText(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

function comparing(flags: string): Compare {
  const by = flags.includes("V")
    ? byVersion
    : flags.includes("h")
      ? bySize
      : flags.includes("n")
        ? byNumber
        : byText;
  const isDeaf = flags.includes("f");
  const isBare = flags.includes("b");
  const seen = (text: string): string => {
    const bare = isBare ? text.trimStart() : text;
    return isDeaf ? bare.toUpperCase() : bare;
  };
  const sign = flags.includes("r") ? -1 : 1;
  return (a, b) => sign * by(seen(a), seen(b));
}

/** The order by all keys; a key without flags of its own takes those of the whole. */
function order({ flags, keys, separator }: Given): Compare {
  const whole = flags.replaceAll(/[usCc]/g, "");
  if (keys.length === 0) return comparing(whole);
  const all = keys.map((key) => {
    const own = key.flags === "" ? { ...key, flags: whole } : key;
    const compare = comparing(own.flags);
    return (a: string, b: string): number => compare(part(a, own, separator), part(b, own, separator));
  });
  return (a, b) => all.map((compare) => compare(a, b)).find((each) => each !== 0) ?? 0;
}

export const sort: Program = (args, io) => {
  const given = read(args);
  if (given === undefined) return notSimulated("sort", args, io);
  const { flags, names } = given;
  let text = "";
  const status = eachText(names, io, "sort", (more) => {
    text += more === "" || more.endsWith("\n") ? more : `${more}\n`;
  });
  const rows = lines(text).map((line) => line.slice(0, -1));
  const compare = order(given);
  const isUnique = flags.includes("u");
  if (/c/i.test(flags)) return checked(rows, (a, b) => compare(a, b) < (isUnique ? 0 : 1), flags, io);
  const last: Compare = isUnique || flags.includes("s") ? () => 0 : comparing(flags.includes("r") ? "r" : "");
  const sorted = rows.toSorted((a, b) => compare(a, b) || last(a, b));
  const kept = sorted.filter((row, at) => !isUnique || at === 0 || compare(sorted[at - 1] ?? "", row) !== 0);
  written(given, kept, io);
  return status === 0 ? 0 : 2;
};

function written({ target }: Given, rows: readonly string[], io: Io): void {
  const text = rows.map((row) => `${row}\n`).join("");
  if (target === undefined) io.out(text);
  else io.files.write(io.path(target), text);
}

function checked(
  rows: readonly string[],
  isOrdered: (a: string, b: string) => boolean,
  flags: string,
  io: Io,
): number {
  const at = rows.findIndex((row, index) => index > 0 && !isOrdered(rows[index - 1] ?? "", row));
  if (at === -1) return 0;
  return flags.includes("C") ? 1 : complain(io, `sort: -:${at + 1}: disorder: ${rows[at] ?? ""}`);
}
