/**
 * The options of the programs that read them by themselves. Any other makes a use of the program not simulated: one that was
 * read and ignored would be a wrong answer. A colon follows a letter that takes a value.
 */
import { notSimulated } from "./answers.ts";
import type { Program } from "./machine.ts";
import { optionsOf } from "./options.ts";
import type { Known } from "./options.ts";

const RECURSIVE = { recursive: "r", force: "f" };

const DIGEST: Known = { letters: "cbt", long: { check: "c", status: "c", quiet: "c" } };

const GREP: Known = {
  letters: "EFGPe:f:ivwxcnlLqsohHrRam:A:B:C:0:",
  long: {
    recursive: "r",
    "invert-match": "v",
    "perl-regexp": "P",
    "extended-regexp": "E",
    "fixed-strings": "F",
    "line-regexp": "x",
    "word-regexp": "w",
    "ignore-case": "i",
    quiet: "q",
    silent: "q",
    count: "c",
    "line-number": "n",
    "only-matching": "o",
    color: "0",
  },
};

const KNOWN: Readonly<Record<string, Known>> = {
  touch: { letters: "c", long: { "no-create": "c" } },
  mkdir: { letters: "pvm:", long: { parents: "p", mode: "m", verbose: "v" } },
  rm: { letters: "rRfdv", long: { ...RECURSIVE, verbose: "v" } },
  rmdir: { letters: "" },
  unlink: { letters: "" },
  cp: {
    letters: "rRafnTpLHvt:",
    long: { ...RECURSIVE, archive: "a", "no-clobber": "n", "target-directory": "t", verbose: "v" },
  },
  mv: { letters: "fnTvt:", long: { force: "f", "no-clobber": "n", "target-directory": "t", verbose: "v" } },
  install: { letters: "dDm:o:g:pT", long: { directory: "d", mode: "m", owner: "o", group: "g" } },
  ln: { letters: "sfnT", long: { symbolic: "s", force: "f", "no-dereference": "n" } },
  chmod: { letters: "Rf", long: { recursive: "R", silent: "f", quiet: "f" } },
  ls: { letters: "1aAdl", long: { all: "a", "almost-all": "A" } },
  mktemp: { letters: "dqp:t", long: { directory: "d" } },
  readlink: { letters: "fem", long: { canonicalize: "f" } },
  realpath: { letters: "em" },
  sync: { letters: "" },
  cmp: { letters: "s", long: { silent: "s", quiet: "s" } },
  diff: { letters: "qu", long: { brief: "q" } },
  tac: { letters: "" },
  rev: { letters: "" },
  wc: { letters: "lwcm", long: { lines: "l", words: "w", bytes: "c", chars: "m" } },
  uniq: { letters: "cdu", long: { count: "c", repeated: "d", unique: "u" } },
  cut: {
    letters: "f:c:b:d:s",
    long: { fields: "f", characters: "c", bytes: "b", delimiter: "d", "only-delimited": "s" },
  },
  tr: { letters: "dsc", long: { delete: "d", "squeeze-repeats": "s", complement: "c" } },
  tee: { letters: "a", long: { append: "a" } },
  base64: { letters: "dw:", long: { decode: "d", wrap: "w" } },
  md5sum: DIGEST,
  sha1sum: DIGEST,
  sha256sum: DIGEST,
  sha512sum: DIGEST,
  uname: {
    letters: "asnrvmpio",
    long: {
      all: "a",
      "kernel-name": "s",
      nodename: "n",
      "kernel-release": "r",
      "kernel-version": "v",
      machine: "m",
      "operating-system": "o",
    },
  },
  grep: GREP,
  egrep: GREP,
  fgrep: GREP,
  sed: { letters: "nErie:", long: { quiet: "n", "regexp-extended": "E", "in-place": "i" } },
  date: { letters: "d:Ru", long: { date: "d", "rfc-email": "R", utc: "u", universal: "u", "iso-8601": "u" } },
  lsb_release: {
    letters: "scidra",
    long: { short: "s", codename: "c", id: "i", description: "d", release: "r" },
  },
  arch: { letters: "" },
  nproc: { letters: "a", long: { all: "a" } },
  sleep: { letters: "" },
  nohup: { letters: "", isStrict: true },
  setsid: { letters: "fw", isStrict: true },
  nice: { letters: "n:", isStrict: true, long: { adjustment: "n" } },
  ionice: { letters: "c:n:", isStrict: true },
  stdbuf: { letters: "i:o:e:", isStrict: true },
  timeout: {
    letters: "k:s:v",
    isStrict: true,
    long: { signal: "s", "kill-after": "k", "preserve-status": "p", foreground: "f", verbose: "v" },
  },
  xargs: { letters: "n:I:P:L:d:0r", isStrict: true, long: { null: "0", "no-run-if-empty": "r" } },
  dirname: { letters: "" },
  "systemd-machine-id-setup": { letters: "" },
  poweroff: { letters: "f" },
  reboot: { letters: "f" },
  halt: { letters: "f" },
  shutdown: { letters: "rhPHc" },
};

/** A program that answers only for options that are simulated. */
export function checked(name: string, program: Program): Program {
  const known = KNOWN[name];
  if (known === undefined) return program;
  const plain = PLAIN[name];
  return (args, io) => {
    const words = plain === undefined ? args : args.filter((arg) => !plain.test(arg));
    const { unknown } = optionsOf(words, known);
    return unknown === undefined ? program(args, io) : notSimulated(name, args, io);
  };
}

/** Words that begin with a dash and are no options of letters: rights, numbers, and letters with a text of their own. */
const PLAIN: Readonly<Record<string, RegExp>> = {
  chmod: /^-[rwxXst]+$/,
  nice: /^-\d+$/,
  sed: /^-[nEr]*i\S*$|^--in-place=/,
  date: /^-I(?:date|seconds)?$|^--iso-8601=/,
};
