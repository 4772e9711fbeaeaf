/**
 * Rollback: aim → demote → confirm, and its undo: aim → restore → confirm.
 *
 * B1. Everything that will be deprecated, and with whom it is shared, is written down before the first change;
 *     that list is what an undo works from, also when the rollback itself died half-way.
 * B2. A rollback that one region refuses is not taken back: what is served is bad, so every region that left
 *     it is a gain. It fails naming the rest, and asking again goes on where it stopped.
 * B3. What was rolled back is tagged so; no late promotion brings it back, only an undo does.
 * B4. Only images are touched: the rolled-back one stays for whoever wants to know what was wrong with it.
 */
import * as z from "zod/mini";
import { claim, release } from "../../shared/claim.ts";
import { describeImages, familyImage } from "../../shared/cloud/images.ts";
import { getObject, putObject } from "../../shared/cloud/oss.ts";
import { imageShares } from "../../shared/cloud/shares.ts";
import { tagResources, untagResources } from "../../shared/cloud/tags.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import { Demoted, type At, type PromoteEvent } from "../../shared/events/promote-family.ts";
import { loadRecipe } from "../../shared/document-store.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import type { Ports } from "../../shared/handler.ts";
import { readRecord } from "../../shared/journal.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait, type Outcome } from "../../shared/machine.ts";
import { noticeSends } from "../../shared/notify.ts";
import { outputKey, subjectOf } from "../../shared/run.ts";
import { demote, reinstate } from "./demote.ts";
import { claimOf, homeOf } from "./regions.ts";
import { aimAt, homeTarget, type RegionMembers } from "./rollback-plan.ts";
import { standingOf, standingTag } from "./standing.ts";

type RollOutcome = Outcome<PromoteEvent>;

/** What a rollback wrote down before it began (B1). */
const List = z.strictObject({
  at: z.int(),
  family: z.string(),
  /** Region → what was served before. */
  served: z.record(z.string(), z.string()),
  demoted: z.array(Demoted),
  /** Image at home → its standing before. */
  standing: z.record(z.string(), z.string()),
});
type List = z.infer<typeof List>;

const listKey = (run: string): string => outputKey(run, "demoted");

async function aim(event: At<"aim">, ports: Ports): Promise<RollOutcome> {
  const { cloud, clock } = ports;
  const { family, undo } = event.job;
  const holder = await claim(cloud, claimOf(family), event.run, clock.now());
  if (holder !== undefined) return wait(minutes(1), `family ${family} is being changed by ${holder}`);
  return undo ? aimUndo(event, ports) : aimBack(event, ports);
}

async function aimBack(event: At<"aim">, ports: Ports): Promise<RollOutcome> {
  const { cloud, clock } = ports;
  const { job } = event;
  const { family, to } = job;
  const home = homeOf(ports);
  const members = await describeImages(cloud, { family });
  const served = (await familyImage(cloud, family))?.id;
  const target = homeTarget(family, members, served, to);
  if (typeof target === "string") return closing(event, ports, target);
  const regions = await regionsOf(
    event,
    members.find(({ id }) => id === served),
    ports,
  );
  if (typeof regions === "string") return closing(event, ports, regions);
  if (job.regions?.includes(home) === false) {
    const reason = `a rollback always covers ${home}, where the image was promoted from; name it among the regions, or name none`;
    return closing(event, ports, reason);
  }
  const others: RegionMembers[] = [];
  for (const region of regions.filter((one) => one !== home)) {
    others.push({ region, members: await describeImages(cloud, { family }, region) });
  }
  const plan = aimAt(family, target, { region: home, members }, others);
  if (plan.kind === "refuse") return closing(event, ports, plan.reason);
  const demoted: Demoted[] = [];
  for (const step of plan.steps) {
    demoted.push({ ...step, accounts: await imageShares(cloud, step.imageId, step.region) });
  }
  const before: Record<string, string> = {};
  for (const region of Object.keys(plan.targets)) {
    const image = await familyImage(cloud, family, region);
    if (image) before[region] = image.id;
  }
  const standing = Object.fromEntries(members.map(({ id, tags }) => [id, tags[TAG.promotion] ?? ""]));
  const list: List = { at: clock.now(), family, served: before, demoted, standing };
  // The first list stands: a repeat after the first change would no longer see whom an image was shared with.
  await putObject(cloud, listKey(event.run), JSON.stringify(list), {
    contentType: "application/json",
    ifAbsent: true,
  });
  const note = demoted.map(({ imageId, region }) => `${imageId} in ${region}`).join(", ") || "nothing";
  return next(
    { phase: "demote", targets: { ...plan.targets }, demoted },
    0,
    `back to ${target.id}: ${note} steps back`,
  );
}

/** Where the promotion of what is served went: as asked, else as its record says. */
async function regionsOf(
  { job }: At<"aim">,
  served: Parameters<typeof standingOf>[0] | undefined,
  { cloud }: Ports,
): Promise<readonly string[] | string> {
  if (job.regions !== undefined) return job.regions;
  const standing = served && standingOf(served);
  // Somebody else put it into the family, so nobody copied it.
  if (standing === undefined) return [];
  const record = await readRecord(cloud, standing.run);
  const regions = z.record(z.string(), z.string()).safeParse(record?.result?.["regions"]);
  return regions.success
    ? Object.keys(regions.data)
    : `the record of ${standing.run} is gone, so nobody knows where it promoted to; name the regions in the request`;
}

async function demoteStep(event: At<"demote">, ports: Ports): Promise<RollOutcome> {
  const { cloud } = ports;
  const { targets, demoted, job, run } = event;
  const refused = new Map<string, string>();
  for (const one of demoted) {
    if (refused.has(one.region)) continue;
    try {
      const change = await demote(cloud, one);
      if (change !== undefined) return wait(seconds(1), change);
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind === "wait") throw error;
      // The other regions still leave what is bad (B2).
      refused.set(one.region, error.message);
    }
  }
  const home = homeOf(ports);
  const ids = demoted
    .filter(({ region }) => region === home && !refused.has(home))
    .map(({ imageId }) => imageId);
  if (ids.length > 0) await tagResources(cloud, "image", ids, standingTag("rolled-back", run));
  if (refused.size === 0)
    return next({ phase: "confirm", targets, demoted }, seconds(3), `${job.family} steps back`);
  const well = Object.keys(targets).filter((region) => !refused.has(region));
  const why = [...refused].map(([region, message]) => `${region}: ${message}`).join("; ");
  return failed(
    `family ${job.family} is back in ${well.join(", ") || "no region"}, but not in ${why}. Ask for the rollback again when that is mended; it goes on where it stopped`,
  );
}

async function aimUndo(event: At<"aim">, ports: Ports): Promise<RollOutcome> {
  const { cloud } = ports;
  const { family } = event.job;
  const members = await describeImages(cloud, { family });
  const runs = members.flatMap((image) => {
    const standing = standingOf(image);
    return standing?.word === "rolled-back" ? [standing.run] : [];
  });
  let last: { readonly run: string; readonly list: List } | undefined;
  for (const run of new Set(runs)) {
    const found = await getObject(cloud, listKey(run));
    if (found === undefined) continue;
    const list = List.parse(JSON.parse(found.text));
    if (last === undefined || list.at > last.list.at) last = { run, list };
  }
  if (last === undefined) return closing(event, ports, `family ${family} has no rollback to undo`);
  const { run, list } = last;
  const missing = list.demoted.filter(
    ({ region, imageId }) => region === homeOf(ports) && !members.some(({ id }) => id === imageId),
  );
  if (missing.length > 0) {
    const gone = missing.map(({ imageId }) => imageId).join(", ");
    return closing(event, ports, `${gone} does not exist any more, so ${run} cannot be undone`);
  }
  const [region = "", newer] = (await newerThan(list, ports)) ?? [];
  if (newer !== undefined) {
    return closing(
      event,
      ports,
      `family ${family} in ${region} serves ${newer} since; undoing ${run} would change nothing`,
    );
  }
  return next(
    { phase: "restore", targets: list.served, demoted: list.demoted, rolledBackBy: run },
    0,
    `undoes ${run}`,
  );
}

/** A region that serves something newer than what the rollback took away, and what that is. */
async function newerThan(list: List, { cloud }: Ports): Promise<readonly [string, string] | undefined> {
  for (const [region, imageId] of Object.entries(list.served)) {
    const served = await familyImage(cloud, list.family, region);
    const [before] = await describeImages(cloud, { ids: [imageId] }, region);
    if (served && before && served.id !== imageId && served.createdAt > before.createdAt)
      return [region, served.id];
  }
  return undefined;
}

async function restore(event: At<"restore">, ports: Ports): Promise<RollOutcome> {
  const { cloud } = ports;
  const { targets, demoted, rolledBackBy } = event;
  // Newest first: the family goes straight back to what it served.
  for (const one of demoted.toReversed()) {
    const change = await reinstate(cloud, one);
    if (change !== undefined) return wait(seconds(1), change);
  }
  const found = await getObject(cloud, listKey(rolledBackBy));
  const { standing = {} } = found ? List.parse(JSON.parse(found.text)) : {};
  for (const { imageId } of demoted.filter(({ region }) => region === homeOf(ports))) {
    const before = standing[imageId] ?? "";
    if (before === "") await untagResources(cloud, "image", [imageId], [TAG.promotion]);
    else await tagResources(cloud, "image", [imageId], { [TAG.promotion]: before });
  }
  return next({ phase: "confirm", targets, demoted }, seconds(3), `${rolledBackBy} is undone`);
}

async function confirm(event: At<"confirm">, ports: Ports): Promise<RollOutcome> {
  const { cloud, clock } = ports;
  const { family, undo } = event.job;
  for (const [region, imageId] of Object.entries(event.targets)) {
    const served = await familyImage(cloud, family, region);
    if (served?.id !== imageId) {
      return wait(seconds(15), `family ${family} in ${region} still answers with ${served?.id ?? "nothing"}`);
    }
  }
  await release(cloud, claimOf(family), event.run);
  const imageId = event.targets[homeOf(ports)] ?? "";
  const out = event.demoted.map((one) => `${one.imageId} in ${one.region}`);
  const result = {
    family,
    imageId,
    regions: event.targets,
    ...(undo ? { broughtBack: out } : { steppedBack: out }),
    proved: `${family} answers with ${imageId}`,
  };
  const recipe = await recipeOf(imageId, ports);
  const notice = {
    kind: "rolledBack",
    run: event.run,
    subject: recipe?.name ?? subjectOf(event.run),
    by: event.by,
    at: clock.now(),
    family,
    imageId,
    regions: Object.keys(event.targets),
    reason: undo
      ? `a rollback was undone: ${out.join(", ")} is back`
      : `${out.join(", ") || "nothing"} stepped back`,
  } as const;
  return done(result, noticeSends(recipe?.notify ?? [], notice));
}

/** The recipe an image was made with, for its channels; a missing or broken one tells nobody and stops nothing. */
async function recipeOf(imageId: string, { cloud, log }: Ports): Promise<Recipe | undefined> {
  const [image] = await describeImages(cloud, { ids: [imageId] });
  const name = image?.tags[TAG.recipe];
  if (name === undefined) return undefined;
  const found = await loadRecipe(cloud, name);
  if ("document" in found) return found.document;
  log({ warning: "nobody is told", recipe: name, error: found.problem });
  return undefined;
}

async function closing(event: At<"aim">, { cloud }: Ports, reason: string): Promise<RollOutcome> {
  await release(cloud, claimOf(event.job.family), event.run);
  return failed(reason);
}

export const rollbackSteps = { aim, demote: demoteStep, restore, confirm };
