/** Whether a recipe names less than it has delivered. Changes nothing. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { accountsOf, deliveredOf, formerRegions, type Delivered } from "../../../shared/delivered.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import { isUpload } from "../../../shared/triggers.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";

type Named = Pick<Recipe, "promote">;

/** The sharing that a recipe does not name, an entry for each image (WITHDRAW-1). */
export function formerShares(delivered: Delivered, document: Named, home: string) {
  const former = formerRegions(delivered, document, home);
  const places = new Map(delivered.shares.map(({ region, imageId }) => [imageId, { region, imageId }]));
  return [...places.values()].flatMap((place) => {
    const accounts = accountsOf(delivered, place).filter(
      (account) => former.includes(place.region) || !document.promote.accounts.includes(account),
    );
    return accounts.length === 0 ? [] : [{ ...place, accounts }];
  });
}

/** The copies of a recipe in a region. */
export const copiesOf = (recipe: string, region: string, cloud: CloudClient): Promise<Image[]> =>
  describeImages(cloud, { tags: ownTags(cloud, { [TAG.recipe]: recipe, [TAG.role]: ROLE.copy }) }, region);

async function isDue({ name, promote }: Pick<Recipe, "name" | "promote">, cloud: CloudClient) {
  const { region: home } = cloud.access;
  const delivered = await deliveredOf(cloud, name);
  if (formerShares(delivered, { promote }, home).length > 0) return true;
  for (const region of formerRegions(delivered, { promote }, home)) {
    const copies = await copiesOf(name, region, cloud);
    // Without copies the region is forgotten; those that are deprecated wait for retention.
    if (copies.length === 0 || copies.some(({ status }) => status === "Available")) return true;
  }
  return false;
}

interface Cause {
  readonly by: string;
  readonly at: number;
  readonly identity: readonly unknown[];
}

/** The withdrawal that a recipe needs now: one for each cause. */
export async function dueWithdrawal(
  recipe: Pick<Recipe, "name" | "promote">,
  { by, at, identity }: Cause,
  cloud: CloudClient,
): Promise<readonly RunRequest[]> {
  if (!(await isDue(recipe, cloud))) return [];
  const { name } = recipe;
  const why = isUpload(by) ? "changed" : "left";
  const run = runId("withdraw", name, at, [...identity, why]);
  return [{ run, by, request: { v: 1, request: "withdraw", recipe: name } }];
}
