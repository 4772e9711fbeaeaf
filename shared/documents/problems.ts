/** Turns each issue of a schema into one sentence: place, rule, value, and what to do. */
import type * as z from "zod/mini";
import type { Problem } from "../errors.ts";
import type { PlaceOf } from "./places.ts";
import { nearest } from "./spelling.ts";

type RawIssue = z.core.$ZodRawIssue;
type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

/** Error map for `safeParse`: the sentence of an issue without one. */
export function sentence(issue: RawIssue): string {
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

/** One line for each unknown key: `problemsOf` pairs them with the keys again. */
export function unknownKeys(
  keys: readonly string[],
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>>,
): string {
  return keys
    .map((key) => (Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined) ?? unknownKey(key, known))
    .join("\n");
}

function unknownKey(key: string, known: readonly string[]): string {
  if (key === "<<") return "is not known: merge keys are not supported; write the values out";
  // A request spells nested fields as SystemDisk.Size and Tag.1.Key.
  const dotted = key.split(".")[0] ?? "";
  if (dotted !== key && known.includes(dotted))
    return `is not known; nest it as a map or list under ${dotted}:`;
  const near = nearest(key, known);
  if (near !== undefined) return `is not known; did you mean ${near}?`;
  return `is not known; known here are ${known.join(", ")}`;
}

/** The issues of one parse, each with its path, its value and its place in the text. */
export function problemsOf(issues: readonly Issue[], input: unknown, placeOf: PlaceOf): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys")
      return [{ ...problem(issue.path, issue.message, input), place: placeOf(issue.path) }];
    const sentences = issue.message.split("\n");
    return issue.keys.map((key, index) => ({
      path: render([...issue.path, key], input),
      message: sentences[index] ?? "is not known",
      place: placeOf([...issue.path, key], "key"),
    }));
  });
}

function problem(path: readonly PropertyKey[], message: string, input: unknown): Problem {
  const value = path.reduce(descend, input);
  const shown = isScalar(value) && !isSecret(path) ? ` (it is ${shorten(value)})` : "";
  // The value follows the rule, before the remedy.
  const [rule = "", ...advice] = message.split("; ");
  return { path: render(path, input), message: [`${rule}${shown}`, ...advice].join("; ") };
}

/** A field that takes one value or a list has an index in its path only where a list was written. */
function descend(value: unknown, segment: PropertyKey): unknown {
  if (typeof segment === "number") return Array.isArray(value) ? value[segment] : value;
  return typeof value === "object" && value !== null ? Reflect.get(value, segment) : undefined;
}

function render(path: readonly PropertyKey[], input: unknown): string {
  let text = "";
  let value = input;
  for (const segment of path) {
    if (typeof segment !== "number") text += `${text === "" ? "" : "."}${String(segment)}`;
    else if (Array.isArray(value)) text += `[${segment}]`;
    value = descend(value, segment);
  }
  return text;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some((segment) => /password|secret|token|accesskey|^environment$/i.test(String(segment)));
}

const SHOWN_LENGTH = 80;

function shorten(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const cut = value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value;
  return JSON.stringify(cut);
}
