/** Follows a suggestion to the letter, as an author who knows nothing else. */
import type { Problem } from "../../../shared/errors.ts";

/** The end of a message that says literally what to write; every other remedy is prose. */
const LITERAL = [
  /; did you mean (.+)\?$/,
  /(?:write|quotes:|quoted:) ((?:[\w-]+: )?\[?'(?:[^']|'')*'\]?)$/,
  /; (?:it holds .*, )?write ("(?:[^"\\]|\\.)*")$/,
  /(?:; |, )write ([^;]+?)(?:, without .*)?$/,
];
const PROSE =
  /^(?:it|its|them|the|those|each|an?|one|days|digits|both|baked|their|true or|ordinary|remove|leave|source.* and|family: and|run: and|command: and|channel: and|scripts\/ and|launch: with)\b|…| for (?:minutes|seconds|hours) or | and a name | of KILN_| where | below |, the |, or | at the top| behind /;

function literalOf(message: string): string | undefined {
  const found = LITERAL.map((pattern) => pattern.exec(message)?.[1]).find((text) => text !== undefined);
  const isProse = found === undefined || (!/^(?:[\w-]+: )?\[?'/.test(found) && PROSE.test(found));
  return isProse || message.startsWith("is missing") ? undefined : found;
}

/**
 * The texts with the suggestion in place of what is marked: that itself, its quotes or brackets, its key, or all that follows.
 * None where the message has no literal one.
 */
export function followed(text: string, { message, place }: Problem): readonly string[] {
  const literal = literalOf(message);
  if (literal === undefined || place === undefined) return [];
  const lines = text.split("\n");
  const line = lines[place.line - 1] ?? "";
  const [from, to] = [place.column - 1, place.column - 1 + place.length];
  const key = /^([\w-]+):(?: |$)/.exec(literal)?.[1] ?? "\n";
  const before = line.slice(0, from);
  const opens = [before.search(/["'[{] *$/), before.search(/[[{] *["']$/)];
  const starts = [
    from,
    ...opens,
    line.lastIndexOf(key, to),
    key === "\n" ? line.indexOf(": ", from) + 2 : from,
  ].filter((at) => at >= 0);
  const closes = Array.from(
    line.slice(to).matchAll(/["'\]}]|(?=,)/g),
    ({ index, 0: mark }) => to + index + mark.length,
  );
  const spans = starts
    .flatMap((start) => [to, ...closes, line.length].map((end) => [start, end] as const))
    .filter(([start, end]) => start < end);
  const texts = spans.map(([start, end]) =>
    lines.with(place.line - 1, line.slice(0, start) + literal + line.slice(end)).join("\n"),
  );
  return [...new Set(texts)];
}
