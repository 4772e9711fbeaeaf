/** Programs that change text on its way through a pipe. */
import { createHash } from "node:crypto";
import { AWK } from "./awk.ts";
import { complain, eachText, has, lines, notSimulated, operands, valueOf } from "./answers.ts";
import { GREP } from "./grep.ts";
import type { Io, Program } from "./machine.ts";
import { optionsOf } from "./options.ts";
import type { Given } from "./options.ts";
import { seq } from "./seq.ts";
import { SED } from "./sed.ts";
import { sort } from "./sort.ts";

export const FILTERS: Readonly<Record<string, Program>> = {
  ...GREP,
  ...SED,
  ...AWK,
  cat,
  tac: (args, io) => eachText(operands(args), io, "tac", (text) => io.out(lines(text).toReversed().join(""))),
  head: (args, io) => part("head", args, io),
  tail: (args, io) => part("tail", args, io),
  wc,
  sort,
  uniq,
  cut,
  tr,
  tee,
  seq,
  rev: (args, io) =>
    eachText(operands(args), io, "rev", (text) =>
      io.out(
        lines(text)
          .map((line) => `${Array.from(line.trimEnd()).toReversed().join("")}\n`)
          .join(""),
      ),
    ),
  base64,
  md5sum: (args, io) => digest("md5", args, io),
  sha1sum: (args, io) => digest("sha1", args, io),
  sha256sum: (args, io) => digest("sha256", args, io),
  sha512sum: (args, io) => digest("sha512", args, io),
  // It has nowhere to show what it reads.
  logger: (_, io) => (io.input.rest(), 0),
};

const CAT = {
  letters: "AbeEnstTuv",
  long: {
    "show-all": "A",
    "number-nonblank": "b",
    "show-ends": "E",
    number: "n",
    "squeeze-blank": "s",
    "show-tabs": "T",
    "show-nonprinting": "v",
  },
} as const;

function cat(args: readonly string[], io: Io): number {
  const given = optionsOf(args, CAT);
  if (given.unknown !== undefined) return notSimulated("cat", args, io);
  const any = (...letters: readonly string[]): boolean => letters.some((letter) => given.has(letter));
  let number = 0;
  let isBlank = false;
  return eachText(given.operands, io, "cat", (text) => {
    for (const line of lines(text)) {
      const wasBlank = isBlank;
      isBlank = line === "\n";
      if (given.has("s") && isBlank && wasBlank) continue;
      const isCounted = given.has("b") ? !isBlank : given.has("n");
      let shown = any("A", "e", "t", "v") ? visible(line) : line;
      if (any("A", "t", "T")) shown = shown.replaceAll("\t", "^I");
      if (any("A", "e", "E")) shown = shown.replace(/\n$/, "$\n");
      io.out(`${isCounted ? `${String(++number).padStart(6)}\t` : ""}${shown}`);
    }
  });
}

/** Control characters as `^A`, bytes beyond ASCII as `M-A`; tabs and line ends stay. */
const visible = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => {
    if (byte === 9 || byte === 10) return String.fromCodePoint(byte);
    const low = byte & 127;
    const shown =
      low < 32 ? `^${String.fromCodePoint(low + 64)}` : low === 127 ? "^?" : String.fromCodePoint(low);
    return byte > 127 ? `M-${shown}` : shown;
  }).join("");

const PART = {
  letters: "n:c:qv",
  long: { lines: "n", bytes: "c", quiet: "q", silent: "q", verbose: "v" },
} as const;

function part(name: "head" | "tail", args: readonly string[], io: Io): number {
  const given = optionsOf(
    args.map((arg, index) => (index === 0 ? arg.replace(/^-(\d+)$/, "-n$1") : arg)),
    PART,
  );
  const isBytes = given.has("c");
  const [, sign = "", digits] = /^([-+]?)(\d+)$/.exec(given.value("c") ?? given.value("n") ?? "10") ?? [];
  if (given.unknown !== undefined || digits === undefined || showsNames(given))
    return notSimulated(name, args, io);
  const count = Number(digits);
  if (isBytes && name === "head" && given.operands.join(" ") === "/dev/zero") return zeros(count, io);
  const cut = name === "head" ? first : last;
  return eachText(given.operands, io, name, (text) => {
    io.out(cut(isBytes ? Array.from(text) : lines(text), sign, count).join(""));
  });
}

/** Between several files their names are shown. */
const showsNames = (given: Given): boolean =>
  given.has("v") || (given.operands.length > 1 && !given.has("q"));

function zeros(count: number, io: Io): number {
  io.shell.bounds.spend(count);
  io.out("\0".repeat(count));
  return 0;
}

/** So many from the beginning, or all but so many with a minus. */
const first = (units: readonly string[], sign: string, count: number): readonly string[] =>
  units.slice(0, sign === "-" ? Math.max(0, units.length - count) : count);

/** So many from the end, or from the given one on with a plus. */
const last = (units: readonly string[], sign: string, count: number): readonly string[] =>
  units.slice(sign === "+" ? Math.max(0, count - 1) : Math.max(0, units.length - count));

function wc(args: readonly string[], io: Io): number {
  return eachText(operands(args), io, "wc", (text, name) => {
    const counts: (readonly [string, number])[] = [
      ["l", text.split("\n").length - 1],
      ["w", text.split(/\s+/).filter(Boolean).length],
      ["c", Buffer.byteLength(text)],
    ];
    const asked = counts.filter(([letter]) => has(args, letter) || (letter === "c" && has(args, "m")));
    const shown = (asked.length === 0 ? counts : asked).map(([, count]) => count).join(" ");
    io.out(name === "-" ? `${shown}\n` : `${shown} ${name}\n`);
  });
}

function gather(
  args: readonly string[],
  takes: readonly string[],
  io: Io,
  name: string,
): { text: string; status: number } {
  let text = "";
  const status = eachText(operands(args, takes), io, name, (more) => {
    text += more === "" || more.endsWith("\n") ? more : `${more}\n`;
  });
  return { text, status };
}

function uniq(args: readonly string[], io: Io): number {
  const { text, status } = gather(args, [], io, "uniq");
  const groups: { line: string; count: number }[] = [];
  for (const line of lines(text)) {
    const last = groups.at(-1);
    if (last?.line === line) last.count++;
    else groups.push({ line, count: 1 });
  }
  const kept = groups.filter(
    ({ count }) => (!has(args, "d") || count > 1) && (!has(args, "u") || count === 1),
  );
  io.out(
    kept.map(({ line, count }) => (has(args, "c") ? `${String(count).padStart(7)} ${line}` : line)).join(""),
  );
  return status;
}

/** `2`, `1,3`, `2-`, `-3` */
function ranges(list: string): (index: number) => boolean {
  const parts = list.split(",").map((range) => {
    const [from = "", to] = range.split("-");
    const first = from === "" ? 1 : Number(from);
    return [first, to === undefined ? first : to === "" ? Number.POSITIVE_INFINITY : Number(to)] as const;
  });
  return (index) => parts.some(([from, to]) => index + 1 >= from && index + 1 <= to);
}

function cut(args: readonly string[], io: Io): number {
  const fields = valueOf(args, "-f", "--fields");
  const characters = valueOf(args, "-c", "--characters") ?? valueOf(args, "-b", "--bytes");
  const delimiter = valueOf(args, "-d", "--delimiter") ?? "\t";
  const chosen = ranges(fields ?? characters ?? "1");
  return eachText(operands(args, ["-f", "-c", "-d", "-b"]), io, "cut", (text) => {
    for (const line of lines(text).map((each) => each.replace(/\n$/, ""))) {
      const units = fields === undefined ? Array.from(line) : line.split(delimiter);
      if (fields !== undefined && units.length === 1) {
        if (!args.includes("-s")) io.out(`${line}\n`);
      } else
        io.out(`${units.filter((_, index) => chosen(index)).join(fields === undefined ? "" : delimiter)}\n`);
    }
  });
}

const SETS: Readonly<Record<string, string>> = {
  "[:upper:]": "A-Z",
  "[:lower:]": "a-z",
  "[:digit:]": "0-9",
  "[:alpha:]": "A-Za-z",
  "[:alnum:]": "A-Za-z0-9",
  "[:space:]": " \\t\\n\\r\\v\\f",
  "[:blank:]": " \\t",
  "[:punct:]": "!-/:-@[-`{-~",
};

/** The characters of a set of `tr`, such as `a-z` or `[:digit:]`. */
function characters(set: string): string[] {
  const plain = set
    .replaceAll(/\[:\w+:\]/g, (name) => SETS[name] ?? "")
    .replaceAll(/\\([ntrvf\\]|[0-7]{1,3})/g, (_, code: string) =>
      /^[0-7]/.test(code)
        ? String.fromCodePoint(Number.parseInt(code, 8))
        : ({ n: "\n", t: "\t", r: "\r", v: "\v", f: "\f" }[code] ?? "\\"),
    );
  return [...plain.matchAll(/(.)-(.)|(.)/gs)].flatMap(([, from, to, one]) => {
    if (one !== undefined) return [one];
    const [first, last] = [(from ?? "").codePointAt(0) ?? 0, (to ?? "").codePointAt(0) ?? 0];
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
      String.fromCodePoint(first + index),
    );
  });
}

function tr(args: readonly string[], io: Io): number {
  const [first = "", second = ""] = operands(args);
  const set = characters(first);
  const isIn = (char: string): boolean => set.includes(char) !== has(args, "cC", "--complement");
  const text = io.input.rest();
  const targets = characters(second);
  const deletes = has(args, "d", "--delete");
  const changed = Array.from(text).flatMap((char) => {
    if (!isIn(char)) return [char];
    if (deletes) return [];
    if (second === "") return [char];
    return [targets[Math.min(Math.max(0, set.indexOf(char)), targets.length - 1)] ?? char];
  });
  const squeezed = new Set(second === "" || deletes ? set : targets);
  const squeezes = has(args, "s", "--squeeze-repeats");
  io.out(changed.filter((char, at) => !squeezes || !squeezed.has(char) || changed[at - 1] !== char).join(""));
  return 0;
}

function tee(args: readonly string[], io: Io): number {
  const text = io.input.rest();
  let status = 0;
  for (const name of operands(args)) {
    const path = io.path(name);
    if (!io.files.hasFolder(path)) status = complain(io, `tee: ${name}: No such file or directory`);
    else io.files.write(path, text, has(args, "a", "--append"));
  }
  io.out(text);
  return status;
}

function base64(args: readonly string[], io: Io): number {
  const isBack = has(args, "d", "--decode");
  const wrap = Number(valueOf(args, "-w", "--wrap") ?? 76);
  return eachText(operands(args, ["-w"]), io, "base64", (text) => {
    if (isBack) return io.out(Buffer.from(text, "base64").toString("utf8"));
    const coded = Buffer.from(text).toString("base64");
    io.out(wrap === 0 ? coded : coded.replaceAll(new RegExp(`.{1,${wrap}}`, "g"), "$&\n"));
  });
}

function digest(algorithm: string, args: readonly string[], io: Io): number {
  const sum = (text: string): string => createHash(algorithm).update(text).digest("hex");
  if (!has(args, "c", "--check"))
    return eachText(operands(args), io, `${algorithm}sum`, (text, name) => io.out(`${sum(text)}  ${name}\n`));
  let status = 0;
  const isSaid = (isSame: boolean): boolean =>
    !args.includes("--status") && !(isSame && args.includes("--quiet"));
  const code = eachText(operands(args), io, `${algorithm}sum`, (text) => {
    for (const [, expected = "", name = ""] of text.matchAll(/^([0-9a-f]+) [ *](.+)$/gm)) {
      const isSame = sum(io.files.read(io.path(name)) ?? "") === expected;
      if (isSaid(isSame)) io.out(`${name}: ${isSame ? "OK" : "FAILED"}\n`);
      if (!isSame) status = 1;
    }
  });
  return status || code;
}
