/** What the events of a promotion carry: its input, from phase to phase more of it, and its progress in the regions. */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import { CarriedRecipe } from "../../../shared/documents/completed.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { Name, RunId } from "../../../shared/names.ts";
import { PackageChanges } from "../../../shared/package-changes.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { TAG } from "../../../shared/tags.ts";
import { eventsWith } from "../../../shared/workflow/envelope.ts";
import { Deprecation, ImageIn, type Place } from "../family/deprecate.ts";
import { supersedingImages } from "../family/served.ts";
import { firstForeign, foreignFamilyProblem } from "../family/own.ts";

/** The image's history, as `check` finds it. */
const earlier = {
  /** The promotion by which the family serves it already. */
  before: z.optional(RunId),
  /** The promotion that has tested it, by the same tests: it is not tested again. */
  testedIn: z.optional(RunId),
  /** The family that it is taken from. */
  from: z.optional(z.string()),
};
export type Earlier = Pick<Requested, keyof typeof earlier>;

const requested = {
  recipe: Name,
  imageId: z.string(),
  family: z.string(),
  /** An operator asks for it, and not a bake (HOLD-2). */
  byHand: z.optional(z.boolean()),
  /** Why it is delivered, though no bake made it just now. */
  again: z.optional(z.string()),
  ...earlier,
};

/** A request of an operator, whose recipe is not read yet. */
export const Requested = z.strictObject(requested);
export type Requested = z.infer<typeof Requested>;

/** With the recipe the image is tested and promoted by. */
export const WithRecipe = z.strictObject({ ...requested, document: CarriedRecipe });
export type WithRecipe = z.infer<typeof WithRecipe>;

/** With the image as `check` found it: the image test compares everything with it. */
export const Checked = z.strictObject({
  ...requested,
  document: CarriedRecipe,
  image: z.strictObject({
    createdAt: z.int(),
    osType: z.string(),
    /** Devices of its data disks. */
    dataDisks: z.array(z.string()),
  }),
  /** The values that the image was baked with. */
  parameters: z._default(z.record(z.string(), z.string()), {}),
  /** What the family that it leaves serves then. */
  leaves: z.optional(z.array(z.string())),
  /** How its packages differ from those of the served image, once its test has passed. */
  packages: z.optional(PackageChanges),
  /** Who approved it, when its recipe asks for that. */
  approvedBy: z.optional(z.string()),
  /** When `check` passed; `test.timeout` counts from here. */
  testStartedAt: z.int(),
});
export type Checked = z.infer<typeof Checked>;

/** Declares the events of all phases after `check`. */
export const checkedEvent = eventsWith(Checked);

/** The recipe of a request as it is in the bucket now. A problem when it is invalid or promotes to another family. */
export async function withRecipe(requestOf: Requested, { cloud }: Ports): Promise<Result<WithRecipe>> {
  const { recipe, family } = requestOf;
  const found = await loadRecipe(cloud, recipe);
  if ("problem" in found) return problem(found.problem);
  const { document } = found;
  return document.family === family
    ? ok({ ...requestOf, document })
    : problem(`recipe ${recipe} promotes to ${document.family ?? "no family"}, not to ${family}`);
}

/**
 * The input with those of its regions and accounts that the recipe in the bucket still names: a promotion may have waited for
 * days. A recipe that is not there or not valid grants what it has granted.
 */
export async function stillNamed(input: Checked, { cloud }: Ports): Promise<Checked> {
  const found = await loadRecipe(cloud, input.recipe);
  if ("problem" in found) return input;
  const { document } = input;
  const { regions, accounts } = found.document.promote;
  const promote = {
    ...document.promote,
    regions: document.promote.regions.filter((region) => regions.includes(region)),
    accounts: document.promote.accounts.filter((account) => accounts.includes(account)),
  };
  return { ...input, document: { ...document, promote } };
}

/** The changes of a promotion to the regions so far: enough to undo all of them. */
export const Progress = z.strictObject({
  copies: ImageIn,
  /** Regions whose copy existed before this run. */
  adopted: z.array(z.string()),
  /** Regions whose family had the image before this run. */
  members: z.array(z.string()),
  /** Regions whose family this run added the image to. */
  joined: z.array(z.string()),
  /** Newer images that this run deprecates. */
  deprecated: z.array(Deprecation),
});
export type Progress = z.infer<typeof Progress>;

/** Regions that get a copy: all of the recipe but the image's own. */
export const copyRegions = ({ document }: WithRecipe, home: string): readonly string[] =>
  [...new Set(document.promote.regions)].filter((region) => region !== home).toSorted();

interface Placed {
  readonly input: { readonly imageId: string };
  readonly progress: Pick<Progress, "copies">;
}

/**
 * The promotion's image in each region, in the order in which they join. Copies first, home last: a copy that
 * joined in vain is deleted, while the image itself can only be deprecated, because an image cannot leave a family.
 */
export const placesOf = ({ input, progress }: Placed, home: string): readonly Place[] => [
  ...Object.entries(progress.copies).map(([region, imageId]) => ({ region, imageId })),
  { region: home, imageId: input.imageId },
];

/** The members of a family in a region. A problem when the family is that of another deployment. */
export async function ownMembers(
  region: string,
  family: string,
  cloud: CloudClient,
): Promise<Result<readonly Image[]>> {
  const members = await describeImages(cloud, { family }, region);
  const theirs = foreignFamilyProblem(family, members, cloud);
  return theirs === undefined ? ok(members) : problem(`in ${region}, ${theirs}`);
}

/** Other copies of the same image, which this one replaces (COPY-4). */
const twinsOf = ({ id, tags, createdAt }: Image, members: readonly Image[]): readonly Image[] =>
  members.filter(
    (one) =>
      one.id !== id &&
      one.status === "Available" &&
      one.createdAt < createdAt &&
      tags[TAG.image] !== undefined &&
      one.tags[TAG.image] === tags[TAG.image],
  );

/**
 * The members that supersede `image` in a region, oldest first. A problem when its recipe lets them win, or when the
 * family is that of another deployment, whose fleets would launch this image.
 */
export async function supersedingIn(
  region: string,
  image: Image,
  { family, document }: WithRecipe,
  { cloud }: Ports,
): Promise<Result<readonly Image[]>> {
  const members = await ownMembers(region, family, cloud);
  if (!members.ok) return members;
  const superseding = supersedingImages(image, members.value);
  const newest = superseding.at(-1);
  const newer = [...twinsOf(image, members.value), ...superseding];
  if (newest === undefined) return ok(newer);
  if (document.promote.outranked === "deprecate") {
    const foreign = await firstForeign(newer, cloud);
    if (foreign === undefined) return ok(newer);
    return problem(`${image.id} would not be served in family ${family}: ${foreign}; deprecate it yourself`);
  }
  return problem(
    `${image.id} would not be served: ${newest.id} in family ${family} in ${region} is newer and available; bake again, or set promote.outranked: deprecate in the recipe`,
  );
}
