/** What tests of promotions ask the world. */
import { hours, minutes } from "../../shared/duration.ts";
import { hasEnded, type RunRecord } from "../../shared/journal.ts";
import type { Deployment } from "../deployment.ts";
import { bakeAndPromote, recipeText } from "./fixture.ts";

export const HOME = "cn-hangzhou";

/** What a family answers with. */
export const served = ({ cloud }: Deployment, region = HOME, family = "web"): string | undefined =>
  cloud.world.imaging.newestOf(region, family)?.imageId;

/** Own images of a region, oldest first, as `status family`. */
export const imagesIn = ({ cloud }: Deployment, region: string) =>
  [...cloud.world.images.values()].filter(
    (image) => image.ownerAlias === "self" && image.regionId === region,
  );

/** The value of one tag of an image. */
export const tagOf = ({ cloud }: Deployment, imageId: string, key: string): string | undefined =>
  cloud.world.tags.of("image", imageId).find((tag) => tag.key === key)?.value;

/** Calls the front door and lets the world run until that run has ended. */
export async function request(
  kiln: Deployment,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<RunRecord> {
  const { status, body: answered } = await kiln.call("POST", path, body);
  if (status !== 202) throw new Error(`${path} answered ${status}: ${JSON.stringify(answered)}`);
  const run = String(answered["run"]);
  const record = (): RunRecord | undefined => kiln.record(run);
  const ended = (): boolean => {
    const now = record();
    return now !== undefined && hasEnded(now);
  };
  await kiln.cloud.settle({ until: ended, forMs: hours(4) });
  const found = record();
  if (found === undefined || !hasEnded(found))
    throw new Error(`${run} has not ended: ${JSON.stringify(found)}`);
  await kiln.cloud.settle({ forMs: minutes(1) });
  return found;
}

/** Bakes and promotes one image more; `n` makes its recipe another one. Answers the promotion and the image. */
export async function release(
  kiln: Deployment,
  n: number,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly promotion: RunRecord | undefined; readonly imageId: string }> {
  const runs = await bakeAndPromote(kiln, recipeText({ description: `number ${n}`, ...changes }));
  const bake = runs.find(({ kind }) => kind === "bake");
  return {
    promotion: runs.find(({ kind }) => kind === "promote"),
    imageId: String(bake?.result?.["imageId"]),
  };
}

/** As `release`, of a machine that is there already and without a test machine: for tests of what comes after. */
export async function quickRelease(
  kiln: Deployment,
  n: number,
  changes: Readonly<Record<string, unknown>> = {},
): ReturnType<typeof release> {
  const source = { instance: { id: await goldenOf(kiln), stop: false } };
  return release(kiln, n, { source, provision: [], test: { skip: true }, ...changes });
}

const golden = new WeakMap<Deployment, string>();

/** A machine a person made, one for each world. */
async function goldenOf(kiln: Deployment): Promise<string> {
  const known = golden.get(kiln);
  if (known !== undefined) return known;
  const { InstanceIdSets } = await kiln.ecs<{ InstanceIdSets: { InstanceIdSet: string[] } }>("RunInstances", {
    ImageFamily: "acs:alibaba_cloud_linux_3_2104_lts_x64",
    InstanceType: "ecs.g7.large",
    "SystemDisk.Category": "cloud_essd",
    VSwitchId: "vsw-hangzhou-h",
    SecurityGroupId: "sg-default0001",
  });
  const [id = ""] = InstanceIdSets.InstanceIdSet;
  await kiln.cloud.settle({ forMs: minutes(1) });
  golden.set(kiln, id);
  return id;
}
