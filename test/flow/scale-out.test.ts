import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { accepted, ended } from "../support/runs.ts";
import { machines, tagsOf } from "../support/world.ts";

test("a request for three ends in three running instances of the family's image, with their tags", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ launch: { Tag: [{ Key: "team", Value: "web" }] } }));
  const record = await scaleOut(kiln, { count: 3 });
  expect(record).toMatchObject({ state: "done", result: { asked: 3, count: 3, launched: 3, woken: 0 } });
  expect(record.result).toMatchObject({ images: { "m-web-1": 3 }, pricePerHour: 1.86 });
  expect(machines(kiln).map(({ status, imageId }) => [status, imageId])).toEqual(
    Array.from({ length: 3 }, () => ["Running", "m-web-1"]),
  );
  for (const { instanceId } of machines(kiln)) {
    expect(tagsOf(kiln, instanceId)).toEqual({
      team: "web",
      "kiln:deployment": BUCKET,
      "kiln:fleet": "web",
      "kiln:role": "member",
      "kiln:run": record.run,
      "kiln:image": "m-web-1",
    });
  }
});

test("two hundred and fifty are launched a hundred a call, each call with its own token and names", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload(
    "fleets/web.yaml",
    fleetText({ limits: { max: 300 }, launch: { InstanceName: "web-[1,4]-kiln" } }),
  );
  const record = await scaleOut(kiln, { count: 250 });
  expect(record.result).toMatchObject({ count: 250, launched: 250 });
  // A call launches at most 100.
  expect(kiln.cloud.callLog.count({ action: "RunInstances", status: 200 })).toBe(3);
  const names = machines(kiln).map(({ name }) => name);
  expect(new Set(names).size).toBe(250);
  expect([names[0], names[249]]).toEqual(["web-0001-kiln", "web-0250-kiln"]);
});

test("the events of a thousand instances stay far below the largest event", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 1000 } }));
  const record = await scaleOut(kiln, { count: 1000 });
  expect(record.result).toMatchObject({ asked: 1000, count: 1000 });
  expect(machines(kiln)).toHaveLength(1000);
  const sizes = kiln.cloud.fc.events.map(({ payload }) => payload.length);
  expect(Math.max(...sizes)).toBeLessThan(8 * 1024);
});

test("a second delivery of every event of a request makes no second instance", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 150 } }));
  kiln.cloud.fc.duplicate(() => true);
  const record = await scaleOut(kiln, { count: 120 });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(record.result).toMatchObject({ count: 120, launched: 120 });
  expect(machines(kiln)).toHaveLength(120);
});

test("a launch whose answer is lost is repeated with the same token, and nothing is launched twice", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  kiln.cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "after", when: (_, n) => n < 2 });
  const record = await scaleOut(kiln, { count: 4 });
  expect(record.result).toMatchObject({ count: 4 });
  expect(machines(kiln)).toHaveLength(4);
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(3);
  expect(kiln.cloud.world.launched).toBe(4);
});

test("a partial launch is kept and the rest uses the next offerings, each with its own token", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 2);
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-i", 0);
  const record = await scaleOut(kiln, { count: 5 });
  expect(record).toMatchObject({ state: "done", result: { count: 5, launched: 5 } });
  expect(record.result?.["why"]).toBe("ecs.g7.large in vsw-hangzhou-i: OperationDenied.NoStock");
  expect(machines(kiln).map(({ type, zoneId }) => `${type.id} ${zoneId}`)).toEqual([
    ...Array.from({ length: 2 }, () => "ecs.g7.large cn-hangzhou-h"),
    ...Array.from({ length: 3 }, () => "ecs.c7.large cn-hangzhou-h"),
  ]);
});

test("spot is tried before on-demand, and the record names what could not be launched", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const launch = {
    InstanceType: "ecs.g7.large",
    VSwitchId: "vsw-hangzhou-h",
    SpotStrategy: "SpotWithPriceLimit",
    SpotPriceLimit: 0.05,
  };
  await kiln.upload("fleets/web.yaml", fleetText({ launch }));
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 3);
  const record = await scaleOut(kiln, { count: 5 });
  expect(machines(kiln).map(({ spot }) => spot.strategy)).toEqual(["NoSpot", "NoSpot", "NoSpot"]);
  expect(record.result).toMatchObject({ asked: 5, count: 3, short: 2 });
  expect(record.result?.["why"]).toBe(
    "ecs.g7.large in vsw-hangzhou-h (spot): InvalidSpotPriceLimit.LowerThanPublicPrice; no instance type and vSwitch is left for 2 more; The spot limit is below the price: raise it or take another type.",
  );
});

test("a request that launched nothing fails with the reason", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload(
    "fleets/web.yaml",
    fleetText({ launch: { InstanceType: "ecs.g7.large", VSwitchId: "vsw-hangzhou-h" } }),
  );
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const record = await scaleOut(kiln, { count: 2 });
  expect(record).toMatchObject({
    state: "failed",
    reason:
      "none of 2 instances: ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock; no instance type and vSwitch is left for 2 more",
  });
});

test("an instance that vanishes after its launch is replaced, and the record says so", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 3 });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 3, forMs: minutes(5) });
  const [lost] = machines(kiln);
  kiln.cloud.world.vanish(lost?.instanceId ?? "");
  const record = await ended(kiln, run);
  expect(record.result).toMatchObject({ count: 3, launched: 3 });
  expect(record.result?.["why"]).toBe(`1 vanished after the launch: ${lost?.instanceId}`);
  expect(machines(kiln)).toHaveLength(3);
});

test("a cloud that loses every launch is not paid without end", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  const over = () => kiln.record(run)?.state === "failed";
  for (let n = 0; n < 20 && !over(); n++) {
    await kiln.cloud.settle({ until: () => machines(kiln).length > 0 || over(), forMs: minutes(10) });
    for (const { instanceId } of machines(kiln)) kiln.cloud.world.vanish(instanceId);
  }
  const record = await ended(kiln, run);
  expect(record.reason).toMatch(
    /^none of 1 instances: .*; 1 were lost again after 3 attempts to replace them$/,
  );
  expect(kiln.cloud.callLog.count({ action: "RunInstances", status: 200 })).toBe(4);
});

test("an instance with an image the family did not serve is released, replaced and not counted", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 2, forMs: minutes(5) });
  const [odd] = machines(kiln);
  if (odd) kiln.cloud.world.useImage(odd.instanceId, "m-other");
  const record = await ended(kiln, run);
  expect(record.result).toMatchObject({ count: 2, launched: 2, images: { "m-web-1": 2 } });
  expect(record.result?.["why"]).toBe(
    `${odd?.instanceId} has image m-other, which family web did not serve; it is released and replaced`,
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(machines(kiln).map(({ imageId }) => imageId)).toEqual(["m-web-1", "m-web-1"]);
});

test("a family that changes during a run gives both images, and the record counts each", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 200 } }));
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 150 });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 100, forMs: minutes(5) });
  await kiln.cloud.settle({ forMs: 1 });
  kiln.cloud.world.publishImage("web", { imageId: "m-web-2" });
  const record = await ended(kiln, run);
  expect(record.result).toMatchObject({ count: 150 });
  const images = Object.entries(record.result?.["images"] ?? {});
  expect(images.map(([image]) => image).toSorted()).toEqual(["m-web-1", "m-web-2"]);
});

test("an edit of a fleet during a run changes the next run only", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("scripts/boot.sh", "#!/bin/sh\necho one\n");
  await kiln.upload(
    "fleets/web.yaml",
    fleetText({ limits: { max: 300 }, launch: { UserData: { object: "scripts/boot.sh" } } }),
  );
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 150 });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 100, forMs: minutes(5) });
  await kiln.upload("scripts/boot.sh", "#!/bin/sh\necho two\n");
  await ended(kiln, run);
  const scripts = machines(kiln).map(({ userData }) => Buffer.from(userData, "base64").toString());
  expect(new Set(scripts)).toEqual(new Set(["#!/bin/sh\necho one\n"]));
});

test("a dry run reports the answer to each offering and changes nothing", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const record = await scaleOut(kiln, { count: 3, dryRun: true });
  expect(record).toMatchObject({
    state: "done",
    result: { dryRun: true, fleet: "web", asked: 3, imageId: "m-web-1", wake: [], launch: 3, short: [] },
  });
  expect(record.result?.["ladder"]).toEqual([
    expect.stringMatching(
      /^ecs\.g7\.large in vsw-hangzhou-h: ecs RunInstances answered OperationDenied\.NoStock/,
    ),
    "ecs.g7.large in vsw-hangzhou-i: the cloud would launch it",
  ]);
  expect(machines(kiln)).toEqual([]);
  expect(kiln.cloud.oss.list("kiln-1234567890123456", "reservations/")).toEqual([]);
});

const refusals: readonly (readonly [
  what: string,
  fleet: string | undefined,
  count: number,
  reason: string,
])[] = [
  ["a missing fleet", undefined, 1, "there is no fleets/web.yaml in bucket kiln-1234567890123456"],
  [
    "more than perRequest",
    fleetText({ limits: { perRequest: 2 } }),
    3,
    "3 instances asked for, limits.perRequest of fleet web is 2; ask for fewer or raise it",
  ],
  [
    "a family without an image",
    fleetText({ family: "nothing" }),
    1,
    "family nothing serves no image in cn-hangzhou; promote one first",
  ],
  [
    "missing user data",
    fleetText({ launch: { UserData: { object: "scripts/none.sh" } } }),
    1,
    "fleet web: launch.UserData: the bucket has no object scripts/none.sh",
  ],
  [
    "a password whose variable is not set",
    fleetText({ passwordFromEnv: "KILN_FLEET_PASSWORD" }),
    1,
    "fleet web: passwordFromEnv: scale-out has no variable KILN_FLEET_PASSWORD; set it in s.yaml and deploy again",
  ],
  [
    "a price ceiling over a launch template",
    fleetText({
      limits: { maxPricePerHour: 1 },
      launch: { InstanceType: undefined, LaunchTemplateId: "lt-1" },
    }),
    1,
    "limits.maxPricePerHour of fleet web needs launch.InstanceType: the price of a launch template's type is not known beforehand",
  ],
];

for (const [what, fleet, count, reason] of refusals) {
  test(`${what}: refused before anything happens, with the reason in the record`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy();
    if (fleet !== undefined) await kiln.upload("fleets/web.yaml", fleet);
    // Not by the webhook, which refuses some of these itself as soon as it knows the document.
    await kiln.invoke("kiln-scale-out", { v: 1, request: "scale-out", fleet: "web", count });
    await kiln.cloud.settle({ forMs: minutes(5) });
    expect(kiln.records("scale")).toMatchObject([{ state: "failed", reason }]);
    const limited = what.includes("perRequest") ? { asked: count, count: 0, limited: true } : undefined;
    expect(kiln.records("scale")[0]?.result).toEqual(limited);
    expect(machines(kiln)).toEqual([]);
    expect(kiln.cloud.oss.list("kiln-1234567890123456", "reservations/")).toEqual([]);
  });
}
