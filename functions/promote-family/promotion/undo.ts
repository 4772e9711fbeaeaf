/**
 * The compensation of a promotion: one change an event, each decided by what exists.
 *
 * UNDO-1. First the deprecated images are restored, so that each family serves again the image it served before.
 * UNDO-2. The image itself is deprecated where this run added it to the family: a family can be changed but not
 *     left, and a deprecated member is never chosen.
 * UNDO-3. A join that was cancelled may have happened without being noted. So the image's own family is read, once lists
 *     show it.
 * UNDO-4. Copies of this run are taken back and deprecated, so that no family serves them, then deleted with their snapshots;
 *     one that instances run from stays deprecated. Neither step asks a list whether it is necessary: it may be late. Copies are
 *     found by tag, so that a copy whose answer was lost is not missed.
 * UNDO-5. An image that was in another family before goes back to it.
 */
import * as z from "zod/mini";
import {
  cancelCopyImage,
  describeImages,
  modifyImage,
  type Image,
} from "../../../shared/cloud/ecs/images.ts";
import { deleteSnapshot, describeSnapshots } from "../../../shared/cloud/ecs/snapshots.ts";
import { tagResources } from "../../../shared/cloud/ecs/tags.ts";
import { accountsOf, deliveredOf } from "../../../shared/delivered.ts";
import { hours } from "../../../shared/duration.ts";
import { permanent } from "../../../shared/errors.ts";
import { deleteImageOf } from "../../../shared/image-snapshots.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { ROLE, runTags, TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import {
  deprecate,
  deprecateOwn,
  firstChange,
  NO_CHANGE,
  placed,
  restore,
  type Change,
  type Place,
} from "../family/deprecate.ts";
import { unlockFamily } from "../family/lock.ts";
import { ownImage } from "../family/own.ts";
import { homeOf, SEEN_MS, servedIn } from "../family/served.ts";
import { statusOf, statusTag } from "../family/status.ts";
import { takeBack } from "../family/take-back.ts";
import { checkedEvent, copyRegions, placesOf, Progress } from "./input.ts";

/** `held`: the image waits. `recheck`: it ends the phase `join`, whose last change may not be in `progress` (UNDO-3). */
const Undo = checkedEvent("undo", {
  progress: Progress,
  reason: z.string(),
  recheck: z.boolean(),
  held: z.optional(z.boolean()),
});
type Undo = EventOf<typeof Undo>;

/** Undoes the promotion of an event that carries its progress. */
export const toUndo = (
  { progress }: { readonly progress: Progress },
  reason: string,
  recheck = false,
  held?: boolean,
) => next(Undo, { progress, reason, recheck, ...(held && { held }) });

async function undoPromotion(given: Undo, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { input, run, reason, progress } = given;
  const event = { ...given, progress: { ...progress, joined: await joinedRegions(given, ports) } };
  if (mayHaveJoined(event, ports))
    return poll(event, clock, PACE.instance, `lists do not show yet whether ${input.imageId} has joined`);
  const image = await imageOfRun(event, ports);
  const left: string[] = image.ok ? [] : [image.problem];
  const steps = image.ok ? [restoreNewer, leaveFamily, unshare, removeCopies] : [removeCopies];
  const change = await firstChange(steps, async (step) => step({ event, ports, left }));
  if (change.ok && change.value !== undefined) return poll(event, clock, PACE.step, change.value);
  if (image.ok && image.value !== undefined)
    await tagResources(cloud, "image", [input.imageId], statusTag(given.held ? "held" : "failed", run));
  await unlockFamily(event, ports);
  if (given.held && left.length === 0)
    return done({ family: input.family, imageId: input.imageId, held: { why: reason } });
  return failed([`${reason}. ${await summaryOf(event, ports)}`, ...left].join("; "));
}

interface Undoing {
  readonly event: Undo;
  readonly ports: Ports;
  /** Why something stays as it is: the undo goes on without it. */
  readonly left: string[];
}

/** The image, undefined when it is gone. A problem when it is not under this promotion: the family stays as it is. */
async function imageOfRun({ input, run }: Undo, ports: Ports): Promise<Result<Image | undefined>> {
  const found = await ownImage(ports.cloud, { region: homeOf(ports), imageId: input.imageId });
  // An earlier delivery may have written `failed`.
  return !found.ok || found.value === undefined || statusOf(found.value)?.run === run
    ? found
    : problem(`${input.imageId} is not under promotion by ${run}, as its tags say`);
}

/** `firstChange` that goes on after a problem, and after a change that the cloud refuses. */
const firstPossible = <T extends Place>(
  items: Iterable<T>,
  left: string[],
  change: (item: T) => Promise<Change>,
) =>
  firstChange(items, async (item) => {
    const made = await change(item).catch((error: unknown) =>
      problem(`${placed(item)} stays as it is: ${permanent(error).message}`),
    );
    if (!made.ok) left.push(made.problem);
    return made.ok ? made : NO_CHANGE;
  });

async function joinedRegions(event: Undo, ports: Ports): Promise<string[]> {
  const { joined, members } = event.progress;
  const found = [...joined];
  for (const { region, imageId } of event.recheck ? placesOf(event, homeOf(ports)) : []) {
    if (joined.includes(region) || members.includes(region)) continue;
    const [image] = await describeImages(ports.cloud, { ids: [imageId] }, region);
    if (image?.family === event.input.family) found.push(region);
  }
  return found;
}

/** Whether an image that stays may be in the family though no list shows it (UNDO-3). Joins are made one by one. */
function mayHaveJoined({ recheck, phaseStartedAt, ...event }: Undo, ports: Ports): boolean {
  const { joined, members, adopted } = event.progress;
  const home = homeOf(ports);
  const next = placesOf(event, home).find(({ region }) => ![...joined, ...members].includes(region));
  const stays = next !== undefined && (next.region === home || adopted.includes(next.region));
  return recheck && stays && ports.clock.now() - phaseStartedAt < SEEN_MS;
}

/** UNDO-1. */
const restoreNewer = ({ event: { input, progress }, ports, left }: Undoing): Promise<Change> =>
  firstPossible(progress.deprecated.toReversed(), left, (image) => restore(ports.cloud, input.family, image));

/** UNDO-2. Copies of this run are left to `removeCopies`. */
function leaveFamily({ event, ports, left }: Undoing): Promise<Change> {
  const { joined, adopted } = event.progress;
  const home = homeOf(ports);
  const stays = ({ region }: { readonly region: string }) => region === home || adopted.includes(region);
  const places = placesOf(event, home).filter((place) => joined.includes(place.region) && stays(place));
  return firstPossible(places, left, async (place) => {
    if (await isJoinUnseen(place, event, ports))
      return ok(`lists do not show yet that ${placed(place)} has joined ${event.input.family}`);
    const back = await formerFamily(event, ports);
    return back === undefined
      ? deprecate(ports.cloud, event.input.family, place)
      : returnTo(back, event.input.family, place, ports);
  });
}

/** Whether a list may be older than the join that this run has made (UNDO-3). */
async function isJoinUnseen(place: Place, { input, phaseStartedAt }: Undo, ports: Ports): Promise<boolean> {
  if (ports.clock.now() - phaseStartedAt >= SEEN_MS) return false;
  const image = await ownImage(ports.cloud, place);
  return image.ok && image.value !== undefined && image.value.family !== input.family;
}

/** UNDO-5. As the log says, and not the event. */
async function formerFamily({ run }: Undo, { cloud }: Ports): Promise<string | undefined> {
  const { input } = standing(run, await readRunLog(cloud, run))?.event ?? {};
  return z.looseObject({ from: z.optional(z.string()) }).safeParse(input).data?.from;
}

async function returnTo(former: string, family: string, place: Place, { cloud }: Ports): Promise<Change> {
  const found = await ownImage(cloud, place);
  if (!found.ok) return found;
  if (found.value?.family !== family) return NO_CHANGE;
  await modifyImage(cloud, place.imageId, { family: former }, place.region);
  return ok(`${placed(place)} is in ${former} again`);
}

/** Only of an image that is in no family: the accounts of one that a family has keep it. */
async function unshare({ event: { input }, ports }: Undoing): Promise<Change> {
  const { cloud } = ports;
  const place = { region: homeOf(ports), imageId: input.imageId };
  if (input.document.promote.accounts.length === 0) return NO_CHANGE;
  const image = await ownImage(cloud, place);
  if (!image.ok) return image;
  if (image.value === undefined || image.value.family !== "") return NO_CHANGE;
  const delivered = await deliveredOf(cloud, input.recipe);
  return takeBack(cloud, input.recipe, place, accountsOf(delivered, place));
}

function removeCopies({ event, ports, left }: Undoing): Promise<Change> {
  const { cloud } = ports;
  const { input, run } = event;
  return firstChange(copyRegions(input, homeOf(ports)), async (region) => {
    const tags = runTags(cloud, run, ROLE.copy);
    const copies = await describeImages(cloud, { tags }, region);
    const places = copies.map((copy) => ({ region, imageId: copy.id, copy }));
    const removed = await firstPossible(places, left, (place) => removeCopy(place, event, cloud));
    return removed.ok && removed.value === undefined ? deleteSnapshotOf(run, region, cloud) : removed;
  });
}

/** UNDO-4. */
async function removeCopy(
  { copy, ...place }: Place & { readonly copy: Image },
  { run, input }: Undo,
  cloud: Ports["cloud"],
): Promise<Change> {
  const { region } = place;
  if (copy.family !== "" && copy.family !== input.family)
    return problem(`${placed(place)} is in family ${copy.family}, so it stays`);
  if (copy.status === "Creating" || copy.status === "Waiting") {
    await cancelCopyImage(cloud, copy.id, region);
    return ok(`the copy ${placed(place)} is cancelled`);
  }
  if (copy.status === "Available") return deprecateOwn(cloud, copy, region);
  if (copy.usage === "instance") return NO_CHANGE;
  const stays = await deleteImageOf(cloud, run, copy, region);
  return stays === undefined ? ok(`the copy ${placed(place)} is deleted`) : problem(stays);
}

/** Deletes one snapshot of this run; those of a copy that had to stay are in use. */
async function deleteSnapshotOf(run: string, region: string, cloud: Ports["cloud"]): Promise<Change> {
  const tags = runTags(cloud, run, ROLE.snapshot);
  const snapshots = await describeSnapshots(cloud, { tags }, region);
  const snapshot = snapshots.find(({ usage }) => !usage.startsWith("image"));
  if (snapshot === undefined) return NO_CHANGE;
  await deleteSnapshot(cloud, snapshot.id, { region });
  return ok(`${snapshot.id} in ${region} is deleted`);
}

/** The state of the family after the undo, for the record. */
async function summaryOf({ input, progress }: Undo, ports: Ports): Promise<string> {
  const home = homeOf(ports);
  const abroad = copyRegions(input, home);
  if (progress.joined.length === 0)
    return abroad.length === 0 ? "The family did not move." : "No region moved.";
  const regions = [...abroad, home];
  const served = await servedIn(input.family, regions, ports);
  const answers = regions.map((region) => `${region} ${served[region] ?? "nothing"}`);
  return `Moved in ${progress.joined.join(", ")} and undone; ${input.family} answers: ${answers.join(", ")}`;
}

export const undo = phase(Undo, {
  limitMs: hours(2),
  run: undoPromotion,
  cancel: (event) => toUndo(event, event.reason, event.recheck),
  compensate: (event, reason) => {
    const { joined } = event.progress;
    const moved = joined.length === 0 ? "no region moved" : `moved in ${joined.join(", ")}`;
    return failed(
      `${event.reason}; the undo ended with ${reason}; ${moved}; copies have the tag ${TAG.run} = ${event.run}`,
    );
  },
});
