/** Bodies of requests: parsed by a schema, or refused with the place and the rule. Pure. */
import type * as z from "zod/mini";
import { nearest } from "../../shared/documents/spelling.ts";
import { joinReasons } from "../../shared/budget.ts";
import { HALF_CHARACTER, readJson, repeatedKey } from "../../shared/json.ts";
import { ownSentence } from "../../shared/requests/sentence.ts";
import { ok, problem, type Result } from "../../shared/result.ts";

/** The body as `schema` has it; an empty body is `{}`. */
export function parseBody<T>(body: Uint8Array, schema: z.ZodMiniType<T>): Result<T> {
  const text = Buffer.from(body).toString("utf8");
  const value = text === "" ? {} : readJson(text);
  if (value === undefined) return problem("the body is not JSON");
  // JSON of a value has escapes of halves only.
  if (/(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(value))) return problem(`the body ${HALF_CHARACTER}`);
  const twice = repeatedKey(text);
  if (twice !== undefined) return problem(`${twice.slice(0, COMPARED_MAX)}: is in the body twice; keep one`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const known = "shape" in schema ? Object.keys(Object(schema.shape)) : [];
  const issues = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "body"}: ${ruleOf(issue, known)}`,
  );
  return problem(joinReasons(issues));
}

/** Longer keys are compared with nothing: the work grows with their length. */
const COMPARED_MAX = 64;

/** Unknown keys that are named. */
const NAMED_MAX = 10;

/** The keys that are not known, each with the nearest one that is, or all of those. */
function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const named = keys.slice(0, NAMED_MAX).map((key) => {
    const near = key.length > COMPARED_MAX ? undefined : nearest(key, known);
    return near === undefined ? key : `${key} (did you mean ${near}?)`;
  });
  const more = keys.length - named.length;
  return `unknown key ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}; ${known.length === 0 ? "send {}" : `known are ${known.join(", ")}`}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  record: "a map",
  object: "a map",
};

function ruleOf(issue: z.core.$ZodIssue, known: readonly string[]): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownKeys(issue.keys, known);
    case "invalid_type":
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_format":
      return `must match ${issue.pattern ?? issue.format}`;
    default:
      return ownSentence(issue) ?? "is not allowed here";
  }
}
