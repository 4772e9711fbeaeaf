/** After an upgrade: what the version before `kiln:deployment` made is adopted, and nothing of an unknown run is. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { age, IDLE, POLICY } from "../support/idle.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { deploymentsIn, launchTagged, leftovers, machines } from "../support/world.ts";

const KEY = "kiln:deployment";
const ABROAD = "cn-shanghai";

/** Makes everything look as if the previous version had made it. */
async function forgetDeployments(kiln: Deployment): Promise<void> {
  const { instances, images, snapshots } = kiln.cloud.world;
  const untag = (ResourceType: string, id: string, RegionId: string) =>
    kiln.ecs("UntagResources", { RegionId, ResourceType, "ResourceId.1": id, "TagKey.1": KEY });
  for (const { instanceId, regionId } of instances.values()) await untag("instance", instanceId, regionId);
  for (const { imageId, regionId, ownerAlias } of images.values())
    if (ownerAlias === "self") await untag("image", imageId, regionId);
  for (const { snapshotId, regionId } of snapshots.values()) await untag("snapshot", snapshotId, regionId);
}

async function cleanUp(kiln: Deployment): Promise<Readonly<Record<string, unknown>>> {
  const before = kiln.cloud.fc.invocations.length;
  await kiln.invoke("kiln-janitor", { v: 1, request: "cleanup" });
  await kiln.cloud.settle({ forMs: minutes(2) });
  const run = kiln.cloud.fc.invocations.slice(before).find(({ function: name }) => name === "kiln-janitor");
  return JSON.parse(run?.result ?? "{}");
}

test("a cleanup adopts images, copies, snapshots, members and builders of runs with a record here, once", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await bakeAndPromote(kiln, recipeText({ family: "shop", promote: { regions: [ABROAD] } }), "shop");
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  const launched = await scaleOut(kiln, { count: 2 });
  await forgetDeployments(kiln);
  const builder = await launchTagged(kiln, { "kiln:run": launched.run, "kiln:role": "builder" });
  const elsewhere = { "kiln:run": "scale-web-20260105-0123456789ab" };
  const unknown = [
    await launchTagged(kiln, { ...elsewhere, "kiln:role": "member", "kiln:fleet": "web" }),
    await launchTagged(kiln, { ...elsewhere, "kiln:role": "builder" }),
    await launchTagged(kiln, { "kiln:run": "by-hand", "kiln:role": "member", "kiln:fleet": "web" }),
    await launchTagged(kiln, {}),
  ];
  const dry = { v: 1, request: "cleanup", dryRun: true };
  await kiln.invoke("kiln-janitor", dry);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(new Set(Object.values(deploymentsIn(kiln)))).toEqual(new Set([undefined]));
  const own = Object.keys(deploymentsIn(kiln)).filter((id) => !unknown.includes(id));
  // Two members, the builder, an image, its copy and its snapshot.
  expect(own).toHaveLength(6);
  expect(await cleanUp(kiln)).toMatchObject({ adopted: 6, failures: [] });
  const after = deploymentsIn(kiln);
  expect(own.map((id) => after[id])).toEqual(own.map(() => BUCKET));
  expect(unknown.map((id) => after[id])).toEqual(unknown.map(() => undefined));
  expect(await cleanUp(kiln)).toMatchObject({ adopted: 0 });
  // The run of the builder is done.
  await kiln.cloud.settle({ forMs: minutes(40) });
  await cleanUp(kiln);
  expect(machines(kiln).map(({ instanceId }) => instanceId)).not.toContain(builder);
  expect(machines(kiln).map(({ instanceId }) => instanceId)).toEqual(expect.arrayContaining(unknown));
});

test("until they are adopted, members count against the limits and are neither stopped nor woken", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const fleet = { limits: { max: 2 }, idle: POLICY, wake: true };
  await kiln.upload("fleets/web.yaml", fleetText(fleet));
  await scaleOut(kiln, { count: 2 });
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  age(kiln, hours(5));
  await forgetDeployments(kiln);
  expect((await scaleOut(kiln, { count: 1 })).reason).toContain("limit max 2: 2 running");
  const check = async () => ended(kiln, (await accepted(kiln, "/fleets/web/stop", {})).run);
  await check();
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Running", "Running"]);
  await cleanUp(kiln);
  await check();
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Stopped", "Stopped"]);
  await forgetDeployments(kiln);
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ launched: 1, woken: 0 });
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Stopped", "Stopped", "Running"]);
});

test("an image of the previous version is what nothing changed since, once it is adopted", async ({
  kiln,
  expect,
}) => {
  const [bake] = await bakeAndPromote(kiln, recipeText({ test: { skip: true } }));
  await forgetDeployments(kiln);
  await cleanUp(kiln);
  const again = await request(kiln, "/recipes/web/bake");
  expect(again.result?.["note"]).toContain(`nothing changed since ${String(bake?.result?.["imageId"])}:`);
});

test("a bake, a promotion and a scale-out of the previous version that are under way go on to their end", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const at = async (kind: string, phase: string): Promise<void> => {
    const isThere = () => kiln.records(kind).at(-1)?.phase === phase;
    await kiln.cloud.settle({ until: isThere, forMs: hours(2) });
    expect(isThere(), `${kind} ${phase}`).toBe(true);
    await forgetDeployments(kiln);
  };
  await kiln.upload("recipes/shop.yaml", recipeText({ family: "shop", promote: { regions: [ABROAD] } }));
  for (const phase of ["boot", "watch", "stop", "await-image", "release"]) await at("bake", phase);
  for (const phase of ["boot", "watch", "reboot", "release", "await-copies", "join", "deprecate"])
    await at("promote", phase);
  await kiln.upload("fleets/web.yaml", fleetText({ via: "CreateInstance" }));
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  for (const phase of ["start", "verify"]) await at("scale", phase);
  expect((await ended(kiln, run)).result).toMatchObject({ count: 2, launched: 2 });
  await kiln.cloud.settle({ forMs: minutes(5) });
  const ends = kiln.records().map(({ kind, state, reason }) => [kind, reason ?? state]);
  expect(ends).toEqual([
    ["bake", "done"],
    ["promote", "done"],
    ["scale", "done"],
  ]);
  expect(leftovers(kiln)).toEqual([]);
});
