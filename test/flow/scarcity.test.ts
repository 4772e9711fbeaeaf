/** What had no stock a moment ago is tried last, for a while. */
import { minutes } from "../../shared/duration.ts";
import type { Deployment } from "../deployment.ts";
import { fleetText, scaleOut, test } from "./fleet.ts";

const LAUNCH = { VSwitchId: "vsw-hangzhou-h" };
const SPOT = { SpotStrategy: "SpotAsPriceGo" };

/** Tells the types and payments launch calls asked for since the last look, refused ones too. */
function watch(kiln: Deployment): () => string[] {
  let seen = 0;
  return () => {
    const calls = kiln.cloud.calls.slice(seen).filter(({ action }) => action === "RunInstances");
    seen = kiln.cloud.calls.length;
    return calls.map(({ params }) => `${params["InstanceType"]} ${params["SpotStrategy"]}`);
  };
}

test("a rung without stock is tried last for ten minutes, and first again after that", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const tried = watch(kiln);
  await kiln.upload("fleets/web.yaml", fleetText({ launch: LAUNCH }));
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  await scaleOut(kiln, { count: 1, key: "first" });
  expect(tried()).toEqual(["ecs.g7.large NoSpot", "ecs.c7.large NoSpot"]);
  await scaleOut(kiln, { count: 1, key: "second" });
  expect(tried()).toEqual(["ecs.c7.large NoSpot"]);
  const plan = await scaleOut(kiln, { count: 1, key: "rehearsed", dryRun: true });
  expect(plan.result?.["ladder"]).toEqual(["ecs.c7.large in vsw-hangzhou-h: the cloud would launch it"]);
  tried();
  // Last is not never: where nothing else has room it is asked again.
  kiln.cloud.world.stock("ecs.c7.large", "cn-hangzhou-h", 0);
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", null);
  expect((await scaleOut(kiln, { count: 1, key: "third" })).result).toMatchObject({ count: 1 });
  expect(tried()).toEqual(["ecs.c7.large NoSpot", "ecs.g7.large NoSpot"]);
  await kiln.cloud.settle({ forMs: minutes(11) });
  await scaleOut(kiln, { count: 1, key: "later" });
  expect(tried()).toEqual(["ecs.g7.large NoSpot"]);
});

test("a scarce spot rung goes behind other spot rungs, never behind what costs more", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const tried = watch(kiln);
  await kiln.upload("fleets/web.yaml", fleetText({ launch: { ...LAUNCH, ...SPOT } }));
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  await scaleOut(kiln, { count: 1, key: "first" });
  expect(tried()).toEqual(["ecs.g7.large SpotAsPriceGo", "ecs.c7.large SpotAsPriceGo"]);
  kiln.cloud.world.stock("ecs.c7.large", "cn-hangzhou-h", 0);
  await scaleOut(kiln, { count: 1, key: "second" });
  expect(tried()).toEqual([
    "ecs.c7.large SpotAsPriceGo",
    "ecs.g7.large SpotAsPriceGo",
    "ecs.g7.large NoSpot",
    "ecs.c7.large NoSpot",
  ]);
});
