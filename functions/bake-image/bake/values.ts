/**
 * The values of a bake's parameters.
 *
 * VALUES-1. A caller decides: the values of its request, and the defaults of the recipe for all others.
 * VALUES-2. A timer or an upload keeps the last decision: the values that a caller gave to the image which the family
 *     serves, or to a newer one whose promotion waits or is repeated (DELIVERY-2). So no night undoes a release.
 * VALUES-3. What is not known or not sound any more is never replaced by a default: then nothing is baked.
 */
import { readBaked, type Baked } from "../../../shared/baked.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { declaredProblems, missingIn, missingProblem } from "../../../shared/requests/declared-parameters.ts";
import { parametersProblem } from "../../../shared/requests/parameters.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { TAG } from "../../../shared/tags.ts";
import { isTriggered } from "../../../shared/triggers.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { isRepeated } from "./delivery.ts";
import type { LockedInput } from "./input.ts";

type Values = Baked["values"];
type Document = LockedInput["document"];

/** The values, or why a trigger bakes nothing with what is known. A problem refuses the bake. */
type Decided = Result<Baked | { readonly skip: string }>;

/** @param images of the recipe, whatever became of them */
export async function decideValues(
  { by, input }: { readonly by: string; readonly input: LockedInput },
  images: readonly Image[],
  cloud: CloudClient,
): Promise<Decided> {
  const { document, parameters: given } = input;
  const refused = parametersProblem(given, document);
  if (refused !== undefined) return problem(refused);
  if (isTriggered(by) && Object.keys(given).length === 0) return keptValues(input, images, cloud);
  const [missing] = missingIn(document.parameters ?? {}, given);
  return missing === undefined
    ? ok({ given, values: withDefaults(document, given) })
    : problem(missingProblem(missing));
}

/** VALUES-2. */
async function keptValues(
  input: LockedInput,
  images: readonly Image[],
  cloud: CloudClient,
): Promise<Decided> {
  const { recipe, document } = input;
  const image = await lastDecided(input, images, cloud);
  const baked = image === undefined ? { given: {}, values: {} } : await readBaked(cloud, image);
  const bakeByHand = `bake recipe ${recipe} by hand once, with the parameters that it needs`;
  if (baked === undefined)
    return skip(`the parameters that ${image?.id} was baked with are not known; ${bakeByHand}`);
  const given = stillNamed(document, baked.given);
  const [unsound] = declaredProblems(document.parameters ?? {}, document.parameters ? given : {});
  if (unsound !== undefined)
    return skip(`${unsound}, which the value that ${image?.id} was baked with does not; ${bakeByHand}`);
  const missing = missingIn(document.parameters ?? {}, given);
  if (missing.length > 0) {
    const from = image === undefined ? "no image has a value for it" : `${image.id} has no value for it`;
    return skip(`parameter ${missing.join(", ")} is required, and ${from}; ${bakeByHand}`);
  }
  return ok({ given, values: withDefaults(document, given) });
}

const skip = (why: string): Decided => ok({ skip: why });

/** Without those that the recipe does not declare any more, or that one of its steps sets. */
function stillNamed(document: Document, given: Values): Values {
  const { parameters, provision } = document;
  const isNamed = (name: string): boolean =>
    parameters === undefined
      ? parametersProblem({ [name]: "" }, { provision }) === undefined
      : parameters[name] !== undefined && parameters[name].fromEnv === undefined;
  return Object.fromEntries(Object.entries(given).filter(([name]) => isNamed(name)));
}

const withDefaults = ({ parameters = {} }: Document, given: Values): Values => ({
  ...Object.fromEntries(
    Object.entries(parameters).flatMap(([name, one]) =>
      one.default === undefined ? [] : [[name, one.default] as const],
    ),
  ),
  ...given,
});

/** The image whose values count: the one that is served, or the newest one that waits for its promotion. */
async function lastDecided(
  { recipe, document }: LockedInput,
  images: readonly Image[],
  cloud: CloudClient,
): Promise<Image | undefined> {
  const { family } = document;
  const newest = images.toSorted((a, b) => b.createdAt - a.createdAt);
  const served = family === undefined ? undefined : await familyImage(cloud, family);
  const own = newest.find(({ id }) => id === served?.id);
  for (const image of newest) {
    if (image.id === own?.id || image.status !== "Available") continue;
    if (own !== undefined && image.createdAt < own.createdAt) break;
    if (await isWaiting(image, cloud)) return image;
    if (family !== undefined && (await isRepeated(image, { recipe, document, family }, cloud))) return image;
  }
  return own ?? newest.find(({ status, tags }) => status === "Available" && tags[TAG.test] !== "failed");
}

/** Whether an operator may still let the family serve the image: its promotion is at work, or a hold keeps it back. */
async function isWaiting({ tags }: Image, cloud: CloudClient): Promise<boolean> {
  const [word, run = ""] = (tags[TAG.promotion] ?? "").split(" ");
  if (word === "held") return true;
  if (word !== "waiting") return false;
  const now = standing(run, await readRunLog(cloud, run));
  return now !== undefined && now.completion === undefined;
}
