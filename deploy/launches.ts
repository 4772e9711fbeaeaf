/** Whether the cloud would launch what recipes and fleets ask for: dry runs of their launches, and prices. */
import {
  fleetOfferings,
  launchParams as memberParams,
} from "../functions/scale-out/scale-out/launch-params.ts";
import type { CloudClient } from "../shared/cloud/client.ts";
import type { DryRun } from "../shared/cloud/ecs/dry-run.ts";
import { describeImages, familyImage, type Image } from "../shared/cloud/ecs/images.ts";
import { dryCreateInstance, dryRunInstances } from "../shared/cloud/ecs/instances.ts";
import type { Fleet } from "../shared/documents/fleet.ts";
import type { Recipe } from "../shared/documents/recipe.ts";
import {
  instanceParams,
  launchParams,
  specOfferings,
  type InstanceSpec,
} from "../shared/ephemeral-instance/spec.ts";
import { prepareLaunch } from "../shared/limits/launch.ts";
import { highestPrice } from "../shared/limits/price.ts";
import { ok, type Result } from "../shared/result.ts";
import { ROLE, TAG } from "../shared/tags.ts";

/** Who asks, for client tokens, and when, epoch ms. */
interface Asking {
  readonly run: string;
  readonly at: number;
}

type Offered = { readonly name: string; readonly answer: DryRun };

/** A policy of the organisation denies dry runs, which says nothing about launches. */
export class Denied extends Error {}

/** Refusals of offerings; one that only lacks capacity now is none, as long as another one works. @throws Denied */
function refusals(offered: readonly Offered[]): readonly string[] {
  const works = offered.some(({ answer }) => answer.verdict === "yes");
  return offered.flatMap(({ name, answer }) => {
    if (answer.verdict === "yes" || (works && answer.error.capacity)) return [];
    if (answer.verdict === "unknown") throw new Denied(`${name}: ${answer.error.message}`);
    return [`${name}: ${answer.error.message}`];
  });
}

type Builder = Extract<Recipe["source"], { readonly kind: "builder" }>;

/** The image that a builder starts from. */
export const baseOf = async (
  cloud: CloudClient,
  { family, image = "" }: Builder,
): Promise<Image | undefined> =>
  family === undefined ? (await describeImages(cloud, { ids: [image] }))[0] : familyImage(cloud, family);

/** What the cloud has against the builder of a recipe. @throws Denied */
export async function builderProblems(
  recipe: Recipe,
  { run, at }: Asking,
  cloud: CloudClient,
): Promise<readonly string[]> {
  const { source } = recipe;
  if (source.kind !== "builder") return [];
  const base = await baseOf(cloud, source);
  if (base === undefined) return [`source.builder: ${source.family ?? source.image} has no image`];
  const spec = specOf(recipe, source, base);
  const event = { run, phaseStartedAt: at };
  const offered: Offered[] = [];
  for (const offering of specOfferings(spec)) {
    const answer = await dryRunInstances(cloud, launchParams(event, spec, offering, cloud));
    offered.push({ name: offering.name, answer });
  }
  return refusals(offered);
}

/** The builder of a recipe, tagged as a try. */
export const specOf = ({ image }: Recipe, source: Builder, base: Image): InstanceSpec => ({
  role: ROLE.builder,
  imageId: base.id,
  instanceTypes: source.instanceTypes,
  vSwitchIds: source.vSwitchIds,
  spot: source.spot,
  expireAfterMs: source.expireAfterMs,
  params: instanceParams({ ...source, imageDataDisks: base.dataDisks }, image.resourceGroupId),
  tags: { [TAG.recipe]: "doctor" },
});

/** What the cloud has against the members of a fleet; nothing before its first promotion. @throws Denied */
export async function fleetProblems(
  document: Fleet,
  { run, at }: Asking,
  cloud: CloudClient,
): Promise<readonly string[]> {
  const image = await familyImage(cloud, document.family);
  // Its first promotion comes later.
  if (image === undefined) return [];
  const prepared = await prepareLaunch(document, image, cloud);
  if (!prepared.ok) return [prepared.problem];
  const { document: launched } = prepared.value;
  const check = document.via === "CreateInstance" ? dryCreateInstance : dryRunInstances;
  const call = { run, amount: 1, place: 0, at, hostNames: [], userData: undefined };
  const offered: Offered[] = [];
  for (const offering of fleetOfferings(document)) {
    const params = memberParams(
      { fleet: document.name, document: launched, imageId: image.id },
      offering,
      call,
      cloud,
    );
    offered.push({ name: offering.name, answer: await check(cloud, params) });
  }
  return refusals(offered);
}

/** The price of a member for an hour, the most expensive offering; undefined before the first promotion. */
export async function memberPrice(fleet: Fleet, cloud: CloudClient): Promise<Result<number> | undefined> {
  const image = await familyImage(cloud, fleet.family);
  if (image === undefined) return undefined;
  const prepared = await prepareLaunch(fleet, image, cloud);
  if (!prepared.ok) return prepared;
  const { document, disks } = prepared.value;
  const limits = { ...fleet.limits, maxPricePerHour: Number.MAX_SAFE_INTEGER };
  const price = await highestPrice({ fleet: { ...document, limits }, imageId: image.id, disks }, cloud);
  return ok(price ?? 0);
}
