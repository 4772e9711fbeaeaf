/** The alerts of a run that it has ended without an instance for. Pure. */
import * as z from "zod/mini";
import { isEnded, standing, type RunLog } from "../../../shared/workflow/run-log.ts";
import { AlertShares } from "./start.ts";

const Asked = z.looseObject({ alerts: AlertShares });
const Result = z.looseObject({ count: z.int() });
/** Of the run's last event: the fleet as it was carried. */
const Carried = z.looseObject({
  document: z.looseObject({ size: z.optional(z.unknown()), limits: z.looseObject({ perRequest: z.int() }) }),
});

/**
 * Those of `held`, the alerts that the run still has, that no instance is left for, and since when, epoch ms: all of them when
 * the run failed. Of a run that got some instances each alert in the order of its request takes those it asked for, so the last
 * ones are left. A fleet that keeps a size launches the others by itself.
 */
export function unansweredOf(
  run: string,
  log: RunLog,
  held: ReadonlySet<string>,
): readonly [string, number][] {
  const now = standing(run, log);
  if (now === undefined || !isEnded(now)) return [];
  const since = (ids: Iterable<string>) => [...ids].map((id): [string, number] => [id, now.endedAt]);
  if (now.completion.kind === "failed") return since(held);
  const [first] = log.lines;
  const asked = first?.line.kind === "input" ? Asked.safeParse(first.line.input).data : undefined;
  const result = now.completion.kind === "done" ? Result.safeParse(now.completion.result).data : undefined;
  const carried = Carried.safeParse(now.event.input).data?.document;
  if (asked === undefined || result === undefined || carried === undefined || carried.size !== undefined)
    return [];
  let left = result.count;
  const without = asked.alerts.filter(([id, wanted]) => {
    if (!held.has(id)) return false;
    const isLeftOut = left <= 0;
    left -= Math.min(wanted, carried.limits.perRequest);
    return isLeftOut;
  });
  return since(without.map(([id]) => id));
}
