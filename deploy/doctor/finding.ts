/** The finding of a check, and how checks run one after the other. */
import { messageOf } from "../../shared/errors.ts";

export type Finding =
  | { readonly state: "ok"; readonly found: string }
  /** `todo`: what to do next. */
  | { readonly state: "wrong"; readonly found: string; readonly todo: string }
  /** `found`: why it cannot be known. */
  | { readonly state: "unknown"; readonly found: string };

export const ok = (found: string): Finding => ({ state: "ok", found });
export const wrong = (found: string, todo: string): Finding => ({ state: "wrong", found, todo });
export const unknown = (found: string): Finding => ({ state: "unknown", found });

/** `wrong` when there is a problem, else `ok`. */
export const judged = (problems: readonly string[], found: string, todo: string): Finding =>
  problems.length === 0 ? ok(found) : wrong(problems.join("; "), todo);

/** A question to the account; `P` is what it may ask with. */
export interface Check<P> {
  /** A word by which reports and tests name it. */
  readonly name: string;
  /** Checks that must be ok first: without them this one would only repeat them. */
  readonly needs?: readonly string[];
  readonly run: (context: P) => Promise<Finding>;
}

export interface Result {
  readonly name: string;
  readonly finding: Finding;
}

/** Runs checks in their order until `interrupt` aborts. An error in a check is its finding, not the end. */
export async function runChecks<P>(
  checks: readonly Check<P>[],
  context: P,
  { interrupt, say }: { readonly interrupt: AbortSignal; readonly say: (result: Result) => void },
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const { name, needs = [], run } of checks) {
    interrupt.throwIfAborted();
    const broken = results.find((one) => needs.includes(one.name) && one.finding.state !== "ok");
    const finding =
      broken === undefined
        ? await run(context).catch((error: unknown) => failed(error, interrupt))
        : unknown(`${broken.name} comes first`);
    const result = { name, finding };
    results.push(result);
    say(result);
  }
  return results;
}

function failed(error: unknown, interrupt: AbortSignal): Finding {
  interrupt.throwIfAborted();
  return unknown(messageOf(error));
}
