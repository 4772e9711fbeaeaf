import { hours, minutes, seconds } from "../../shared/duration.ts";
import { reservationsKey } from "../../shared/keys.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { accepted, burst, ended } from "../support/runs.ts";
import { launchTagged, machines, putToSleep, tagsOf, watchMost } from "../support/world.ts";

/** The tags of a member, but for its run. */
const OWN = { "kiln:deployment": BUCKET, "kiln:fleet": "web", "kiln:role": "member" };

for (const seed of [1, 2]) {
  test(`parallel webhooks, each posted twice, never exceed max and fill it exactly (seed ${seed})`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy({ seed });
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 13, perRequest: 3 } }));
    kiln.cloud.fc.duplicate(({ payload }) => payload.length % 3 === seed % 3);
    const most = watchMost(kiln);
    const bodies = Array.from({ length: 10 }, (_, n) => ({ count: 1 + (n % 3), key: `job-${n}` }));
    const runs = await burst(kiln, bodies, 2, 8);
    expect(runs).toHaveLength(10);
    expect(most()).toBe(13);
    expect(machines(kiln).map(({ status }) => status)).toEqual(Array.from({ length: 13 }, () => "Running"));
  });
}

/** A run with two reserved launches: it makes them, and ends, once the fleet was listed for another run. */
function endOnceListed(kiln: Deployment): void {
  const { cloud } = kiln;
  const run = "scale-web-20260105-0123456789ab";
  const reserved = { run, at: cloud.time.now(), launches: [2], wakes: [], short: [] };
  const write = (open: boolean) => {
    const line = { v: 2, grants: [{ ...reserved, open }], w: run };
    cloud.oss.append(BUCKET, reservationsKey("web"), `${JSON.stringify(line)}\n`);
  };
  write(true);
  let listed = false;
  cloud.faults.interleave({
    product: "ecs",
    action: "ListTagResources",
    after: () => {
      listed = true;
    },
  });
  const ending = cloud.faults.interleave({
    product: "oss",
    action: "GetObject",
    when: ({ key }) => listed && key === reservationsKey("web"),
    before: async () => {
      ending();
      const [tags, image] = [{ ...OWN, "kiln:run": run }, { ImageId: "m-web-1" }];
      await launchTagged(kiln, tags, image);
      await launchTagged(kiln, tags, image);
      write(false);
    },
  });
}

test("a run that launches its members and ends while another one is decided on is counted once", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 } }));
  endOnceListed(kiln);
  const { reason } = await scaleOut(kiln, { count: 2 });
  expect(reason).toBe("none of 2 instances: limit max 2: 2 running or on their way");
  expect(machines(kiln)).toHaveLength(2);
});

test("instances that are listed a minute after their launch leave no room for others", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const { cloud } = kiln;
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 } }));
  const young = () =>
    machines(kiln)
      .filter(({ createdAt }) => cloud.time.now() - createdAt < minutes(1))
      .map(({ instanceId }) => instanceId);
  // A list by tags lags: during the call the tags are not there.
  const hidden = new Map<string, Record<string, string>>();
  cloud.faults.interleave({
    product: "ecs",
    action: "ListTagResources",
    before: async () => {
      for (const id of young()) {
        hidden.set(id, tagsOf(kiln, id));
        await kiln.ecs("UntagResources", { ResourceType: "instance", "ResourceId.1": id, All: true });
      }
    },
    after: () => {
      for (const [id, tags] of hidden) cloud.world.tag(id, tags);
      hidden.clear();
    },
  });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  await cloud.settle({ until: () => machines(kiln).length === 2, forMs: minutes(1) });
  await cloud.settle({ forMs: seconds(40) });
  expect(young()).toHaveLength(2);
  const { state } = await scaleOut(kiln, { count: 2, key: "second" });
  expect(state).toBe("failed");
  expect((await ended(kiln, run)).result).toMatchObject({ count: 2 });
  expect(machines(kiln)).toHaveLength(2);
});

test("a request that reaches max is filled up to it, and the record says so", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  const record = await scaleOut(kiln, { count: 2 });
  expect(record.result).toMatchObject({ count: 2 });
  const second = await scaleOut(kiln, { count: 2 });
  expect(second.result).toMatchObject({ asked: 2, count: 1, short: 1 });
  expect(second.result?.["why"]).toBe("limit max 3: 2 running or on their way");
  const third = await scaleOut(kiln, { count: 2 });
  expect(third.reason).toBe("none of 2 instances: limit max 3: 3 running or on their way");
});

test("perHour and perDay count launches, whether the instances still exist or not", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 10, perHour: 3, perDay: 4 } }));
  await scaleOut(kiln, { count: 3 });
  for (const { instanceId } of machines(kiln)) kiln.cloud.world.release(instanceId);
  await kiln.cloud.settle({ forMs: minutes(5) });
  const soon = await scaleOut(kiln, { count: 1 });
  expect(soon.reason).toBe("none of 1 instances: limit perHour 3: 3 used");
  await kiln.cloud.settle({ forMs: hours(2) });
  const later = await scaleOut(kiln, { count: 2 });
  expect(later.result).toMatchObject({ count: 1, short: 1, why: "limit perDay 4: 3 used" });
});

test("the price ceiling counts running and woken instances at the highest price, before the launch", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  // g7.large is 0.62 an hour; the local cloud adds 0.04 for a disk.
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 10, maxPricePerHour: 2 } }));
  const record = await scaleOut(kiln, { count: 5 });
  expect(record.result).toMatchObject({
    asked: 5,
    count: 3,
    short: 2,
    why: "limit maxPricePerHour 2: 0.000 used",
  });
  putToSleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(5) });
  const woken = await scaleOut(kiln, { count: 4 });
  expect(woken.result).toMatchObject({ count: 3, woken: 3, why: "limit maxPricePerHour 2: 0.000 used" });
  const full = await scaleOut(kiln, { count: 1 });
  expect(full.reason).toBe("none of 1 instances: limit maxPricePerHour 2: 1.902 used");
});

/** Disks of a launch template, and how many of five instances fit under 4.5 an hour at 0.62 each plus disks. */
const TEMPLATES: readonly (readonly [disks: string, template: object, launch: object, fit: number])[] = [
  ["no disk", {}, {}, 5],
  ["a small system disk", { "SystemDisk.Category": "cloud_essd", "SystemDisk.Size": 60 }, {}, 5],
  ["a large system disk", { "SystemDisk.Category": "cloud_essd", "SystemDisk.Size": 1000 }, {}, 2],
  ["the size of the system disk alone", { "SystemDisk.Size": 1000 }, {}, 3],
  [
    "the category of a disk whose size the document sets",
    { "SystemDisk.Category": "cloud_essd" },
    { SystemDisk: { Size: 1000 } },
    2,
  ],
  ["data disks", { "DataDisk.1.Category": "cloud_essd", "DataDisk.1.Size": 1000 }, {}, 2],
  [
    "a data disk that the document replaces",
    { "DataDisk.1.Category": "cloud_essd", "DataDisk.1.Size": 1000 },
    { DataDisk: [{ Category: "cloud_essd", Size: 20 }] },
    5,
  ],
  [
    "a disk of the fleet with provisioned IOPS, 0.5 an hour for 5000",
    {},
    { DataDisk: [{ Category: "cloud_auto", Size: 200, ProvisionedIops: 5000 }] },
    3,
  ],
];

for (const [disks, template, launch, fit] of TEMPLATES) {
  test(`the price ceiling counts the disks of a launch template: ${disks}`, async ({ deploy, expect }) => {
    const kiln = await deploy();
    await kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName: "web-tpl", ...template });
    const changes = {
      launch: { LaunchTemplateName: "web-tpl", InstanceType: "ecs.g7.large", ...launch },
      limits: { maxPricePerHour: 4.5 },
    };
    await kiln.upload("fleets/web.yaml", fleetText(changes));
    const rehearsed = await scaleOut(kiln, { count: 5, dryRun: true });
    expect(rehearsed.result, rehearsed.reason).toMatchObject({ launch: fit });
    const record = await scaleOut(kiln, { count: 5, key: "real" });
    expect(record.result, record.reason).toMatchObject({ count: fit });
    expect(machines(kiln)).toHaveLength(fit);
  });
}

test("a price ceiling over disks without a price is refused, in a dry run too", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const disk = { "DataDisk.1.Category": "cloud_essd", "DataDisk.1.SnapshotId": "s-1" };
  await kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName: "web-tpl", ...disk });
  // An empty list is not sent, so it replaces no disk of the template.
  for (const [dryRun, disks] of [
    [true, {}],
    [false, {}],
    [false, { DataDisk: [] }],
  ] as const) {
    const launch = { LaunchTemplateName: "web-tpl", ...disks };
    await kiln.upload("fleets/web.yaml", fleetText({ launch, limits: { maxPricePerHour: 4.5 } }));
    const { state, reason } = await scaleOut(kiln, {
      count: 1,
      dryRun,
      key: `${dryRun}.${Object.keys(disks).length}`,
    });
    expect({ state, reason }).toEqual({
      state: "failed",
      reason:
        "limits.maxPricePerHour of fleet web needs the disks of version 1 of launch template web-tpl, but a data disk in it has no size; give it one, or write launch.DataDisk",
    });
  }
  expect(machines(kiln)).toEqual([]);
});

test("a run that is cancelled before its first launch leaves its headroom to others", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 } }));
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const away = kiln.cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "before" });
  const answer = kiln.call("POST", "/fleets/web/scale-out", { count: 2 });
  await kiln.cloud.settle({ forMs: minutes(2) });
  const run = String((await answer).body["run"]);
  const cancelled = kiln.call("POST", `/runs/${run}/cancel`, {});
  await kiln.cloud.settle({ forMs: 1000 });
  expect(await cancelled).toMatchObject({ status: 202, body: { run, cancelling: true } });
  away();
  const record = await ended(kiln, run);
  expect(record.reason).toContain("none of 2 instances: cancelled by ci");
  expect(kiln.cloud.callLog.count({ action: "RunInstances", status: 200 })).toBe(0);
  expect((await scaleOut(kiln, { count: 2 })).result).toMatchObject({ count: 2 });
});
