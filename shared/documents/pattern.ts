/**
 * Patterns for values of parameters: regular expressions whose search ends soon, whatever value a caller gives. Pure.
 *
 * PATTERN-1. A search that backtracks tries every way in which the pattern may divide the value. These ways are counted
 *     from above when the document is read, for the longest value, and too many are refused.
 * PATTERN-2. What the count does not understand is refused: references to groups, and conditions around a place.
 */
import { messageOf } from "../errors.ts";
import { PATTERN_VALUE_MAX } from "../requests/declared-parameters.ts";

/** About a tenth of a second at most. `v\d+\.\d+\.\d+(-rc\d+)?` has 10^8. */
const WAYS_MAX = 2e8;
const PATTERN_MAX = 200;
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/;

/** Why a pattern cannot be used, as the rest of a sentence after its place; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > PATTERN_MAX) return `must have at most ${PATTERN_MAX} characters`;
  const broken = compileProblem(pattern);
  if (broken !== undefined) return `must be a regular expression, and is none: ${broken}`;
  if (/\\[1-9]|\\k|\(\?(?:[=!]|<[=!])/.test(pattern))
    return "must have no references to groups and no (?=, (?!, (?<= or (?<!";
  const isAnchored = pattern.startsWith("^") && !pattern.includes("|");
  const ways = new Count(pattern).alternatives() * (isAnchored ? 1 : PATTERN_VALUE_MAX);
  return ways <= WAYS_MAX
    ? undefined
    : "may take too long to search; begin it with ^, write [ab] for (a|b), and limits such as {1,9} for * and +";
}

function compileProblem(pattern: string): string | undefined {
  try {
    "".search(pattern);
    return undefined;
  } catch (error) {
    const message = messageOf(error);
    return message.slice(message.lastIndexOf(": ") + 2);
  }
}

/** PATTERN-1. Reads a pattern that compiles, from left to right. */
class Count {
  private at = 0;
  private readonly source: string;
  constructor(source: string) {
    this.source = source;
  }

  alternatives(): number {
    let ways = this.sequence();
    while (this.source[this.at] === "|") {
      this.at += 1;
      ways += this.sequence();
    }
    return ways;
  }

  private sequence(): number {
    let ways = 1;
    while (this.at < this.source.length && !"|)".includes(this.source[this.at] ?? "")) ways *= this.piece();
    return ways;
  }

  private piece(): number {
    const inner = this.atom();
    const [quantifier = "", least, comma, most] = QUANTIFIER.exec(this.source.slice(this.at)) ?? [];
    this.at += quantifier.length;
    if (quantifier === "") return inner;
    const [from, to] = limitsOf(quantifier, least, comma, most);
    let ways = 0;
    for (let times = from; times <= to; times++) ways += inner ** times;
    return Math.max(ways, 1);
  }

  /** The ways of one character, or of a group. */
  private atom(): number {
    const { source } = this;
    const first = source[this.at];
    if (first === "(") {
      this.at += /^\((?:\?(?:<\w+>|:))?/.exec(source.slice(this.at))?.[0].length ?? 1;
      const ways = this.alternatives();
      this.at += 1;
      return ways;
    }
    const [set] = first === "[" ? (/^\[(?:[^\\\]]|\\.)*\]/s.exec(source.slice(this.at)) ?? []) : [];
    this.at += set?.length ?? (first === "\\" ? 2 : 1);
    return 1;
  }
}

function limitsOf(quantifier: string, least = "0", comma = "", most = ""): readonly [number, number] {
  if (quantifier.startsWith("?")) return [0, 1];
  if (!quantifier.startsWith("{")) return [0, PATTERN_VALUE_MAX];
  const from = Math.min(Number(least), PATTERN_VALUE_MAX);
  const to = comma === "" ? from : most === "" ? PATTERN_VALUE_MAX : Number(most);
  return [from, Math.min(to, PATTERN_VALUE_MAX)];
}
