/**
 * Names of machines (RunInstances.HostName, InstanceName and the API's own FAQ on ordered names):
 * ORDERED-NAME-1. `prefix[begin,bits]suffix` numbers a batch: begin 0–999999, 1–6 digits; without a prefix the cloud
 *     takes the brackets for text, with a space inside them too.
 * ORDERED-NAME-2. A number longer than `bits` makes them 6; past 999999 every number prints as 999999.
 * ORDERED-NAME-3. UniqueSuffix appends 001–999, but not to a pattern that ends with its bracket.
 * ORDERED-NAME-4. Windows host names: 2–15, no period, not only digits; others: 2–64 in parts between periods.
 */

const MAX_NUMBER = 999_999;
const MAX_BITS = 6;
const UNIQUE_SUFFIX_DIGITS = 3;
/** The longest value of `${instance_id}`. */
const INSTANCE_ID_LENGTH = 22;

/** The parts of an ordered name. */
export interface OrderedName {
  readonly prefix: string;
  readonly begin: number;
  readonly bits: number;
  readonly suffix: string;
}

/** Undefined for a name that is no pattern. */
export function parseOrderedName(name: string): OrderedName | undefined {
  const match = /^(.+?)\[(\d*)(?:,(\d*))?\](.*)$/.exec(name);
  if (match === null) return undefined;
  const [, prefix = "", begin = "", bits = "", suffix = ""] = match;
  return { prefix, begin: Number(begin), bits: bits === "" ? MAX_BITS : Number(bits), suffix };
}

/** The name of instance `index` (from 0) of a batch, as the cloud gives it; other names stay as they are. */
export function nameAt(name: string, index: number): string {
  const ordered = parseOrderedName(name);
  if (ordered === undefined) return name;
  const number = Math.min(ordered.begin + index, MAX_NUMBER);
  const bits = String(number).length > ordered.bits ? MAX_BITS : ordered.bits;
  return `${ordered.prefix}${String(number).padStart(bits, "0")}${ordered.suffix}`;
}

/** The same pattern for the next batch: without this, instance 101 would be called like the first. */
export function shiftedBy(name: string, count: number): string {
  const ordered = parseOrderedName(name);
  if (ordered === undefined) return name;
  const { prefix, begin, bits, suffix } = ordered;
  return `${prefix}[${Math.min(begin + count, MAX_NUMBER)},${bits}]${suffix}`;
}

type System = "linux" | "windows";

/** The first rule this host name breaks, or undefined. */
export function hostNameProblem(name: string, os: System, uniqueSuffix = false): string | undefined {
  const problem = patternProblem(name);
  if (problem !== undefined) return problem;
  const longest = longestOf(name, uniqueSuffix).replaceAll("${instance_id}", "i".repeat(INSTANCE_ID_LENGTH));
  if (/^[.-]|[.-]$|[.-]{2}/.test(longest)) {
    return "must not start or end with . or -, nor have two of them together";
  }
  return os === "windows" ? windowsProblem(longest) : linuxProblem(longest);
}

function windowsProblem(name: string): string | undefined {
  if (name.length < 2 || name.length > 15)
    return `must be 2 to 15 characters on Windows, becomes ${name.length}`;
  if (!/^[A-Za-z0-9-]+$/.test(name)) return "must hold only letters, digits and - on Windows";
  return /^\d+$/.test(name) ? "must not be digits only on Windows" : undefined;
}

function linuxProblem(name: string): string | undefined {
  if (name.length < 2 || name.length > 64) return `must be 2 to 64 characters, becomes ${name.length}`;
  return /^[A-Za-z0-9.-]+$/.test(name) ? undefined : "must hold only letters, digits, - and periods";
}

/** The first rule this instance name breaks, or undefined. */
export function instanceNameProblem(name: string, uniqueSuffix = false): string | undefined {
  if (/^https?:\/\//i.test(name)) return "must not start with http:// or https://";
  const problem = patternProblem(name);
  if (problem !== undefined) return problem;
  const longest = longestOf(name, uniqueSuffix);
  if (longest.length < 2 || longest.length > 128)
    return `must be 2 to 128 characters, becomes ${longest.length}`;
  return /^[\p{L}\p{N}:_.-]+$/u.test(longest) ? undefined : "must hold only letters, digits, : _ . and -";
}

function patternProblem(name: string): string | undefined {
  if (!/[[\],]/.test(name)) return undefined;
  const ordered = parseOrderedName(name);
  const sound = ordered && ordered.begin <= MAX_NUMBER && ordered.bits >= 1 && ordered.bits <= MAX_BITS;
  return sound && !/[[\],]/.test(ordered.prefix + ordered.suffix)
    ? undefined
    : "must number its instances as prefix[begin,bits]suffix, begin 0 to 999999 and bits 1 to 6, without spaces";
}

/** ORDERED-NAME-3: a pattern that ends with its bracket ignores UniqueSuffix without a word. */
export function ignoresUniqueSuffix(name: string): boolean {
  return parseOrderedName(name)?.suffix === "";
}

function longestOf(name: string, uniqueSuffix: boolean): string {
  const appended = uniqueSuffix && !ignoresUniqueSuffix(name) ? "9".repeat(UNIQUE_SUFFIX_DIGITS) : "";
  return `${nameAt(name, 0)}${appended}`;
}

/** `name` as a pattern: UniqueSuffix numbers each call from 001 on, so a fleet numbers its instances itself. */
export const numbered = (name: string, uniqueSuffix = false): string =>
  uniqueSuffix && parseOrderedName(name) === undefined && !name.includes("${")
    ? `${name}[1,${UNIQUE_SUFFIX_DIGITS}]`
    : name;

/** The place of a name in a pattern, from 0; undefined for a name that is not of it. */
export function placeIn(pattern: string, name: string): number | undefined {
  const ordered = parseOrderedName(pattern);
  if (ordered === undefined || !name.startsWith(ordered.prefix)) return undefined;
  const [digits = ""] = /^\d+/.exec(name.slice(ordered.prefix.length)) ?? [];
  const { suffix, begin } = ordered;
  // A suffix may begin with digits, and UniqueSuffix may have appended some.
  const isSuffix = (rest: string): boolean =>
    rest.startsWith(suffix) && /^(?:\d{3})?$/.test(rest.slice(suffix.length));
  for (let length = digits.length; length > 0; length--) {
    const rest = name.slice(ordered.prefix.length + length);
    if (isSuffix(rest)) return Math.max(0, Number(digits.slice(0, length)) - begin);
  }
  return undefined;
}
