/**
 * Launch templates and scaling configurations that a recipe names: their image becomes the one that the family serves.
 *
 * CONSUMER-1. The family has moved before, so a consumer that cannot be changed is reported and fails nothing.
 * CONSUMER-2. Which ones may be changed, the recipe in the bucket says; to which image, what the family answers with. An event says
 *     neither, so a repeated or late one changes nothing to an earlier image.
 * CONSUMER-3. Of a template the default version is looked at. A version with the image that is otherwise the same becomes the
 *     default; one in which anything else differs never does (VERSION-1).
 * CONSUMER-4. A template keeps few versions of Kiln: older ones would need their images for ever.
 */
import * as z from "zod/mini";
import { describeTemplateVersions, type TemplateVersion } from "../../../shared/cloud/ecs/templates.ts";
import {
  createTemplateVersion,
  deleteTemplateVersions,
  differences,
  setDefaultVersion,
} from "../../../shared/cloud/ecs/template-versions.ts";
import {
  configurationImage,
  setConfigurationImage,
} from "../../../shared/cloud/ess/scaling-configurations.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { joinReasons } from "../../../shared/budget.ts";
import { permanent } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { failureSends } from "../../../shared/notifications/subscriptions.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import type { WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import type { Completion, Send } from "../../../shared/workflow/workflow.ts";
import { NO_CHANGE, type Change, type Place } from "./deprecate.ts";
import { homeOf, servedIn } from "./served.ts";

type Consumer = Recipe["promote"]["consumers"][number];

/** A consumer, and the image that it is to have. */
interface Wanted extends Place {
  readonly id: string;
}

/** How many consumers are done, and why others are not. */
export const consumerState = { at: z.int(), left: z.array(z.string()) };
interface ConsumerState {
  readonly at: number;
  readonly left: readonly string[];
}
export const FIRST_CONSUMER = { at: 0, left: [] };

/** CONSUMER-4. The default version, and those that a rollback may go back to without a new one. */
const VERSIONS_KEPT = 3;

const placedConsumer = ({ id, region }: Pick<Wanted, "id" | "region">): string => `${id} in ${region}`;

/** The consumers of recipes of a family. A problem when a recipe cannot be read: then it is not known whether they are all. */
export async function consumersOf(
  recipes: readonly string[],
  family: string,
  ports: Ports,
): Promise<Result<readonly (Consumer & { readonly recipe: Recipe })[]>> {
  const found: (Consumer & { readonly recipe: Recipe })[] = [];
  for (const name of recipes) {
    const loaded = await loadRecipe(ports.cloud, name);
    if ("problem" in loaded)
      return problem(`the consumers of recipe ${name} are not known: ${loaded.problem}`);
    const { document: recipe } = loaded;
    if (recipe.family === family)
      found.push(...recipe.promote.consumers.map((consumer) => ({ ...consumer, recipe })));
  }
  return ok(found);
}

/**
 * Makes the next change that a consumer needs. `note` says which; without it all are done.
 * @throws errors that may pass
 */
export async function updateNext(
  recipes: readonly string[],
  family: string,
  state: ConsumerState,
  ports: Ports,
): Promise<{ readonly state: { at: number; left: string[] }; readonly note?: string }> {
  const left = [...state.left];
  const all = await consumersOf(recipes, family, ports);
  if (!all.ok) return { state: { at: state.at, left: [...left, all.problem] } };
  for (const [at, consumer] of all.value.entries()) {
    if (at < state.at) continue;
    const change = await refusedAsProblem(consumer.id, async () => {
      const wanted = await wantedOf(consumer, consumer.recipe, family, ports);
      return wanted.ok ? update(wanted.value, ports) : wanted;
    });
    if (!change.ok) left.push(`promote.consumers: ${change.problem}`);
    else if (change.value !== undefined) return { state: { at, left }, note: change.value };
  }
  return { state: { at: all.value.length, left } };
}

/** Of a refusal the problem names the consumer. */
async function refusedAsProblem(id: string, act: () => Promise<Change>): Promise<Change> {
  try {
    return await act();
  } catch (error) {
    return problem(`${id}: ${permanent(error).message}`);
  }
}

/** CONSUMER-2. */
async function wantedOf(
  { id, region: named }: Consumer,
  { promote }: Recipe,
  family: string,
  ports: Ports,
): Promise<Result<Wanted>> {
  const home = homeOf(ports);
  const region = named ?? home;
  if (region !== home && !promote.regions.includes(region))
    return problem(
      `${placedConsumer({ id, region })} gets no image there; add the region to promote.regions`,
    );
  const imageId = (await servedIn(family, [region], ports))[region];
  return imageId === undefined
    ? problem(`family ${family} serves nothing in ${region}, so ${id} stays as it is`)
    : ok({ id, region, imageId });
}

const update = (wanted: Wanted, ports: Ports): Promise<Change> =>
  wanted.id.startsWith("lt-") ? updateTemplate(wanted, ports) : updateConfiguration(wanted, ports);

async function updateConfiguration(wanted: Wanted, { cloud }: Ports): Promise<Change> {
  const { id, region, imageId } = wanted;
  const found = await configurationImage(cloud, id, region);
  if (found === undefined)
    return problem(`there is no scaling configuration ${placedConsumer(wanted)}; check its id and region`);
  if (found.family !== undefined)
    return problem(
      `${placedConsumer(wanted)} names image family ${found.family}, and gets its images by itself; remove it here`,
    );
  if (found.imageId === imageId) return NO_CHANGE;
  await setConfigurationImage(cloud, id, { imageId, region });
  return ok(`${placedConsumer(wanted)} gets ${imageId}`);
}

async function updateTemplate(wanted: Wanted, { cloud }: Ports): Promise<Change> {
  const { id, region, imageId } = wanted;
  const versions = await describeTemplateVersions(cloud, { id }, [], region);
  const current = versions.find(({ isDefault }) => isDefault);
  if (current?.data === undefined)
    return problem(
      `the default version of launch template ${placedConsumer(wanted)} is not shown; check its id and region`,
    );
  const own = `${versionText(cloud, imageId)} of version ${current.version}`;
  if (current.data["ImageId"] === imageId) return dropOld(wanted, versions, { cloud });
  const { data } = current;
  const unlike = (version: TemplateVersion) => differences(data, version.data ?? {});
  const fitting = versions.filter((version) => version.data?.["ImageId"] === imageId);
  const same = fitting.find((version) => unlike(version).length === 0);
  if (same !== undefined) {
    await setDefaultVersion(cloud, { id, region }, same.version);
    return ok(`version ${same.version} of ${placedConsumer(wanted)}, with ${imageId}, is its default`);
  }
  const lossy = fitting.find(({ description }) => description === own);
  if (lossy !== undefined)
    return problem(
      `version ${lossy.version} of ${placedConsumer(wanted)} differs from its default version ${current.version} in ${unlike(lossy).join(", ")}, so it does not become the default; make a version with ${imageId} yourself, and delete version ${lossy.version}`,
    );
  await createTemplateVersion(cloud, { id, region }, data, { imageId, description: own });
  return ok(`${placedConsumer(wanted)} gets a version with ${imageId}`);
}

/** The start of the description of a version that Kiln makes. */
const versionText = ({ access }: Ports["cloud"], imageId: unknown): string =>
  `Kiln ${access.bucket} ${String(imageId)}`;

/** CONSUMER-4. Of versions that this deployment made, and not a user of one of them. */
async function dropOld(
  wanted: Wanted,
  versions: readonly TemplateVersion[],
  { cloud }: Pick<Ports, "cloud">,
): Promise<Change> {
  const old = versions
    .filter(({ description, data }) => description.startsWith(`${versionText(cloud, data?.["ImageId"])} of `))
    .toSorted((a, b) => b.version - a.version)
    .slice(VERSIONS_KEPT)
    .flatMap(({ isDefault, version }) => (isDefault ? [] : [version]));
  if (old.length === 0) return NO_CHANGE;
  await deleteTemplateVersions(cloud, wanted, old);
  return ok(`versions ${old.join(", ")} of ${placedConsumer(wanted)} are deleted`);
}

/** For dry runs: those that do not have their image yet. `targets`: region → image to be served there. */
export async function outdatedConsumers(
  recipes: readonly string[],
  family: string,
  targets: Readonly<Record<string, string | undefined>>,
  ports: Ports,
): Promise<string[]> {
  const all = await consumersOf(recipes, family, ports);
  if (!all.ok) return [all.problem];
  const outdated: string[] = [];
  for (const { id, region = homeOf(ports) } of all.value) {
    const imageId = await refusedAsProblem(id, async () => ok(await imageNow(id, region, ports)));
    if (!imageId.ok) outdated.push(imageId.problem);
    else if (region in targets && (imageId.value ?? "") !== targets[region])
      outdated.push(placedConsumer({ id, region }));
  }
  return outdated;
}

async function imageNow(id: string, region: string, { cloud }: Ports): Promise<string | undefined> {
  if (!id.startsWith("lt-")) return (await configurationImage(cloud, id, region))?.imageId;
  const [version] = await describeTemplateVersions(cloud, { id }, "default", region);
  return String(version?.data?.["ImageId"]);
}

const Incomplete = z.looseObject({
  result: z.looseObject({ family: z.string(), imageId: z.string(), notUpdated: z.array(z.string()) }),
});

/** The notification of a run that moved its family and left a consumer behind (CONSUMER-1). */
export function incompleteSends(
  event: Pick<WorkflowEvent, "run" | "by">,
  completion: Completion,
  channels: Recipe["notify"] | undefined,
  at: number,
): readonly Send[] {
  const { success, data } = Incomplete.safeParse(completion);
  if (!success) return [];
  const { family, imageId, notUpdated } = data.result;
  return failureSends(event, `${family} serves ${imageId}, but ${joinReasons(notUpdated)}`, at, channels);
}
