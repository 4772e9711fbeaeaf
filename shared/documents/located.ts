/** Problems of the parser at the place where they begin, which is often above the one where it stops. */
import type { Problem } from "../errors.ts";
import { nameOf, oddIn } from "./characters.ts";
import { unclosed } from "./unclosed.ts";
import { NOT_CLOSED, type attempt } from "./yaml.ts";

type Attempt = ReturnType<typeof attempt>;

/** The same problem at its own place, said in the words of that place. */
export function located(read: Attempt, lines: readonly string[]): Attempt {
  if ("input" in read) return read;
  return templateIn(read, lines) ?? openIn(read, lines) ?? read;
}

/** The parser knows of `{{ name }}` only that a key is no text. */
function templateIn(read: Problem, lines: readonly string[]): Problem | undefined {
  const index = lines.findIndex((line) => /^(?!\s*#)(?:.*[:-] +)?\{\{/.test(line));
  if (!read.message.includes("{{") || index < 0) return undefined;
  return { ...read, place: { line: index + 1, column: (lines[index] ?? "").indexOf("{{") + 1, length: 2 } };
}

function openIn({ message, place }: Problem, lines: readonly string[]): Problem | undefined {
  // A tab at the beginning of a line in brackets stops the parser as well.
  const isTab = /^ *\t/.test(lines[(place?.line ?? 0) - 1] ?? "");
  const open = message === NOT_CLOSED && place && !isTab ? unclosed(lines, place) : undefined;
  if (open === undefined) return undefined;
  const { mark, ...at } = open;
  const odd = oddIn(lines[at.line - 1]?.slice(at.column) ?? "");
  const hint = odd === undefined ? "close it" : `${nameOf(odd)} does not close it, the ordinary one does`;
  return { path: "", message: `the ${mark} that opens here is not closed; ${hint}`, place: at };
}
