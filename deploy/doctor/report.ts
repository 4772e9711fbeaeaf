/** The report of the doctor. */
import { JSON_VERSION } from "../../cli/command.ts";
import { redactedJson, redactShown } from "../../shared/redact.ts";
import type { Result } from "./finding.ts";

const NAME_WIDTH = 20;

/** One line for a check, and a second one for what to do. */
export function resultLine({ name, finding }: Result): string {
  const line = `${finding.state.padEnd(8)}${name.padEnd(NAME_WIDTH)} ${finding.found}`;
  const todo = finding.state === "wrong" ? `\n${" ".repeat(8 + NAME_WIDTH)} → ${finding.todo}` : "";
  return redactShown(line + todo);
}

export function summaryLine(results: readonly Result[]): string {
  const count = (state: string): number => results.filter(({ finding }) => finding.state === state).length;
  return `${count("ok")} ok, ${count("wrong")} wrong, ${count("unknown")} unknown`;
}

/** `{"version":1,"command":"doctor","checks":[{"name","state","found","todo"}],"wrong":1,"unknown":0}` */
export function toJson(results: readonly Result[]): string {
  const checks = results.map(({ name, finding }) => ({ name, ...finding }));
  const count = (state: string): number => checks.filter((check) => check.state === state).length;
  return redactedJson(
    { version: JSON_VERSION, command: "doctor", checks, wrong: count("wrong"), unknown: count("unknown") },
    redactShown,
  );
}
