/** The events of a smaller fleet, and the order of its slices. */
import * as z from "zod/mini";
import { Name } from "../../../shared/names.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { next, type Outcome } from "../../../shared/workflow/workflow.ts";
import { Ids } from "../tally.ts";
import { Leaver } from "./select.ts";

/** Of members that a refresh replaces: how many stay at least, and whether one that works does. */
const replacing = {
  least: z.optional(z.int()),
  busyStay: z.optional(z.boolean()),
  why: z.optional(z.string()),
};
export const event = eventsWith(
  z.strictObject({
    fleet: Name,
    count: z.int(),
    instances: z.optional(Ids),
    /** The fleet is to have fewer from then on, by those that end. */
    lowers: z.optional(z.literal(true)),
    ...replacing,
  }),
);

export const DryRun = event("dry-run", {});
export type DryRun = EventOf<typeof DryRun>;
export const Select = event("select", {});
export type Select = EventOf<typeof Select>;

/** `kept`: a line for each member that stays. */
const tally = { ended: z.array(Leaver), kept: Ids };
/** `later`: members that are probed after these; present once these are. */
export const End = event("end", { leavers: z.array(Leaver), later: z.optional(z.array(Leaver)), ...tally });
export type End = EventOf<typeof End>;
export const Probe = event("probe", { leavers: z.array(Leaver), ...tally });
export type Probe = EventOf<typeof Probe>;
export const AwaitProbe = event("await-probe", {
  invocationId: z.string(),
  probed: z.array(Leaver),
  later: z.array(Leaver),
  ...tally,
});
export type AwaitProbe = EventOf<typeof AwaitProbe>;
export const Confirm = event("confirm", tally);
export type Confirm = EventOf<typeof Confirm>;

/** Releases are sequential calls. */
export const SLICE = 20;

/** Ends `leavers`; without any, the next slice is asked, or the run is confirmed. */
export function afterSlice(
  leavers: readonly Leaver[],
  later: readonly Leaver[],
  state: Pick<Confirm, "ended" | "kept">,
  note?: string,
): Outcome {
  if (leavers.length > 0) return next(End, { leavers: [...leavers], later: [...later], ...state }, { note });
  return later.length > 0
    ? next(Probe, { leavers: [...later], ...state }, { note })
    : next(Confirm, state, { note });
}

/** Those that are ended so far are confirmed; the others stay. */
export const keepAll = ({ ended, kept }: Pick<Confirm, "ended" | "kept">, reason: string): Outcome =>
  next(Confirm, { ended, kept: [...kept, reason] });
