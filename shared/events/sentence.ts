/** What a schema says of a mistake in its own words. */
import type * as z from "zod/mini";

/** The sentence of an issue whose schema brought one, of a map's key too; undefined for the usual ones. */
export function ownSentence(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "invalid_key") return issue.issues[0]?.message;
  return issue.code === "custom" ? issue.message : undefined;
}
