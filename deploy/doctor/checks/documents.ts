/** Recipes and fleets of the bucket: whether the cloud would launch what they ask for. */
import {
  fleetOfferings,
  launchParams as memberParams,
} from "../../../functions/scale-out/scale-out/launch-params.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { DryRun } from "../../../shared/cloud/ecs/dry-run.ts";
import { describeImages, familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { dryCreateInstance, dryRunInstances } from "../../../shared/cloud/ecs/instances.ts";
import { textOf, entriesOf } from "../../../shared/cloud/oss/xml.ts";
import { fleetIn, recipeIn, type Loaded } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import {
  instanceParams,
  launchParams,
  specOfferings,
  type InstanceSpec,
} from "../../../shared/ephemeral-instance/spec.ts";
import { messageOf } from "../../../shared/errors.ts";
import { documentNameIn, type DocumentFolder } from "../../../shared/keys.ts";
import { prepareLaunch } from "../../../shared/limits/launch.ts";
import { highestPrice } from "../../../shared/limits/price.ts";
import { ROLE, TAG } from "../../../shared/tags.ts";
import { ifThere } from "../../api.ts";
import { IMPORT_ROLE } from "../../setup.ts";
import { judged, ok, unknown, type Check, type Finding, wrong } from "../finding.ts";
import type { Context } from "../context.ts";

interface Named<T> {
  readonly name: string;
  readonly loaded: Loaded<T>;
}

type Read<T> = (client: CloudClient, name: string, text: string) => Promise<Loaded<T>>;

/** The documents of a folder, read by the probe: outside of the region the bucket's data may be out of reach. */
async function documents<T>(
  context: Context,
  folder: DocumentFolder,
  read: Read<T>,
): Promise<readonly Named<T>[]> {
  const probe = await context.probe();
  const query = { "list-type": "2", prefix: `${folder}/`, "max-keys": "100" };
  const list = await probe.reply({ kind: "bucket", action: "ListObjects", method: "GET", query });
  const keys = entriesOf(list.text, "Contents").map((entry) => textOf(entry, "Key"));
  const found = keys.flatMap((key) => {
    const name = documentNameIn(key, folder);
    return name === undefined ? [] : [{ key, name }];
  });
  const { replies } = await probe.ask(
    found.map(({ key }) => ({ kind: "bucket", action: "GetObject", method: "GET", key })),
  );
  return Promise.all(
    found.map(async ({ name }, place) => ({
      name,
      loaded: await read(context.bucket, name, replies[place]?.text ?? ""),
    })),
  );
}

/** Problems of each document, one after the other. */
async function ofEach<T>(
  list: readonly Named<T>[],
  problemsOf: (document: T, name: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { name, loaded } of list) {
    const found =
      "problem" in loaded
        ? [loaded.problem]
        : await problemsOf(loaded.document, name).catch((error: unknown) => {
            if (error instanceof Denied) throw error;
            return [messageOf(error)];
          });
    problems.push(...found.map((problem) => `${name}: ${problem}`));
  }
  return problems;
}

const CORRECT = "correct the document as the cloud's words say, and upload it again";

type Offered = { readonly name: string; readonly answer: DryRun };

/** A policy of the organisation denies dry runs, which says nothing about launches. */
class Denied extends Error {}

/** Refusals of offerings; one that only lacks capacity now is none, as long as another one works. @throws Denied */
function refusals(offered: readonly Offered[]): readonly string[] {
  const works = offered.some(({ answer }) => answer.verdict === "yes");
  return offered.flatMap(({ name, answer }) => {
    if (answer.verdict === "yes" || (works && answer.error.capacity)) return [];
    if (answer.verdict === "unknown") throw new Denied(`${name}: ${answer.error.message}`);
    return [`${name}: ${answer.error.message}`];
  });
}

async function recipes(context: Context): Promise<Finding> {
  const list = await documents(context, "recipes", recipeIn);
  if (list.length === 0) return ok("there is no recipe yet");
  const problems = await ofEach(list, (recipe, name) => builderProblems(context, recipe, name));
  return judged(problems, `${list.length} recipes: the cloud would launch their builders`, CORRECT);
}

type Builder = Extract<Recipe["source"], { readonly kind: "builder" }>;

const baseOf = async (cloud: CloudClient, { family, image = "" }: Builder): Promise<Image | undefined> =>
  family === undefined ? (await describeImages(cloud, { ids: [image] }))[0] : familyImage(cloud, family);

async function builderProblems(context: Context, recipe: Recipe, name: string): Promise<readonly string[]> {
  const { source } = recipe;
  if (source.kind !== "builder") return [];
  const cloud = (await context.probe()).cloud("bake-image");
  const base = await baseOf(cloud, source);
  if (base === undefined) return [`source.builder: ${source.family ?? source.image} has no image`];
  const spec = specOf(recipe, source, base);
  const event = { run: `doctor-${name}`, phaseStartedAt: context.clock.now() };
  const offered: Offered[] = [];
  for (const offering of specOfferings(spec)) {
    const answer = await dryRunInstances(cloud, launchParams(event, spec, offering, cloud));
    offered.push({ name: offering.name, answer });
  }
  return refusals(offered);
}

/** A launch that a recipe asks for: its first offering. */
export async function firstLaunch(context: Context) {
  const cloud = (await context.probe()).cloud("bake-image");
  for (const { name, loaded } of await documents(context, "recipes", recipeIn)) {
    if ("problem" in loaded || loaded.document.source.kind !== "builder") continue;
    const { source } = loaded.document;
    const base = await baseOf(cloud, source);
    const spec = base && specOf(loaded.document, source, base);
    const [offering] = spec ? specOfferings(spec) : [];
    if (spec === undefined || offering === undefined) continue;
    const event = { run: `doctor-${name}`, phaseStartedAt: context.clock.now() };
    return { cloud, params: launchParams(event, spec, offering, cloud) };
  }
  return undefined;
}

const specOf = ({ image }: Recipe, source: Builder, base: Image): InstanceSpec => ({
  role: ROLE.builder,
  imageId: base.id,
  instanceTypes: source.instanceTypes,
  vSwitchIds: source.vSwitchIds,
  spot: source.spot,
  expireAfterMs: source.expireAfterMs,
  params: instanceParams({ ...source, imageDataDisks: base.dataDisks }, image.resourceGroupId),
  tags: { [TAG.recipe]: "doctor" },
});

async function fleets(context: Context): Promise<Finding> {
  const list = await documents(context, "fleets", fleetIn);
  if (list.length === 0) return ok("there is no fleet yet");
  const problems = await ofEach(list, (fleet, name) => fleetProblems(context, fleet, name));
  return judged(problems, `${list.length} fleets: the cloud would launch their members`, CORRECT);
}

async function fleetProblems(context: Context, document: Fleet, fleet: string): Promise<readonly string[]> {
  const cloud = (await context.probe()).cloud("scale-out");
  const image = await familyImage(cloud, document.family);
  // Its first promotion comes later.
  if (image === undefined) return [];
  const prepared = await prepareLaunch(document, image, cloud);
  if (!prepared.ok) return [prepared.problem];
  const { document: launched } = prepared.value;
  const check = document.via === "CreateInstance" ? dryCreateInstance : dryRunInstances;
  const at = context.clock.now();
  const call = { run: "doctor", amount: 1, place: 0, at, hostNames: [], userData: undefined };
  const offered: Offered[] = [];
  for (const offering of fleetOfferings(document)) {
    const params = memberParams({ fleet, document: launched, imageId: image.id }, offering, call, cloud);
    offered.push({ name: offering.name, answer: await check(cloud, params) });
  }
  return refusals(offered);
}

/** Members priced as `limits.maxPricePerHour` needs it. */
async function prices(context: Context): Promise<Finding> {
  const list = await documents(context, "fleets", fleetIn);
  const cloud = (await context.probe()).cloud("scale-out");
  let priced = 0;
  const problems = await ofEach(list, async (fleet) => {
    const image = await familyImage(cloud, fleet.family);
    if (image === undefined) return [];
    const prepared = await prepareLaunch(fleet, image, cloud);
    if (!prepared.ok) return [prepared.problem];
    const { document, disks } = prepared.value;
    const limits = { ...fleet.limits, maxPricePerHour: Number.MAX_SAFE_INTEGER };
    await highestPrice({ fleet: { ...document, limits }, imageId: image.id, disks }, cloud);
    priced++;
    return [];
  });
  const todo =
    "limits.maxPricePerHour holds back every launch of these fleets: name types that the region sells";
  return judged(problems, `the members of ${priced} fleets have a price`, todo);
}

/** Images that are served must be usable: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeimages */
async function images(context: Context): Promise<Finding> {
  const names = new Set<string>();
  for (const { loaded } of [
    ...(await documents(context, "recipes", recipeIn)),
    ...(await documents(context, "fleets", fleetIn)),
  ])
    if ("document" in loaded && loaded.document.family !== undefined) names.add(loaded.document.family);
  const cloud = (await context.probe()).cloud("promote-family");
  const problems: string[] = [];
  let served = 0;
  for (const family of names) {
    const image = await familyImage(cloud, family);
    if (image === undefined) continue;
    served++;
    // The answer about a family does not say it.
    const [full] = await describeImages(cloud, { ids: [image.id] });
    if (full?.usable === false) problems.push(`${image.id}, which family ${family} serves, is not usable`);
  }
  if (served === 0) return unknown("no family serves an image yet");
  return judged(
    problems,
    `${served} families serve usable images`,
    "wait some minutes, or roll the family back",
  );
}

/** Only uploaded disks need it. */
async function importRole(context: Context): Promise<Finding> {
  const role = await ifThere(context.api.rpc("ram", "GetRole", { RoleName: IMPORT_ROLE }));
  if (role !== undefined) return ok(`${IMPORT_ROLE} is there`);
  const list = await documents(context, "recipes", recipeIn);
  const needy = list.filter(({ loaded }) => "document" in loaded && loaded.document.source.kind === "upload");
  if (needy.length === 0) return ok(`no recipe uses source.upload, which needs ${IMPORT_ROLE}`);
  const names = needy.map(({ name }) => name).join(", ");
  return wrong(
    `${names} needs role ${IMPORT_ROLE}, which is not there`,
    "create it as README, “Deploy”, says",
  );
}

const NEEDS = ["account", "bucket"];

export const DOCUMENT_CHECKS: readonly Check<Context>[] = [
  { name: "recipes", needs: NEEDS, run: recipes },
  { name: "fleets", needs: NEEDS, run: fleets },
  { name: "prices", needs: NEEDS, run: prices },
  { name: "images", needs: NEEDS, run: images },
  { name: "import-role", needs: NEEDS, run: importRole },
];
