/** `find`: names, kinds, and what to do with what is found. */
import { complain, notSimulated } from "./answers.ts";
import type { Io, Program, Run } from "./machine.ts";
import { toRegExp } from "./shell/pattern.ts";

export const FIND: Readonly<Record<string, Program>> = { find };

interface Entry {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly depth: number;
}

type Test = (entry: Entry) => boolean;

interface Plan {
  readonly tests: Test[];
  readonly actions: (readonly string[])[];
  maxDepth: number;
  minDepth: number;
}

function* find(args: readonly string[], io: Io): Run {
  const first = args.findIndex((arg) => arg.startsWith("-") || arg === "!" || arg === "(");
  const roots = first === -1 ? args : args.slice(0, first);
  const plan = planOf(first === -1 ? [] : args.slice(first), io);
  if (plan === undefined) return notSimulated("find", args, io);
  let status = 0;
  const found: Entry[] = [];
  for (const root of roots.length === 0 ? ["."] : roots) {
    if (io.files.exists(io.path(root))) found.push(...entriesOf(root, io));
    else status = complain(io, `find: '${root}': No such file or directory`);
  }
  const kept = found.filter(
    (entry) =>
      entry.depth <= plan.maxDepth && entry.depth >= plan.minDepth && plan.tests.every((test) => test(entry)),
  );
  for (const action of plan.actions.length === 0 ? [["-print"]] : plan.actions)
    status ||= yield* act(action, kept, io);
  return status;
}

function entriesOf(root: string, { files, path }: Io): Entry[] {
  const base = path(root);
  const shown = root.endsWith("/") ? root.slice(0, -1) : root;
  const known = new Set<string>([base]);
  for (const name of files.entries(base)) {
    const plain = name.replace(/\/$/, "");
    for (let at = plain; at.length > base.length; at = at.slice(0, at.lastIndexOf("/"))) known.add(at);
  }
  return [...known].map((name) => {
    const rest = name.slice(base.length).replace(/^(?=[^/])/, base === "/" && name !== base ? "/" : "");
    return {
      path: shown + rest || "/",
      isDirectory: files.isDirectory(name),
      depth: rest.split("/").length - 1,
    };
  });
}

/** The expression in the words; undefined when one of them is not simulated. */
function planOf(words: readonly string[], io: Io): Plan | undefined {
  const plan: Plan = { tests: [], actions: [], maxDepth: Number.POSITIVE_INFINITY, minDepth: 0 };
  let isNegated = false;
  for (let at = 0; at < words.length;) {
    const word = words[at] ?? "";
    const used = planned(plan, words, at);
    if (word === "!" || word === "-not") isNegated = true;
    if (used === 0) {
      const test = testOf(word, words[at + 1] ?? "", io);
      if (test === undefined) return undefined;
      const negates = isNegated;
      plan.tests.push((entry) => test(entry) !== negates);
      isNegated = false;
    }
    at += used === 0 ? 2 : used;
  }
  return plan;
}

const PLAIN: ReadonlySet<string> = new Set(["!", "-not", "-depth", "-xdev", "-a"]);

/** Takes a word that is no test into the plan. Returns how many words that used. */
function planned(plan: Plan, words: readonly string[], at: number): number {
  const word = words[at] ?? "";
  if (word === "-exec") return executed(plan, words, at);
  if (/^-(?:delete|print0?)$/.test(word)) return plan.actions.push([word]) && 1;
  if (word === "-maxdepth") plan.maxDepth = Number(words[at + 1]);
  if (word === "-mindepth") plan.minDepth = Number(words[at + 1]);
  if (/^-m\w+depth$/.test(word)) return 2;
  return PLAIN.has(word) ? 1 : 0;
}

function executed(plan: Plan, words: readonly string[], at: number): number {
  const end = words.findIndex((each, index) => index > at && (each === ";" || each === "+"));
  const last = end === -1 ? words.length - 1 : end;
  plan.actions.push(words.slice(at, last + 1));
  return last + 1 - at;
}

const base = (path: string): string => path.split("/").at(-1) ?? "";

function testOf(word: string, value: string, io: Io): Test | undefined {
  switch (word) {
    case "-name":
      return ({ path }) => toRegExp(value).test(base(path));
    case "-iname":
      return ({ path }) => toRegExp(value, true).test(base(path));
    case "-path":
      return ({ path }) => toRegExp(value).test(path);
    case "-type":
      if (value === "l") return ({ path }) => io.files.isLink(io.path(path));
      return value === "f" || value === "d"
        ? ({ isDirectory }) => isDirectory === (value === "d")
        : undefined;
    default:
      return undefined;
  }
}

function* act([kind, ...words]: readonly string[], found: readonly Entry[], io: Io): Run {
  if (kind === "-print" || kind === "-print0") {
    for (const { path } of found) io.out(path + (kind === "-print" ? "\n" : "\0"));
    return 0;
  }
  if (kind === "-delete") {
    for (const { path } of found) io.files.remove(io.path(path));
    return 0;
  }
  const end = words.at(-1);
  const command = words.slice(0, -1);
  const paths = found.map(({ path }) => path);
  if (end === "+")
    return paths.length === 0
      ? 0
      : yield* io.shell.call(command.flatMap((word) => (word === "{}" ? paths : [word])));
  for (const path of paths) yield* io.shell.call(command.map((word) => word.replaceAll("{}", path)));
  return 0;
}
