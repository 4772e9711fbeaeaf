/** The alerts of a run that it has ended without an instance for. Pure. */
import * as z from "zod/mini";
import { isEnded, standing, type RunLog } from "../../../shared/workflow/run-log.ts";
import { AlertShares } from "./start.ts";

const Asked = z.looseObject({ alerts: AlertShares });
/** `later`: how many more a size that is kept launches; the version before did not say so. */
const Result = z.looseObject({ count: z.int(), later: z.optional(z.int()) });
/** Of the run's last event: the fleet as it was carried. */
const Carried = z.looseObject({
  document: z.looseObject({ size: z.optional(z.unknown()), limits: z.looseObject({ perRequest: z.int() }) }),
});

/**
 * Those of `held`, the alerts that the run still has, that no instance is left for, and since when, epoch ms: all of them when
 * the run failed. Of a run that got some instances each alert in the order of its request takes those it asked for, so the last
 * ones are left. A fleet that keeps a size launches some of the others by itself.
 */
export function unansweredOf(
  run: string,
  log: RunLog,
  held: ReadonlySet<string>,
): readonly [string, number][] {
  const now = standing(run, log);
  if (now === undefined || !isEnded(now)) return [];
  const since = (ids: Iterable<string>) => [...ids].map((id): [string, number] => [id, now.endedAt]);
  const { completion } = now;
  if (completion.kind !== "done") return completion.kind === "failed" ? since(held) : [];
  const [asked] = log.lines.flatMap(({ line }) =>
    line.kind === "input" ? (Asked.safeParse(line.input).data ?? []) : [],
  );
  const result = Result.safeParse(completion.result).data;
  const carried = Carried.safeParse(now.event.input).data?.document;
  if (asked === undefined || result === undefined || carried === undefined) return [];
  const { count, later = carried.size === undefined ? 0 : Infinity } = result;
  return since(lastOf(asked.alerts, count + later, held, carried.limits.perRequest));
}

/** The alerts of `held` for which none of so many instances is left. */
function lastOf(
  alerts: z.infer<typeof AlertShares>,
  instances: number,
  held: ReadonlySet<string>,
  perRequest: number,
): string[] {
  let left = instances;
  const without = alerts.filter(([id, wanted]) => {
    if (!held.has(id)) return false;
    const isLeftOut = left <= 0;
    left -= Math.min(wanted, perRequest);
    return isLeftOut;
  });
  return without.map(([id]) => id);
}
