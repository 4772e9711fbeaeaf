/**
 * The family moves: preflight → join (copies first, home last) → deprecate → verify.
 *
 * JOIN-1. Nothing moves before every region can: preflight reads all of them in one phase, and the family that the image leaves
 *     (family/loss.ts).
 * JOIN-2. A region joins late: no phase but `join` and `deprecate` changes the image a family serves.
 * JOIN-3. A newer image is deprecated after the promoted one joined: so a family never serves a third image.
 * JOIN-4. In every region the family must answer with this image, or the promotion is undone in all.
 * JOIN-5. The log of the run, or of an earlier promotion of this image, holds the passed image test: an event alone moves
 *     no family.
 */
import { roomProblem } from "../../../shared/budget.ts";
import { describeImages, modifyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { imageShares } from "../../../shared/cloud/ecs/shares.ts";
import { tagResources } from "../../../shared/cloud/ecs/tags.ts";
import { plainProblem } from "../../../shared/encryption.ts";
import { heldText, writeHold } from "../../../shared/holds.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok, problem } from "../../../shared/result.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import {
  deprecate as deprecateImage,
  NO_CHANGE,
  placed,
  unsharedBy,
  type Deprecation,
  type Place,
} from "../family/deprecate.ts";
import { FIRST_CONSUMER } from "../family/consumers.ts";
import { unlockFamily } from "../family/lock.ts";
import { lossOf } from "../family/loss.ts";
import { homeOf, notServedYet } from "../family/served.ts";
import { isGood, statusTag } from "../family/status.ts";
import { Consume } from "./consume.ts";
import { hasPassedTest } from "./earlier.ts";
import { holdAgainst } from "./held.ts";
import { checkedEvent, type Checked, placesOf, Progress, supersedingIn } from "./input.ts";
import { promotedImage } from "./own.ts";
import { toUndo } from "./undo.ts";

export const Preflight = checkedEvent("preflight", { progress: Progress });
const Join = checkedEvent("join", { progress: Progress });
const Deprecate = checkedEvent("deprecate", { progress: Progress });
const Verify = checkedEvent("verify", { progress: Progress });

interface Moving {
  readonly run: string;
  readonly input: Checked;
  readonly phaseStartedAt: number;
}

/** The promotion's image in a region, and the members that supersede it. A problem when the family could not serve it there. */
async function findImage(place: Place, event: Moving, ports: Ports) {
  const { region } = place;
  const found = await promotedImage(place, event, ports);
  if (!found.ok) return found;
  const image = found.value;
  if (image === undefined) return problem(`${placed(place)} is gone`);
  if (image.status !== "Available" || !image.usable)
    return problem(`${placed(place)} is ${image.status}, not available`);
  const plain = plainProblem(event.input.document, image, region, homeOf(ports));
  if (plain !== undefined) return problem(plain);
  const newer = await supersedingIn(region, image, event.input, ports);
  return newer.ok ? ok({ image, newer: newer.value }) : newer;
}

async function checkRegions(event: EventOf<typeof Preflight>, ports: Ports): Promise<Outcome> {
  const { input, progress } = event;
  // It may have been set while the image was copied.
  const hold = await holdAgainst(input, ports);
  if (hold !== undefined) return toUndo(event, heldText(input.family, hold), false, true);
  const { imageId, family: to, from } = input;
  const loss = await lossOf({ imageId, from, to, regions: Object.keys(progress.copies) }, ports);
  if (!loss.ok) return toUndo(event, loss.problem);
  const members: string[] = [];
  const deprecated: Deprecation[] = [];
  const places = placesOf(event, homeOf(ports));
  for (const place of places) {
    const found = await findImage(place, event, ports);
    if (!found.ok) return toUndo(event, found.problem);
    if (found.value.image.family === input.family) members.push(place.region);
    for (const { id } of found.value.newer) deprecated.push(await deprecationOf(place, id, ports));
  }
  const joined = places.map(({ region }) => region);
  const parts = { "the recipe has": input, "the images to deprecate": { ...progress, joined, deprecated } };
  const tooLarge = roomProblem(parts, REASON_MAX_BYTES);
  if (tooLarge !== undefined)
    return toUndo(event, `${deprecated.length} newer images are in the way: ${tooMany(tooLarge)}`);
  const note = ["every region can move", ...loss.value].join("; ");
  const leaves = loss.value.length === 0 ? undefined : [...loss.value];
  return next(Join, { progress: { ...progress, members } }, { note, input: { ...input, leaves } });
}

/** Room that an event keeps for the reason of an undo. */
const REASON_MAX_BYTES = 4 * 1024;

const tooMany = (problem: string): string =>
  `their list ${problem}; deprecate or delete some of them, or shorten the recipe, and promote again`;

/** The image with the accounts that the undo would share it with again. */
const deprecationOf = async ({ region }: Place, imageId: string, { cloud }: Ports): Promise<Deprecation> => ({
  region,
  imageId,
  accounts: await imageShares(cloud, imageId, region),
});

/** The first place where the image is not in the family yet. */
const nextPlace = (event: EventOf<typeof Join>, ports: Pick<Ports, "cloud">): Place | undefined => {
  const { joined, members } = event.progress;
  return placesOf(event, homeOf(ports)).find(
    ({ region }) => !joined.includes(region) && !members.includes(region),
  );
};

/** JOIN-5. */
async function wasTested({ run, input }: EventOf<typeof Join>, { cloud }: Ports): Promise<boolean> {
  const testedIn = input.testedIn ?? run;
  return hasPassedTest(testedIn, await readRunLog(cloud, testedIn), input.imageId);
}

async function joinFamily(event: EventOf<typeof Join>, ports: Ports): Promise<Outcome> {
  const { input, progress } = event;
  const place = nextPlace(event, ports);
  if (place === undefined) return next(Deprecate, { progress });
  const found = await findImage(place, event, ports);
  if (!found.ok) return toUndo(event, found.problem, true);
  if (!input.document.test.skip && !(await wasTested(event, ports)))
    return toUndo(
      event,
      `the log of ${input.testedIn ?? event.run} holds no passed image test, so nothing joins`,
      true,
    );
  const { region, imageId } = place;
  // A repeat of this event finds that the image has joined.
  if (found.value.image.family !== input.family)
    await modifyImage(ports.cloud, imageId, { family: input.family }, region);
  const note = `${imageId} joins ${input.family} in ${region}`;
  return next(Join, { progress: { ...progress, joined: [...progress.joined, region] } }, { note });
}

async function deprecateNewer(event: EventOf<typeof Deprecate>, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { input, progress } = event;
  const current = progress.deprecated.at(-1);
  const change = current === undefined ? NO_CHANGE : await deprecateImage(cloud, input.family, current);
  if (!change.ok) return toUndo(event, change.problem);
  if (change.value !== undefined) return poll(event, clock, PACE.step, change.value);
  for (const place of placesOf(event, homeOf(ports))) {
    const found = await findImage(place, event, ports);
    if (!found.ok) return toUndo(event, found.problem);
    const [oldest] = found.value.newer;
    if (oldest === undefined) continue;
    // The undo shares it again, so its accounts are noted before the first change.
    const image = await deprecationOf(place, oldest.id, ports);
    const deprecated = [...progress.deprecated, image];
    return next(
      Deprecate,
      { progress: { ...progress, deprecated } },
      { note: `${placed(image)} is deprecated` },
    );
  }
  return settle(event, ports, () => next(Verify, { progress }, { afterMs: PACE.step.firstMs }));
}

/** Why an image was delivered, how it differs, and who approved it, for the record. */
const provenanceOf = ({ again, packages, approvedBy, leaves }: Checked) => ({
  ...(leaves && { leaves }),
  ...(again !== undefined && { again }),
  ...(packages && { packages }),
  ...(approvedBy !== undefined && { approvedBy }),
});

const verifyServed = (event: EventOf<typeof Verify>, ports: Ports): Promise<Outcome> =>
  settle(event, ports, (waitsFor) => poll(event, ports.clock, PACE.family, waitsFor));

/** The end of the promotion when every region answers with the image; otherwise what follows from the region that does not. */
async function settle(
  event: EventOf<typeof Deprecate> | EventOf<typeof Verify>,
  ports: Ports,
  notYet: (waitsFor: string) => Outcome,
): Promise<Outcome> {
  const { cloud } = ports;
  const { input, run, progress } = event;
  const { family, imageId } = input;
  const places = placesOf(event, homeOf(ports));
  const regions = Object.fromEntries(places.map((place) => [place.region, place.imageId]));
  const waitsFor = await notServedYet(family, regions, ports);
  if (waitsFor !== undefined) return notYet(waitsFor);
  const own = await promotedImage({ region: homeOf(ports), imageId }, event, ports);
  if (!own.ok) return toUndo(event, own.problem);
  await tagResources(cloud, "image", [imageId], statusTag("promoted", run));
  // HOLD-3.
  const newer = input.byHand ? await newerThan(own.value, event, ports) : undefined;
  const why = `${imageId} was promoted while ${newer} was newer`;
  if (newer !== undefined) await writeHold(family, { run, by: event.by, held: true, why }, ports);
  const where = places.length === 1 ? "" : ` in ${places.length} regions`;
  const unshared = unsharedBy(progress.deprecated);
  const result = {
    family,
    imageId,
    regions,
    ...provenanceOf(input),
    ...(progress.deprecated.length > 0 && { deprecated: progress.deprecated.map((one) => one.imageId) }),
    ...(unshared.length > 0 && { unshared }),
    proved: `${family} answers with ${imageId}${where}`,
  };
  // The lock stays: of two runs that change a consumer, the later one has to have the later image.
  if (input.document.promote.consumers.length > 0) return next(Consume, { result, ...FIRST_CONSUMER });
  await unlockFamily(event, ports);
  return done(result);
}

/** An image that a bake would deliver over this one: a newer one of the family, or of the recipe that made this one. */
async function newerThan(
  image: Image | undefined,
  { progress }: Pick<EventOf<typeof Verify>, "progress">,
  ports: Ports,
): Promise<string | undefined> {
  const { cloud } = ports;
  const member = progress.deprecated.find(({ region }) => region === homeOf(ports));
  const recipe = image?.tags[TAG.recipe];
  if (member !== undefined || image === undefined || recipe === undefined) return member?.imageId;
  const tags = ownTags(cloud, { [TAG.recipe]: recipe, [TAG.role]: ROLE.image });
  const others = await describeImages(cloud, { tags });
  return others.find((one) => one.createdAt > image.createdAt && one.status === "Available" && isGood(one))
    ?.id;
}

export const preflight = phase(Preflight, { limitMs: minutes(30), run: checkRegions, compensate: toUndo });
export const join = phase(Join, {
  limitMs: minutes(30),
  run: joinFamily,
  skip: (event, ports) =>
    nextPlace(event, ports) === undefined ? next(Deprecate, { progress: event.progress }) : undefined,
  compensate: (event, reason) => toUndo(event, reason, true),
});
export const deprecate = phase(Deprecate, { limitMs: minutes(30), run: deprecateNewer, compensate: toUndo });
export const verify = phase(Verify, { limitMs: minutes(15), run: verifyServed, compensate: toUndo });
