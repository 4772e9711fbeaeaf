/** Fleets whose size is kept: reconcile, resize, scale-in and pause. */
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { scaleOut } from "../support/fleets.ts";
import { IDLE, QUIET } from "../support/idle.ts";
import { request } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";
import { check } from "../support/sleepers.ts";
import { machines } from "../support/world.ts";

test("a fleet has the members it is to have: what vanishes is replaced, and nothing more happens", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [first = "", second = ""] = await sized(kiln, { size: { desired: 3 } });
  expect(running(kiln)).toHaveLength(3);
  const runs = kiln.records().length;
  await reconcile(kiln);
  expect(kiln.records()).toHaveLength(runs);
  kiln.cloud.world.remove(first);
  kiln.cloud.world.lock(second, "Recycling");
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(4);
  kiln.cloud.world.remove(second);
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(3);
});

test("resize launches and ends members; the busy, the young and the opted out stay", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [busy = "", kept = "", idle = ""] = await sized(kiln, { size: { desired: 3 } });
  kiln.cloud.world.load(busy, () => ({ ...IDLE, cpuAverage: 90 }));
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  const grown = await request(kiln, "/fleets/web/resize", { to: 4 });
  expect(grown.result).toMatchObject({ wanted: 4, kind: "launch", count: 1 });
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(4);
  await kiln.cloud.settle({ forMs: minutes(20) });
  const shrunk = await request(kiln, "/fleets/web/resize", { to: 0 });
  expect(shrunk.result).toMatchObject({ wanted: 0, kind: "end", count: 4 });
  await kiln.cloud.settle({ forMs: minutes(20) });
  const child = kiln.record(String(shrunk.result?.["run"]));
  expect(child?.result).toMatchObject({ ended: [idle], because: [expect.stringContaining("idle for 2h")] });
  expect(running(kiln)).toHaveLength(3);
  const { body } = await kiln.api("GET", "/fleets/web");
  expect(body).toMatchObject({ wanted: { min: 0, desired: 0 }, running: 3, stopped: 1 });
});

test("an idle check keeps the fewest that a fleet is to have, and what it stops stays stopped", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { min: 1, desired: 3 } });
  expect((await check(kiln)).result?.["stopped"]).toHaveLength(2);
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(1);
  await request(kiln, "/fleets/web/resize", { to: 2 });
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(2);
  expect(machines(kiln)).toHaveLength(3);
});

test("nothing changes in a paused fleet, whoever asks", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const [one = ""] = await sized(kiln, { size: { desired: 2 } });
  await request(kiln, "/fleets/web/pause", { why: "an audit" });
  expect((await kiln.api("GET", "/fleets")).body["fleets"]).toMatchObject([
    { paused: expect.stringContaining("paused by webhook:ci") },
  ]);
  const launched = await scaleOut(kiln, { count: 1 });
  expect(launched).toMatchObject({ state: "failed", reason: expect.stringContaining("an audit") });
  expect((await check(kiln)).result?.["skipped"]).toContain("paused");
  expect((await request(kiln, "/fleets/web/scale-in", { instances: [one] })).state).toBe("failed");
  kiln.cloud.world.remove(one);
  await reconcile(kiln);
  expect(machines(kiln)).toHaveLength(1);
  await request(kiln, "/fleets/web/unpause");
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(2);
});
