/** Client tokens: a change that is repeated with the same token happens once. */
import { createHash } from "node:crypto";

/**
 * The token of one attempt at one step of one run: 64 ASCII characters, the longest the cloud takes.
 * The parameters go in because the cloud refuses a known token with other parameters (ECS, "ensure idempotence").
 */
export function clientToken(runId: string, step: string, attempt: number, parameters: unknown): string {
  return createHash("sha256")
    .update(canonical([runId, step, attempt, parameters]))
    .digest("hex");
}

/** JSON with sorted keys and without undefined members, so that the order of writing does not matter. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
