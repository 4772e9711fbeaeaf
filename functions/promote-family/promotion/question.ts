/** The facts by which an operator decides on an image: what is served now, what changed since, and how it was tested. */
import { describeImages, familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { Notification } from "../../../shared/notifications/notification.ts";
import type { PackageChanges } from "../../../shared/package-changes.ts";
import { TAG } from "../../../shared/tags.ts";
import type { Checked } from "./input.ts";

type Facts = NonNullable<Notification["facts"]>;

const TESTS_SHOWN = 5;
const TEXT_MAX = 60;

const INPUTS = {
  recipe: TAG.inputRecipe,
  objects: TAG.inputObjects,
  parameters: TAG.inputParameters,
} as const;

/** The inputs in which two images differ, in words; of the base both. */
export function changedSince(served: Pick<Image, "tags">, image: Pick<Image, "tags">): string[] {
  const baseOf = ({ tags }: Pick<Image, "tags">) => (tags[TAG.base] ?? "unknown").replace(/^from /, "");
  const [before, after] = [baseOf(served), baseOf(image)];
  const others = Object.entries(INPUTS).flatMap(([name, tag]) =>
    served.tags[tag] === image.tags[tag] ? [] : [name],
  );
  return [...(before === after ? [] : [`base ${before} → ${after}`]), ...others];
}

/** The names of the tests that an image has passed. */
function testsOf({ document: { test } }: Checked): string[] {
  if (test.skip) return [];
  const all = [...test.commands.map(({ name }) => name.slice(0, TEXT_MAX)), "image checks"];
  const more = all.length - TESTS_SHOWN;
  return more > 0 ? [...all.slice(0, TESTS_SHOWN), `and ${more} more`] : all;
}

export async function factsOf(input: Checked, { cloud }: Ports): Promise<Facts> {
  const served = await familyImage(cloud, input.family);
  const both = served && (await describeImages(cloud, { ids: [served.id, input.imageId] }));
  const [before, after] = [served?.id, input.imageId].map((id) => both?.find((image) => image.id === id));
  return {
    serves: served?.id ?? "",
    changed: before && after ? changedSince(before, after) : [],
    tests: testsOf(input),
  };
}

/** The facts as sentences, for the page and the record. */
export function sentencesOf({ serves, changed, tests }: Facts, { family, packages }: Checked): string[] {
  return [
    tests.length === 0
      ? "Its recipe skips the image test."
      : `Its image test has passed: ${tests.join(", ")}.`,
    serves === "" ? `Family ${family} serves no image yet.` : `Family ${family} serves ${serves}.`,
    ...(changed.length === 0 ? [] : [`Changed since: ${changed.join(", ")}.`]),
    ...(packages === undefined ? [] : [packagesText(packages)]),
  ];
}

const packagesText = ({ since, changed, added, removed, names }: PackageChanges): string =>
  `Packages since ${since}: ${changed} changed, ${added} added, ${removed} removed${names.length === 0 ? "" : ` (${names.join(", ")})`}.`;
