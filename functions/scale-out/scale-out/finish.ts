/** `finish`: counts the instances once more, closes the reservation and reports. */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import { withHints } from "../../../shared/cloud/retry.ts";
import { hours, seconds } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { outputKey } from "../../../shared/keys.ts";
import { afterLostRace, closeReservation, readReservation } from "../../../shared/limits/reservations.ts";
import { setDesired } from "../../../shared/size/log.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { plannedEvent, Progress, withNotes, type PlannedEvent } from "./events.ts";
import { isLaunchPage, isWakePage, readPages } from "./instance-pages.ts";
import { tooFew, Undo, undoSome } from "./minimum.ts";
import { ABSENT_MS, launchedBy, servedImages, summarize } from "./launched.ts";

/** `reason`: why the run ends early; `undo`: how far it is undone. */
export const Finish = plannedEvent("finish", {
  progress: Progress,
  reason: z.optional(z.string()),
  undo: z.optional(Undo),
});
/** Any event at the end of a run: the last look at its instances may end it. */
type Finish = PlannedEvent & Pick<EventOf<typeof Finish>, "reason">;

/** Undoes what is less than the minimum, then finishes (MINIMUM-1). */
async function finishOrUndo(event: EventOf<typeof Finish>, ports: Ports): Promise<Outcome> {
  const { run, input, progress, reason, undo = { after: "", released: 0 } } = event;
  if (input.min === undefined) return finishRun(event, ports);
  const look = await lookAt(event, ports.cloud);
  const few = tooFew(look.running.length, input);
  if (few === undefined) return finishRun(event, ports, look);
  // A list may lag.
  const waiting = reason === undefined ? await waitForUnseen(event, look, ports) : undefined;
  if (waiting !== undefined) return waiting;
  const undone = await undoSome(run, look.launched, undo, ports.cloud);
  if (undone.next !== undefined) {
    const why = undone.count > 0 ? `${few}; what was launched is released` : undefined;
    const state = { progress, reason: reason ?? why, undo: undone.next };
    return next(Finish, state, { afterMs: seconds(10), note: `${undone.count} are released` });
  }
  if (undone.note === undefined) return finishRun(event, ports, look);
  const noted = { ...event, progress: withNotes(progress, undone.note), reason: reason ?? few };
  return finishRun(noted, ports, look);
}

/** The instances at the end of a run. */
interface Look {
  /** Counted by tag, so that instances of a lost answer are included. */
  readonly launched: readonly Instance[];
  /** Those of `launched` that run with an image of the family. */
  readonly good: readonly Instance[];
  readonly woken: readonly Instance[];
  /** Those that count: good or woken. */
  readonly running: readonly Instance[];
}

async function lookAt(event: Finish, cloud: CloudClient): Promise<Look> {
  const { run, progress } = event;
  const launched = await launchedBy(run, cloud);
  const images = await servedImages(event, cloud);
  const good = launched.filter((instance) => isRunning(instance) && images.includes(instance.imageId));
  const wakes = await readPages(cloud, run, progress.pages.filter(isWakePage));
  const woken = (await describeInstances(cloud, { ids: wakes })).filter(isRunning);
  return { launched, good, woken, running: [...good, ...woken] };
}

/** Closes the reservation and reports what is seen now, or was seen a moment ago. */
export async function finishRun(event: Finish, ports: Ports, seen?: Look): Promise<Outcome> {
  const { run, input, progress } = event;
  const look = seen ?? (await lookAt(event, ports.cloud));
  const { launched } = look;
  const waiting = await waitForUnseen(event, look, ports);
  if (waiting !== undefined) return waiting;
  const later = await raiseSize(event, look, ports);
  // Lost instances count as launched, and instances of a lost answer are only seen by their tag.
  const closing = { fleet: input.fleet, run, launched: Math.max(launched.length, progress.launched) };
  if (!(await closeReservation(ports, closing))) return afterLostRace(event, input.fleet, ports);
  // Of `upTo` none may be left to launch.
  const mayBeNone = (later ?? 0) > 0 || input.count === 0;
  return report(event, { ...look, later, mayBeNone }, ports.cloud);
}

/**
 * A fleet whose size is kept is to have what was asked for, too: what is short is launched later, all of it as well, unless
 * `validFor` says how long it is needed, and unless it is beyond `limits.max`, which bounds the number, too. A request that got
 * none because it was refused, or in a pause, is over. Before the reservation is closed, so that the instances are never too
 * many. Returns how many are to come; undefined when nothing is raised by this run.
 */
async function raiseSize(
  event: Finish,
  { running: { length: here } }: Look,
  ports: Ports,
): Promise<number | undefined> {
  const { run, by, input } = event;
  const { document, fleet, kept, leaving } = input;
  if (document.size === undefined || kept === true || leaving !== undefined) return undefined;
  const more = here + laterOf(event, here);
  if (more === 0) return 0;
  const act = { run, by, act: "scale-out", onlyChange: here === 0 } as const;
  const wanted = await setDesired(fleet, act, ({ desired }) => desired + more, ports);
  // What max has cut from the number is not remembered.
  return wanted?.written === true ? Math.max(0, (wanted.raised ?? more) - here) : 0;
}

/** How many of those that are short may be launched later, when there are `here`. */
function laterOf({ input, progress, cancelled, reason }: Finish, here: number): number {
  const { count, until, min } = input;
  const isOver = cancelled !== undefined || until !== undefined;
  const isRefused = here === 0 && (reason !== undefined || min !== undefined);
  return isOver || isRefused ? 0 : Math.max(0, count - (progress.beyond ?? 0) - here);
}

/** RESERVE-1: the reservation stays open until every instance it led to is seen running, or is lost. */
async function waitForUnseen(
  event: Finish,
  { launched }: Look,
  { cloud, clock }: Ports,
): Promise<Outcome | undefined> {
  const known = await readPages(cloud, event.run, event.progress.pages.filter(isLaunchPage));
  const unlisted = known.filter((id) => !launched.some((instance) => instance.id === id));
  const unseen = unlisted.length + (await stillStopped(event, cloud));
  if (unseen === 0 || clock.now() - event.phaseStartedAt >= ABSENT_MS) return undefined;
  return poll(event, clock, PACE.instance, `${unseen} instances are not listed or not running yet`);
}

/** How many of the instances this run may have started are still listed as stopped. */
async function stillStopped({ run, input, progress, reason }: Finish, cloud: CloudClient): Promise<number> {
  // A run that ends early may have started some that are on no page.
  if (reason === undefined && !progress.pages.some(isWakePage)) return 0;
  const ids = (await readReservation(cloud, input.fleet, run))?.wakes ?? [];
  return (await describeInstances(cloud, { ids })).filter(({ status }) => status === "Stopped").length;
}

const isRunning = ({ status }: Instance): boolean => status === "Running";

async function report(
  event: Finish,
  look: Look & { readonly later: number | undefined; readonly mayBeNone: boolean },
  cloud: CloudClient,
): Promise<Outcome> {
  const { run, input, progress, reason } = event;
  const { fleet, count, imageId } = input;
  const { launched, good, woken, running } = look;
  const other = launched.filter((instance) => !good.includes(instance));
  const uncounted = summarize(other.map(({ id, status }) => `${id} ${status}`));
  const notes = [reason, ...withHints(progress.notes), uncounted && `not counted: ${uncounted}`];
  const why = notes.filter(Boolean).join("; ");
  const limited = progress.limited && { limited: true };
  if (running.length < Math.max(Number(!look.mayBeNone), input.min ?? 0))
    return {
      ...failed(`none of ${count} instances: ${why || "none were needed"}`),
      ...(limited && { result: { asked: count, count: 0, ...limited } }),
    };
  return done({
    fleet,
    asked: count,
    count: running.length,
    ...(await listed(running, run, cloud)),
    launched: good.length,
    woken: woken.length,
    imageId,
    images: countBy(running.map((instance) => instance.imageId)),
    ...(progress.price > 0 &&
      launched.length === progress.launched && { pricePerHour: Number(progress.price.toFixed(3)) }),
    ...(running.length < count && { short: count - running.length, later: look.later, ...limited }),
    ...(why !== "" && { why }),
  });
}

/** How many ids a record shows; a longer list is in an object beside it. */
const SHOWN_MAX = 100;

async function listed(instances: readonly Instance[], run: string, cloud: CloudClient) {
  const ids = instances.map(({ id }) => id);
  if (ids.length <= SHOWN_MAX) return { running: ids };
  const list = outputKey(run, "instances");
  await putObject(cloud, list, ids.join("\n"), { contentType: "text/plain" });
  return { running: ids.slice(0, SHOWN_MAX), list };
}

function countBy(words: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const word of words) counted[word] = (counted[word] ?? 0) + 1;
  return counted;
}

export const finish = phase(Finish, {
  limitMs: hours(2),
  run: finishOrUndo,
  cancel: ({ progress, reason: earlier }, reason) => next(Finish, { progress, reason: earlier ?? reason }),
  compensate: ({ reason: earlier }, reason) => failed([earlier, reason].filter(Boolean).join("; ")),
});
