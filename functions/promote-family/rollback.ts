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
import { claim, release } from "../../shared/claim.ts";
import { describeImages, familyImage } from "../../shared/cloud/images.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import { tagResources, untagResources } from "../../shared/cloud/tags.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import type { At, PromoteEvent } from "../../shared/events/promote-family.ts";
import { loadRecipe } from "../../shared/document-store.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait, type Outcome } from "../../shared/machine.ts";
import { noticeSends } from "../../shared/notify.ts";
import { subjectOf } from "../../shared/run.ts";
import { demote, reinstate } from "./demote.ts";
import { claimOf, homeOf } from "./regions.ts";
import { listKey, placed, planBack, planUndo, readList } from "./rollback-aim.ts";
import { standingTag } from "./standing.ts";

type RollOutcome = Outcome<PromoteEvent>;

async function aim(event: At<"aim">, ports: Ports): Promise<RollOutcome> {
  const { cloud, clock } = ports;
  const { family, undo } = event.job;
  const holder = await claim(cloud, claimOf(family), event.run, clock.now());
  if (holder !== undefined) return wait(minutes(1), `family ${family} is being changed by ${holder}`);
  return undo ? aimUndo(event, ports) : aimBack(event, ports);
}

async function aimBack(event: At<"aim">, ports: Ports): Promise<RollOutcome> {
  const aimed = await planBack(event.job, ports);
  if (typeof aimed === "string") return closing(event, ports, aimed);
  const { targets, list } = aimed;
  // The first list stands: a repeat after the first change would no longer see whom an image was shared with.
  await putObject(ports.cloud, listKey(event.run), JSON.stringify(list), {
    contentType: "application/json",
    ifAbsent: true,
  });
  const { demoted } = list;
  const note = `back to ${targets[homeOf(ports)]}: ${demoted.map(placed).join(", ") || "nothing"} steps back`;
  return next({ phase: "demote", targets, demoted }, 0, note);
}

async function aimUndo(event: At<"aim">, ports: Ports): Promise<RollOutcome> {
  const undo = await planUndo(event.job, ports);
  if (typeof undo === "string") return closing(event, ports, undo);
  const { targets, demoted, rolledBackBy } = undo;
  return next({ phase: "restore", targets, demoted, rolledBackBy }, 0, `undoes ${rolledBackBy}`);
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

async function restore(event: At<"restore">, ports: Ports): Promise<RollOutcome> {
  const { cloud } = ports;
  const { targets, demoted, rolledBackBy } = event;
  // Newest first: the family goes straight back to what it served.
  for (const one of demoted.toReversed()) {
    const change = await reinstate(cloud, one);
    if (change !== undefined) return wait(seconds(1), change);
  }
  const { standing = {} } = (await readList(rolledBackBy, cloud)) ?? {};
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
  const out = event.demoted.map(placed);
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
