/** Runs under a platform that keeps none of its optional promises (HOST-1 to HOST-4). */
import { readFileSync } from "node:fs";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { bakeAndPromote, bothRuns, ENDED, recipeText, statesOf } from "../support/recipes.ts";
import { accepted, answered, ended } from "../support/runs.ts";
import { leftovers, machines, ownImages, served } from "../support/world.ts";

test("healthy steps read nothing under runs/, and the log of a bake is small", async ({ kiln, expect }) => {
  const read: string[] = [];
  kiln.cloud.faults.interleave({
    product: "oss",
    action: ["GetObject", "HeadObject"],
    before: ({ key = "" }) => {
      if (key.startsWith("runs/")) read.push(key);
      return Promise.resolve();
    },
  });
  // Thirty polls.
  const slow = { run: "sleep 800", timeout: "30m" };
  const provision = ["yum install -y nginx", "systemctl enable nginx", slow];
  await bakeAndPromote(kiln, recipeText({ provision }));
  const [promotion] = kiln.records("promote");
  // Of the logs the join reads its own alone, which it asks for the image test (JOIN-5). The list of packages is in an output.
  expect(read.filter((key) => key.endsWith(".jsonl"))).toEqual([runKey(promotion?.run ?? "")]);
  expect(read).toHaveLength(2);
  const [bake] = kiln.records("bake");
  const log = kiln.cloud.oss.get(BUCKET, runKey(bake?.run ?? ""))?.body ?? "";
  expect(log.toString().match(/"kind":"wait"/g)?.length).toBeGreaterThan(30);
  expect(log.length).toBeLessThan(20 * 1024);
});

test("an event replayed alone drives its step, whatever else is in the bucket", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "await-image", forMs: hours(1) });
  const run = kiln.records("bake")[0]?.run ?? "";
  // Rebuilt from the log alone, it is the event that was sent.
  const sent = kiln.cloud.fc.events.findLast(({ payload }) => payload.includes(`"run":"${run}"`));
  const event = JSON.parse(sent?.payload.toString() ?? "{}");
  delete event.dueAt;
  expect(kiln.eventOf(run)).toEqual(event);
});

test("a request is stored before it is answered: it runs although its event is refused, or lost", async ({
  deploy,
  expect,
}) => {
  for (const kind of ["refused", "lost"]) {
    const kiln = await deploy({ fc: { timers: ["resend"] } });
    await kiln.upload("fleets/web.yaml", fleetText());
    if (kind === "lost") kiln.cloud.fc.lose(({ payload }) => payload.includes('"phase":"request"'));
    const heal = kiln.cloud.faults.add({
      product: "fc",
      action: "InvokeFunction",
      kind: "before",
      fault: new CloudFault(429, "ResourceExhausted", "busy"),
      when: () => kind === "refused",
    });
    const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
    expect(kiln.record(run)?.state).toBe("queued");
    const at = kiln.cloud.time.now();
    heal();
    await kiln.cloud.settle({ until: () => kiln.record(run)?.state !== "queued", forMs: hours(1) });
    if (kind === "refused") expect(kiln.cloud.time.now() - at).toBeLessThan(minutes(10));
    expect((await ended(kiln, run)).state, kind).toBe(kind === "refused" ? "done" : "failed");
  }
});

test("a request whose line may or may not be written is answered with 503, and is one run when it is sent again", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.publishImage("web", { imageId: "m-web-1" });
  await kiln.upload("fleets/web.yaml", fleetText());
  const heal = kiln.cloud.faults.add({
    product: "oss",
    action: ["AppendObject", "GetObject"],
    kind: "after",
    when: () => true,
  });
  const body = { count: 1, key: "job-1" };
  const first = await answered(kiln, kiln.call("POST", "/fleets/web/scale-out", body));
  expect(first.status).toBe(503);
  heal();
  await kiln.cloud.settle({ forMs: minutes(1) });
  const second = await answered(kiln, kiln.call("POST", "/fleets/web/scale-out", body));
  expect(second.status).toBe(202);
  expect((await ended(kiln, String(second.body["run"]))).state).toBe("done");
  expect(kiln.records("scale")).toHaveLength(1);
});

test("a 409 that is not about a task id is an error, and the janitor sends the event", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  kiln.cloud.faults.add({
    product: "fc",
    action: "InvokeFunction",
    kind: "before",
    fault: new CloudFault(409, "ConcurrentUpdateError", "the function is being updated"),
    when: (_, n) => n === 0,
  });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  expect((await ended(kiln, run)).state).toBe("done");
});

test("a run that is cancelled before it began ends cancelled, and one that has ended is not cancelled", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const stop = kiln.cloud.faults.add({ product: "fc", action: "InvokeFunction", kind: "before" });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  const cancel = () => answered(kiln, kiln.call("POST", `/runs/${run}/cancel`, {}));
  expect((await cancel()).status).toBe(202);
  stop();
  expect(await ended(kiln, run)).toMatchObject({
    state: "cancelled",
    reason: expect.stringContaining("cancelled by ci"),
  });
  expect(machines(kiln)).toEqual([]);
  expect(await cancel()).toMatchObject({ status: 409, body: { error: `run ${run} is over: cancelled` } });
});

for (const [phase, action, kind] of [
  ["launch", "RunInstances", "bake"],
  ["capture", "CreateImage", "bake"],
  ["launch", "RunInstances", "promote"],
] as const) {
  test(`a cancellation between ${action} and its line leaves nothing of the ${kind} behind`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy({ fc: { timers: ["resend"] } });
    let cancelled: Promise<unknown> | undefined;
    const run = () => kiln.records(kind)[0]?.run ?? "";
    kiln.cloud.faults.interleave({
      product: "ecs",
      action,
      after: async () => {
        if (cancelled !== undefined || kiln.records(kind)[0]?.phase !== phase) return;
        cancelled = kiln.call("POST", `/runs/${run()}/cancel`, {});
        await cancelled;
      },
    });
    await kiln.upload("recipes/web.yaml", recipeText());
    const over = () => kiln.records(kind)[0]?.state === "cancelled";
    await kiln.cloud.settle({ until: over, forMs: hours(4) });
    expect(await cancelled).toMatchObject({ status: 202 });
    expect(kiln.record(run())?.state).toBe("cancelled");
    expect(leftovers(kiln)).toEqual([]);
    expect(ownImages(kiln).filter(({ family }) => family !== "")).toEqual([]);
    if (kind === "bake") expect(ownImages(kiln)).toEqual([]);
    expect(served(kiln)).toBe("m-web-1");
  });
}

test("a scale-out that is cancelled while it launches ends cancelled, with the instances that are kept", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  let cancelled: Promise<unknown> | undefined;
  kiln.cloud.faults.interleave({
    product: "ecs",
    action: "RunInstances",
    after: async () => {
      cancelled ??= kiln.call("POST", `/runs/${run}/cancel`, {});
      await cancelled;
    },
  });
  const record = await ended(kiln, run);
  expect(record).toMatchObject({ state: "cancelled", result: { count: 2, launched: 2 } });
  expect(record.result?.["running"]).toEqual(machines(kiln).map(({ instanceId }) => instanceId));
});

test("an end whose consequences were lost is made good: the image is promoted", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  // The invocation dies after the line of the end.
  kiln.cloud.faults.add({
    product: "oss",
    action: "PutObject",
    kind: "crash",
    when: ({ key = "" }, n) => key.startsWith("open/promote-") && n === 0,
  });
  expect(statesOf(await bothRuns(kiln))).toEqual(ENDED);
  expect(kiln.cloud.oss.list(BUCKET, "open/")).toEqual([]);
});

test("the resend timer reads what is open, however many runs have ended", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  const day = new Date(kiln.cloud.time.now()).toISOString().slice(0, 10);
  for (let n = 0; n < 10_000; n++) {
    const run = `bake-web-${day.replaceAll("-", "")}-${n.toString(16).padStart(12, "0")}`;
    kiln.cloud.oss.put(BUCKET, `runs/${day}/${run}.jsonl`, "{}\n");
  }
  await kiln.upload("fleets/web.yaml", readFileSync("examples/fleets/web.yaml"));
  kiln.cloud.fc.lose(({ payload }) => payload.includes('"phase":"request"'));
  await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  await kiln.cloud.settle({ forMs: minutes(6) });
  const passes = kiln.cloud.fc.invocations.filter((one) => one.function === "kiln-janitor");
  expect(passes.length).toBeGreaterThan(0);
  for (const { calls } of passes) expect(calls.length).toBeLessThan(8);
  await kiln.cloud.settle({ forMs: seconds(1) });
});

test("the resend timer sends nothing of a run that is on its way", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await bakeAndPromote(kiln, recipeText());
  const passes = kiln.cloud.fc.invocations.filter((one) => one.function === "kiln-janitor");
  const sent = passes.flatMap(({ calls }) => calls.filter(({ action }) => action === "InvokeFunction"));
  expect([passes.length > 0, sent]).toEqual([true, []]);
});

test("a promotion that an event sends to its join without an image test moves no family", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await bakeAndPromote(kiln, recipeText());
  const [bake, promotion] = [kiln.records("bake")[0], kiln.records("promote")[0]];
  const joining = kiln.cloud.fc.events.find(
    ({ payload }) => payload.includes('"phase":"preflight"') || payload.includes('"phase":"join"'),
  );
  const before = served(kiln);
  await bakeAndPromote(kiln, recipeText({ description: "two", family: undefined, test: undefined }));
  const untested = ownImages(kiln).find(({ family }) => family === "")?.imageId ?? "";
  const forged = joining?.payload.toString().replaceAll(String(bake?.result?.["imageId"]), untested);
  const run = "promote-web-20260105-0123456789ab";
  const event = JSON.parse(forged?.replaceAll(String(promotion?.run), run) ?? "{}");
  await kiln.invoke("kiln-promote-family", {
    ...event,
    runAt: kiln.cloud.time.now(),
    phaseStartedAt: kiln.cloud.time.now(),
  });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(served(kiln)).toBe(before);
  expect(ownImages(kiln).find(({ imageId }) => imageId === untested)?.family).toBe("");
});

test("a request that its workflow cannot read ends its run at once, with the reason", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  const run = "scale-web-20260105-0123456789ab";
  const at = kiln.cloud.time.now();
  const line = {
    seq: 0,
    kind: "input",
    w: "w",
    at,
    by: "ci",
    due: at,
    input: { v: 1, request: "scale-out", fleet: "web" },
  };
  kiln.cloud.oss.append(BUCKET, runKey(run), `${JSON.stringify(line)}\n`);
  await kiln.upload(`open/${run}`, "{}");
  await kiln.cloud.settle({ forMs: minutes(20) });
  expect(kiln.record(run)).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("count (invalid_type)"),
  });
});

for (const signature of ["fc", "acs3"]) {
  test(`runs go on with invocations signed ${signature}`, async ({ deploy, expect }) => {
    const kiln = await deploy({ env: { KILN_FC_SIGNATURE: signature } });
    await kiln.upload("fleets/web.yaml", fleetText());
    const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
    expect((await ended(kiln, run)).state).toBe("done");
    expect(kiln.cloud.fc.invocations.flatMap(({ logs }) => logs).join("")).not.toContain("signature refused");
  });

  test(`a platform that refuses the signature ${signature} with any code costs each instance one call`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy({ env: { KILN_FC_SIGNATURE: signature } });
    await kiln.upload("fleets/web.yaml", fleetText());
    kiln.cloud.faults.add({
      product: "fc",
      action: "InvokeFunction",
      kind: "before",
      fault: new CloudFault(400, "InvalidArgument", "the request is not understood"),
      when: ({ signature: used = "" }) => used.toLowerCase() === signature,
    });
    for (const key of ["a", "b", "c"]) {
      const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1, key });
      expect((await ended(kiln, run)).state).toBe("done");
    }
    const refusals = kiln.cloud.callLog.count({ product: "fc", action: "InvokeFunction", status: 400 });
    const instances = new Set(kiln.cloud.fc.invocations.map(({ instanceId }) => instanceId));
    expect(refusals).toBeGreaterThan(0);
    expect(refusals).toBeLessThanOrEqual(instances.size);
    expect(kiln.cloud.fc.invocations.length).toBeGreaterThan(2 * instances.size);
  });
}

test("a caller that repeats its request all the time does not hold up its own run", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  let lost = 0;
  kiln.cloud.fc.lose(({ payload }) => payload.includes('"phase":"launch"') && lost++ === 0);
  const body = { count: 1, key: "job-1" };
  const { run } = await accepted(kiln, "/fleets/web/scale-out", body);
  for (let n = 0; n < 8 && kiln.record(run)?.state !== "done"; n++) {
    await kiln.cloud.settle({ forMs: minutes(4) });
    expect((await accepted(kiln, "/fleets/web/scale-out", body)).run).toBe(run);
  }
  expect(kiln.record(run)?.state).toBe("done");
});

test("a marker that is damaged keeps no run from going on", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const stop = kiln.cloud.faults.add({ product: "fc", action: "InvokeFunction", kind: "before" });
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  stop();
  for (const text of ["not json", "[]", '{"seq":"x"}']) {
    kiln.cloud.oss.put(BUCKET, `open/${run}`, text);
    await kiln.cloud.settle({ forMs: minutes(4) });
  }
  expect((await ended(kiln, run)).state).toBe("done");
});

test("a cancellation while a bake releases its builder deletes the image too", async ({ deploy, expect }) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "release", forMs: hours(1) });
  const run = kiln.records("bake")[0]?.run ?? "";
  await answered(kiln, kiln.call("POST", `/runs/${run}/cancel`, {}));
  expect(await ended(kiln, run)).toMatchObject({ state: "cancelled", reason: "cancelled by ci" });
  expect(leftovers(kiln)).toEqual([]);
  expect(ownImages(kiln)).toEqual([]);
});

test("a lock whose holder has a damaged log is free after a day", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const other = "bake-web-20260104-0123456789ab";
  const line = { run: other, at: kiln.cloud.time.now() - hours(25), released: false, w: "w" };
  kiln.cloud.oss.append(BUCKET, "locks/bake-web.jsonl", `${JSON.stringify(line)}\n`);
  kiln.cloud.oss.append(BUCKET, runKey(other), '{"seq":0,"ki');
  await kiln.upload("recipes/web.yaml", recipeText({ test: { skip: true } }));
  await kiln.cloud.settle({
    until: () => kiln.records("bake-web-20260105")[0]?.state === "done",
    forMs: hours(2),
  });
  expect(kiln.records("bake-web-20260105")[0]?.state).toBe("done");
});

test("an end whose notifications cannot be sent is given up after ten sends", async ({ deploy, expect }) => {
  const env = { KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: "http://127.0.0.1:1/" } }) };
  const kiln = await deploy({ env, fc: { timers: ["resend"] } });
  kiln.cloud.faults.add({
    product: "fc",
    action: "InvokeFunction",
    kind: "before",
    fault: new CloudFault(404, "FunctionNotFound", "function 'kiln-notifier' does not exist"),
    when: ({ function: name }) => name === "kiln-notifier",
  });
  await kiln.upload("fleets/web.yaml", fleetText({ notify: ["ops"], family: "none" }));
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(kiln.record(run)?.state).toBe("failed");
  expect(kiln.cloud.oss.list(BUCKET, "open/")).toEqual([]);
});

test("a cancellation in the last phase of a scale-out ends with the instances that are kept", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload(
    "fleets/web.yaml",
    fleetText({ via: "CreateInstance", launch: { HostNames: undefined } }),
  );
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  await kiln.cloud.settle({ until: () => kiln.record(run)?.phase === "finish", forMs: hours(1) });
  await answered(kiln, kiln.call("POST", `/runs/${run}/cancel`, {}));
  const record = await ended(kiln, run);
  expect(record.state).toBe("cancelled");
  expect(record.result?.["running"]).toHaveLength(machines(kiln).length);
  const reservations = kiln.cloud.oss.get(BUCKET, "reservations/web.jsonl")?.body.toString() ?? "";
  expect(reservations.trimEnd().split("\n").at(-1)).toContain('"open":false');
});

test("an event that would not fit into a payload ends its run with the reason, before the first change", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  const provision = Array.from({ length: 3 }, () => `# ${"x".repeat(10_000)}\ntrue`);
  kiln.cloud.oss.put(BUCKET, "recipes/web.yaml", recipeText({ provision }));
  await kiln.cloud.settle({ forMs: hours(2) });
  const VALUE = "x".repeat(40_000);
  const answer = await answered(
    kiln,
    kiln.call("POST", "/recipes/web/bake", { force: true, parameters: { VALUE } }),
  );
  if (answer.status === 202) {
    const record = await ended(kiln, String(answer.body["run"]));
    expect(record).toMatchObject({ state: "failed", reason: expect.stringMatching(/bytes/) });
    expect(record.steps.length).toBeLessThan(4);
  } else expect(answer.status).toBe(400);
});

test("a launch that comes late finds the builder of an earlier attempt by its tags", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  let lost = 0;
  // The instance is launched, and neither the answer nor the next event comes.
  kiln.cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "crash", when: () => lost++ === 0 });
  kiln.cloud.fc.obstruct(({ payload }) => payload.includes('"phase":"launch"') && lost === 1, 429);
  await kiln.upload("recipes/web.yaml", recipeText({ test: { skip: true } }));
  await kiln.cloud.settle({ until: () => lost === 1, forMs: hours(1) });
  await kiln.cloud.settle({ forMs: minutes(16) });
  lost = 2;
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.state === "done", forMs: hours(6) });
  expect(kiln.records("bake")[0]?.state).toBe("done");
  const launches = kiln.cloud.callLog.entries({ action: "RunInstances", status: 200 });
  expect(launches.length).toBeLessThanOrEqual(1);
  expect(kiln.cloud.world.launched).toBe(1);
});
