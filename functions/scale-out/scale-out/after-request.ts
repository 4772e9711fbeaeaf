/** A fleet whose size is kept is compared with it after a request that is short of something. */
import * as z from "zod/mini";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { runId, subjectOf } from "../../../shared/workflow/run-id.ts";
import type { Completion, RunRequest } from "../../../shared/workflow/workflow.ts";

const Asked = z.looseObject({
  kept: z.optional(z.boolean()),
  until: z.optional(z.int()),
  document: z.looseObject({ size: z.looseObject({}) }),
});
const Short = z.looseObject({ short: z.int() });

/** What is short is tried again at once, then with pauses; not after a run that the comparison itself has begun. */
export function reconcileAfter(
  { run, startedAt, input }: WorkflowEvent,
  { kind, result }: Completion,
): RunRequest[] {
  const { data: asked } = Asked.safeParse(input);
  const isOver = asked === undefined || asked.kept === true || asked.until !== undefined;
  if (isOver || kind !== "done" || !Short.safeParse(result).success) return [];
  const fleet = subjectOf(run);
  const request = { v: 1, request: "reconcile", fleet } as const;
  return [{ run: runId("size", fleet, startedAt, ["request", run]), by: run, request }];
}
