/** A request that is refused half-way keeps its instances, and the record says so. */
import { minutes, seconds } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { accepted, ended } from "../support/runs.ts";
import { machines, putToSleep } from "../support/world.ts";

const BROKE = new CloudFault(403, "InsufficientBalance", "Your account does not have enough balance.");

test("instances launched before a permanent refusal are verified, counted and kept", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 200 } }));
  kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    fault: BROKE,
    when: (_, n) => n > 0,
  });
  const record = await scaleOut(kiln, { count: 150 });
  expect(record).toMatchObject({ state: "done", result: { asked: 150, count: 100, short: 50 } });
  expect(record.result?.["why"]).toMatch(/^ecs RunInstances answered InsufficientBalance/);
});

test("an instance that was created before the next one is refused is started", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ via: "CreateInstance" }));
  kiln.cloud.faults.add({
    product: "ecs",
    action: "CreateInstance",
    kind: "before",
    fault: BROKE,
    when: (_, n) => n > 0,
  });
  const record = await scaleOut(kiln, { count: 3 });
  expect(record).toMatchObject({ state: "done", result: { asked: 3, count: 1, short: 2 } });
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Running"]);
});

test("one instance that cannot be woken is replaced, and the others of its call wake", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  await scaleOut(kiln, { count: 3 });
  const [bad] = machines(kiln);
  putToSleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(5) });
  kiln.cloud.faults.add({
    product: "ecs",
    action: "StartInstances",
    kind: "before",
    fault: new CloudFault(403, "InstanceExpiredOrInArrears", "The instance is in arrears."),
    when: (params) => Object.values(params).includes(bad?.instanceId ?? ""),
  });
  const record = await scaleOut(kiln, { count: 3 });
  expect(record.result).toMatchObject({ asked: 3, count: 3, woken: 2, launched: 1 });
  expect(record.result?.["why"]).toBe(
    "1 stopped could not be started: InstanceExpiredOrInArrears; The instance has expired or its bills are open: pay or release it.",
  );
});

test("the replacement of a woken instance that vanishes needs its own reservation", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  await scaleOut(kiln, { count: 1 });
  const [first] = machines(kiln);
  putToSleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(5) });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  await kiln.cloud.settle({
    until: () => kiln.cloud.callLog.count({ action: "StartInstances", status: 200 }) > 0,
    forMs: minutes(5),
  });
  kiln.cloud.world.vanish(first?.instanceId ?? "");
  const record = await ended(kiln, run);
  expect(record.result).toMatchObject({ count: 1, woken: 0, launched: 1 });
  expect(record.steps.map(({ phase }) => phase).filter((phase) => phase === "reserve")).toHaveLength(2);
});

test("a launch template with an image is refused before anything is changed", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const template = await kiln.ecs<{ LaunchTemplateId: string }>("CreateLaunchTemplate", {
    LaunchTemplateName: "web-base",
    ImageId: "m-web-1",
  });
  await kiln.ecs("CreateLaunchTemplateVersion", { LaunchTemplateName: "web-base", IoOptimized: "optimized" });
  const id = template.LaunchTemplateId;
  const reasons: (string | undefined)[] = [];
  for (const [key, launch] of Object.entries([
    { LaunchTemplateId: id },
    { LaunchTemplateName: "web-base", LaunchTemplateVersion: 1 },
    { LaunchTemplateName: "web-base", LaunchTemplateVersion: 7 },
    { LaunchTemplateName: "web-base", LaunchTemplateVersion: 2 },
  ])) {
    await kiln.upload("fleets/web.yaml", fleetText({ launch }));
    reasons.push((await scaleOut(kiln, { count: 1, key })).reason);
  }
  const carries = (name: string) =>
    `fleet web: version 1 of launch template ${name} carries the image m-web-1, but the family decides; name a version without one`;
  expect(reasons).toEqual([
    carries(id),
    carries("web-base"),
    "fleet web: launch template web-base has no version 7; name one that exists",
    undefined,
  ]);
  expect(machines(kiln)).toHaveLength(1);
});

test("a crash between a loss and its replacement loses neither", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 3 });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 3, forMs: minutes(5) });
  const [lost] = machines(kiln);
  // Its id is on the page, and it has not been checked yet.
  await kiln.cloud.settle({ forMs: seconds(5) });
  kiln.cloud.world.vanish(lost?.instanceId ?? "");
  let struck = 0;
  // The answer of whatever is put into the run's folder after the loss is lost with its function.
  kiln.cloud.faults.add({
    product: "oss",
    action: "PutObject",
    kind: "crash",
    when: ({ key = "" }) => key.includes(`${run}/launch-0`) && struck++ === 0,
  });
  const record = await ended(kiln, run);
  expect(struck).toBeGreaterThan(0);
  expect(record.result).toMatchObject({ asked: 3, count: 3, launched: 3 });
  expect(machines(kiln)).toHaveLength(3);
});

test("no two instances of a fleet get the same host name, in whichever run", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const HostNames = Array.from({ length: 6 }, (_, n) => `web-${n + 1}`);
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 6 }, launch: { HostNames } }));
  const hostNames = () => machines(kiln).map(({ hostName }) => hostName);
  await scaleOut(kiln, { count: 2, key: "one" });
  // Two at the same time.
  const both = [1, 2].map((n) => accepted(kiln, "/fleets/web/scale-out", { count: 1, key: `both-${n}` }));
  for (const { run } of await Promise.all(both)) await ended(kiln, run);
  expect(hostNames().toSorted()).toEqual(["web-1", "web-2", "web-3", "web-4"]);
  const second = machines(kiln).find(({ hostName }) => hostName === "web-2");
  kiln.cloud.world.vanish(second?.instanceId ?? "");
  const record = await scaleOut(kiln, { count: 3, key: "rest" });
  expect(record.result).toMatchObject({ count: 3 });
  expect(hostNames().toSorted()).toEqual(HostNames);
});

test("a lost launch counts against perHour like its replacement", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { perHour: 2 } }));
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1, key: "lost" });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 1, forMs: minutes(5) });
  kiln.cloud.world.vanish(machines(kiln)[0]?.instanceId ?? "");
  expect((await ended(kiln, run)).result).toMatchObject({ count: 1 });
  const record = await scaleOut(kiln, { count: 1, key: "next" });
  expect(record.reason).toBe("none of 1 instances: limit perHour 2: 2 used");
});
