/** A fleet of which something cannot be read keeps no other from its turn. */
import { sizeKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { imagesOf, inState, serve } from "../support/sleepers.ts";
import { reconcile, running, sized } from "../support/sized.ts";

const forbidden = new CloudFault(403, "Forbidden.RAM", "User not authorized.");

test("the size of a fleet is kept while the log of another cannot be read, permanently or for a while", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  // By name it comes first.
  await kiln.upload("fleets/a-first.yaml", fleetText({ size: { desired: 1 }, idle: POLICY }));
  const when = ({ key = "" }) => key === sizeKey("a-first");
  const heal = kiln.cloud.faults.add({ product: "oss", action: "GetObject", kind: "before", when });
  await sized(kiln, { size: { desired: 2 } });
  expect(running(kiln)).toHaveLength(2);
  heal();
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(3);
});

test("a promotion refreshes a fleet while the family of another cannot be read", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const refresh = { onPromotion: "refresh" };
  const other = fleetText({ size: { desired: 1 }, idle: POLICY, refresh });
  await kiln.upload("fleets/a-first.yaml", other);
  await sized(kiln, { size: { desired: 1 }, refresh });
  await kiln.upload("fleets/a-first.yaml", other.replace('"family":"web"', '"family":"closed"'));
  const when = (params: object) => JSON.stringify(params).includes("closed");
  const action = "DescribeImageFromFamily";
  kiln.cloud.faults.add({ product: "ecs", action, kind: "before", when, fault: forbidden });
  serve(kiln, "m-web-2");
  await reconcile(kiln);
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-2"]);
});

test("members of a fleet are resumed while those of another cannot be listed", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const hours_ = { timeZone: "Asia/Shanghai", hours: ["daily 09:00-10:00"] };
  const idle = { ...POLICY, action: "stop", resume: true, upDuring: hours_ };
  await kiln.upload("fleets/a-first.yaml", fleetText({ idle }));
  const [one = ""] = await sized(kiln, { size: { desired: 1 }, idle: { ...idle, outside: "stop" } });
  await kiln.invoke("stop-idle", { v: 1, request: "stop-idle", fleet: "web" });
  await kiln.cloud.settle({ until: () => inState(kiln, "Stopped").length === 1 });
  kiln.cloud.world.tag(one, { "kiln:up-during": "daily 00:00-24:00" });
  const when = (params: object) => JSON.stringify(params).includes("a-first");
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeInstances",
    kind: "before",
    when,
    fault: forbidden,
  });
  kiln.cloud.faults.add({
    product: "ecs",
    action: "ListTagResources",
    kind: "before",
    when,
    fault: forbidden,
  });
  await kiln.invoke("stop-idle", { v: 1, request: "resume", fleet: "*" });
  await kiln.cloud.settle({ until: () => running(kiln).length === 1 });
  expect(running(kiln)).toEqual([one]);
});
