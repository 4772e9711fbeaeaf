/** `sed`: substitution, deletion, printing, added lines; by number, pattern, range or `$`. */
import { complain, eachText, has, lines, notSimulated } from "./answers.ts";
import { expressionOf } from "./expressions.ts";
import type { Io, Program } from "./machine.ts";

export const SED: Readonly<Record<string, Program>> = { sed };

type Address = { readonly line: number } | { readonly pattern: RegExp } | "last";

interface Order {
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly isNegated: boolean;
  readonly verb: string;
  readonly text: string;
  readonly matcher: RegExp | undefined;
  readonly nth: number;
  readonly prints: boolean;
  isInside: boolean;
}

class Unknown extends Error {}

function sed(args: readonly string[], io: Io): number {
  const { scripts, names } = inputs(args);
  const isExtended = has(args, "Er", "--regexp-extended");
  const orders = (): Order[] => scripts.flatMap((script) => parsed(script, isExtended));
  try {
    orders();
  } catch (error) {
    if (!(error instanceof Unknown) && !(error instanceof SyntaxError)) throw error;
    return notSimulated("sed", args, io);
  }
  const inPlace = args.find((arg) => /^-[nEr]*i/.test(arg) || arg.startsWith("--in-place"));
  if (inPlace !== undefined && names.length === 0) return complain(io, "sed: no input files", 4);
  const isQuiet = has(args, "n", "--quiet");
  return eachText(names, io, "sed", (text, name) => {
    const changed = edited(text, orders(), isQuiet);
    if (inPlace === undefined) return io.out(changed);
    // `-ie` is not `-i -e`: the e is the ending of the copy.
    const suffix = /^-i(.+)$/.exec(inPlace)?.[1];
    if (suffix !== undefined) io.files.write(io.path(name + suffix), text);
    io.files.write(io.path(name), changed);
  });
}

function inputs(args: readonly string[]): { readonly scripts: string[]; readonly names: string[] } {
  const scripts: string[] = [];
  const names: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (/^-[nEr]*e$|^--expression$/.test(arg)) scripts.push(args[++at] ?? "");
    else if (!/^-./.test(arg)) names.push(arg);
  }
  if (scripts.length === 0) scripts.push(names.shift() ?? "");
  return { scripts, names };
}

function edited(text: string, orders: readonly Order[], isQuiet: boolean): string {
  const all = lines(text);
  let out = "";
  for (const [index, raw] of all.entries()) {
    const end = raw.endsWith("\n") ? "\n" : "";
    const state = { line: raw.slice(0, raw.length - end.length), isDeleted: false, isLast: false, after: "" };
    for (const order of orders) {
      if (!applies(order, state.line, index + 1, all.length)) continue;
      out += apply(order, state);
      if (state.isDeleted || state.isLast) break;
    }
    if (!state.isDeleted && !isQuiet) out += state.line + (state.after === "" ? end : "\n");
    out += state.after;
    if (state.isLast) return out;
  }
  return out;
}

interface State {
  line: string;
  isDeleted: boolean;
  isLast: boolean;
  after: string;
}

/** Returns what is printed at once. */
function apply({ verb, text, matcher, nth, prints }: Order, state: State): string {
  switch (verb) {
    case "s": {
      const before = state.line;
      let seen = 0;
      state.line = before.replace(matcher ?? /(?!)/, (...found: string[]) =>
        ++seen >= nth ? filled(text, found) : (found[0] ?? ""),
      );
      return prints && seen > 0 ? `${state.line}\n` : "";
    }
    case "d":
      state.isDeleted = true;
      return "";
    case "p":
      return `${state.line}\n`;
    case "q":
      state.isLast = true;
      return "";
    case "a":
      state.after += `${text}\n`;
      return "";
    case "i":
      return `${text}\n`;
    default:
      state.line = text;
      return "";
  }
}

const filled = (text: string, found: readonly (string | undefined)[]): string =>
  text.replaceAll(/\\(\d)|\\n|\\t|\\(.)|&/gs, (all, digit?: string, plain?: string) => {
    if (digit !== undefined) return found[Number(digit)] ?? "";
    return all === "&"
      ? (found[0] ?? "")
      : all === String.raw`\n`
        ? "\n"
        : all === String.raw`\t`
          ? "\t"
          : (plain ?? "");
  });

function applies(order: Order, line: string, number: number, count: number): boolean {
  const meets = (address: Address): boolean =>
    address === "last"
      ? number === count
      : "line" in address
        ? number === address.line
        : address.pattern.test(line);
  return within(order, meets, number) !== order.isNegated;
}

function within(order: Order, meets: (address: Address) => boolean, number: number): boolean {
  const { from, to } = order;
  if (from === undefined) return true;
  if (to === undefined) return meets(from);
  if (order.isInside) {
    order.isInside = !meets(to);
    return true;
  }
  if (!meets(from)) return false;
  order.isInside = !(typeof to === "object" && "line" in to && to.line <= number);
  return true;
}

/** The orders of a script. @throws Unknown for one that is not simulated. */
function parsed(script: string, isExtended: boolean): Order[] {
  const orders: Order[] = [];
  const kind = isExtended ? "extended" : "basic";
  let rest = script;
  for (;;) {
    rest = rest.replace(/^[\s;]+/, "");
    if (rest === "" || rest.startsWith("#")) return orders;
    const [where, verb] = addressed(rest, kind);
    const [order, left] = parsedVerb(verb, kind);
    orders.push({ ...where, text: "", matcher: undefined, nth: 1, prints: false, isInside: false, ...order });
    rest = left;
  }
}

type Where = Pick<Order, "from" | "to" | "isNegated">;

function addressed(text: string, kind: Kind): [Where, string] {
  const [from, afterFrom] = address(text, kind);
  const hasTo = from !== undefined && afterFrom.startsWith(",");
  const [to, rest] = hasTo ? address(afterFrom.slice(1), kind) : [undefined, afterFrom];
  return [{ from, to, isNegated: /^\s*!/.test(rest) }, rest.replace(/^\s*!?\s*/, "")];
}

function parsedVerb(rest: string, kind: Kind): [Pick<Order, "verb"> & Partial<Order>, string] {
  const verb = rest[0] ?? "";
  if (verb === "s") {
    const [made, left] = substitution(rest, kind);
    return [{ verb, ...made }, left];
  }
  if (/[aic]/.test(verb)) {
    const [whole = rest, text = ""] = /^[aic]\s*(?:\\\n?)?\s*([^\n]*)/.exec(rest) ?? [];
    return [{ verb, text }, rest.slice(whole.length)];
  }
  if (/^[dpq]\s*(?:[;\n}]|$)/.test(rest)) return [{ verb }, rest.slice(1)];
  throw new Unknown(verb);
}

type Kind = "basic" | "extended";

function address(text: string, kind: Kind): [Address | undefined, string] {
  const number = /^\d+/.exec(text)?.[0];
  if (number !== undefined) return [{ line: Number(number) }, text.slice(number.length)];
  if (text.startsWith("$")) return ["last", text.slice(1)];
  const [, own, delimiter = "/"] = /^(\\(.)|\/)/.exec(text) ?? [];
  if (own === undefined) return [undefined, text];
  const [pattern, rest] = delimited(text.slice(own.length), delimiter);
  return [{ pattern: expressionOf(pattern, kind) }, rest];
}

/** The text up to a delimiter that is not escaped, and what follows it. */
function delimited(text: string, delimiter: string): [string, string] {
  let found = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === delimiter) return [found, text.slice(at + 1)];
    if (char === "\\" && text[at + 1] === delimiter) found += text[++at] ?? "";
    else if (char === "\\") found += char + (text[++at] ?? "");
    else found += char;
  }
  throw new Unknown(text);
}

function substitution(
  text: string,
  kind: Kind,
): [Pick<Order, "matcher" | "text" | "nth" | "prints">, string] {
  const delimiter = text[1] ?? "/";
  const [pattern, tail] = delimited(text.slice(2), delimiter);
  const [replacement, rest] = delimited(tail, delimiter);
  const flags = /^[gpIi\d]*/.exec(rest)?.[0] ?? "";
  if (!/^\s*(?:[;\n}#]|$)/.test(rest.slice(flags.length))) throw new Unknown(rest);
  const nth = Number(/\d+/.exec(flags)?.[0] ?? 1);
  const isMany = flags.includes("g") || nth > 1;
  const matcher = expressionOf(pattern, kind, (isMany ? "g" : "") + (/i/i.test(flags) ? "i" : ""));
  return [{ matcher, text: replacement, nth, prints: flags.includes("p") }, rest.slice(flags.length)];
}
