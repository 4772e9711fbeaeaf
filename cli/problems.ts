/** The mistakes of a document as they are printed: the place, the line with a caret, the rule and what to write instead. */
import { dottedLines } from "../shared/documents/hidden-values.ts";
import type { Place, Problem } from "../shared/errors.ts";
import type { Checked } from "./documents.ts";
import { widthOf } from "./format.ts";
import { saidMistake, t } from "./language.ts";

/** A problem for `--json`. The suggestion is everything behind the rule. */
export const rowsOf = (problems: readonly Problem[]) =>
  problems.map(({ path, message, place }) => ({
    path,
    ...(place && { line: place.line, column: place.column }),
    ...partsOf(message),
  }));

/** A file for `--json`. */
export const factsOf = ({ file, kind, problems, advice = [] }: Checked) => ({
  file,
  kind,
  problems: rowsOf(problems),
  ...(advice.length > 0 && { advice }),
});

function partsOf(message: string): { readonly rule: string; readonly suggestion?: string } {
  const [rule = "", ...rest] = message.split("; ");
  return rest.length === 0 ? { rule } : { rule, suggestion: rest.join("; ") };
}

/** The name of a file, and its problems one below the other. */
export function listed({ file, kind, text, problems, advice = [] }: Checked): string {
  if (problems.length === 0)
    return [`${file}  ${t("ok ({kind})", { kind })}`, ...advice.map((one) => `      → ${t(one)}`)].join("\n");
  const lines = dottedLines(text);
  return [file, ...problems.flatMap((problem) => shown(problem, lines))].join("\n");
}

function shown({ path, message, place }: Problem, lines: readonly string[]): string[] {
  const { rule, suggestion } = partsOf(message);
  const where = place === undefined ? "" : `${place.line}:${place.column}  `;
  return [
    `  ${where}${path === "" ? "" : `${path}: `}${saidMistake(rule)}`,
    ...(place === undefined ? [] : excerpt(place, lines[place.line - 1] ?? "")),
    ...(suggestion === undefined ? [] : [`      → ${saidMistake(suggestion)}`]),
  ];
}

/** Of a long line only the part around its mistake is shown. */
const WIDTH = 100;

function excerpt({ line, column, length }: Place, text: string): string[] {
  const from = column - 1 + Math.min(length, WIDTH) > WIDTH ? Math.max(0, column - 21) : 0;
  const cut = text.slice(from, from + WIDTH);
  const before = text.slice(from, column - 1);
  const marked = text.slice(column - 1, Math.min(column - 1 + length, from + WIDTH));
  const number = String(line).padStart(6);
  const caret = `${" ".repeat(widthOf(before))}${"^".repeat(Math.max(1, widthOf(marked)))}`;
  return [`${number} │ ${visible(cut)}`, `${" ".repeat(6)} │ ${caret}`];
}

/** A tab and a character without a width of its own take one column here. */
const visible = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (character) => (character === "\t" ? "→" : "�"));

/** The last line: how many mistakes in how many files. */
export function summaryOf(files: readonly Checked[]): string {
  const wrong = files.filter(({ problems }) => problems.length > 0);
  const count = files.reduce((sum, { problems }) => sum + problems.length, 0);
  const all = files.length === 1 ? t("one file") : t("{count} files", { count: files.length });
  if (count === 0) return t("{files} checked, no mistake", { files: all });
  const where = files.length === 1 ? all : t("{wrong} of {files}", { wrong: wrong.length, files: all });
  return t(count === 1 ? "one mistake in {files}" : "{count} mistakes in {files}", { count, files: where });
}
