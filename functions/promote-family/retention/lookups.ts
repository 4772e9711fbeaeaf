/**
 * Everything that retention reads before it decides about the images of a recipe. A lookup that fails throws:
 * nothing is decided on half of it (RETENTION-1).
 */
import { describeImages, familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { imageShares } from "../../../shared/cloud/ecs/shares.ts";
import { getSmallObject, listObjects } from "../../../shared/cloud/oss/objects.ts";
import { YAML_MAX_BYTES } from "../../../shared/budget.ts";
import {
  accountsOf,
  deliveredOf,
  formerRegions,
  takenFrom,
  type Delivered,
} from "../../../shared/delivered.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER, fleetOfSize, SIZES } from "../../../shared/keys.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { standingOf } from "../../../shared/size/log.ts";
import { detoursOf } from "../../../shared/size/served.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import { homeOf } from "../family/served.ts";
import { promotionAtWork } from "../family/status.ts";
import { usersIn } from "../family/users.ts";
import { decideRetention, type Holdings, type Verdict } from "./decide.ts";

/** A recipe that enables retention, as it is in the bucket now. */
export async function retainingRecipe(name: string, { cloud }: Ports): Promise<Result<Recipe>> {
  const found = await loadRecipe(cloud, name);
  if ("problem" in found) return problem(found.problem);
  return found.document.retention.enabled
    ? ok(found.document)
    : problem(`recipe ${name} has no retention; enable it with retention.enabled: true`);
}

export type PlacedVerdict = Verdict & { readonly region: string };

/** What is the same for all recipes, read once: documents, and users of images by region. */
export interface Looks {
  readonly documents: () => ReturnType<typeof documentTexts>;
  readonly usersIn: (region: string) => ReturnType<typeof usersIn>;
}

export const freshLooks = (cloud: Ports["cloud"]): Looks => ({
  documents: () => documentTexts(cloud),
  usersIn: (region) => usersIn(region, cloud),
});

interface Asked {
  readonly only?: string;
  readonly looks?: Looks;
  /** The images as they will be by then. */
  readonly byThen?: (holdings: Holdings) => Holdings;
}

/** The verdicts on all images of a recipe: in its regions, or in the one given. */
export async function verdictsOf(
  recipe: Recipe,
  ports: Pick<Ports, "cloud" | "clock">,
  { only, byThen = (holdings) => holdings, looks = freshLooks(ports.cloud) }: Asked = {},
): Promise<Result<readonly PlacedVerdict[]>> {
  const { cloud, clock } = ports;
  const { name, family } = recipe;
  const home = homeOf(ports);
  const documents = await looks.documents();
  if (!documents.ok) return documents;
  const held = await heldFleets(cloud);
  if (!held.ok) return held;
  const delivered = await deliveredOf(cloud, name);
  const former = formerRegions(delivered, recipe, home);
  const found: PlacedVerdict[] = [];
  const all = new Set([home, ...recipe.promote.regions, ...former]);
  for (const region of only === undefined ? all : [only]) {
    const role = region === home ? ROLE.image : ROLE.copy;
    const tags = ownTags(cloud, { [TAG.recipe]: name, [TAG.role]: role });
    const images = await describeImages(cloud, { tags }, region);
    const served = family === undefined ? undefined : (await familyImage(cloud, family, region))?.id;
    const usersOf = await looks.usersIn(region);
    const references = new Map<string, readonly string[]>();
    for (const image of images) {
      const { id } = image;
      const named = documents.value
        .filter(({ text }) => text.includes(id))
        .map(({ key }) => `document ${key}`);
      const others = await otherUsers(image, family, region, cloud);
      const accounts = await sharedByHand(image, region, delivered, cloud);
      const fleets = held.value.filter(({ use }) => use === id).map(({ why }) => why);
      references.set(id, [...usersOf(image), ...named, ...fleets, ...others, ...accounts]);
    }
    const isFormer = former.includes(region);
    const holdings = byThen({ images, family, served, references, isFormer });
    const verdicts = decideRetention(holdings, recipe.retention, clock.now());
    found.push(...verdicts.map((verdict) => ({ ...verdict, region })));
  }
  return ok(found);
}

/** Fleets that launch an image, because a refresh has rolled the next one back, or tries it. */
async function heldFleets(
  cloud: Ports["cloud"],
): Promise<Result<readonly { readonly use: string; readonly why: string }[]>> {
  const uses: { readonly use: string; readonly why: string }[] = [];
  for (const { key } of await listObjects(cloud, SIZES)) {
    const fleet = fleetOfSize(key);
    const { state, paused } = await standingOf(fleet, { cloud });
    if (state === undefined) return problem(`which image fleet ${fleet} launches is unknown: ${paused}`);
    for (const { use, around } of await detoursOf(state, { cloud }))
      uses.push({ use, why: `fleet ${fleet}, which launches it instead of ${around}` });
  }
  return ok(uses);
}

/** Accounts that may use the image, though no recipe of Kiln says so (DELIVERED-2). */
async function sharedByHand(
  { id: imageId, shared }: Image,
  region: string,
  delivered: Delivered,
  cloud: Ports["cloud"],
): Promise<string[]> {
  const place = { region, imageId };
  const taken = takenFrom(delivered, place).map(
    (account) => `account ${account}, with which it was shared by hand until it was deprecated`,
  );
  const own = accountsOf(delivered, place);
  const accounts = shared ? await imageShares(cloud, imageId, region) : [];
  const others = accounts.filter((account) => !own.includes(account));
  return [...others.map((account) => `account ${account}, with which Kiln did not share it`), ...taken];
}

/** Fleets and recipes, which may name an image by its id. */
async function documentTexts(
  cloud: Ports["cloud"],
): Promise<Result<readonly { readonly key: string; readonly text: string }[]>> {
  const texts: { readonly key: string; readonly text: string }[] = [];
  for (const folder of [FOLDER.recipes, FOLDER.fleets]) {
    for (const { key } of await listObjects(cloud, folder)) {
      const read = await getSmallObject(cloud, key, YAML_MAX_BYTES);
      if (!read.ok)
        return problem(
          `${read.problem}: which images it names is unknown, so none is deleted; move it out of ${folder}`,
        );
      if (read.value) texts.push({ key, text: read.value.text });
    }
  }
  return ok(texts);
}

/** Another family that answers with the image, such as a former one of its recipe; a promotion that still runs. */
async function otherUsers(
  image: Image,
  own: string | undefined,
  region: string,
  cloud: Ports["cloud"],
): Promise<string[]> {
  const { id, family } = image;
  const isElsewhere = family !== "" && family !== own;
  const serves = isElsewhere && (await familyImage(cloud, family, region))?.id === id;
  // It may wait for days to be approved.
  const promotion = await promotionAtWork(image, cloud);
  return [
    ...(serves ? [`family ${family}, which serves it`] : []),
    ...(promotion === undefined ? [] : [`its promotion ${promotion}`]),
  ];
}
