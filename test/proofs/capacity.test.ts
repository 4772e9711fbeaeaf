/** An offering that had no capacity is tried last for a while. */
import { minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";

const LAUNCH = { VSwitchId: "vsw-hangzhou-h" };
const SPOT = { SpotStrategy: "SpotAsPriceGo" };

/** The types and payments of launch calls since the last one of these calls, refused ones included. */
function watch(kiln: Deployment): () => string[] {
  let seen = 0;
  return () => {
    const calls = kiln.cloud.callLog.entries({ action: "RunInstances" });
    const fresh = calls.slice(seen);
    seen = calls.length;
    return fresh.map(({ params }) => `${params["InstanceType"]} ${params["SpotStrategy"]}`);
  };
}

test("an offering without capacity is tried last for ten minutes, and first again after that", async ({
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
  // It is still tried, when no other offering has capacity.
  kiln.cloud.world.stock("ecs.c7.large", "cn-hangzhou-h", 0);
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", null);
  expect((await scaleOut(kiln, { count: 1, key: "third" })).result).toMatchObject({ count: 1 });
  expect(tried()).toEqual(["ecs.c7.large NoSpot", "ecs.g7.large NoSpot"]);
  await kiln.cloud.settle({ forMs: minutes(11) });
  await scaleOut(kiln, { count: 1, key: "later" });
  expect(tried()).toEqual(["ecs.g7.large NoSpot"]);
});

test("a spot offering without capacity is tried after other spot offerings, and before on-demand", async ({
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

test("a lack of public addresses does not change the order of types", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const tried = watch(kiln);
  await kiln.upload("fleets/web.yaml", fleetText({ launch: LAUNCH }));
  const fault = new CloudFault(
    403,
    "InvalidOperation.PublicIpAddressNoStock",
    "No public addresses are left.",
  );
  kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    fault,
    when: (_, n) => n === 0,
  });
  await scaleOut(kiln, { count: 1, key: "first" });
  await scaleOut(kiln, { count: 1, key: "second" });
  expect(tried()).toEqual(["ecs.g7.large NoSpot", "ecs.c7.large NoSpot", "ecs.g7.large NoSpot"]);
});
