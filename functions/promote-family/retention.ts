/**
 * Old images go: survey → retire ⇄ crumbs.
 *
 * T1. Fail closed: one look-up that fails ends the run before anything is changed.
 * T2. Looked up again, all of it, right before each deletion; and never deleted by force, so that the cloud
 *     has the last word on what is in use.
 * T3. Snapshots go after their image, one by one, and are awaited.
 * T4. At most so many changes a run: a mistake in a recipe costs a night's worth of images, not all of them.
 */
import { deleteImage, describeImages, familyImage, type Image } from "../../shared/cloud/images.ts";
import { instancesByImage, templatesByImage } from "../../shared/cloud/image-users.ts";
import { getObject, listObjects, putObject } from "../../shared/cloud/oss.ts";
import { deleteSnapshot, describeSnapshots } from "../../shared/cloud/snapshots.ts";
import { tagResources, untagResources } from "../../shared/cloud/tags.ts";
import { loadRecipe } from "../../shared/document-store.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import { seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import type { At, PromoteEvent, Retirement } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { hasEnded, readRecord } from "../../shared/journal.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait, type Outcome } from "../../shared/machine.ts";
import { outputKey } from "../../shared/run.ts";
import { homeOf } from "./regions.ts";
import { decideRetention, type Verdict } from "./retention-decide.ts";
import { standingOf } from "./standing.ts";

type RetireOutcome = Outcome<PromoteEvent>;

const MOST_CHANGES = 20;

async function survey(event: At<"survey">, ports: Ports): Promise<RetireOutcome> {
  const { recipe: name, dryRun } = event.job;
  const read = await enabledRecipe(name, ports);
  if (typeof read === "string") return failed(read);
  const verdicts = await verdictsOf(read, ports);
  const key = outputKey(event.run, "plan");
  await putObject(ports.cloud, key, planText(name, dryRun, verdicts), {
    contentType: "text/plain; charset=utf-8",
  });
  const counts = countOf(verdicts.map(({ action }) => action));
  const left = changesIn(verdicts).slice(0, MOST_CHANGES);
  if (dryRun || left.length === 0) return done({ dryRun, plan: key, ...counts });
  return next({ phase: "retire", left, counts: {} }, 0, `${left.length} changes, see ${key}`);
}

async function enabledRecipe(name: string, { cloud }: Ports): Promise<Recipe | string> {
  const found = await loadRecipe(cloud, name);
  if ("problem" in found) return found.problem;
  return found.document.retention.enabled
    ? found.document
    : `recipe ${name} has no retention; switch it on with retention.enabled: true`;
}

interface Placed extends Verdict {
  readonly region: string;
  readonly name: string;
}

/** Everything that is looked up, region by region. Whatever fails is thrown: nothing is decided on half of it (T1). */
async function verdictsOf(recipe: Recipe, ports: Ports, only?: string): Promise<Placed[]> {
  const { cloud, clock } = ports;
  const home = homeOf(ports);
  const documents = await documentTexts(ports);
  const found: Placed[] = [];
  for (const region of new Set([home, ...recipe.promote.regions])) {
    if (only !== undefined && region !== only) continue;
    const role = region === home ? "image" : "copy";
    const tags = { [TAG.recipe]: recipe.name, [TAG.role]: role };
    const images = await describeImages(cloud, { tags }, region);
    const served = recipe.family === undefined ? undefined : await familyImage(cloud, recipe.family, region);
    const users = [await instancesByImage(cloud, region), await templatesByImage(cloud, region)];
    const elsewhere = await servedElsewhere(images, recipe.family, region, ports);
    const references = new Map<string, string[]>();
    for (const image of images) {
      const named = documents
        .filter(({ text }) => text.includes(image.id))
        .map(({ key }) => `document ${key}`);
      const busy = await underWay(image, ports);
      references.set(image.id, [
        ...users.flatMap((by) => by.get(image.id) ?? []),
        ...(elsewhere.get(image.id) ?? []),
        ...named,
        ...busy,
      ]);
    }
    const verdicts = decideRetention(
      { images, family: recipe.family ?? "", served: served?.id, references },
      recipe.retention,
      clock.now(),
    );
    const nameOf = new Map(images.map(({ id, name }) => [id, name]));
    found.push(
      ...verdicts.map((verdict) => ({ ...verdict, region, name: nameOf.get(verdict.imageId) ?? "" })),
    );
  }
  return found;
}

/** Families that are not the recipe's (any more) and still answer with one of its images. */
async function servedElsewhere(
  images: readonly Image[],
  own: string | undefined,
  region: string,
  { cloud }: Ports,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const serving = new Map<string, string[]>();
  const others = new Set(images.map(({ family }) => family).filter((name) => name !== "" && name !== own));
  for (const family of others) {
    const image = await familyImage(cloud, family, region);
    if (image) serving.set(image.id, [...(serving.get(image.id) ?? []), `family ${family}, which serves it`]);
  }
  return serving;
}

/** Fleets and recipes may name an image by its id. */
async function documentTexts({ cloud }: Ports): Promise<{ key: string; text: string }[]> {
  const texts: { key: string; text: string }[] = [];
  for (const folder of ["recipes/", "fleets/"]) {
    for (const { key } of await listObjects(cloud, folder)) {
      const object = await getObject(cloud, key);
      if (object) texts.push({ key, text: object.text });
    }
  }
  return texts;
}

/** A promotion that still runs, even one that waits for days to be approved. */
async function underWay(image: Image, { cloud }: Ports): Promise<string[]> {
  const standing = standingOf(image);
  if (standing?.word !== "waiting") return [];
  const record = await readRecord(cloud, standing.run);
  return record && hasEnded(record) ? [] : [`its promotion ${standing.run}`];
}

const RANK = { unmark: 0, delete: 1, mark: 2 } as const;

/** What takes a threat away comes first. */
const changesIn = (verdicts: readonly Placed[]): Retirement[] =>
  verdicts
    .flatMap(({ region, imageId, action }) =>
      action === "keep" || action === "wait" ? [] : [{ region, imageId, action }],
    )
    .toSorted((a, b) => RANK[a.action] - RANK[b.action]);

const countOf = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries(words.map((word) => [word, words.filter((other) => other === word).length]));

function planText(recipe: string, dryRun: boolean, verdicts: readonly Placed[]): string {
  const head = `retention of recipe ${recipe}${dryRun ? " (dry run: nothing is changed)" : ""}`;
  const lines = verdicts.map(
    ({ action, imageId, name, region, why }) => `${action.padEnd(6)}  ${imageId}  ${name}  ${region}  ${why}`,
  );
  return `${[head, ...lines].join("\n")}\n`;
}

async function retire(event: At<"retire">, ports: Ports): Promise<RetireOutcome> {
  const { cloud } = ports;
  const [change, ...left] = event.left;
  const plan = outputKey(event.run, "plan");
  if (change === undefined) return done({ dryRun: false, plan, ...event.counts });
  const on = (word: string, note: string): RetireOutcome =>
    next({ phase: "retire", left, counts: plusOne(event.counts, word) }, seconds(1), note);
  const { region, imageId, action } = change;
  const read = await enabledRecipe(event.job.recipe, ports);
  if (typeof read === "string") return failed(read);
  switch (action) {
    case "unmark":
      await untagResources(cloud, "image", [imageId], [TAG.retireAt], region);
      return on("unmarked", `${imageId} stays`);
    case "mark": {
      // From the run's start, not from now: a repeat must set the same mark.
      const retireAt = new Date(event.began + read.retention.deleteAfterMs).toISOString();
      await tagResources(cloud, "image", [imageId], { [TAG.retireAt]: retireAt }, region);
      return on("marked", `${imageId} is marked for ${retireAt}`);
    }
    case "delete": {
      const again = (await verdictsOf(read, ports, region)).find((verdict) => verdict.imageId === imageId);
      if (again?.action !== "delete") return on("kept", `${imageId} stays: ${again?.why ?? "it is gone"}`);
      const [image] = await describeImages(cloud, { ids: [imageId] }, region);
      const { snapshotIds = [] } = image ?? {};
      const state = { left, counts: event.counts, region, imageId, snapshotIds: [...snapshotIds] };
      return next({ phase: "crumbs", ...state }, 0, `${imageId} goes: ${again.why}`);
    }
  }
}

async function crumbs(event: At<"crumbs">, ports: Ports): Promise<RetireOutcome> {
  const { cloud } = ports;
  const { left, counts, region, imageId, snapshotIds } = event;
  const on = (word: string, note: string): RetireOutcome =>
    next({ phase: "retire", left, counts: plusOne(counts, word) }, 0, note);
  const [image] = await describeImages(cloud, { ids: [imageId] }, region);
  try {
    if (image !== undefined) {
      await deleteImage(cloud, imageId, { region });
      return wait(seconds(5), `${imageId} is deleted`);
    }
    const there = await describeSnapshots(cloud, { ids: snapshotIds }, region);
    const [snapshot] = there;
    if (snapshot === undefined) return on("deleted", `${imageId} and its snapshots are gone`);
    await deleteSnapshot(cloud, snapshot.id, { region });
    return wait(seconds(2), `${snapshot.id} is deleted`);
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    return on("refused", error.message);
  }
}

const plusOne = (counts: Readonly<Record<string, number>>, word: string): Record<string, number> => ({
  ...counts,
  [word]: (counts[word] ?? 0) + 1,
});

export const retentionSteps = { survey, retire, crumbs };
