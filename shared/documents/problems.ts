/** Turns each issue of a schema into one sentence: place, rule, value, and what to do. */
import type * as z from "zod/mini";
import type { Problem } from "../errors.ts";
import type { PlaceOf } from "./places.ts";
import { adviceFor } from "./advice.ts";
import { nameOf, oddIn, plain, shown as withCodes } from "./characters.ts";
import { isScalar } from "./sentences.ts";
import { meantBy } from "./synonyms.ts";

type Issue = z.core.$ZodIssue;

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
  const odd = oddIn(key);
  if (odd !== undefined) {
    const [word = "", ...value] = plain(key).split(":");
    const meant = [word.trim(), ...value.map((part) => part.trim())].join(": ");
    return `is not known: it holds ${nameOf(odd)}; write ${meant}`;
  }
  const near = meantBy(key, known);
  if (near !== undefined) return `is not known; did you mean ${near}?`;
  return `is not known; known here are ${known.join(", ")}`;
}

/** The issues of one parse, each with its path, its value and its place in the text. Every mistake is told once. */
export function problemsOf(issues: readonly Issue[], input: unknown, placeOf: PlaceOf): Problem[] {
  const meant = meantKeys(issues);
  return issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys")
      return isMissing(issue.message) && meant.has(keyOf(issue.path)) ? [] : [problem(issue, input, placeOf)];
    const sentences = issue.message.split("\n");
    return issue.keys.map((key, index) => ({
      path: render([...issue.path, key], input),
      message: sentences[index] ?? "is not known",
      place: placeOf([...issue.path, key], "key"),
    }));
  });
}

const isMissing = (message: string): boolean => message.startsWith("is missing");
const keyOf = (path: readonly PropertyKey[]): string => JSON.stringify(path);

/** The places that misspelt keys are meant for: they are not missing as well. */
function meantKeys(issues: readonly Issue[]): ReadonlySet<string> {
  const found = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? [...issue.message.matchAll(/(?:did you mean|; write) ([\p{L}\w]+)/gu)].map(([, word = ""]) =>
          keyOf([...issue.path, word]),
        )
      : [],
  );
  return new Set(found);
}

function problem(issue: Issue, input: unknown, placeOf: PlaceOf): Problem {
  const { path, message } = issue;
  const value = path.reduce(descend, input);
  const shown = isScalar(value) && !isSecret(path) ? ` (it is ${shorten(value)})` : "";
  // The value follows the rule, before the remedy.
  const [rule = "", ...remedy] = message.split("; ");
  const advice = isSecret(path)
    ? undefined
    : (adviceFor(message, path.at(-1), value) ?? wordFor(issue, value));
  const told = advice === undefined ? remedy : [advice];
  return {
    path: render(path, input),
    message: [`${rule}${shown}`, ...told].join("; "),
    place: placeOf(path),
  };
}

/** The word of a list for another tool's word, as long as the sentence has no suggestion. */
function wordFor(issue: Issue, value: unknown): string | undefined {
  if (issue.code !== "invalid_value" || typeof value !== "string" || issue.message.includes("; "))
    return undefined;
  const meant = meantBy(value, issue.values.map(String));
  return meant && `did you mean ${meant}?`;
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

function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some((segment) => /password|secret|token|accesskey|^environment$/i.test(String(segment)));
}

const SHOWN_LENGTH = 80;

function shorten(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const cut = value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value;
  // Invisible characters are shown by their code.
  return withCodes(JSON.stringify(cut));
}
