/** The version before the run log is replaced while runs are under way (shared/workflow/previous-version.ts). */
import { hours, minutes } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { recipeText } from "../support/recipes.ts";
import { accepted, ended } from "../support/runs.ts";
import { attemptIdentity, runId } from "../../shared/workflow/run-id.ts";
import { leftovers, machines, ownImages, served } from "../support/world.ts";

const POSITIONAL = new Set(["position", "dueAt", "early"]);

/** The event of a run as the version before would have it in the queue, with its record and its lock in the bucket. */
function asBefore(kiln: Deployment, run: string): Record<string, unknown> {
  const { oss } = kiln.cloud;
  const event = Object.entries(kiln.eventOf(run) ?? {}).filter(([key]) => !POSITIONAL.has(key));
  const at = new Date(kiln.cloud.time.now()).toISOString();
  const record = { v: 1, run, state: "running", by: "test", beganAt: at, updatedAt: at };
  for (const prefix of [runKey(run), "locks/", "open/"])
    for (const { key } of oss.list(BUCKET, prefix)) oss.delete(BUCKET, key);
  oss.put(BUCKET, runKey(run).replace(".jsonl", ".json"), JSON.stringify(record));
  const lock = { n: 1, run, at: kiln.cloud.time.now(), released: false };
  oss.put(BUCKET, "claims/bake-web/999999998.json", JSON.stringify(lock));
  return { ...Object.fromEntries(event), v: 1, history: [{ phase: "plan", at: 0 }] };
}

for (const phase of ["launch", "watch", "await-image"]) {
  test(`a bake that is in phase ${phase} during the upgrade goes on and is promoted`, async ({
    deploy,
    expect,
  }) => {
    // The version before has used task ids of its own, and nothing has to be sent again.
    const kiln = await deploy({
      fc: { taskIds: { rememberedMs: 0, isUsed: (id) => /^\w+-web-\d{8}-\w{12}-\d+$/.test(id) } },
    });
    await kiln.upload("recipes/web.yaml", recipeText());
    await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === phase, forMs: hours(1) });
    const run = kiln.records("bake")[0]?.run ?? "";
    const before = asBefore(kiln, run);
    // The events of the version before that are delivered with and after it.
    const end = {
      v: 1,
      request: "end",
      event: { run, seq: 9 },
      completion: { kind: "failed", reason: "", send: [] },
    };
    for (const event of [before, before, end]) await kiln.invoke("kiln-bake-image", event);
    await kiln.cloud.settle({ until: () => kiln.records("promote")[0]?.state === "done", forMs: hours(6) });
    await kiln.cloud.settle({ forMs: minutes(10) });
    expect(
      kiln
        .records()
        .map(({ kind, state }) => `${kind} ${state}`)
        .toSorted(),
    ).toEqual(["bake done", "promote done"]);
    expect(ownImages(kiln)).toHaveLength(1);
    expect(served(kiln)).toBe(kiln.record(run)?.result?.["imageId"]);
    expect(leftovers(kiln)).toEqual([]);
  });
}

test("a run whose phase is unknown now ends with a reason, and what it made is released", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend", "cleanup"] } });
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "await-image", forMs: hours(1) });
  const run = kiln.records("bake")[0]?.run ?? "";
  await kiln.invoke("kiln-bake-image", { ...asBefore(kiln, run), phase: "settle" });
  expect(await ended(kiln, run)).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/^Kiln was upgraded while this run was under way .* Ask for it again$/),
  });
  await kiln.cloud.settle({ forMs: hours(4) });
  expect(leftovers(kiln)).toEqual([]);
  expect(ownImages(kiln)).toEqual([]);
});

test("a request that was answered before the upgrade is carried out as the same run", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const run = "scale-web-20260105-0123456789ab";
  await kiln.invoke("kiln-scale-out", {
    v: 1,
    request: "scale-out",
    fleet: "web",
    count: 1,
    run,
    by: "webhook:ci",
  });
  expect(await ended(kiln, run)).toMatchObject({ state: "done", by: "webhook:ci", result: { count: 1 } });
});

test("locks, reservations and records of the version before still count", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const { oss, time } = kiln.cloud;
  const other = "bake-web-20260105-0123456789ab";
  const lock = { n: 1, run: other, at: time.now(), released: false };
  oss.put(BUCKET, "claims/bake-web/999999998.json", JSON.stringify(lock));
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kiln.records("bake")[0]?.note).toContain(`is being baked by ${other}`);
  const grant = {
    run: "scale-web-20260105-0123456789ab",
    at: time.now(),
    launches: [2],
    wakes: [],
    open: true,
    short: [],
  };
  oss.put(BUCKET, "ledger/web/999999998.json", JSON.stringify({ v: 1, n: 1, grants: [grant] }));
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  expect((await scaleOut(kiln, { count: 3 })).result).toMatchObject({ count: 1, short: 2 });
  const at = new Date(time.now()).toISOString();
  const record = {
    v: 1,
    run: other,
    state: "failed",
    reason: "it failed",
    by: "ci",
    beganAt: at,
    updatedAt: at,
  };
  oss.put(BUCKET, runKey(other).replace(".jsonl", ".json"), JSON.stringify(record));
  const answer = kiln.call("GET", `/runs/${other}`);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(await answer).toMatchObject({ status: 200, body: { state: "failed", reason: "it failed" } });
});

test("a cancellation and an end that were in the queue take effect", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { taskIds: { rememberedMs: 0 }, timers: ["resend"] } });
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "watch", forMs: hours(1) });
  const run = kiln.records("bake")[0]?.run ?? "";
  const event = asBefore(kiln, run);
  await kiln.invoke("kiln-bake-image", { v: 1, request: "cancel", reason: "cancelled by ci", event });
  expect(await ended(kiln, run)).toMatchObject({ state: "cancelled", reason: "cancelled by ci" });
  expect(leftovers(kiln)).toEqual([]);
  const other = "bake-web-20260105-0123456789ab";
  const request = {
    v: 1,
    request: "promote-image",
    recipe: "web",
    imageId: "m-1",
    family: "web",
    run: "promote-web-20260105-0123456789ab",
    by: other,
  };
  const send = [{ to: "promote-family", taskId: `${other}-promote`, event: request }];
  const completion = { kind: "done", result: { imageId: "m-1" }, send };
  await kiln.invoke("kiln-bake-image", {
    v: 1,
    request: "end",
    event: { run: other, by: "test", seq: 9 },
    completion,
  });
  expect(await ended(kiln, other)).toMatchObject({ state: "done", result: { imageId: "m-1" } });
  // It takes effect, as far as an image that is not there allows.
  expect(await ended(kiln, request.run)).toMatchObject({ state: "failed", by: other });
});

test("the first key log is that of a request of the version before, whose run of yesterday is found", async ({
  deploy,
  expect,
}) => {
  const midnight = Date.UTC(2026, 0, 6);
  const kiln = await deploy({ at: midnight - minutes(20) });
  await kiln.upload("fleets/web.yaml", fleetText());
  const by = "webhook:ci";
  const at = kiln.cloud.time.now();
  // As the version before named it.
  const run = runId("scale", "web", at, attemptIdentity(["key", "ci", "job-1"], 0));
  await kiln.invoke("kiln-scale-out", { v: 1, request: "scale-out", fleet: "web", count: 1, run, by });
  await ended(kiln, run);
  await kiln.cloud.settle({ forMs: midnight + minutes(5) - kiln.cloud.time.now() });
  const body = { count: 1, key: "job-1" };
  expect(await accepted(kiln, "/fleets/web/scale-out", body)).toMatchObject({ run });
  expect(machines(kiln)).toHaveLength(1);
  await kiln.cloud.settle({ forMs: hours(24) });
  expect((await accepted(kiln, "/fleets/web/scale-out", body)).run).not.toBe(run);
});

test("a keyed request of the version before is the same run when it is repeated", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const body = { count: 1, key: "job-1" };
  const { run } = await accepted(kiln, "/fleets/web/scale-out", body);
  await ended(kiln, run);
  const { oss, time, world } = kiln.cloud;
  const at = new Date(time.now()).toISOString();
  oss.delete(BUCKET, runKey(run));
  const record = { v: 1, run, state: "done", result: { count: 1 }, by: "ci", beganAt: at, updatedAt: at };
  oss.put(BUCKET, runKey(run).replace(".jsonl", ".json"), JSON.stringify(record));
  const { launched } = world;
  expect((await accepted(kiln, "/fleets/web/scale-out", body)).run).toBe(run);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(world.launched).toBe(launched);
});
