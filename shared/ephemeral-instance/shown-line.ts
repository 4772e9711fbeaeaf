/**
 * Lines of commands as records, messages and notifications show them: without the values that are hidden in a problem of the
 * document, too. Pure but for the secrets that this invocation knows.
 */
import { hideValues } from "../documents/hidden-values.ts";
import { quote } from "../documents/quotes.ts";
import type { Step } from "../documents/recipe-steps.ts";
import { redactedShort } from "../redact.ts";

const PLACE = { line: 1, column: 1, length: 1 };

/** The beginning of a line without its values. They are hidden before it is cut: half of one is not found any more. */
export function shownLine(line: string, most: number): string {
  const [shown] = hideValues(line, [{ path: "", message: quote(line), place: PLACE }]);
  return redactedShort(shown?.message ?? "", most);
}

const NAME_MAX = 60;

/** The name of a step. One without a name of its own is called by the first line of its command, behind the name of its component. */
export function shownName(step: Step): string {
  if (step.kind !== "run") return step.name;
  const line = (step.command.trim().split("\n", 1)[0] ?? "").replaceAll(/\p{Cc}/gu, " ");
  const beginning = line.slice(0, NAME_MAX);
  const shown = shownLine(line, NAME_MAX);
  if (!step.name.endsWith(beginning) || line.startsWith(shown.replace(/…$/, ""))) return step.name;
  return `${step.name.slice(0, -beginning.length)}${shown}`;
}
