/** The sentence of an issue of a schema that has none of its own. */
import type * as z from "zod/mini";
import { nearest } from "./spelling.ts";

/** Of a key with nothing behind it, or `null`. */
export const EMPTY = "has no value; write one, or remove the line";

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

/** Error map for `safeParse`. */
export function sentence(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeSentence(issue.expected, issue.input);
    case "too_small":
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "invalid_value":
      return oneOf(issue.values.map(String), issue.input);
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "is not a key this map may have";
    default:
      return issue.message ?? "is not valid";
  }
}

function typeSentence(expected: string, input: unknown): string {
  const kind = KINDS[expected] ?? expected;
  if (input === undefined) return `is missing; write ${kind}`;
  return expected === "string" && isScalar(input) ? "must be text; put quotes around it" : `must be ${kind}`;
}

/** Text, a number or a truth value. */
export function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters long";
  if (origin === "array") return " entries long";
  return "";
}

/** "must be A, B or C", with a suggestion. */
function oneOf(values: readonly string[], input: unknown): string {
  const list = values.length > 1 ? `${values.slice(0, -1).join(", ")} or ${values.at(-1)}` : values.join("");
  const near = typeof input === "string" ? nearest(input, values) : undefined;
  return `must be ${list}${near === undefined ? "" : `; did you mean ${near}?`}`;
}
