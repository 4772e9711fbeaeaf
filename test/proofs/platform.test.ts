/** Runs under a platform that keeps none of its optional promises (HOST-1 to HOST-4). */
import { days, hours, minutes, seconds } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { bothRuns, ENDED, recipeText, statesOf } from "../support/recipes.ts";
import { accepted, ended } from "../support/runs.ts";
import { lastReport, leftovers, machines, ownImages, served } from "../support/world.ts";

/** Everything that workflows were invoked for. */
const invocations = ({ cloud }: Deployment, name = "") =>
  cloud.fc.invocations.filter(
    (one) => one.function.startsWith(`kiln-${name}`) && !one.function.endsWith("janitor"),
  );

for (const [name, taskIds] of [
  ["forgotten at once", { rememberedMs: 0 }],
  ["forgotten after a minute", { rememberedMs: minutes(1) }],
  [
    "shared by all functions, and half of them used by another deployment",
    { scope: "account", isUsed: (id: string) => /^\w+-web-.*[02468]$/.test(id) },
  ],
] as const) {
  test(`task ids that are ${name} change nothing, with every event delivered twice`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy({ fc: { taskIds, timers: ["resend"] } });
    kiln.cloud.fc.duplicate(() => true);
    // An event that counts as used waits for the resend timer.
    const test = { commands: ["systemctl is-active nginx"], timeout: "4h" };
    expect(statesOf(await bothRuns(kiln, hours(12), { test }))).toEqual(ENDED);
    // One builder and one test instance.
    expect(kiln.cloud.world.launched).toBe(2);
    expect(leftovers(kiln)).toEqual([]);
    await kiln.upload("fleets/web.yaml", fleetText());
    const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
    expect((await ended(kiln, run)).result).toMatchObject({ asked: 2, count: 2 });
    expect(kiln.cloud.world.launched).toBe(4);
  });
}

test("a platform that ignores delays: a bake with promotion takes no more than 60 invocations", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  kiln.cloud.fc.configure({ delayFactor: 0 });
  expect(statesOf(await bothRuns(kiln))).toEqual(ENDED);
  expect(invocations(kiln).length).toBeLessThanOrEqual(60);
  expect(leftovers(kiln)).toEqual([]);
});

test("a platform that ignores delays: a promotion that waits for days costs 30 invocations a day", async ({
  deploy,
  expect,
}) => {
  const env = {
    KILN_WEBHOOK_URL: "https://kiln.example.com",
    KILN_APPROVAL_SECRET: "approval-secret-0123456789",
    KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: "http://127.0.0.1:1/" } }),
  };
  const kiln = await deploy({ env, fc: { timers: ["resend"] } });
  kiln.cloud.fc.configure({ delayFactor: 0 });
  const notify = [{ channel: "ops", events: ["promoted"] }];
  const promote = { approval: { within: "7d" } };
  await kiln.upload("recipes/web.yaml", recipeText({ notify, promote }));
  await kiln.cloud.settle({ until: () => kiln.records("promote")[0]?.phase === "approve", forMs: hours(6) });
  await kiln.cloud.settle({ forMs: hours(1) });
  const before = invocations(kiln, "promote").length;
  await kiln.cloud.settle({ forMs: days(1) });
  expect(invocations(kiln, "promote").length - before).toBeLessThanOrEqual(30);
});

test("after a pause of 30 hours an accepted scale-out fails with its reason and buys nothing; validFor overrides", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  kiln.cloud.faults.add({
    product: "fc",
    action: "InvokeFunction",
    kind: "before",
    fault: new CloudFault(429, "ResourceExhausted", "busy"),
    when: (_, n) => n < 2,
  });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  const { run: patient } = await accepted(kiln, "/fleets/web/scale-out", { count: 1, validFor: "2d" });
  kiln.cloud.fc.pause(hours(30));
  await kiln.cloud.settle({ forMs: hours(31) });
  expect(await ended(kiln, run)).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/^it did not start within 30m, so nothing was done/),
  });
  expect((await ended(kiln, patient)).result).toMatchObject({ count: 1 });
  expect(machines(kiln)).toHaveLength(1);
});

test("lost events delay a bake and never end it", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  // Every tenth event of a workflow is lost.
  let count = 0;
  kiln.cloud.fc.lose(({ payload }) => payload.includes('"v":2') && ++count % 10 === 0);
  expect(statesOf(await bothRuns(kiln, hours(12)))).toEqual(ENDED);
  expect(leftovers(kiln)).toEqual([]);
  expect(ownImages(kiln)).toHaveLength(1);
});

for (const during of ["launch", "watch", "capture"])
  test(`an outage of the bucket of 30 minutes in phase ${during} delays a bake by about as much`, async ({
    deploy,
    expect,
  }) => {
    const took = async (outage: boolean) => {
      const kiln = await deploy({ fc: { timers: ["resend"] } });
      await kiln.upload("recipes/web.yaml", recipeText({ test: { skip: true } }));
      const [at] = [kiln.cloud.time.now()];
      await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === during, forMs: hours(1) });
      const ends = kiln.cloud.time.now() + minutes(30);
      if (outage) {
        kiln.cloud.faults.add({
          product: "oss",
          kind: "before",
          fault: new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate."),
          when: () => kiln.cloud.time.now() < ends,
        });
      }
      const over = () => kiln.records("bake")[0]?.state === "done";
      await kiln.cloud.settle({ until: over, forMs: hours(6) });
      expect(over()).toBe(true);
      return kiln.cloud.time.now() - at;
    };
    const extraMs = (await took(true)) - (await took(false));
    expect(extraMs).toBeGreaterThan(minutes(25));
    expect(extraMs).toBeLessThan(minutes(36));
  });

test("ten minutes in which the platform takes no event delay a bake and fail nothing", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("recipes/web.yaml", recipeText({ test: { skip: true } }));
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "watch", forMs: hours(1) });
  const at = kiln.cloud.time.now();
  kiln.cloud.faults.add({
    product: "fc",
    action: "InvokeFunction",
    kind: "before",
    fault: new CloudFault(429, "ResourceExhausted", "busy"),
    when: () => kiln.cloud.time.now() < at + minutes(10),
  });
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.state === "done", forMs: hours(6) });
  expect(kiln.records("bake")[0]?.state).toBe("done");
  expect(kiln.cloud.time.now() - at).toBeLessThan(minutes(30));
});

test("an event that the platform gives up runs later, and its run does not fail", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  let left = 3;
  kiln.cloud.fc.obstruct(({ payload }) => payload.includes('"phase":"watch"') && left-- > 0, 500);
  expect(statesOf(await bothRuns(kiln))).toEqual(ENDED);
  expect(left).toBeLessThan(0);
});

test("a platform that takes no event for hours fails no run; only requests that are too old end", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  const slow = { provision: ["true"], test: { skip: true }, source: { ...JSON.parse(recipeText()).source } };
  slow.source.builder.expireAfter = "12h";
  await kiln.upload("recipes/web.yaml", recipeText(slow));
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "watch", forMs: hours(1) });
  await kiln.upload("fleets/web.yaml", fleetText());
  const ends = kiln.cloud.time.now() + hours(3);
  kiln.cloud.faults.add({
    product: "fc",
    action: "InvokeFunction",
    kind: "before",
    fault: new CloudFault(429, "ResourceExhausted", "busy"),
    when: () => kiln.cloud.time.now() < ends,
  });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  await kiln.cloud.settle({ forMs: minutes(41) });
  expect(kiln.record(run)).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/^it did not start within 30m/),
  });
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.state === "done", forMs: hours(6) });
  expect(kiln.records("bake")[0]?.state).toBe("done");
  expect(kiln.cloud.time.now() - ends).toBeLessThan(minutes(30));
});

test("a nightly bake starts although the bucket is out at its hour", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { timers: ["resend", "nightly"] } });
  kiln.cloud.oss.put(BUCKET, "recipes/web.yaml", recipeText({ test: { skip: true } }));
  // Three o'clock in Shanghai.
  const three = Math.ceil(kiln.cloud.time.now() / days(1)) * days(1) - hours(5);
  const at = three > kiln.cloud.time.now() ? three : three + days(1);
  kiln.cloud.faults.add({
    product: "oss",
    kind: "before",
    fault: new CloudFault(503, "ServiceUnavailable", "busy"),
    when: () => Math.abs(kiln.cloud.time.now() - at - minutes(10)) < minutes(15),
  });
  await kiln.cloud.settle({ forMs: at - kiln.cloud.time.now() + hours(2) });
  const nightly = kiln.records("bake").filter(({ by }) => by === "timer:nightly");
  expect(nightly.map(({ state }) => state)).toEqual(["done"]);
});

test("late duplicates of a run that waits do not multiply", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { taskIds: { rememberedMs: 0 }, timers: ["resend"] } });
  kiln.cloud.world.delays({ imageMs: hours(1) });
  await kiln.upload("recipes/web.yaml", recipeText({ test: { skip: true } }));
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "await-image", forMs: hours(1) });
  await kiln.cloud.settle({ forMs: minutes(20) });
  const before = invocations(kiln, "bake").length;
  for (let n = 0; n < 10; n++) {
    // The event that the newest line answered, again.
    const old = kiln.cloud.fc.events
      .filter(({ payload }) => payload.includes('"phase":"await-image"'))
      .at(-2);
    await kiln.cloud.settle({ forMs: seconds(25) });
    await kiln.invoke("kiln-bake-image", JSON.parse(old?.payload.toString() ?? "{}"));
  }
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.state === "done", forMs: hours(2) });
  expect(kiln.records("bake")[0]?.state).toBe("done");
  expect(invocations(kiln, "bake").length - before).toBeLessThan(40);
});

test.extend({ timers: ["cleanup", "resend"] })(
  "a bake whose log cannot be written for hours keeps its builder, acts once, and goes on when it can be written",
  async ({ kiln, expect }) => {
    const { cloud } = kiln;
    // Long enough for two cleanups to find the builder, the second one when it is an hour old.
    const provision = [{ run: "sleep 3720", timeout: "1h5m" }];
    await kiln.upload("recipes/web.yaml", recipeText({ provision, test: { skip: true } }));
    // The first command waits for the first boot.
    const isProvisioning = () => cloud.callLog.count({ action: "RunCommand", status: 200 }) > 1;
    await cloud.settle({ until: isProvisioning, forMs: minutes(30) });
    const heal = cloud.faults.add({
      product: "oss",
      action: ["AppendObject", "PutObject"],
      kind: "before",
      fault: new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate."),
    });
    const log = () => cloud.oss.get(BUCKET, runKey(kiln.records("bake")[0]?.run ?? ""))?.body.toString();
    const before = log();
    const there = [...cloud.world.instances.keys()];
    expect(there).toHaveLength(1);
    await cloud.settle({ forMs: hours(1) });
    await cloud.settle({ forMs: minutes(50) });
    // The lease of the builder is two hours.
    expect([...cloud.world.instances.keys()]).toEqual(there);
    expect(log()).toBe(before);
    expect(lastReport(kiln).unknown).toEqual([]);
    const acted = cloud.callLog.count({
      action: ["RunCommand", "RunInstances", "StopInstance"],
      status: 200,
    });
    heal();
    await cloud.settle({ forMs: hours(2) });
    expect(kiln.records().map(({ kind, state }) => [kind, state])).toEqual([
      ["bake", "done"],
      ["promote", "done"],
    ]);
    expect(acted).toBe(3);
    expect(cloud.world.launched).toBe(1);
    expect(ownImages(kiln)).toHaveLength(1);
    expect(served(kiln)).toBe(ownImages(kiln)[0]?.imageId);
    expect(leftovers(kiln)).toEqual([]);
  },
);
