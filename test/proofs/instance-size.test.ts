/** Builders and test instances whose recipe names a size in place of types. */
import { hours } from "../../shared/duration.ts";
import { uploaded } from "../support/bakes.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { scaleOut, fleetText } from "../support/fleets.ts";
import { recipeText, statesOf, ENDED, bothRuns } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { callsOf } from "../support/world.ts";

const builder = {
  family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  instance: { vcpu: 2, memoryGiB: 8 },
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
  systemDisk: { sizeGb: 60 },
};
const launchedTypes = (kiln: Deployment) =>
  callsOf(kiln, "RunInstances").map(({ params }) => params["InstanceType"]);

test("the cheapest type of a size that takes the disk is launched, and the next one where it is sold out", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.stock("ecs.g6.large", "cn-hangzhou-h", 0);
  const runs = await bothRuns(kiln, hours(6), { source: { builder } });
  expect(statesOf(runs)).toEqual(expect.arrayContaining(ENDED));
  expect(launchedTypes(kiln)).toEqual(["ecs.g7.large", "ecs.g7.large"]);
  const planned = kiln
    .records("bake")
    .at(-1)
    ?.steps.find(({ phase }) => phase === "plan");
  expect(planned?.note).toMatch(/; instance types ecs\.g6\.large, ecs\.g7\.large, ecs\.g8i\.large$/);

  // The types of its earlier test are no reason to test an image again.
  const wider = recipeText({ source: { builder }, promote: { accounts: ["1000000000000001"] } });
  const delivery = await uploaded(kiln, wider);
  expect(kiln.record(String(delivery?.result?.["promotion"]))?.state).toBe("done");
  expect(launchedTypes(kiln)).toHaveLength(2);

  kiln.cloud.world.stock("ecs.g6.large", "cn-hangzhou-h", null);
  const dry = await request(kiln, "/recipes/web/bake", { dryRun: true, force: true });
  expect(dry.result).toMatchObject({
    launch: { instanceType: "ecs.g6.large" },
    cost: { builder: expect.stringMatching(/CNY an hour/) },
  });
});

test("the architecture is that of the image, and a size that is not sold ends the run before it costs anything", async ({
  kiln,
  expect,
}) => {
  const arm = { ...builder, family: "acs:alibaba_cloud_linux_3_2104_lts_arm64" };
  await kiln.upload("recipes/web.yaml", recipeText({ source: { builder: arm } }));
  const dry = await request(kiln, "/recipes/web/bake", { dryRun: true });
  expect(dry.result).toMatchObject({ launch: { instanceType: "ecs.g8y.large" } });
  const none = { ...builder, instance: { vcpu: 3, memoryGiB: 7.5 } };
  await kiln.upload("recipes/other.yaml", recipeText({ source: { builder: none }, family: "other" }));
  await kiln.cloud.settle({ forMs: hours(1) });
  const failed = kiln.records("bake").find(({ subject }) => subject === "other");
  expect(failed).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(
      /source\.builder\.instance: the cloud sells no x86_64 instance type with 3 vCPUs and 7\.5 GiB/,
    ),
  });
});

test("a fleet launches the cheapest type of its size, under its price ceiling, and another where it is sold out", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const launch = {
    InstanceType: undefined,
    instance: { vcpu: 2, memoryGiB: 8 },
    VSwitchId: ["vsw-hangzhou-h"],
  };
  kiln.cloud.world.stock("ecs.g6.large", "cn-hangzhou-h", 1);
  await kiln.upload("fleets/web.yaml", fleetText({ launch, limits: { maxPricePerHour: 5 } }));
  expect(await scaleOut(kiln, { count: 2 })).toMatchObject({ state: "done" });
  const types = [...kiln.cloud.world.instances.values()].map(({ type }) => type.id);
  expect(types.toSorted()).toEqual(["ecs.g6.large", "ecs.g7.large"]);
  await kiln.upload("fleets/web.yaml", fleetText({ launch, limits: { maxPricePerHour: 0.1 } }));
  const dear = await scaleOut(kiln, { count: 1 });
  expect(dear.result).toMatchObject({ count: 0, limited: true });
});
