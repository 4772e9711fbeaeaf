/** Messages that a schema brings for its issues. */
import type * as z from "zod/mini";

/** The message of an issue whose schema brought one, also for the key of a map; undefined for every other issue. */
export function ownSentence(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "invalid_key") return issue.issues[0]?.message;
  return issue.code === "custom" ? issue.message : undefined;
}
