/** API calls of a run by action. The cloud limits calls per account, so the result of a run says how many it made. */
import * as z from "zod/mini";
import { minutes } from "../../shared/duration.ts";
import { eventsWith, type EventType, type WorkflowEvent } from "../../shared/workflow/envelope.ts";
import { failed, phase, type Outcome, type Phase } from "../../shared/workflow/workflow.ts";

const Calls = z.record(z.string(), z.int());
type Calls = Readonly<Record<string, number>>;

/** As `eventsWith`. The events also carry the calls of earlier phases. */
export function countedEventsWith<I extends z.core.$ZodType>(input: I) {
  const event = eventsWith(input);
  return <N extends string, S extends z.core.$ZodLooseShape>(name: N, state: S) =>
    event(name, { ...state, calls: z.optional(Calls) });
}

/**
 * As `phase`, with the limit and the compensation that most phases here have. Adds the calls of this invocation to those of
 * earlier phases, in the next event or in the result. An attempt that ends in a wait is not counted, because a wait
 * repeats its event unchanged.
 */
export const countedPhase = <E extends WorkflowEvent & { readonly calls?: Calls | undefined }>(
  type: EventType<E>,
  run: Phase<E>["run"],
  compensate: Phase<E>["compensate"] = (_event, reason) => failed(reason),
  limitMs = minutes(30),
): Phase<E> =>
  phase(type, {
    limitMs,
    run: async (event, ports) => withCalls(await run(event, ports), event.calls, ports.cloud.calls),
    compensate: (event, reason) => withCalls(compensate(event, reason), event.calls),
  });

function withCalls(outcome: Outcome, before: Calls = {}, made: Calls = {}): Outcome {
  const calls = { ...before };
  for (const [action, count] of Object.entries(made)) calls[action] = (calls[action] ?? 0) + count;
  if (outcome.kind === "done") return { ...outcome, result: { ...outcome.result, calls } };
  if (outcome.kind !== "next") return outcome;
  const { transition } = outcome;
  return { ...outcome, transition: { ...transition, state: { ...transition.state, calls } } };
}
