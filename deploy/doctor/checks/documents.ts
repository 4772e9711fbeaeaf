/** Recipes and fleets of the bucket: whether the cloud would launch what they ask for. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, familyImage } from "../../../shared/cloud/ecs/images.ts";
import { fleetIn, recipeIn, type Loaded } from "../../../shared/document-store.ts";
import { explanations, type Help } from "../../../shared/documents/explanations.ts";
import { launchParams, specOfferings } from "../../../shared/ephemeral-instance/spec.ts";
import { messageOf } from "../../../shared/errors.ts";
import { documentNameIn, type DocumentFolder } from "../../../shared/keys.ts";
import { ifThere } from "../../api.ts";
import { baseOf, builderProblems, Denied, fleetProblems, memberPrice, specOf } from "../../launches.ts";
import { IMPORT_ROLE } from "../../setup.ts";
import { judged, ok, unknown, type Check, type Finding, wrong } from "../finding.ts";
import type { Context } from "../context.ts";
import { PROBE_NEEDS } from "./probe.ts";

interface Named<T> {
  readonly name: string;
  readonly loaded: Loaded<T>;
}

type Read<T> = (client: CloudClient, name: string, text: string, help: Help) => Promise<Loaded<T>>;

const DOCUMENTS_MAX = 100;

/** The documents of a folder, read by the probe: outside of the region the bucket's data may be out of reach. */
async function documents<T>(
  context: Context,
  folder: DocumentFolder,
  read: Read<T>,
): Promise<readonly Named<T>[]> {
  const probe = await context.probe();
  const found = (await probe.list(`${folder}/`)).slice(0, DOCUMENTS_MAX).flatMap((key) => {
    const name = documentNameIn(key, folder);
    return name === undefined ? [] : [{ key, name }];
  });
  const texts = await probe.read(found.map(({ key }) => key));
  return Promise.all(
    found.map(async ({ name }, place) => ({
      name,
      loaded: await read(context.bucket, name, texts[place] ?? "", explanations),
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

async function recipes(context: Context): Promise<Finding> {
  const list = await documents(context, "recipes", recipeIn);
  if (list.length === 0) return ok("there is no recipe yet");
  const problems = await ofEach(list, async (recipe, name) => {
    const cloud = (await context.probe()).cloud("bake-image");
    return builderProblems(recipe, { run: `doctor-${name}`, at: context.clock.now() }, cloud);
  });
  return judged(problems, `${list.length} recipes: the cloud would launch their builders`, CORRECT);
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

async function fleets(context: Context): Promise<Finding> {
  const list = await documents(context, "fleets", fleetIn);
  if (list.length === 0) return ok("there is no fleet yet");
  const problems = await ofEach(list, async (fleet) => {
    const cloud = (await context.probe()).cloud("scale-out");
    return fleetProblems(fleet, { run: "doctor", at: context.clock.now() }, cloud);
  });
  return judged(problems, `${list.length} fleets: the cloud would launch their members`, CORRECT);
}

/** Members priced as `limits.maxPricePerHour` needs it. */
async function prices(context: Context): Promise<Finding> {
  const list = await documents(context, "fleets", fleetIn);
  const cloud = (await context.probe()).cloud("scale-out");
  let priced = 0;
  const problems = await ofEach(list, async (fleet) => {
    const price = await memberPrice(fleet, cloud);
    if (price === undefined) return [];
    if (!price.ok) return [price.problem];
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

const NEEDS = PROBE_NEEDS;

export const DOCUMENT_CHECKS: readonly Check<Context>[] = [
  { name: "recipes", needs: NEEDS, run: recipes },
  { name: "fleets", needs: NEEDS, run: fleets },
  { name: "prices", needs: NEEDS, run: prices },
  { name: "images", needs: NEEDS, run: images },
  { name: "import-role", needs: NEEDS, run: importRole },
];
