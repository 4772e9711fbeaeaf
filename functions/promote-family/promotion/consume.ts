/** The phase of a promotion that changes the consumers of its recipe, one change an event (family/consumers.ts). */
import * as z from "zod/mini";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { done, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { consumerState, updateNext } from "../family/consumers.ts";
import { unlockFamily } from "../family/lock.ts";
import { checkedEvent } from "./input.ts";

/** `result`: that of the promotion; the family has moved. */
export const Consume = checkedEvent("consumers", {
  result: z.record(z.string(), z.unknown()),
  ...consumerState,
});
type Consume = EventOf<typeof Consume>;

async function consumeNext(event: Consume, ports: Ports): Promise<Outcome> {
  const { recipe, family } = event.input;
  const { state, note } = await updateNext([recipe], family, event, ports);
  if (note !== undefined) return next(Consume, { result: event.result, ...state }, { note });
  await unlockFamily(event, ports);
  return done({ ...event.result, ...notUpdated(state.left) });
}

/** As the result of a run says it. A delivery with such an entry is not complete (DELIVERY-4). */
export const notUpdated = (left: readonly string[]) => left.length > 0 && { notUpdated: left };

export const consume = phase(Consume, {
  limitMs: minutes(30),
  run: consumeNext,
  cancel: ({ result }) =>
    done({ ...result, ...notUpdated(["the update of promote.consumers was cancelled"]) }),
  compensate: ({ result, left }, reason) => done({ ...result, ...notUpdated([...left, reason]) }),
});
