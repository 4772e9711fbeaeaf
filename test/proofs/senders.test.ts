import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, sign, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { accepted, ended } from "../support/runs.ts";
import { deliveries, raw, SENDER_SECRET, SENDERS } from "../support/senders.ts";
import { machines } from "../support/world.ts";

const SCALE = "/fleets/web/scale-out";

test("GitHub, Alertmanager, CloudMonitor and plain JSON each become a run, and a repeat the same one", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify(SENDERS) } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const runs: string[] = [];
  for (const [path, headers, body] of deliveries(kiln.cloud.time.now())) {
    const first = await raw(kiln, path, headers, body);
    expect(first.status).toBe(202);
    const answer: { readonly runs: readonly { readonly run: string }[] } = JSON.parse(first.text);
    const again = { runs: answer.runs.map((each) => ({ ...each, repeated: true })) };
    const { status, text } = await raw(kiln, path, headers, body);
    expect([status, JSON.parse(text)]).toEqual([202, again]);
    runs.push(...answer.runs.map(({ run }) => run));
  }
  for (const run of runs) expect((await ended(kiln, run)).state).toBe("done");
  expect(new Set(runs).size).toBe(4);
  expect(machines(kiln)).toHaveLength(5);
  const callers = kiln.records("scale").map(({ by }) => by);
  expect(callers.toSorted()).toEqual([
    "sender:alerts",
    "sender:cloudmonitor",
    "sender:github",
    "sender:scaling",
  ]);
  const logged = JSON.stringify(kiln.cloud.fc.invocations.map(({ logs, result }) => [logs, result]));
  expect(logged).not.toContain(SENDER_SECRET);
  const stored = kiln.cloud.oss
    .list(BUCKET, "")
    .map(({ key }) => kiln.cloud.oss.get(BUCKET, key)?.body.toString());
  expect(stored.join("\n")).not.toContain(SENDER_SECRET);
});

test("what failed with nothing may be asked for again after five minutes; what was delivered is the same run", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify(SENDERS) } });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 } }));
  const sent = deliveries(kiln.cloud.time.now());
  const post = async (): Promise<string[]> => {
    const answers = sent.map(
      async ([path, headers, body]): Promise<readonly { readonly run: string }[]> =>
        JSON.parse((await raw(kiln, path, headers, body)).text).runs,
    );
    const keyed = accepted(kiln, SCALE, { count: 1, key: "job-1" });
    return [...(await Promise.all(answers)).flat(), await keyed].map(({ run }) => run);
  };
  const states = async (runs: readonly string[]) =>
    new Set(await Promise.all(runs.map(async (run) => (await ended(kiln, run)).state)));
  const restock = kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    fault: new CloudFault(403, "OperationDenied.NoStock", "The requested resource is sold out."),
  });
  const first = await post();
  expect(await states(first)).toEqual(new Set(["failed"]));
  expect(await post()).toEqual(first);
  await kiln.cloud.settle({ forMs: minutes(6) });
  const second = await post();
  expect(second.filter((run) => first.includes(run))).toEqual([]);
  expect(await states(second)).toEqual(new Set(["failed"]));
  restock();
  await kiln.cloud.settle({ forMs: minutes(6) });
  const third = await post();
  expect(await states(third)).toEqual(new Set(["done"]));
  await kiln.cloud.settle({ forMs: hours(1) });
  // Alertmanager's repeat of a later hour is a run of its own, and launches nothing.
  const isRepeat = (_run: string, index: number) => !sent[index]?.[0].includes("alerts");
  expect((await post()).filter(isRepeat)).toEqual(third.filter(isRepeat));
  await kiln.cloud.settle({ forMs: minutes(5) });
  // Two instances are asked for by one of the five.
  expect(machines(kiln)).toHaveLength(6);
});

const BEARER = { "content-type": "application/json", authorization: `Bearer ${SENDER_SECRET}` };
const alertsText = (alerts: readonly object[]): string => JSON.stringify({ version: "4", alerts });

test("a repeat of a request that has ended changes nothing of its run, and lists it among those at work for minutes at most", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify(SENDERS) } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const open = () => kiln.cloud.oss.list(BUCKET, "open/").map(({ key }) => key);
  const { name, secret } = kiln.caller;
  const body = JSON.stringify({ count: 1 });
  const bytes = sign("POST", SCALE, body, { at: kiln.cloud.time.now(), secret, caller: name });
  const json = { "content-type": "application/json" };
  const sent = [...deliveries(kiln.cloud.time.now()), [SCALE, { ...json, ...bytes }, body] as const];
  const post = async () => {
    for (const [path, headers, text] of sent)
      expect((await raw(kiln, path, headers, text)).status, path).toBe(202);
  };
  await post();
  const keyed = await accepted(kiln, SCALE, { count: 1, key: "job-1" });
  await kiln.cloud.settle({ forMs: minutes(3) });
  const records = kiln.records();
  expect(records.filter(({ state }) => state !== "done")).toEqual([]);
  await post();
  expect(await accepted(kiln, SCALE, { count: 1, key: "job-1" })).toEqual(keyed);
  // Only of a request without an identity of its own nothing is read before it is written down.
  expect(open()).toHaveLength(1);
  await kiln.invoke("kiln-janitor", { v: 1, request: "resend" });
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(open()).toEqual([]);
  expect(kiln.records()).toEqual(records);
});

/** Alert number `n`, with more labels. */
const alertsOf =
  (now: number) =>
  (n: number, labels: object = {}) => ({
    status: "firing",
    labels: { kiln_fleet: "web", ...labels },
    annotations: { summary: "x".repeat(400) },
    startsAt: new Date(now).toISOString(),
    fingerprint: `f${n}`,
  });

test("a delivery of hundreds of alerts costs as many calls as one of a few, and each alert is one instance, however often it is sent", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify(SENDERS) } });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 60, perRequest: 2 } }));
  const alert = alertsOf(kiln.cloud.time.now());
  const post = async (...alerts: readonly object[]) => {
    const before = kiln.cloud.callLog.count({});
    const { status, text } = await raw(kiln, "/senders/alerts", BEARER, alertsText(alerts));
    const answer: { readonly runs: readonly { readonly run: string }[] } = JSON.parse(text);
    return { status, calls: kiln.cloud.callLog.count({}) - before, run: String(answer.runs[0]?.run), answer };
  };
  const few = await post(alert(0));
  expect((await ended(kiln, few.run)).result).toMatchObject({ count: 1 });
  const firing = Array.from({ length: 45 }, (_, n) => alert(n));
  const many = await post(...firing);
  expect(many.status).toBe(202);
  expect(many.calls).toBeLessThanOrEqual(few.calls);
  expect((await ended(kiln, many.run)).result).toMatchObject({ count: 44 });
  // The group goes on: one is over, one is new, and one is not readable.
  const next = await post(
    ...firing.slice(5),
    alert(45, { kiln_count: "9" }),
    alert(46, { kiln_count: "two" }),
  );
  expect(next.answer).toMatchObject({ refused: [{ at: "alerts[41]" }] });
  // limits.perRequest holds for each alert.
  expect((await ended(kiln, next.run)).result).toMatchObject({ count: 2 });
  const again = await post(...firing.slice(7));
  expect((await ended(kiln, again.run)).result).toMatchObject({ count: 0 });
  expect(machines(kiln)).toHaveLength(47);
});

/** Posts a delivery of Alertmanager; `calls`: how many calls of the cloud were made up to its answer. */
async function postAlerts(kiln: Deployment, alerts: readonly object[]) {
  const before = kiln.cloud.callLog.count({});
  const { status, text } = await raw(kiln, "/senders/alerts", BEARER, alertsText(alerts));
  const answer: { readonly runs: readonly { readonly run: string; readonly repeated?: true }[] } =
    JSON.parse(text);
  return { status, calls: kiln.cloud.callLog.count({}) - before, runs: answer.runs };
}

test(
  "storms of other alerts make no alert ask for an instance once more",
  { timeout: 200_000 },
  async ({ deploy, expect }) => {
    const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify(SENDERS) } });
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 1 } }));
    const own = alertsOf(kiln.cloud.time.now())(0);
    const launched = await postAlerts(kiln, [own]);
    expect((await ended(kiln, String(launched.runs[0]?.run))).result).toMatchObject({ count: 1 });
    for (let delivery = 0; delivery < 13; delivery++) {
      const alert = alertsOf(kiln.cloud.time.now());
      const storm = Array.from({ length: 1500 }, (_, n) => ({ ...alert(n + 1), annotations: {} }));
      expect(await postAlerts(kiln, storm)).toMatchObject({ status: 202 });
      await kiln.cloud.settle({ forMs: minutes(5) });
    }
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 10 } }));
    await kiln.cloud.settle({ forMs: hours(1) });
    const again = await postAlerts(kiln, [own]);
    expect((await ended(kiln, String(again.runs[0]?.run))).result).toMatchObject({ count: 0 });
    expect(machines(kiln)).toHaveLength(1);
  },
);

const PARTS = Array.from({ length: 50 }, (_, n) => `part-${n}`);

/** A deployment with fleet web and the first five parts, and alerts of now. The runs of the others fail. */
async function withParts(deploy: (options: object) => Promise<Deployment>) {
  const alerts = { ...SENDERS.alerts, fleets: ["web", ...PARTS] };
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify({ alerts }) } });
  for (const fleet of ["web", ...PARTS.slice(0, 5)])
    await kiln.upload(`fleets/${fleet}.yaml`, fleetText({ limits: { max: 10 } }));
  const alert = alertsOf(kiln.cloud.time.now());
  const settle = () => kiln.cloud.settle({ forMs: minutes(20) });
  const few = await postAlerts(
    kiln,
    PARTS.slice(0, 3).map((fleet, n) => alert(n, { kiln_fleet: fleet })),
  );
  return { kiln, alert, settle, few };
}

test("a delivery for fifty fleets takes no more calls than one for three, and each alert is one instance, however often it is sent", async ({
  deploy,
  expect,
}) => {
  const { kiln, alert, settle, few } = await withParts(deploy);
  expect([few.status, few.runs.length]).toEqual([202, 3]);
  const group = PARTS.map((fleet, n) => alert(n + 100, { kiln_fleet: fleet }));
  const many = await postAlerts(kiln, group);
  expect([many.status, many.runs.length]).toEqual([202, 1]);
  expect(many.calls).toBeLessThanOrEqual(few.calls);
  expect((await postAlerts(kiln, group)).runs).toEqual(many.runs.map((run) => ({ ...run, repeated: true })));
  await settle();
  expect(machines(kiln)).toHaveLength(8);
  expect(kiln.records("scale-part-").filter(({ state }) => state === "failed")).toHaveLength(45);
  // Another group with alerts of before asks the ledger of each fleet.
  const more = [alert(1, { kiln_fleet: "part-1" }), alert(300, { kiln_fleet: "part-2" })];
  expect((await postAlerts(kiln, [...group.slice(0, 4), ...more])).runs).not.toEqual(many.runs);
  await settle();
  expect(machines(kiln)).toHaveLength(9);
});

test("a delivery of 1,500 alerts and more takes no more calls than one for three fleets, and every alert is asked for", async ({
  deploy,
  expect,
}) => {
  const { kiln, alert, settle, few } = await withParts(deploy);
  const asked = () =>
    kiln.records("scale-web-").reduce((sum, { result }) => sum + Number(result?.["asked"] ?? 0), 0);
  for (const [count, fingerprints] of [
    [1500, 0],
    [1600, 5000],
    // 2.5 MB.
    [4000, 10_000],
  ] as const) {
    const before = asked();
    const storm = await postAlerts(
      kiln,
      Array.from({ length: count }, (_, n) => alert(n + fingerprints)),
    );
    expect(storm.status).toBe(202);
    expect(storm.calls).toBeLessThanOrEqual(few.calls);
    await settle();
    expect(asked() - before).toBe(count);
  }
  const most = Array.from({ length: 4001 }, (_, n) => alert(n + 20_000));
  const refused = await postAlerts(kiln, most);
  expect(refused).toMatchObject({ status: 413, runs: undefined });
  // Three of the parts, and the limit of the fleet.
  expect(machines(kiln)).toHaveLength(13);
});

test("a damaged ledger fails its requests with what to do, and deleted it is a new one", async ({
  deploy,
  expect,
}) => {
  for (const tail of [
    '{"run":"scale-web-20260105-00000000',
    "garbage\n",
    '{"run":"r","alerts":["x"],"future":1}\n',
  ]) {
    const { kiln, alert, settle } = await withParts(deploy);
    const { oss } = kiln.cloud;
    const key = "reservations/alarms/web.jsonl";
    await postAlerts(kiln, [alert(1000)]);
    await settle();
    const before = machines(kiln).length;
    oss.put(BUCKET, key, `${oss.get(BUCKET, key)?.body.toString()}${tail}`);
    const [failing] = (await postAlerts(kiln, [alert(1001)])).runs;
    await settle();
    expect(await ended(kiln, failing?.run ?? "")).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/reservations\/alarms\/web\.jsonl .*delete that object from the bucket/),
    });
    oss.delete(BUCKET, key);
    await kiln.cloud.settle({ forMs: minutes(10) });
    await postAlerts(kiln, [alert(1001)]);
    await settle();
    expect(machines(kiln)).toHaveLength(before + 1);
  }
});

test("plain JSON that asks for more than the fleet allows, or for no fleet, is refused while its sender listens", async ({
  deploy,
  expect,
}) => {
  const settings = { ...SENDERS, scaling: { ...SENDERS.scaling, fleets: ["web", "none"] } };
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify(settings) } });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 10, perRequest: 2 } }));
  await kiln.cloud.settle({ forMs: minutes(5) });
  const post = async (fleet: string, count: number) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${SENDER_SECRET}` };
    const at = new Date(kiln.cloud.time.now()).toISOString();
    const { status, text } = await raw(
      kiln,
      "/senders/scaling",
      headers,
      JSON.stringify({ id: "s", at, fleet, count }),
    );
    return `${status} ${text}`;
  };
  expect(await post("web", 3)).toMatch(
    /^400 .*count: must be at most 2, limits\.perRequest of fleets\/web\.yaml/,
  );
  expect(await post("none", 1)).toMatch(/^404 .*there is no fleets\/none\.yaml/);
  expect(await post("web", 2)).toMatch(/^202 /);
});

test("a request that has failed for hours is carried out once it can be, in a quarter of the time that it has failed for", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify(SENDERS) } });
  await kiln.upload("fleets/web.yaml", fleetText());
  const heal = kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeImageFromFamily",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "not allowed"),
  });
  const post = async (): Promise<void> => {
    await accepted(kiln, SCALE, { count: 1, key: "job-1" });
    await kiln.cloud.settle({ forMs: minutes(6) });
  };
  for (let n = 0; n < 40; n++) await post();
  const failures = kiln.records("scale").length;
  expect(failures).toBeGreaterThan(15);
  expect(failures).toBeLessThan(40);
  heal();
  for (let n = 0; n < 10; n++) await post();
  expect(machines(kiln)).toHaveLength(1);
  expect(kiln.records("scale")).toHaveLength(failures + 1);
});
