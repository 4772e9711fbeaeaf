import { readFileSync } from "node:fs";
import { join } from "node:path";
import { minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { accepted, ended } from "../support/runs.ts";
import { machines } from "../support/world.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/fleets");
const example = (name: string): string => readFileSync(join(EXAMPLES, `${name}.yaml`), "utf8");
const BY_ONE = { via: "CreateInstance", launch: { InternetMaxBandwidthOut: 5 } };

test("the pay-as-you-go example: created, addressed, started, running and verified", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/elastic.yaml", example("elastic"));
  const record = await scaleOut(kiln, { count: 2 }, "elastic");
  expect(record).toMatchObject({
    state: "done",
    result: { count: 2, launched: 2, images: { "m-web-1": 2 } },
  });
  for (const instance of machines(kiln)) {
    expect(instance).toMatchObject({ status: "Running", imageId: "m-web-1", chargeType: "PostPaid" });
    expect(instance.publicIp).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  }
  for (const action of ["CreateInstance", "AllocatePublicIpAddress", "StartInstance"])
    expect(kiln.cloud.callLog.count({ action })).toBe(2);
});

test("the subscription example charges for a month and runs", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/subscription.yaml", example("subscription"));
  const before = kiln.cloud.world.balance;
  const record = await scaleOut(kiln, { count: 1 }, "subscription");
  expect(record).toMatchObject({ state: "done", result: { count: 1 } });
  expect(machines(kiln)).toMatchObject([{ status: "Running", chargeType: "PrePaid" }]);
  expect(kiln.cloud.world.balance).toBeLessThan(before);
});

test("a subscription that its fleet does not allow is not launched", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", example("subscription").replace("allowSubscription: true", ""));
  const record = await scaleOut(kiln, { count: 1 });
  expect(record.state).toBe("failed");
  expect(record.reason).toContain(
    'launch.InstanceChargeType: must be PostPaid (it is "PrePaid"); a subscription charges the account at once, write allowSubscription: true to allow it',
  );
  expect(machines(kiln)).toEqual([]);
});

test("without bandwidth no address is allocated", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ via: "CreateInstance" }));
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ count: 1 });
  expect(kiln.cloud.callLog.count({ action: "AllocatePublicIpAddress", status: 200 })).toBe(0);
});

test("with every event delivered twice and every answer lost once, each instance is created once", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText(BY_ONE));
  kiln.cloud.fc.duplicate(() => true);
  for (const action of ["CreateInstance", "AllocatePublicIpAddress", "StartInstance"]) {
    kiln.cloud.faults.add({ product: "ecs", action, kind: "after", when: (_, n) => n === 0 });
  }
  const record = await scaleOut(kiln, { count: 3 });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(record.result).toMatchObject({ count: 3, launched: 3 });
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Running", "Running", "Running"]);
});

test("an offering without capacity is left for the next, one instance at a time", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText(BY_ONE));
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 1);
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-i", 0);
  const record = await scaleOut(kiln, { count: 2 });
  expect(record.result).toMatchObject({ count: 2 });
  expect(machines(kiln).map(({ type }) => type.id)).toEqual(["ecs.g7.large", "ecs.c7.large"]);
});

test("an instance that cannot be started is released, and the others are launched", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ via: "CreateInstance" }));
  kiln.cloud.faults.add({
    product: "ecs",
    action: "StartInstance",
    kind: "before",
    fault: new CloudFault(403, "InstanceLockedForSecurity", "The instance is locked."),
    when: (_, n) => n === 0,
  });
  const record = await scaleOut(kiln, { count: 2 });
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(record.result).toMatchObject({ asked: 2, count: 1, short: 1 });
  expect(record.result?.["why"]).toMatch(
    /^i-\w+ was created and would not start: ecs StartInstance answered/,
  );
  expect(machines(kiln)).toHaveLength(1);
});

test("a cancelled run releases the instances that were never started", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ via: "CreateInstance" }));
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 5 });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 2, forMs: minutes(5) });
  await accepted(kiln, `/runs/${run}/cancel`, {});
  const record = await ended(kiln, run);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(record).toMatchObject({ state: "cancelled", reason: expect.stringContaining("cancelled by ci") });
  expect(machines(kiln).filter(({ status }) => status !== "Running")).toEqual([]);
});

test("a subscription that was never started cannot be released, and the record says so", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", example("subscription"));
  kiln.cloud.faults.add({
    product: "ecs",
    action: "StartInstance",
    kind: "before",
    fault: new CloudFault(403, "InstanceLockedForSecurity", "The instance is locked."),
  });
  const record = await scaleOut(kiln, { count: 1 });
  const [instance] = machines(kiln);
  expect(instance?.status).toBe("Stopped");
  expect(record.reason).toContain(
    `${instance?.instanceId}: a subscription is paid to its end and cannot be released; start it or let it be refunded in the console`,
  );
});

for (const via of ["RunInstances", "CreateInstance"] as const) {
  test(`a fleet hands out roles named kiln-… by ${via}, and any other is refused with what to do`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy();
    const fleet = (RamRoleName: string) => fleetText({ via, launch: { RamRoleName } });
    await kiln.upload("fleets/web.yaml", fleet("AdministratorRole"));
    const refused = await scaleOut(kiln, { count: 1 });
    expect(refused.state).toBe("failed");
    expect(refused.reason).toContain(`${via} answered InvalidUser.PassRoleForbidden`);
    expect(refused.reason).toContain("launch.RamRoleName AdministratorRole: ");
    expect(machines(kiln)).toEqual([]);
    await kiln.upload("fleets/web.yaml", fleet("kiln-web"));
    expect(await scaleOut(kiln, { count: 1, key: "renamed" })).toMatchObject({ state: "done" });
    expect(machines(kiln)).toMatchObject([{ ramRoleName: "kiln-web" }]);
  });
}
