import { minutes, seconds } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { type Answer, BUCKET, type Deployment, readRoles, roleOf, sign } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { json } from "../support/known.ts";
import { accepted, answered, ended } from "../support/runs.ts";
import { raw } from "../support/senders.ts";
import { sendAtOnce } from "../support/sockets.ts";
import { machines } from "../support/world.ts";

const SCALE = "/fleets/web/scale-out";
const call = (kiln: Deployment, ...given: Parameters<Deployment["call"]>): Promise<Answer> =>
  answered(kiln, kiln.call(...given));

test("a request is answered at once with its run, and the same delivery gets the same answer and starts nothing", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const headers = sign("POST", SCALE, '{"count":1}', { at: kiln.cloud.time.now() });
  const startedAt = kiln.cloud.time.now();
  const first = await call(kiln, "POST", SCALE, { count: 1 }, headers);
  expect(kiln.cloud.time.now() - startedAt).toBeLessThan(seconds(1));
  const run = String(first.body["run"]);
  expect(first).toEqual({ status: 202, body: { run, status: `/runs/${run}` } });
  const repeated = { ...first, body: { ...first.body, repeated: true } };
  expect(await call(kiln, "POST", SCALE, { count: 1 }, headers)).toEqual(repeated);
  await ended(kiln, run);
  expect(await call(kiln, "POST", SCALE, { count: 1 }, headers)).toEqual(repeated);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toHaveLength(1);
  expect(kiln.records()).toHaveLength(1);
});

test("requests with the same key are the same run, however often they are signed, over midnight too", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 23, 55) });
  await kiln.upload("fleets/web.yaml", fleetText());
  const first = await accepted(kiln, SCALE, { count: 1, key: "job-1" });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(await accepted(kiln, SCALE, { count: 1, key: "job-1" })).toEqual(first);
  expect((await accepted(kiln, SCALE, { count: 1, key: "job-2" })).run).not.toBe(first.run);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toHaveLength(2);
});

test("the same key with another body is refused and does nothing; of another action it is another request", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ size: { desired: 0 } }));
  const key = "job-1";
  await accepted(kiln, SCALE, { count: 1, key });
  const other = await call(kiln, "POST", SCALE, { count: 5, key });
  expect(other).toMatchObject({
    status: 409,
    body: { error: expect.stringMatching(/^key: .*or another key$/) },
  });
  const paused = await accepted(kiln, "/fleets/web/pause", { key });
  expect((await accepted(kiln, "/fleets/web/unpause", { key })).run).not.toBe(paused.run);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toHaveLength(1);
});

test("a key log that is damaged keeps no request from its run, around midnight too", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ at: Date.UTC(2026, 0, 5, 23, 55) });
  await kiln.upload("fleets/web.yaml", fleetText());
  const { run } = await accepted(kiln, SCALE, { count: 1, key: "job-1" });
  const { oss } = kiln.cloud;
  const [log] = oss.list(BUCKET, "runs/keys/");
  if (log === undefined) throw new Error("no key log");
  for (const text of ["half a li", "not json\n", '{"at":"x"}\n']) {
    oss.put(BUCKET, log.key, text);
    expect((await accepted(kiln, SCALE, { count: 1, key: "job-1" })).run).toBe(run);
    await kiln.cloud.settle({ forMs: minutes(5) });
  }
  expect(machines(kiln)).toHaveLength(1);
});

test("requests with the same key at the same time, on both sides of midnight, are the same run", async ({
  deploy,
  expect,
}) => {
  const midnight = Date.UTC(2026, 0, 6);
  const kiln = await deploy({ at: midnight - minutes(1), fc: { overlapMs: 1 } });
  await kiln.upload("fleets/web.yaml", fleetText());
  await kiln.cloud.settle({ forMs: midnight - 100 - kiln.cloud.time.now() });
  const body = JSON.stringify({ count: 1, key: "job-1" });
  const requests = [-2000, 2000, -1000, 1000].map((ms, n) => {
    const headers = sign("POST", SCALE, body, { at: midnight + ms, nonce: `nonce-${n}000` });
    return { path: SCALE, headers, body };
  });
  const answers = await sendAtOnce(kiln, requests);
  const runs = answers.map(({ text }) => json<{ readonly run: string }>(text).run);
  expect(new Set(runs).size).toBe(1);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toHaveLength(1);
});

test("the status path of a run answers its record, without the event in flight", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const { run } = await accepted(kiln, SCALE, { count: 1 });
  expect(await call(kiln, "GET", `/runs/${run}`)).toMatchObject({
    status: 200,
    body: { run, state: "queued" },
  });
  await kiln.cloud.settle({ until: () => kiln.record(run)?.phase === "verify", forMs: minutes(5) });
  const during = await call(kiln, "GET", `/runs/${run}`);
  expect(during.body).toMatchObject({ state: "running", phase: "verify", by: "webhook:ci" });
  expect(during.body).not.toHaveProperty("event");
  await ended(kiln, run);
  const after = await call(kiln, "GET", `/runs/${run}`);
  expect(after).toMatchObject({ status: 200, body: { state: "done", result: { count: 1 } } });
  const unknown = "scale-web-20260105-0123456789ab";
  expect(await call(kiln, "GET", `/runs/${unknown}`)).toEqual({
    status: 404,
    body: { error: `no run ${unknown}` },
  });
});

test("a request that is not authenticated gets the same answer whatever is wrong, and has no effect", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const body = '{"count":1}';
  const now = kiln.cloud.time.now();
  const good = { "content-type": "application/json", ...sign("POST", SCALE, body, { at: now }) };
  const attempts: Record<string, string>[] = [
    {},
    { ...good, "x-kiln-caller": "unknown" },
    { ...good, "x-kiln-signature": `v1=${"0".repeat(64)}` },
    { ...good, ...sign("POST", SCALE, body, { at: now - minutes(6) }) },
    { ...good, ...sign("POST", SCALE, body, { at: now + minutes(1) }) },
    { ...good, ...sign("POST", SCALE, body, { at: now, secret: "another-callers-secret" }) },
  ];
  for (const headers of attempts) {
    const { status, text, headers: said } = await raw(kiln, SCALE, headers, body);
    expect([status, text]).toEqual([401, '{"error":"not authenticated"}']);
    expect(said["cache-control"]).toBe("no-store");
  }
  for (const path of ["/nowhere", "/runs/x", "/senders/github", "/senders/Unknown", "/"]) {
    expect(await raw(kiln, path, {}, "{")).toMatchObject({
      status: 401,
      text: '{"error":"not authenticated"}',
    });
  }
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(kiln.records()).toEqual([]);
});

test("a body of any type is verified as the bytes that were sent, whatever the case of the headers", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const body = '{"count":1}';
  const signed = sign("POST", SCALE, body, { at: kiln.cloud.time.now() });
  // A type the platform does not know travels as base64.
  const shouted = Object.fromEntries(
    Object.entries(signed).map(([name, value]) => [name.toUpperCase(), value]),
  );
  const answer = await raw(kiln, SCALE, { "content-type": "application/octet-stream", ...shouted }, body);
  expect(answer.status).toBe(202);
  const event = kiln.cloud.fc.invocations.find(({ function: name }) => name === "kiln-webhook");
  expect(JSON.parse(event?.payload ?? "")).toMatchObject({ isBase64Encoded: true });
});

test("a body that is too large is refused before anything is computed over it", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const headers = { "content-type": "application/json" };
  expect(await raw(kiln, SCALE, headers, "x".repeat(2 ** 23 + 1))).toMatchObject({
    status: 413,
    text: expect.stringMatching(/^\{"error":"the body is larger than 8388608 bytes; .*max_alerts/),
  });
});

test("a request that the platform queues is refused when it runs, signed or not", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const headers = { "content-type": "application/json", "x-fc-invocation-type": "Async" };
  const signed = sign("POST", SCALE, '{"count":1}', { at: kiln.cloud.time.now() });
  for (const more of [{}, signed])
    expect((await raw(kiln, SCALE, { ...headers, ...more }, '{"count":1}')).status).toBe(202);
  await kiln.cloud.settle({ forMs: minutes(10) });
  const served = kiln.cloud.fc.invocations.filter(({ function: name }) => name === "kiln-webhook");
  expect(served.map(({ result }) => json<{ statusCode: number }>(result ?? "{}").statusCode)).toEqual([
    400, 400,
  ]);
  expect(machines(kiln)).toEqual([]);
});

test("a caller without permission for a route gets 403, for no route 404 with the nearest, and a stranger 401 for both", async ({
  deploy,
  expect,
}) => {
  const secret = "a-secret-of-the-reader-0123456789";
  const KILN_CALLERS = JSON.stringify({ reader: { secrets: [secret], routes: ["GET /runs/*"] } });
  const kiln = await deploy({ env: { KILN_CALLERS } });
  const json = { "content-type": "application/json" };
  for (const [path, status, error] of [
    [SCALE, 403, /^not allowed$/],
    ["/fleets/web/scaleout", 404, /^no route .*; did you mean POST \/fleets\/web\/scale-out\?$/],
    ["/nowhere", 404, /^no route POST \/nowhere; there are POST \/fleets\/NAME\//],
    ["/", 404, /^no route POST \/; there are POST \/fleets\/NAME\//],
  ] as const) {
    const signed = {
      ...json,
      ...sign("POST", path, "{}", { at: kiln.cloud.time.now(), secret, caller: "reader" }),
    };
    const refused = await raw(kiln, path, signed, "{}");
    expect(refused.status, path).toBe(status);
    expect(JSON.parse(refused.text), path).toEqual({ error: expect.stringMatching(error) });
    for (const headers of [json, { ...signed, "x-kiln-caller": "other" }])
      expect(await raw(kiln, path, headers, "{}"), path).toMatchObject({
        status: 401,
        text: '{"error":"not authenticated"}',
      });
  }
});

test("a caller that writes fields of the body into the address is refused, and nothing begins", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("fleets/web.yaml", fleetText());
  for (const query of ["dryRun=true", "__proto__=1", "count="]) {
    const at = kiln.cloud.time.now();
    const signed = { "content-type": "application/json", ...sign("POST", SCALE, '{"count":1}', { at }) };
    const refused = await raw(kiln, `${SCALE}?${query}`, signed, '{"count":1}');
    expect([refused.status, refused.text]).toEqual([
      400,
      expect.stringContaining("write them into the body"),
    ]);
  }
  await kiln.cloud.time.settle();
  expect(kiln.records("scale")).toEqual([]);
});

test("one busy answer of the bucket or of the platform refuses no request", async ({ kiln, expect }) => {
  await kiln.upload("fleets/web.yaml", fleetText());
  const busy = new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate.");
  const once = (_: unknown, n: number): boolean => n === 0;
  for (const [product, action] of [
    ["oss", "AppendObject"],
    ["fc", "InvokeFunction"],
  ] as const)
    kiln.cloud.faults.add({ product, action, kind: "before", when: once, fault: busy });
  const { run } = await accepted(kiln, SCALE, { count: 1, key: "busy-1" });
  // It goes its way: the family has no image yet.
  expect((await ended(kiln, run)).reason).toContain("family web");
});

test("broken settings are 500 and a bucket that fails is 503, without any detail", async ({
  deploy,
  expect,
}) => {
  const broken = await deploy({ env: { KILN_CALLERS: '{"ci":{"secrets":["hunter2"]}}' } });
  expect(await call(broken, "POST", SCALE, { count: 1 })).toEqual({
    status: 500,
    body: { error: "not available" },
  });
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  for (const action of ["PutObject", "AppendObject"]) {
    const heal = kiln.cloud.faults.add({ product: "oss", action, kind: "before" });
    expect(await call(kiln, "POST", SCALE, { count: 1 }), action).toEqual({
      status: 503,
      body: { error: "cannot be accepted now, send it again" },
    });
    heal();
  }
  expect(kiln.records()).toEqual([]);
});

test("a queue that fails only delays: the request is accepted, and the janitor sends its event", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["resend"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const heal = kiln.cloud.faults.add({ product: "fc", action: "InvokeFunction", kind: "before" });
  const { run } = await accepted(kiln, SCALE, { count: 1 });
  expect(kiln.record(run)?.state).toBe("queued");
  heal();
  await kiln.cloud.settle({ forMs: minutes(11) });
  expect(kiln.record(run)).toMatchObject({ state: "done", result: { count: 1 } });
  expect(machines(kiln)).toHaveLength(1);
});

/** How many lines of a log cancel its run. */
const cancelsIn = ({ cloud }: Deployment, run: string): number =>
  (cloud.oss.get(BUCKET, runKey(run))?.body.toString() ?? "").split('"kind":"cancel"').length - 1;

test("a run is cancelled once, by its compensation, and the answers say what happened", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const cancelled = (run: string, from: string) => ({
    status: 202,
    body: { run, status: `/runs/${run}`, cancelling: true, from },
  });
  const queued = await accepted(kiln, SCALE, { count: 1 });
  expect(await call(kiln, "POST", `/runs/${queued.run}/cancel`)).toEqual(cancelled(queued.run, "request"));
  expect(await ended(kiln, queued.run)).toMatchObject({
    state: "cancelled",
    reason: "none of 1 instances: cancelled by ci",
  });
  expect(machines(kiln)).toEqual([]);
  const { run } = await accepted(kiln, SCALE, { count: 2 });
  await kiln.cloud.settle({ until: () => kiln.record(run)?.phase === "verify", forMs: minutes(5) });
  // A second request before the compensation finds the first one.
  for (let n = 0; n < 2; n++)
    expect(await call(kiln, "POST", `/runs/${run}/cancel`)).toEqual(cancelled(run, "verify"));
  const record = await ended(kiln, run);
  // Instances launched before are kept and reported: they are members of the fleet, and its owner may stop them.
  expect(record).toMatchObject({ state: "cancelled", reason: "cancelled by ci", result: { count: 2 } });
  expect(machines(kiln)).toHaveLength(2);
  expect(cancelsIn(kiln, run)).toBe(1);
  expect(await call(kiln, "POST", `/runs/${run}/cancel`)).toEqual({
    status: 409,
    body: { error: `run ${run} is over: cancelled` },
  });
  const unknown = "scale-web-20260105-0123456789ab";
  expect(await call(kiln, "POST", `/runs/${unknown}/cancel`)).toEqual({
    status: 404,
    body: { error: `no run ${unknown}` },
  });
});

test("a cancellation that loses against the next event follows the run", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 1000 } }));
  const { run } = await accepted(kiln, SCALE, { count: 1000 });
  await kiln.cloud.settle({ until: () => machines(kiln).length >= 200, forMs: minutes(5) });
  // The event of the record is delivered while the cancellation is queued.
  const cancel = kiln.call("POST", `/runs/${run}/cancel`, {});
  await kiln.cloud.settle({ forMs: minutes(20), parallel: 2 });
  expect((await cancel).status).toBe(202);
  const record = await ended(kiln, run);
  expect(record.result?.["why"]).toContain("cancelled by ci");
  expect(machines(kiln).length).toBeLessThan(1000);
  expect(record.result).toMatchObject({ count: machines(kiln).length });
});

test("a run without compensation ends when it is cancelled, and does not go on after its end", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const idle = { signals: { cpuAverage: { below: 5 } } };
  await kiln.upload("fleets/web.yaml", fleetText({ idle }));
  await ended(kiln, (await accepted(kiln, SCALE, { count: 1 })).run);
  const away = kiln.cloud.faults.add({ product: "ecs", action: "DescribeInstances", kind: "before" });
  const tags = kiln.cloud.faults.add({ product: "ecs", action: "ListTagResources", kind: "before" });
  const { run } = await accepted(kiln, "/fleets/web/stop", {});
  await kiln.cloud.settle({ until: () => kiln.record(run)?.phase === "survey", forMs: minutes(5) });
  await accepted(kiln, `/runs/${run}/cancel`, {});
  expect(await ended(kiln, run)).toMatchObject({ state: "cancelled", reason: "cancelled by ci" });
  const end = kiln.cloud.oss.get(BUCKET, runKey(run))?.body.toString();
  away();
  tags();
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(end).toContain('"kind":"sent"');
  expect(kiln.cloud.oss.get(BUCKET, runKey(run))?.body.toString()).toBe(end);
});

test("a missing log is not forbidden: new requests are accepted, unknown runs are 404", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText());
  const unknown = "scale-web-20260105-0123456789ab";
  expect(await call(kiln, "GET", `/runs/${unknown}`)).toEqual({
    status: 404,
    body: { error: `no run ${unknown}` },
  });
  const { run } = await accepted(kiln, SCALE, { count: 1 });
  expect((await ended(kiln, run)).state).toBe("done");
  expect(kiln.cloud.callLog.count({ product: "oss", status: 403 })).toBe(0);
});

test("a webhook whose role may not list the bucket takes no run for missing, because OSS then answers 403 for a missing object", async ({
  deploy,
  expect,
}) => {
  const roles = readRoles();
  const policy = roles[roleOf("webhook")];
  const Statement = policy?.Statement.filter(({ Action }) => Action !== "oss:ListObjects") ?? [];
  expect(Statement).toHaveLength((policy?.Statement.length ?? 0) - 1);
  const kiln = await deploy({ roles: { ...roles, [roleOf("webhook")]: { Version: "1", Statement } } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const unknown = "scale-web-20260105-0123456789ab";
  expect((await call(kiln, "GET", `/runs/${unknown}`)).status).toBe(503);
  expect((await call(kiln, "POST", `/runs/${unknown}/cancel`)).status).toBe(503);
  // With a key, the same request may be a run of the day before.
  expect((await call(kiln, "POST", SCALE, { count: 1, key: "job-1" })).status).toBe(503);
  expect(kiln.records()).toEqual([]);
  expect(machines(kiln)).toEqual([]);
});
