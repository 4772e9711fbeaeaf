/** The runs to which changes of the members of a fleet were handed on. */
import * as z from "zod/mini";
import { days, hours } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { Child, SizeState } from "../../../shared/size/log.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import type { Situation } from "./decide.ts";

const Ended = z.looseObject({ short: z.optional(z.int()), ended: z.optional(z.array(z.string())) });

/** A run that has not ended after this is not waited for any more; its reservation still counts. */
const LOST_MS = { launch: hours(6), end: hours(6), refresh: days(3) };

/** How the run ended to which a change was handed on. */
export async function lastOf(
  child: Child | undefined,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<Situation["last"]> {
  if (child === undefined) return "none";
  const { completion } = standing(child.run, await readRunLog(cloud, child.run)) ?? {};
  // Its line is there before the run begins, so no log yet is no end.
  if (completion === undefined) return clock.now() - child.at < LOST_MS[child.kind] ? "open" : "vain";
  const { short = 0, ended } = Ended.safeParse(completion.result).data ?? {};
  return completion.kind === "done" && short === 0 && ended?.length !== 0 ? "useful" : "vain";
}

/** The run that changes a fleet, or refreshes it; undefined when none does. */
export async function openChild(
  { child, meanwhile }: SizeState,
  ports: Pick<Ports, "cloud" | "clock">,
): Promise<string | undefined> {
  for (const one of [child, meanwhile]) if ((await lastOf(one, ports)) === "open") return one?.run;
  return undefined;
}

/** A launch beside another run leaves that the child; the next child is newer than both (RECONCILE-7). */
export function withChild(
  { meanwhile: _earlier, ...state }: SizeState,
  { beside, ...handedOn }: Child & { readonly beside?: true },
): SizeState {
  return beside ? { ...state, meanwhile: handedOn } : { ...state, child: handedOn };
}
