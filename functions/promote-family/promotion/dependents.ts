/**
 * The recipes that are built on a family. Its promotion starts them, and each bakes if its base is another image.
 *
 * DEPEND-1. A recipe whose image would lead back to the family is left to its timers: every image makes the next one
 *     necessary, so no digest would ever end the circle.
 */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { readDocumentIndex } from "../../../shared/document-index.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { dayOf } from "../../../shared/keys.ts";
import { familyUsed, recipesUsing } from "../../../shared/recipe-marks.ts";
import { stagedFamily } from "../../../shared/stage.ts";
import { promoterOf } from "../../../shared/triggers.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";

/** The bakes that a promotion starts. @param family as the cloud knows it */
export async function dependentBakes(
  { run, family }: { readonly run: string; readonly family: string },
  { cloud, log }: Pick<Ports, "cloud" | "log">,
): Promise<readonly RunRequest[]> {
  const runs: RunRequest[] = [];
  for (const recipe of await recipesUsing(cloud, familyUsed(family))) {
    if (await leadsTo(family, recipe, { cloud, seen: new Set() })) {
      log({
        ignored: recipe,
        why: `it is built on ${family} and leads back to it, so only its timers bake it`,
      });
      continue;
    }
    runs.push({
      run: runId("bake", recipe, dayOf(run) ?? 0, [run]),
      by: promoterOf(run),
      request: { v: 1, request: "bake", recipe, ifChanged: true },
    });
  }
  return runs;
}

interface Walk {
  readonly cloud: CloudClient;
  /** Families that were looked at. */
  readonly seen: Set<string>;
}

/** Whether the image of a recipe, or one that is built on it, joins the family. True where that is not known. */
async function leadsTo(target: string, recipe: string, walk: Walk): Promise<boolean> {
  const { cloud, seen } = walk;
  const index = await readDocumentIndex(cloud, "recipes", recipe);
  if (index === undefined) return true;
  if (index.family === undefined) return false;
  const family = stagedFamily(cloud.access.stage, index.family);
  if (family === target) return true;
  if (seen.has(family)) return false;
  seen.add(family);
  for (const next of await recipesUsing(cloud, familyUsed(family)))
    if (await leadsTo(target, next, walk)) return true;
  return false;
}
