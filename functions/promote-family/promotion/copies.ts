/**
 * The image in other regions: reserve → copy → await-copies → share.
 *
 * COPY-1. A promotion locks its family first, and then reads again what changed while it waited.
 * COPY-2. The cloud makes five copies into a region at once, and does not say how long others stay in its queue. So
 *     no run asks for a sixth. (https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-copyimage)
 * COPY-3. CopyImage tags the copy: a copy that no event knows of is still found and deleted.
 * COPY-4. A copy that exists is used and not made again; an undo of this run does not delete it. One that was deprecated, or that is
 *     encrypted in another way than the recipe says now, is not used: the new one has a name of its own beside it, and deprecates
 *     it when it has joined.
 * COPY-5. A new copy is in no family. It must be Available and Usable before anything else happens to it.
 */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { copyImage, describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { shareImage } from "../../../shared/cloud/ecs/shares.ts";
import { tagResources } from "../../../shared/cloud/ecs/tags.ts";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";
import { noteRegion, noteShares } from "../../../shared/delivered.ts";
import { CarriedRecipe } from "../../../shared/documents/completed.ts";
import { hours, minutes } from "../../../shared/duration.ts";
import { cipherIn, plainProblem } from "../../../shared/encryption.ts";
import { CloudError } from "../../../shared/errors.ts";
import { tagSnapshots } from "../../../shared/image-snapshots.ts";
import { ownedByRun } from "../../../shared/ownership.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isRunId } from "../../../shared/names.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { missingShares, placed, type Place } from "../family/deprecate.ts";
import { lockFamily, unlockFamily } from "../family/lock.ts";
import { homeOf } from "../family/served.ts";
import { rolledBackBy, statusTag } from "../family/status.ts";
import { holdAgainst, keptBack } from "./held.ts";
import { checkedEvent, copyRegions, placesOf, Progress, stillNamed, type WithRecipe } from "./input.ts";
import { Preflight } from "./join.ts";
import { promotedImage } from "./own.ts";
import { toUndo } from "./undo.ts";

export const Reserve = checkedEvent("reserve", {});
const Copy = checkedEvent("copy", { progress: Progress });
type Copy = EventOf<typeof Copy>;
const AwaitCopies = checkedEvent("await-copies", { progress: Progress });
type AwaitCopies = EventOf<typeof AwaitCopies>;
/** `batch` accounts a call; one at a time after a refusal, to find the account that is unknown. */
const Share = checkedEvent("share", { progress: Progress, batch: z.int() });
type Share = EventOf<typeof Share>;

/** COPY-2. */
const COPIES_AT_ONCE = 5;
/** More are ignored: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-modifyimagesharepermission */
const SHARES_AT_ONCE = 10;
/** A copy that is not listed this long after the call that made it is gone. */
const ABSENT_MS = minutes(5);

async function reserveFamily(event: EventOf<typeof Reserve>, ports: Ports): Promise<Outcome> {
  const { imageId, family } = event.input;
  const waiting = await lockFamily(event, ports);
  if (waiting !== undefined) return waiting;
  const [image] = await describeImages(ports.cloud, { ids: [imageId] });
  const rollback = image && rolledBackBy(image);
  if (rollback !== undefined)
    return failed(`${imageId} was rolled back by ${rollback} before it joined ${family}`);
  const hold = await holdAgainst(event.input, ports);
  if (hold !== undefined) {
    await tagResources(ports.cloud, "image", [imageId], statusTag("held", event.run));
    await unlockFamily(event, ports);
    return keptBack(event.input, hold);
  }
  const progress = { copies: {}, adopted: [], members: [], joined: [], deprecated: [] };
  return next(Copy, { progress }, { input: await stillNamed(event.input, ports) });
}

async function copyToRegions(event: Copy, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { input, progress, run } = event;
  const missing = copyRegions(input, homeOf(ports)).filter((region) => !(region in progress.copies));
  if (missing.length === 0) return next(AwaitCopies, { progress });
  const found = await promotedImage({ region: homeOf(ports), imageId: input.imageId }, event, ports);
  if (!found.ok) return toUndo(event, found.problem);
  const source = found.value;
  if (source === undefined) return toUndo(event, `${input.imageId} was deleted before it was copied`);
  for (const region of missing) {
    const all = await copiesIn(region, cloud);
    const known = await usableCopy(input, region, all, ports);
    if (known) {
      await noteRegion(cloud, input.recipe, region);
      const adopted = known.tags[TAG.run] === run ? progress.adopted : [...progress.adopted, region];
      const copies = { ...progress.copies, [region]: known.id };
      const note = `${known.id} exists already in ${region}`;
      return next(Copy, { progress: { ...progress, copies, adopted } }, { note });
    }
    if (all.filter(isUnderWay).length < COPIES_AT_ONCE) {
      const isTaken = all.some(({ name }) => name === source.name);
      return copyTo(
        region,
        isTaken ? { ...source, name: besideName(source.name, run) } : source,
        event,
        ports,
      );
    }
  }
  const note = `${COPIES_AT_ONCE} images are being copied to ${missing.join(", ")} already`;
  return poll(event, clock, PACE.image, note);
}

/** CreateImage, ImageName: 128 characters. */
const NAME_MAX = 128;

/** The name of a copy whose region has another one of the same image: names are unique in a region. */
const besideName = (name: string, run: string): string => {
  const end = run.slice(-9);
  return `${name.slice(0, NAME_MAX - end.length)}${end}`;
};

async function copyTo(region: string, source: Image, event: Copy, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const { input, progress, run } = event;
  const cipher = cipherIn(input.document, region, homeOf(ports));
  const kept = Object.entries(source.tags).filter(([key]) => !OF_THE_IMAGE.has(key));
  const { resourceGroupId } = input.document.image;
  const target = {
    region,
    name: source.name,
    ...(resourceGroupId !== undefined && { resourceGroupId }),
    ...(cipher !== undefined && { encrypted: true, ...cipher }),
    ...(source.description !== "" && { description: source.description }),
    tags: ownTags(cloud, {
      ...Object.fromEntries(kept),
      [TAG.run]: run,
      [TAG.role]: ROLE.copy,
      [TAG.recipe]: input.recipe,
      [TAG.image]: input.imageId,
    }),
  };
  await noteRegion(cloud, input.recipe, region);
  const imageId = await copyImage(cloud, input.imageId, target, clientToken(run, "copy", 0, target));
  const copies = { ...progress.copies, [region]: imageId };
  const note = `${imageId} is being copied to ${region}`;
  return next(Copy, { progress: { ...progress, copies } }, { note });
}

/** The tags that say what becomes of the image itself. Those of the user and the provenance go with its copies. */
const OF_THE_IMAGE: ReadonlySet<string> = new Set([TAG.promotion, TAG.retireAt]);

/** All copies in a region that promotions of this deployment made, of any image. */
export const copiesIn = (region: string, cloud: Ports["cloud"]): Promise<Image[]> =>
  describeImages(cloud, { tags: ownTags(cloud, { [TAG.role]: ROLE.copy }) }, region);

/** The copy of an image that exists or is being made, as its recipe wants it (COPY-4). */
export async function usableCopy(
  { imageId, document }: Pick<WithRecipe, "imageId" | "document">,
  region: string,
  copies: readonly Image[],
  ports: Pick<Ports, "cloud">,
): Promise<Image | undefined> {
  const home = homeOf(ports);
  for (const copy of copies) {
    if (copy.tags[TAG.image] !== imageId) continue;
    if (isUnderWay(copy)) return copy;
    if (copy.status !== "Available" || plainProblem(document, copy, region, home) !== undefined) continue;
    const cipher = await cipherOf(copy, region, ports);
    if (cipher === undefined || isDeepStrictEqual(cipher.of, cipherIn(document, region, home))) return copy;
  }
  return undefined;
}

const Made = z.looseObject({ document: CarriedRecipe });

/**
 * How a copy was encrypted, as the log of its promotion says, because the cloud does not show the key; undefined when there is
 * none any more. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeimages
 */
async function cipherOf({ tags }: Image, region: string, ports: Pick<Ports, "cloud">) {
  const run = tags[TAG.run] ?? "";
  const now = isRunId(run) ? standing(run, await readRunLog(ports.cloud, run)) : undefined;
  const made = Made.safeParse(now?.event.input).data;
  return made && { of: cipherIn(made.document, region, homeOf(ports)) };
}

const isUnderWay = ({ status }: Image): boolean => status === "Creating" || status === "Waiting";

type Finished = Place & { readonly copy: Image };

async function awaitAllCopies(event: AwaitCopies, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { progress } = event;
  const absentMs = clock.now() - event.phaseStartedAt;
  const underWay: string[] = [];
  const finished: Finished[] = [];
  for (const [region, imageId] of Object.entries(progress.copies)) {
    const place = { region, imageId };
    const [copy] = await describeImages(cloud, { ids: [imageId] }, region);
    if (copy === undefined && absentMs > ABSENT_MS) return toUndo(event, `the copy ${placed(place)} is gone`);
    if (copy === undefined) underWay.push(`${placed(place)} is not listed yet`);
    else if (copy.status === "Available" && copy.usable) {
      const plain = plainProblem(event.input.document, copy, region, homeOf(ports));
      if (plain !== undefined) return toUndo(event, plain);
      finished.push({ ...place, copy });
    } else if (copy.status === "Available" || isUnderWay(copy))
      underWay.push(`${placed(place)} is ${progressOf(copy)}`);
    else return toUndo(event, `the copy ${placed(place)} ended ${copy.status}, so no region moves`);
  }
  if (underWay.length > 0) return poll(event, clock, PACE.image, underWay.join(", "));
  const foreign = await tagCopies(event, finished, cloud);
  if (foreign !== undefined) return toUndo(event, foreign);
  return next(Share, { progress, batch: SHARES_AT_ONCE }, { note: "every image is there" });
}

/** Tags the snapshots of the copies that this run made. @returns why one of them must not be changed. */
async function tagCopies(
  { input, progress, run }: AwaitCopies,
  copies: readonly Finished[],
  cloud: Ports["cloud"],
): Promise<string | undefined> {
  for (const { region, imageId, copy } of copies) {
    if (progress.adopted.includes(region)) continue;
    const own = await ownedByRun(cloud, { kind: "image", region }, copy, run);
    if (!own.ok) return own.problem;
    const tags = { [TAG.run]: run, [TAG.recipe]: input.recipe, [TAG.image]: imageId };
    await tagSnapshots(cloud, copy, tags, region);
  }
  return undefined;
}

const progressOf = ({ status, progress }: Image): string =>
  progress === undefined ? status : `${status} ${progress} %`;

async function shareImages(event: Share, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const { progress, batch } = event;
  const { accounts } = (await stillNamed(event.input, ports)).document.promote;
  for (const place of placesOf(event, homeOf(ports))) {
    const add = (await missingShares(cloud, accounts, place)).slice(0, batch);
    if (add.length === 0) continue;
    const own = await promotedImage(place, event, ports);
    if (!own.ok) return toUndo(event, own.problem);
    try {
      await noteShares(cloud, event.input.recipe, place, add);
      await shareImage(cloud, place.imageId, { add }, place.region);
    } catch (error) {
      if (!(error instanceof CloudError) || !error.code.startsWith("InvalidAccount.")) throw error;
      if (add.length > 1) return next(Share, { progress, batch: 1 }, { note: "an account is unknown" });
      const field = `promote.accounts[${accounts.findIndex((account) => add.includes(account))}]`;
      return toUndo(event, `${field}: the cloud knows no account ${add.join()}; correct its number`);
    }
    return next(Share, { progress, batch }, { note: `${placed(place)} is shared with ${add.join(", ")}` });
  }
  return next(Preflight, { progress });
}

/** Another promotion of the family may copy for hours. */
export const reserve = phase(Reserve, { limitMs: hours(24), run: reserveFamily });
export const copy = phase(Copy, {
  limitMs: hours(6),
  creates: true,
  run: copyToRegions,
  compensate: toUndo,
  skip: ({ input, progress }, ports) =>
    copyRegions(input, homeOf(ports)).length === 0 ? next(AwaitCopies, { progress }) : undefined,
});
export const awaitCopies = phase(AwaitCopies, {
  limitMs: hours(12),
  run: awaitAllCopies,
  skip: ({ progress }) =>
    Object.keys(progress.copies).length === 0 ? next(Share, { progress, batch: SHARES_AT_ONCE }) : undefined,
  compensate: toUndo,
});
export const share = phase(Share, {
  limitMs: minutes(30),
  run: shareImages,
  compensate: toUndo,
  skip: ({ input, progress }) =>
    input.document.promote.accounts.length === 0 ? next(Preflight, { progress }) : undefined,
});
