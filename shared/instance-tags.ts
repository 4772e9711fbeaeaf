/**
 * Reads the tags of a member about its stops and starts. Pure.
 *
 * MEMBER-TAG-1. A tag that cannot be read protects: opted out for ever, not stopped by Kiln, not announced.
 * MEMBER-TAG-2. A tag that is older than the last start of the instance does not count: a user has started it since.
 */
import type { Instance } from "./cloud/ecs/instance.ts";
import type { IdlePolicy } from "./documents/idle.ts";
import { parseUpWindows, type UpDuring } from "./documents/up-hours.ts";
import { days, minutes, readInstant } from "./duration.ts";
import { TAG, tagInstant, type Tags } from "./tags.ts";

/** An announcement older than this does not count any more: its readers have forgotten it. */
const STALE_MS = days(1);

/** The longest time from the creation of an instance to its first start. */
const FIRST_START_MS = minutes(15);

/** The instant until which an instance is opted out: epoch ms, `Infinity`, or undefined when it is not. */
export function optedOutUntil(
  instance: Pick<Instance, "tags">,
  tag: string,
  now: number,
): number | undefined {
  const value = instance.tags[tag];
  if (value === undefined) return undefined;
  const until = instantOf(value) ?? Number.POSITIVE_INFINITY;
  return until > now ? until : undefined;
}

/** The announced instant from which on it may be stopped; undefined without an announcement that still counts. */
export function announcedStop(instance: Instance, noticeMs: number, now: number): number | undefined {
  const at = instantOf(instance.tags[TAG.stopAt]);
  if (at === undefined || now > at + STALE_MS) return undefined;
  return (instance.startedAt ?? 0) > at - noticeMs ? undefined : at;
}

/** The instant at which Kiln stopped it; undefined when a user did, or has started it since. */
export function stoppedByKilnAt(instance: Instance): number | undefined {
  const at = instantOf(instance.tags[TAG.stoppedAt]);
  if (instance.tags[TAG.stoppedBy] === undefined || at === undefined) return undefined;
  return (instance.startedAt ?? 0) > at ? undefined : at;
}

/**
 * The newest instant at which it was created, started, or tagged to be started, epoch ms. Start times have no seconds, and a
 * start by Kiln is tagged before the call; a tag that cannot be read says "later than anything" (MEMBER-TAG-1).
 */
export function lastStartAt({ createdAt, startedAt = 0, tags }: Instance): number {
  const { at = Number.POSITIVE_INFINITY } = wakeOf(tags) ?? { at: 0 };
  return Math.max(createdAt, startedAt, at);
}

/** The tags of a member that a run is about to start. */
export const wakeTags = (run: string, now: number): Tags => ({
  [TAG.wokenAt]: `${tagInstant(now)} ${run}`,
});

/** When and for which run a member was tagged to be started; a version before this one named no run. */
export function wakeOf(
  tags: Tags,
): { readonly at: number | undefined; readonly run: string | undefined } | undefined {
  const [at, run] = tags[TAG.wokenAt]?.split(" ") ?? [];
  return at === undefined ? undefined : { at: instantOf(at), run };
}

/** The newest run that needed this member: the one that started it last, or launched it. */
export const ownerOf = ({ tags }: Pick<Instance, "tags">): string | undefined =>
  wakeOf(tags)?.run ?? tags[TAG.run];

export const isDown = ({ status }: Instance): boolean => status === "Stopping" || status === "Stopped";

/**
 * Whether a user has started it, or starts it, after Kiln had stopped it. Start times have no seconds. A start by a scale-out is
 * tagged; of one by a resume the log of the size says when it was (`SizeState.byHand`).
 */
export function isStartedByHand(instance: Instance): boolean {
  const { status, startedAt = 0, tags } = instance;
  const stoppedAt = tags[TAG.stoppedBy] === undefined ? undefined : instantOf(tags[TAG.stoppedAt]);
  if (stoppedAt === undefined || isDown(instance)) return false;
  const { at = Number.POSITIVE_INFINITY } = wakeOf(tags) ?? { at: 0 };
  return at < stoppedAt && (status === "Starting" || startedAt > stoppedAt);
}

/** Whether this idle check tagged it. It has stopped it only if `isDown` too. */
export const isTaggedBy = ({ tags }: Instance, run: string): boolean => tags[TAG.stoppedBy] === run;

/** Whether it was started again after its launch. */
export const wasStartedAgain = ({ startedAt, createdAt }: Instance): boolean =>
  startedAt !== undefined && startedAt - createdAt > FIRST_START_MS;

/** Whether a scale-out made its last start. Start times have no seconds. */
export function startedByScaleOut({ tags, startedAt }: Instance): boolean {
  const at = wakeOf(tags)?.at;
  return at !== undefined && startedAt !== undefined && Math.abs(startedAt - at) < FIRST_START_MS;
}

/**
 * The working hours of a member: its own, in the time zone and with the holidays of its fleet, or those of the fleet.
 * "unreadable" is a tag that says nothing, or that has no time zone (MEMBER-TAG-1).
 */
export function hoursOf(
  { tags }: Pick<Instance, "tags">,
  { upDuring }: Pick<IdlePolicy, "upDuring">,
): UpDuring | "unreadable" | undefined {
  const own = tags[TAG.upDuring];
  if (own === undefined) return upDuring;
  const windows = parseUpWindows(own);
  return upDuring === undefined || windows === undefined ? "unreadable" : { ...upDuring, windows };
}

function instantOf(text: string | undefined): number | undefined {
  const at = text === undefined || !/^[^T]+(?:T[^T]+Z)?$/.test(text) ? Number.NaN : readInstant(text);
  return Number.isNaN(at) ? undefined : at;
}
