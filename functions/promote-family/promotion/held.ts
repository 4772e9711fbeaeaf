/** A promotion that meets the hold of its family (HOLD-2). */
import { utcMinute } from "../../../shared/duration.ts";
import { heldText, holdOf, type Hold } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { done } from "../../../shared/workflow/workflow.ts";
import type { Requested } from "./input.ts";

/** The hold that keeps this promotion back; undefined when it may go on. */
export const holdAgainst = async (
  { byHand, family }: Requested,
  ports: Pick<Ports, "cloud" | "clock">,
): Promise<Hold | undefined> => (byHand ? undefined : holdOf(family, ports));

/** The end of a promotion that is kept back: its image waits, tested. */
export function keptBack({ family, imageId }: Requested, hold: Hold) {
  const { by, why, at, until } = hold;
  return done({
    family,
    imageId,
    held: { by, why, since: utcMinute(at), ...(until !== undefined && { until: utcMinute(until) }) },
    note: `${imageId} waits: ${heldText(family, hold)}; promote it yourself, or lift the hold`,
  });
}
