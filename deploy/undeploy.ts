/**
 * `npm run undeploy`: removes functions, roles and policies, and lists what stays. With `--all` Kiln's own objects and its
 * rules go too, and the bucket when nothing of the user is in it.
 *
 * UNDEPLOY-1. Only what belongs to this deployment is removed: functions with its bucket and stage, roles with its mark.
 * UNDEPLOY-2. Recipes, fleets, images and members are the user's: they are listed and stay.
 * UNDEPLOY-3. Nothing is removed before its list was shown and a person agreed, whichever command asks for it; `--yes` agrees.
 */
import { confirm } from "../cli/command.ts";
import type { CloudClient } from "../shared/cloud/client.ts";
import { describeImages } from "../shared/cloud/ecs/images.ts";
import { describeInstances } from "../shared/cloud/ecs/instances.ts";
import { describeSnapshots } from "../shared/cloud/ecs/snapshots.ts";
import { deleteObject, listObjects, type ObjectInfo } from "../shared/cloud/oss/objects.ts";
import { sendToBucket } from "../shared/cloud/oss/request.ts";
import { CloudError } from "../shared/errors.ts";
import { FOLDER } from "../shared/keys.ts";
import { ownTags } from "../shared/tags.ts";
import { connectApi, type Api } from "./api.ts";
import { bucketOf, removeLifecycle } from "./bucket.ts";
import type { Settings, Surroundings } from "./config.ts";
import { PROBE_FOLDER } from "./doctor/probe/config.ts";
import { customDomains, removeRoutes } from "./domains.ts";
import {
  deleteFunction,
  deleteTrigger,
  kilnFunctions,
  namedAs,
  ownOf,
  sharedBucketProblems,
  triggersOf,
} from "./functions.ts";
import { checkAccount } from "./identity.ts";
import { functionNameOf, type Place } from "./names.ts";
import { goingOn, Plan } from "./plan.ts";
import { Refusal, refuseAny } from "./refusal.ts";
import { removeRoles } from "./roles.ts";

export interface UndeployOptions {
  readonly plan: boolean;
  /** Kiln's own objects as well. */
  readonly all: boolean;
  /** Although runs are at work. */
  readonly force: boolean;
  /** Without a question. */
  readonly yes: boolean;
}

/**
 * Removes a deployment after it was asked (UNDEPLOY-3).
 * @throws Refusal while runs are at work or the bucket to be emptied is another stage's, before anything is removed
 * @throws CommandError without the answer yes
 */
export async function undeploy(
  settings: Settings,
  options: UndeployOptions,
  around: Surroundings,
): Promise<void> {
  if (!options.plan && !options.yes) {
    await walk(settings, { ...options, plan: true }, around);
    await confirm(["the deployment above will be deleted"], { has: () => false }, around);
  }
  await walk(settings, options, around);
}

async function walk(
  settings: Settings,
  { plan: isDry, all, force }: UndeployOptions,
  { out }: Surroundings,
): Promise<void> {
  const { place } = settings;
  const plan = new Plan(isDry, out);
  const api = connectApi({ ...settings, region: place.region });
  await checkAccount(api, place);
  if (all) refuseAny(sharedBucketProblems(await kilnFunctions(api), place));
  const bucket = bucketOf(settings);
  const objects = await objectsIn(bucket);
  if (!force) refuseRunning(objects ?? []);
  await goingOn(plan, "npm run undeploy", async () => {
    await removeFunctions(api, place, plan);
    const roles = await removeRoles(api, place, plan);
    const left = all && objects !== undefined ? await removeObjects(bucket, objects, plan) : objects;
    for (const line of [...roles, ...objectsLeft(place, left), ...(await resourcesLeft(bucket))])
      out(`stays: ${line}`);
  });
}

/** All objects, undefined when the bucket is not there. */
async function objectsIn(bucket: CloudClient): Promise<readonly ObjectInfo[] | undefined> {
  try {
    return await listObjects(bucket, "");
  } catch (error) {
    if (error instanceof CloudError && error.code === "NoSuchBucket") return undefined;
    throw error;
  }
}

function refuseRunning(objects: readonly ObjectInfo[]): void {
  const runs = objects.flatMap(({ key }) =>
    key.startsWith(FOLDER.open) ? [key.slice(FOLDER.open.length)] : [],
  );
  if (runs.length === 0) return;
  const shown = runs.slice(0, 5).join(", ");
  throw new Refusal([
    `${runs.length} runs are at work (${shown}${runs.length > 5 ? ", …" : ""}); wait for their end or cancel them, or add --force: their builders then run until their AutoReleaseTime`,
  ]);
}

/** Senders go before receivers, and triggers before all functions, so that nothing begins meanwhile. */
const ORDER = [
  "webhook",
  "api",
  "bake-image",
  "scale-out",
  "stop-idle",
  "promote-family",
  "janitor",
  "notifier",
];

async function removeFunctions(api: Api, place: Place, plan: Plan): Promise<void> {
  const own = ownOf(place, namedAs(await kilnFunctions(api), place)).map(({ functionName }) => functionName);
  const rank = (name: string): number => ORDER.findIndex((folder) => functionNameOf(place, folder) === name);
  const names = own.toSorted((a, b) => rank(a) - rank(b));
  for (const name of names)
    for (const trigger of await triggersOf(api, name))
      await plan.change(`remove trigger ${trigger} of ${name}`, () => deleteTrigger(api, name, trigger));
  await removeRoutes(await customDomains(api), names, { api, plan });
  for (const name of names) await plan.change(`remove function ${name}`, () => deleteFunction(api, name));
}

/** Folders that only Kiln writes. */
const OWN_FOLDERS = [
  FOLDER.runs,
  FOLDER.documentIndex,
  FOLDER.open,
  FOLDER.locks,
  FOLDER.reservations,
  FOLDER.capacity,
  FOLDER.deliveries,
  FOLDER.state,
  PROBE_FOLDER,
];

/** Removes Kiln's objects and rules. Answers the objects that stay; undefined when the bucket went too. */
async function removeObjects(
  bucket: CloudClient,
  objects: readonly ObjectInfo[],
  plan: Plan,
): Promise<readonly ObjectInfo[] | undefined> {
  const own = objects.filter(({ key }) => OWN_FOLDERS.some((folder) => key.startsWith(folder)));
  const left = objects.filter((object) => !own.includes(object));
  if (own.length > 0)
    await plan.change(`delete ${own.length} objects of ${OWN_FOLDERS.join(" ")}`, async () => {
      for (const { key } of own) await deleteObject(bucket, key);
    });
  await removeLifecycle(bucket, plan);
  if (left.length > 0) return left;
  const action = "DeleteBucket";
  await plan.change(`delete bucket ${bucket.access.bucket}`, () =>
    sendToBucket(bucket, { action, method: "DELETE" }),
  );
  return undefined;
}

const objectsLeft = ({ bucket }: Place, objects: readonly ObjectInfo[] | undefined): readonly string[] =>
  objects === undefined ? [] : [`bucket ${bucket} with ${objects.length} objects and its rules`];

/** Resources with the tag of the deployment. */
async function resourcesLeft(client: CloudClient): Promise<readonly string[]> {
  const tags = ownTags(client, {});
  const found = {
    instance: await describeInstances(client, { tags }),
    image: await describeImages(client, { tags }),
    snapshot: await describeSnapshots(client, { tags }),
  };
  const lines = Object.entries(found).flatMap(([kind, items]) => items.map(({ id }) => `${kind} ${id}`));
  return lines.length === 0 ? [] : [...lines, "and the copies of these images in other regions"];
}
