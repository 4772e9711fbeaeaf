/** `grep` */
import { eachText, has, lines, valueOf } from "./answers.ts";
import { expressionOf } from "./expressions.ts";
import type { Io, Program } from "./machine.ts";
import { escapeRegExp } from "./shell/pattern.ts";

export const GREP: Readonly<Record<string, Program>> = {
  grep,
  egrep: (args, io) => grep(["-E", ...args], io),
  fgrep: (args, io) => grep(["-F", ...args], io),
};

const TAKES = /^-(?:e|f|m|A|B|C|-include|-exclude)$/;

interface Query {
  readonly matcher: RegExp;
  readonly names: readonly string[];
}

function grep(args: readonly string[], io: Io): number {
  const query = queryOf(args, io);
  const isDeep = has(args, "rR", "--recursive");
  const names = isDeep ? query.names.flatMap((name) => io.files.below(io.path(name))) : query.names;
  if (isDeep && names.length === 0) return 1;
  const isNamed = !has(args, "h") && (has(args, "H") || isDeep || names.length > 1);
  let found = 0;
  const missing = eachText(
    names,
    has(args, "s") ? { ...io, err: () => undefined } : io,
    "grep",
    (text, name) => {
      const all = lines(text).map((line) => line.replace(/\n$/, ""));
      const hits = all.flatMap((line, at) =>
        query.matcher.test(line) === has(args, "v", "--invert-match") ? [] : [at],
      );
      found += hits.length;
      report(args, { name: isNamed ? `${name}:` : "", all, hits, matcher: query.matcher, file: name }, io);
    },
  );
  if (missing !== 0 && !(has(args, "q") && found > 0)) return 2;
  return found > 0 ? 0 : 1;
}

function queryOf(args: readonly string[], io: Io): Query {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const patterns: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < end; at++) {
    const [arg = "", value = ""] = args.slice(at, end);
    if (arg === "-e") patterns.push(value);
    if (arg === "-f") patterns.push(...listed(value, io));
    if (TAKES.test(arg)) at++;
    else if (!/^-./.test(arg)) rest.push(arg);
  }
  rest.push(...args.slice(end + 1));
  if (patterns.length === 0) patterns.push(rest.shift() ?? "");
  return { matcher: matcherOf(patterns, args), names: rest };
}

/** The patterns of a file. */
const listed = (name: string, io: Io): string[] => (io.files.read(io.path(name)) ?? "").trimEnd().split("\n");

function matcherOf(patterns: readonly string[], args: readonly string[]): RegExp {
  const kind = has(args, "P", "--perl-regexp")
    ? "perl"
    : has(args, "E", "--extended-regexp")
      ? "extended"
      : "basic";
  const isPlain = has(args, "F", "--fixed-strings");
  const all = patterns.flatMap((pattern) => pattern.split("\n"));
  const source = all
    .map((pattern) => (isPlain ? escapeRegExp(pattern) : expressionOf(pattern, kind).source))
    .map((each) => (each === "(?:)" ? "" : each))
    .join("|");
  const whole = has(args, "x", "--line-regexp") ? `^(?:${source})$` : source;
  const word = has(args, "w", "--word-regexp") ? `(?<!\\w)(?:${whole})(?!\\w)` : whole;
  return new RegExp(word, has(args, "i", "--ignore-case") ? "i" : "");
}

interface Result {
  readonly name: string;
  readonly all: readonly string[];
  readonly hits: readonly number[];
  readonly matcher: RegExp;
  readonly file: string;
}

function report(args: readonly string[], result: Result, io: Io): void {
  const { name, hits, file } = result;
  if (has(args, "q", "--quiet", "--silent")) return;
  if (has(args, "c", "--count")) return io.out(`${name}${hits.length}\n`);
  if (!has(args, "lL")) return shown(args, result, io);
  if (hits.length > 0 === has(args, "l")) io.out(`${file}\n`);
}

function shown(args: readonly string[], { name, all, hits, matcher }: Result, io: Io): void {
  const limit = Number(valueOf(args, "-m") ?? Number.POSITIVE_INFINITY);
  const numbered = has(args, "n", "--line-number");
  const every = new RegExp(matcher.source, `g${matcher.flags}`);
  for (const at of around(hits.slice(0, limit), all.length, args)) {
    const line = all[at] ?? "";
    const head = name + (numbered ? `${at + 1}:` : "");
    const texts = has(args, "o", "--only-matching")
      ? line.match(every)?.filter((text) => text !== "")
      : [line];
    for (const text of texts ?? []) io.out(`${head}${text}\n`);
  }
}

/** Lines with those before and after them that -A, -B and -C ask for. */
function around(hits: readonly number[], count: number, args: readonly string[]): readonly number[] {
  const both = valueOf(args, "-C") ?? "0";
  const [before, after] = [Number(valueOf(args, "-B") ?? both), Number(valueOf(args, "-A") ?? both)];
  if (before + after === 0) return hits;
  const shown = new Set<number>();
  for (const at of hits)
    for (let each = Math.max(0, at - before); each <= Math.min(count - 1, at + after); each++)
      shown.add(each);
  return [...shown].toSorted((a, b) => a - b);
}
