/** K2, K5 and K11 of images: at the calls that change them, and at the end of every promotion. */
import { days, hours } from "../../../shared/duration.ts";
import type { Line } from "../../../shared/workflow/run-log.ts";
import type { Image } from "../../cloud/index.ts";
import { HOME, machines, ownImages, served, tagOf } from "../../support/world.ts";
import { ABROAD, type Simulation } from "../simulation.ts";
import type { Look } from "./look.ts";

/** K2: a bake makes one image, a promotion one copy in each region. */
export const oneImage: Look = ({ kiln, problems }) => {
  const seen = new Set<string>();
  for (const { imageId, regionId, status } of ownImages(kiln)) {
    const key = `${tagOf(kiln, imageId, "kiln:run")} has two images in ${regionId}`;
    if (status === "CreateFailed") continue;
    if (seen.has(key)) problems.add(`K2: ${key}`);
    seen.add(key);
  }
};

/** Families of recipes without an image test. */
const UNTESTED: ReadonlySet<string> = new Set(["quick", "asked", "called-off"]);

/** K5: an image is in its family only after its test, unless its recipe has none. */
export const tested: Look = ({ kiln, problems }) => {
  for (const { imageId, family } of ownImages(kiln)) {
    // A copy is as good as its original.
    const original = tagOf(kiln, imageId, "kiln:image") ?? imageId;
    // The original of a copy may be deleted.
    if (original !== imageId && kiln.cloud.world.image(HOME, original) === undefined) continue;
    const test = tagOf(kiln, original, "kiln:gate") ?? "no test";
    if (family !== "" && test !== (UNTESTED.has(family) ? "skipped" : "passed"))
      problems.add(`K5: ${imageId} is in family ${family} with ${test}`);
  }
};

/** `retention` of the recipe `quick`, whose images are the only ones that retention deletes. */
export const RETENTION = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "1h" };
const YOUNG_MS = days(1);
const ANNOUNCED_MS = hours(1);

/** K11: an image that is deleted is not served and not in use; out of a family only retention deletes it, by its rules. */
export const mayBeDeleted: Look = (simulation, { ImageId: id = "", RegionId: region = HOME }) => {
  const { kiln, problems } = simulation;
  const image = kiln.cloud.world.image(region, id);
  if (image === undefined || image.family === "") return;
  const report = (why: string): void => problems.add(`K11: ${id} is deleted in ${region}: ${why}`);
  if (served(kiln, region, image.family) === id) report(`${image.family} serves it`);
  if (machines(kiln).some(({ imageId }) => imageId === id)) report("instances run from it");
  // The undo of a promotion deletes copies that have joined.
  if (tagOf(kiln, id, "kiln:role") === "copy") return;
  for (const why of retentionKeeps(simulation, image)) report(why);
};

/** Why retention must not delete a member of a family now. */
function retentionKeeps({ kiln, markedAt }: Simulation, image: Readonly<Image>): string[] {
  const { imageId, family, createdAt, sharedWith } = image;
  const now = kiln.cloud.time.now();
  const retireAt = Date.parse(tagOf(kiln, imageId, "kiln:retire-at") ?? "");
  const since = now - (markedAt.get(imageId) ?? now);
  const previous = ownImages(kiln)
    .filter((one) => one.family === family && one.status === "Available" && one.regionId === HOME)
    .filter((one) => one.imageId !== served(kiln, HOME, family))
    .toSorted((a, b) => b.createdAt - a.createdAt)[0];
  const reasons: [boolean, string][] = [
    [!(retireAt <= now), `kiln:retire-at is ${tagOf(kiln, imageId, "kiln:retire-at")}`],
    [since < ANNOUNCED_MS, `it was tagged ${since / hours(1)} hours ago`],
    [now - createdAt < YOUNG_MS, "it is younger than a day"],
    [sharedWith.size > 0, "it is shared"],
    [previous?.imageId === imageId, "a rollback would go back to it"],
  ];
  return reasons.filter(([holds]) => holds).map(([, why]) => why);
}

/** Notes when an image gets the tag that announces its deletion. */
export const noteMark: Look = ({ kiln, markedAt }) => {
  for (const { imageId } of ownImages(kiln)) {
    const isMarked = tagOf(kiln, imageId, "kiln:retire-at") !== undefined;
    if (!isMarked) markedAt.delete(imageId);
    else if (!markedAt.has(imageId)) markedAt.set(imageId, kiln.cloud.time.now());
  }
};

/** Phases in which a promotion has the lock of its family. */
const LOCKED: ReadonlySet<string> = new Set(["copy", "await-copies", "share", "preflight", "join"]);

/** The state that a promotion found when it had locked its family. */
interface Found {
  readonly family: string;
  readonly imageId: string;
  /** The image that the family serves, by region. */
  readonly served: Readonly<Record<string, string | undefined>>;
  readonly wasMember: boolean;
}

/** K5: at the end of a promotion that is not done, everything is as it was when it locked its family. */
export function watchPromotions(simulation: Simulation): (run: string, line: Line) => void {
  const { kiln } = simulation;
  const found = new Map<string, Found>();
  const inputs = new Map<string, { readonly family: string; readonly imageId: string }>();
  return (run, line) => {
    if (!run.startsWith("promote-")) return;
    if (line.kind === "input")
      inputs.set(run, { family: String(line.input["family"]), imageId: String(line.input["imageId"]) });
    if (line.kind === "next" && LOCKED.has(line.phase ?? "") && !found.has(run))
      found.set(run, stateOf(kiln, inputs.get(run) ?? { family: "", imageId: "" }));
    const before = found.get(run);
    if ((line.kind === "failed" || line.kind === "cancelled") && before !== undefined)
      for (const why of notUndone(simulation, run, before, line.reason))
        simulation.problems.add(`K5: ${run} is ${line.kind} (${line.reason}): ${why}`);
  };
}

const stateOf = (
  kiln: Simulation["kiln"],
  { family, imageId }: { readonly family: string; readonly imageId: string },
): Found => ({
  family,
  imageId,
  served: Object.fromEntries([HOME, ABROAD].map((region) => [region, served(kiln, region, family)])),
  wasMember: kiln.cloud.world.image(HOME, imageId)?.family === family,
});

/** An undo that gives up, or a function that takes no event any more, says so, and what to do by hand. */
const GIVEN_UP = /the undo ended with|in vain/;

function notUndone({ kiln }: Simulation, run: string, before: Found, reason: string): string[] {
  if (GIVEN_UP.test(reason)) return [];
  const { family, imageId, wasMember } = before;
  const copies = ownImages(kiln).filter(
    ({ imageId: id }) => tagOf(kiln, id, "kiln:run") === run && tagOf(kiln, id, "kiln:role") === "copy",
  );
  const image = kiln.cloud.world.image(HOME, imageId);
  const moved = Object.entries(before.served).filter(
    ([region, id]) =>
      served(kiln, region, family) !== id &&
      // An operator may have deleted it.
      (id === undefined || kiln.cloud.world.image(region, id) !== undefined),
  );
  return [
    ...copies.map((copy) => `its copy ${copy.imageId} is left in ${copy.regionId}`),
    ...moved.map(([region]) => `${family} serves ${served(kiln, region, family)} in ${region}`),
    ...(!wasMember && (image?.sharedWith.size ?? 0) > 0 ? [`${imageId} is still shared`] : []),
  ];
}
