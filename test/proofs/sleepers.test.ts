/** A fleet that sleeps and gets new images, round after round: it runs what it is asked for, within its limits. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { days } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { scaleOut } from "../support/fleets.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { quickRelease } from "../support/recipes.ts";
import { burst } from "../support/runs.ts";
import { IDLES, deployed, fallAsleep, imagesOf, inState, serve } from "../support/sleepers.ts";
import { machines, tagsOf, watchMost } from "../support/world.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples/fleets");

test(
  "four rounds of new image, request and sleep: each runs what it asked for, and at most max sleep",
  {
    timeout: 60_000,
  },
  async ({ deploy, expect }) => {
    const kiln = await deploy(QUIET);
    await deployed(kiln);
    const most = watchMost(kiln);
    for (const image of ["m-web-1", "m-web-2", "m-web-3", "m-web-4"]) {
      if (image !== "m-web-1") serve(kiln, image);
      const record = await scaleOut(kiln, { count: 3, key: image });
      expect(record.result).toMatchObject({ count: 3, launched: 3, images: { [image]: 3 } });
      expect(imagesOf(kiln, "Running")).toEqual([image, image, image]);
      expect(inState(kiln, "Stopped").length).toBeLessThanOrEqual(3);
      const slept = await fallAsleep(kiln);
      expect(slept.state).toBe("done");
      expect(slept.result?.["stopped"]).toHaveLength(3);
      expect(imagesOf(kiln, "Stopped")).toEqual([image, image, image]);
      expect(machines(kiln)).toHaveLength(3);
      await kiln.cloud.settle({ forMs: days(1) });
    }
    expect(most()).toBe(3);
  },
);

test(
  "the shipped example bakes, promotes, launches and sleeps for days, and no request finds its fleet full",
  {
    timeout: 90_000,
  },
  async ({ deploy, expect }) => {
    const kiln = await deploy({ ...QUIET, fc: { timers: ["idle-check"] } });
    await kiln.upload("fleets/web.yaml", readFileSync(join(EXAMPLES, "web.yaml"), "utf8"));
    kiln.cloud.world.load(
      () => true,
      () => IDLE,
    );
    const members = (status: string) =>
      inState(kiln, status).filter(({ instanceId }) => "kiln:fleet" in tagsOf(kiln, instanceId));
    for (const day of [1, 2, 3]) {
      const { imageId } = await quickRelease(kiln, day);
      const record = await scaleOut(kiln, { count: 5, key: `day-${day}` });
      expect(record.result).toMatchObject({ count: 5, images: { [imageId]: 5 } });
      await kiln.cloud.settle({ forMs: days(1) });
      expect(members("Running")).toEqual([]);
      expect(members("Stopped").length).toBeLessThanOrEqual(10);
      expect(members("Stopped").filter((one) => one.imageId === imageId)).toHaveLength(5);
    }
  },
);

test("a fleet that does not wake launches every time, and keeps those that fell asleep last", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, wake: false });
  for (const round of [1, 2, 3, 4]) {
    const record = await scaleOut(kiln, { count: 3, key: `round-${round}` });
    expect(record.result).toMatchObject({ count: 3, launched: 3, woken: 0 });
    const fresh = inState(kiln, "Running").map(({ instanceId }) => instanceId);
    await fallAsleep(kiln);
    expect(inState(kiln, "Stopped").map(({ instanceId }) => instanceId)).toEqual(fresh);
    await kiln.cloud.settle({ forMs: days(1) });
  }
});

test("the price ceiling leaves room beside sleepers that do not wake", async ({ deploy, expect }) => {
  for (const wake of [true, false]) {
    const kiln = await deploy(QUIET);
    // Three of 0.66 an hour.
    await deployed(kiln, { ...IDLES, wake, limits: { max: 10, maxPricePerHour: 2 } });
    await scaleOut(kiln, { count: 3 });
    await fallAsleep(kiln);
    if (wake) serve(kiln, "m-web-2");
    const record = await scaleOut(kiln, { count: 4, key: "again" });
    expect(record.result).toMatchObject({
      count: 3,
      launched: 3,
      why: "limit maxPricePerHour 2: 0.000 used",
    });
  }
});

test("a request for more than there is room for wakes first, and what is awake in all is max", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 4 } });
  const most = watchMost(kiln);
  await scaleOut(kiln, { count: 4 });
  await fallAsleep(kiln);
  // One runs, three sleep on the current image; two more of them are on an old one.
  expect((await scaleOut(kiln, { count: 1, key: "one" })).result).toMatchObject({ woken: 1 });
  const second = await scaleOut(kiln, { count: 4, key: "more" });
  expect(second.result).toMatchObject({
    asked: 4,
    count: 3,
    woken: 3,
    launched: 0,
    short: 1,
    why: "limit max 4: 1 running or on their way",
  });
  await fallAsleep(kiln);
  await scaleOut(kiln, { count: 2, key: "two" });
  serve(kiln, "m-web-2");
  const mixed = await scaleOut(kiln, { count: 4, key: "mixed" });
  expect(mixed.result).toMatchObject({ count: 2, woken: 0, launched: 2, short: 2 });
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-1", "m-web-2", "m-web-2"]);
  expect(most()).toBe(4);
});

for (const seed of [1, 2]) {
  test(`parallel requests over sleepers, each twice, run exactly max (seed ${seed})`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy({ ...QUIET, seed });
    await deployed(kiln, { ...IDLES, limits: { max: 7, perRequest: 7 } });
    await scaleOut(kiln, { count: 7 });
    await fallAsleep(kiln);
    if (seed === 1) serve(kiln, "m-web-2");
    // One that could wake has no stock to do so.
    else kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 4);
    kiln.cloud.fc.duplicate(({ payload }) => payload.length % 3 === seed % 3);
    const most = watchMost(kiln);
    const bodies = Array.from({ length: 6 }, (_, n) => ({ count: 1 + (n % 3), key: `job-${n}` }));
    await burst(kiln, bodies, 2, 8);
    expect(most()).toBe(7);
    expect(inState(kiln, "Running")).toHaveLength(7);
  });
}

test("a fleet whose members are all protected stops growing and says why", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 1 }, launch: { DeletionProtection: true } });
  for (const n of [1, 2, 3]) {
    serve(kiln, `m-web-${n}0`);
    expect((await scaleOut(kiln, { count: 1, key: `${n}` })).result).toMatchObject({ launched: 1 });
    await fallAsleep(kiln);
  }
  serve(kiln, "m-web-40");
  expect((await scaleOut(kiln, { count: 1, key: "4" })).reason).toBe(
    "none of 1 instances: limit max 1: 3 exist, most of them stopped and protected from release; release some or raise limits.max",
  );
  expect(machines(kiln)).toHaveLength(3);
});

test("a stopped subscription goes on counting, since it is paid for to its end", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, {
    via: "CreateInstance",
    allowSubscription: true,
    launch: { InstanceChargeType: "PrePaid", Period: 1, PeriodUnit: "Month" },
    limits: { max: 1 },
    idle: { ...POLICY, stoppedMode: "KeepCharging" },
  });
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ count: 1 });
  await fallAsleep(kiln);
  expect(inState(kiln, "Stopped")).toHaveLength(1);
  serve(kiln, "m-web-2");
  expect((await scaleOut(kiln, { count: 1, key: "again" })).reason).toBe(
    "none of 1 instances: limit max 1: 1 running or on their way, 1 of them stopped subscriptions",
  );
  expect(machines(kiln)).toHaveLength(1);
});

test("the host names of sleepers that do not wake go to those that run instead", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await deployed(kiln, { ...IDLES, limits: { max: 2 }, launch: { HostNames: ["one", "two"] } });
  for (const image of ["m-web-1", "m-web-2", "m-web-3"]) {
    if (image !== "m-web-1") serve(kiln, image);
    expect((await scaleOut(kiln, { count: 2, key: image })).result).toMatchObject({ launched: 2 });
    const names = inState(kiln, "Running").map(({ hostName }) => hostName);
    expect(names.toSorted()).toEqual(["one", "two"]);
    await fallAsleep(kiln);
  }
});
