/**
 * What the tags of a member say about stopping and starting it. Pure.
 *
 * T1. A tag that cannot be read protects: opted out for ever, not stopped by Kiln, not announced.
 * T2. A mark that is older than the instance's last start is void: whoever started it decided anew.
 */
import type { Instance } from "./cloud/instance.ts";
import { days, minutes } from "./duration.ts";
import { TAG } from "./labels.ts";

/** An announcement this old is no longer remembered by anybody. */
const STALE_MS = days(1);

/** How long a launch may take from its creation to its first start. */
const FIRST_START_MS = minutes(15);

/** Until when an instance is opted out: an instant, `Infinity`, or undefined when it is not. */
export function optedOutUntil(instance: Instance, tag: string, now: number): number | undefined {
  const value = instance.tags[tag];
  if (value === undefined) return undefined;
  const until = instantOf(value) ?? Number.POSITIVE_INFINITY;
  return until > now ? until : undefined;
}

/** From when on it may be stopped, as announced; undefined without an announcement that still counts. */
export function announcedStop(instance: Instance, noticeMs: number, now: number): number | undefined {
  const at = instantOf(instance.tags[TAG.stopAt]);
  if (at === undefined || now > at + STALE_MS) return undefined;
  return (instance.startedAt ?? 0) > at - noticeMs ? undefined : at;
}

/** When Kiln stopped it, if it was Kiln, and nobody started it since. */
export function stoppedByKilnAt(instance: Instance): number | undefined {
  const at = instantOf(instance.tags[TAG.stoppedAt]);
  if (instance.tags[TAG.stoppedBy] === undefined || at === undefined) return undefined;
  return (instance.startedAt ?? 0) > at ? undefined : at;
}

export const isDown = ({ status }: Instance): boolean => status === "Stopping" || status === "Stopped";

/** Whether this idle run marked it; that it is down by that run's doing takes `isDown` as well. */
export const isMarkedBy = ({ tags }: Instance, run: string): boolean => tags[TAG.stoppedBy] === run;

/** Whether its last start was a later one than the launch. */
export const wasStartedAgain = ({ startedAt, createdAt }: Instance): boolean =>
  startedAt !== undefined && startedAt - createdAt > FIRST_START_MS;

/** Whether a scale-out gave it its last start; start times are told to the minute. */
export function wokenByKiln({ tags, startedAt }: Instance): boolean {
  const at = instantOf(tags[TAG.wokenAt]);
  return at !== undefined && startedAt !== undefined && Math.abs(startedAt - at) < FIRST_START_MS;
}

function instantOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
