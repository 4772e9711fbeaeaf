/**
 * The image in other regions: reserve → copy → arrive → share.
 *
 * C1. One promotion or rollback of a family at a time; whoever waited looks again at what changed meanwhile.
 * C2. The cloud copies five images at once into a region; no more than that are asked for, so that none of
 *     ours waits in the cloud's own queue where nothing tells how long.
 * C3. A copy is tagged in the call that makes it: one that no event knows of is still found and removed.
 * C4. A copy that is there already is used and not made again; then it is not this run's to delete.
 * C5. No copy has a family (ECS, CopyImage); it is Available and Usable before anything else happens to it.
 */
import { claim } from "../../shared/claim.ts";
import { copyImage, describeImages, type Image } from "../../shared/cloud/images.ts";
import { imageShares, shareImage } from "../../shared/cloud/shares.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import { clientToken } from "../../shared/cloud/token.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import type { At, Moved, PromoteEvent } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { failed, next, wait, type Outcome } from "../../shared/machine.ts";
import { claimOf, copyRegions, homeOf, imageIn, joinOrder, movedOf } from "./regions.ts";
import { standingOf } from "./standing.ts";

type PromoteOutcome = Outcome<PromoteEvent>;

const COPIES_AT_ONCE = 5;
/** ModifyImageSharePermission takes ten accounts and drops the eleventh silently. */
const SHARES_AT_ONCE = 10;
const NOTHING_MOVED: Moved = { copies: {}, adopted: [], members: [], joined: [], cleared: [] };

const undo = (event: PromoteEvent & Moved, reason: string): PromoteOutcome =>
  next({ phase: "undo", ...movedOf(event), reason });

async function reserve(event: At<"reserve">, { cloud, clock }: Ports): Promise<PromoteOutcome> {
  const { imageId, family } = event.job;
  const holder = await claim(cloud, claimOf(family), event.run, clock.now());
  if (holder !== undefined) return wait(minutes(1), `family ${family} is being changed by ${holder}`);
  const [image] = await describeImages(cloud, { ids: [imageId] });
  const standing = image && standingOf(image);
  if (standing?.word === "rolled-back") {
    return failed(`image ${imageId} was taken back by ${standing.run} before it joined ${family}`);
  }
  return next({ phase: "copy", ...NOTHING_MOVED });
}

async function copy(event: At<"copy">, ports: Ports): Promise<PromoteOutcome> {
  const { cloud } = ports;
  const { job, run } = event;
  const missing = copyRegions(job, homeOf(ports)).filter((region) => event.copies[region] === undefined);
  if (missing.length === 0) return next({ phase: "arrive", ...movedOf(event) });
  const [source] = await describeImages(cloud, { ids: [job.imageId] });
  if (source === undefined) return undo(event, `${job.imageId} is gone before it was copied`);
  const full: string[] = [];
  for (const region of missing) {
    const copies = await copiesIn(region, ports);
    const known = copyOf(job.imageId, copies);
    if (known) {
      const own = known.tags[TAG.run] === run;
      const adopted = own ? event.adopted : [...event.adopted, region];
      const now = { ...movedOf(event), copies: { ...event.copies, [region]: known.id }, adopted };
      return next({ phase: "copy", ...now }, 0, `${known.id} is there already in ${region}`);
    }
    if (copies.filter(({ status }) => isUnderWay(status)).length >= COPIES_AT_ONCE) {
      full.push(region);
      continue;
    }
    const target = {
      region,
      name: source.name,
      ...(source.description !== "" && { description: source.description }),
      tags: copyTags(event, source),
    };
    const imageId = await copyImage(cloud, job.imageId, target, clientToken(run, "copy", 0, target));
    const copied = { ...movedOf(event), copies: { ...event.copies, [region]: imageId } };
    return next({ phase: "copy", ...copied }, 0, `${imageId} is being copied to ${region}`);
  }
  return wait(minutes(1), `${COPIES_AT_ONCE} images are being copied to ${full.join(", ")} already`);
}

/** Every copy a promotion made in a region, of whatever image. */
export const copiesIn = (region: string, { cloud }: Ports): Promise<Image[]> =>
  describeImages(cloud, { tags: { [TAG.role]: "copy" } }, region);

/** The copy of an image that is there, or is being made (C4). */
export const copyOf = (imageId: string, copies: readonly Image[]): Image | undefined =>
  copies.find(({ tags, status }) => tags[TAG.image] === imageId && isAlive(status));

/** What people put on the image, and what says where the copy is from. */
function copyTags({ job, run }: At<"copy">, source: Image): Readonly<Record<string, string>> {
  const own = Object.entries(source.tags).filter(([key]) => !key.startsWith("kiln:"));
  return {
    ...Object.fromEntries(own),
    [TAG.run]: run,
    [TAG.role]: "copy",
    [TAG.recipe]: job.recipe,
    [TAG.image]: job.imageId,
  };
}

const isUnderWay = (status: string): boolean => status === "Creating" || status === "Waiting";
const isAlive = (status: string): boolean => status === "Available" || isUnderWay(status);

/** A copy not listed this long after it was asked for is gone. */
const ABSENT_MS = minutes(5);

async function arrive(event: At<"arrive">, { cloud, clock }: Ports): Promise<PromoteOutcome> {
  const under: string[] = [];
  for (const [region, imageId] of Object.entries(event.copies)) {
    const [image] = await describeImages(cloud, { ids: [imageId] }, region);
    if (image === undefined) {
      if (clock.now() - event.since > ABSENT_MS)
        return undo(event, `the copy ${imageId} in ${region} is gone`);
      under.push(`${imageId} in ${region} is not listed yet`);
      continue;
    }
    if (image.status === "Available" && image.usable) continue;
    if (!isUnderWay(image.status) && image.status !== "Available") {
      return undo(event, `the copy ${imageId} in ${region} ended ${image.status}, so no region moves`);
    }
    const progress = image.progress === undefined ? "" : ` ${image.progress} %`;
    under.push(`${imageId} in ${region} is ${image.status}${progress}`);
  }
  if (under.length > 0) return wait(seconds(30), under.join(", "));
  // The call that copies tags the image; its snapshots are found by these.
  for (const [region, imageId] of Object.entries(event.copies)) {
    const [image] = await describeImages(cloud, { ids: [imageId] }, region);
    const tags = {
      [TAG.run]: event.run,
      [TAG.role]: "snapshot",
      [TAG.recipe]: event.job.recipe,
      [TAG.image]: imageId,
    };
    if (image && image.snapshotIds.length > 0 && !event.adopted.includes(region)) {
      await tagResources(cloud, "snapshot", image.snapshotIds, tags, region);
    }
  }
  return next({ phase: "share", ...movedOf(event), batch: SHARES_AT_ONCE }, 0, "every image is there");
}

async function share(event: At<"share">, ports: Ports): Promise<PromoteOutcome> {
  const { cloud } = ports;
  const { accounts } = event.job.document.promote;
  const home = homeOf(ports);
  for (const region of accounts.length === 0 ? [] : joinOrder(event.job, home)) {
    const imageId = imageIn(region, event.job, event, home);
    const shared = new Set(await imageShares(cloud, imageId, region));
    const add = accounts.filter((account) => !shared.has(account)).slice(0, event.batch);
    if (add.length === 0) continue;
    try {
      await shareImage(cloud, imageId, { add }, region);
    } catch (error) {
      if (!(error instanceof CloudError) || !error.code.startsWith("InvalidAccount.")) throw error;
      if (add.length > 1)
        return next({ phase: "share", ...movedOf(event), batch: 1 }, 0, "an account is unknown");
      const place = `promote.accounts[${accounts.indexOf(add[0] ?? "")}]`;
      return undo(event, `${place}: the cloud knows no account ${add[0]}; correct its number`);
    }
    const note = `${imageId} in ${region} is shared with ${add.join(", ")}`;
    return next({ phase: "share", ...movedOf(event), batch: event.batch }, 0, note);
  }
  return next({ phase: "barrier", ...movedOf(event) });
}

export const copySteps = { reserve, copy, arrive, share };
