/** Members are replaced by those of the image that the family serves, or it is rolled back. */
import { hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { test } from "../support/deploy.ts";
import { scaleOut } from "../support/fleets.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { hasEnded } from "../support/records.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { accepted, ended } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";
import { imagesOf, serve } from "../support/sleepers.ts";
import { HOME, served } from "../support/world.ts";

const SUBSCRIPTION = {
  allowSubscription: true,
  launch: { InstanceChargeType: "PrePaid", Period: 1, PeriodUnit: "Month" },
  idle: { ...POLICY, action: "stop", stoppedMode: "KeepCharging" },
};

async function refresh(kiln: Deployment) {
  const { run } = await accepted(kiln, "/fleets/web/refresh", {});
  await kiln.cloud.settle({ until: () => hasEnded(kiln.record(run)!), forMs: hours(6) });
  return ended(kiln, run);
}

test("a refresh replaces members in batches; the busy and the opted out stay and are named", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [busy = "", kept = ""] = await sized(kiln, {
    size: { min: 3, desired: 4 },
    limits: { max: 5 },
    refresh: { probe: { command: "true" } },
  });
  kiln.cloud.world.load(busy, () => ({ ...IDLE, cpuAverage: 90 }));
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  serve(kiln, "m-web-2");
  await reconcile(kiln);
  expect(imagesOf(kiln, "Running")).toEqual(Array(4).fill("m-web-1"));
  const record = await refresh(kiln);
  expect(record).toMatchObject({ state: "done", result: { image: "m-web-2", ended: 2 } });
  expect(record.result?.["left"]).toHaveLength(2);
  expect(record.result?.["left"]).toEqual(
    expect.arrayContaining([
      expect.stringMatching(`^${busy}: it works`),
      expect.stringMatching(`^${kept}: its tag kiln:keep`),
    ]),
  );
  expect(running(kiln)).toEqual(expect.arrayContaining([busy, kept]));
  // The one that is too many leaves first as soon as it does not work.
  kiln.cloud.world.load(busy, () => IDLE, { fromAt: kiln.cloud.time.now() });
  await kiln.cloud.settle({ forMs: hours(1) });
  await reconcile(kiln);
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-2", "m-web-2", "m-web-2"]);
});

test("an alarm that goes off during the soak rolls back; one that is not there stops before any change", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const members = await sized(kiln, {
    size: { desired: 2 },
    refresh: { canary: { soak: "30m" }, alarms: ["web-errors"] },
  });
  serve(kiln, "m-web-2");
  expect(await refresh(kiln)).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("web-errors"),
  });
  expect(running(kiln)).toEqual(members);
  kiln.cloud.alarms.set("web-errors", "OK");
  const { run } = await accepted(kiln, "/fleets/web/refresh", { key: "again" });
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-1", "m-web-2"]);
  kiln.cloud.alarms.set("web-errors", "ALARM");
  expect(await ended(kiln, run)).toMatchObject({ reason: expect.stringContaining("state ALARM") });
  expect(running(kiln)).toEqual(members);
});

test("a promotion begins the refresh of its fleets at once, without the timer", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const bake = (n: number) =>
    bakeAndPromote(
      kiln,
      recipeText({ family: "api", description: `number ${n}`, test: { skip: true } }),
      "api",
    );
  await bake(1);
  await sized(kiln, { family: "api", size: { desired: 2 }, refresh: { onPromotion: "refresh" } });
  const before = imagesOf(kiln, "Running");
  await bake(2);
  await kiln.cloud.settle({ forMs: hours(1) });
  const image = served(kiln, HOME, "api");
  expect(before).not.toContain(image);
  expect(imagesOf(kiln, "Running")).toEqual([image, image]);
});

test("a refresh of a fleet that launches subscriptions is refused, and a promotion begins none", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { desired: 0 }, refresh: { onPromotion: "refresh" }, ...SUBSCRIPTION });
  await scaleOut(kiln, { count: 1 });
  serve(kiln, "m-web-2");
  await reconcile(kiln);
  expect(kiln.records("refresh-")).toEqual([]);
  expect(await refresh(kiln)).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("launches subscriptions"),
  });
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1"]);
});
