import { minutes } from "../../shared/duration.ts";
import { CloudFault, type Load, type LoadSpan } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { check, idleFleet, statuses } from "../support/idle-fleet.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { machines, tagsOf } from "../support/world.ts";

/** Work that begins, or metrics that go missing, in the hour that runs; hours that are over never change. */
function during(kiln: Deployment, id: string, load: Partial<Load> | undefined, span: LoadSpan): void {
  kiln.cloud.world.load(id, () => (load === undefined ? undefined : { ...IDLE, ...load }), span);
}

const ago = (kiln: Deployment, count: number): number => {
  const now = kiln.cloud.time.now();
  return now - (now % minutes(1)) - minutes(count);
};

function refused(result: Readonly<Record<string, unknown>> | undefined): string {
  const lines = result?.["refused"];
  return Array.isArray(lines) ? lines.join("\n") : "";
}

test("a member with a job since nine is kept by the timer of ten past, and the record says why", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["idle-check"] } });
  const [idle = "", working = ""] = await idleFleet(kiln, 2);
  const nine = Date.UTC(2026, 0, 5, 9);
  during(kiln, working, { cpuAverage: 99, cpuMaximum: 100 }, { fromAt: nine });
  // The helper uploads the policy and runs a check; a dry run leaves the stops to the timer.
  await check(kiln, POLICY, { body: { dryRun: true } });
  await kiln.cloud.settle({ forMs: nine + minutes(20) - kiln.cloud.time.now() });
  expect(statuses(kiln)).toEqual({ [idle]: "Stopped", [working]: "Running" });
  const record = kiln.records("idle").find(({ by }) => by === "timer:idle-check");
  expect(record).toMatchObject({ state: "done", result: { stop: 2, stopped: [idle] } });
  expect(refused(record?.result)).toBe(
    `${working}: Changed kept: busy in the last 15m: cpuAverage 99 % at 09:07 UTC, not below 5`,
  );
  expect(Object.keys(tagsOf(kiln, working))).not.toContain("kiln:stopped-by");
  expect(Object.keys(tagsOf(kiln, idle))).toContain("kiln:stopped-by");
});

test("one busy minute keeps a member, on any signal of the policy", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const online = { InternetMaxBandwidthOut: 5 };
  const ids = await idleFleet(kiln, 6, online);
  const works: Partial<Load>[] = [
    { cpuAverage: 6 },
    { cpuMaximum: 80 },
    { intranetIn: 9e9 },
    { internetOut: 9e9 },
    { diskWrite: 9e9 },
  ];
  for (const [n, work] of works.entries()) {
    during(kiln, ids[n] ?? "", work, { fromAt: ago(kiln, 4 + n), toAt: ago(kiln, 3 + n) });
  }
  const most = { intranetIn: 1e9, internetOut: 1e9, diskWrite: 1e9 };
  const signals = { cpuAverage: 5, cpuMaximum: 50, ...most };
  const record = await check(kiln, { ...POLICY, signals }, { launch: online });
  expect(record.result).toMatchObject({ stop: 6, stopped: ids.slice(5) });
  for (const [n, work] of works.entries()) {
    const [name] = Object.keys(work);
    expect(refused(record.result)).toContain(`${ids[n]}: Changed kept: busy in the last 15m: ${name} `);
  }
  expect(machines(kiln).filter(({ status }) => status === "Running")).toHaveLength(5);
});

test("a few minutes without metrics keep a member, and the record says which are missing", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [idle = "", inside = "", lasting = "", one = ""] = await idleFleet(kiln, 4);
  during(kiln, inside, undefined, { fromAt: ago(kiln, 9), toAt: ago(kiln, 5) });
  during(kiln, lasting, undefined, { fromAt: ago(kiln, 8) });
  during(kiln, one, undefined, { fromAt: ago(kiln, 4), toAt: ago(kiln, 3) });
  const record = await check(kiln);
  expect(record).toMatchObject({ state: "done", result: { stop: 4, stopped: [idle] } });
  for (const id of [inside, lasting, one]) {
    expect(refused(record.result)).toMatch(
      new RegExp(`${id}: Unmeasured kept: 1-minute metrics missing: \\d+ of 1\\d points of cpuAverage since`),
    );
  }
});

test("metrics that are published late are waited for up to five minutes and not more", async ({
  deploy,
  expect,
}) => {
  for (const [late, state] of [
    [0, "Stopped"],
    [5, "Stopped"],
    [7, "Running"],
  ] as const) {
    const kiln = await deploy(QUIET);
    const [one = ""] = await idleFleet(kiln, 1);
    kiln.cloud.world.delays({ metricMs: minutes(late) });
    await check(kiln);
    expect(statuses(kiln)[one], `${late} minutes`).toBe(state);
  }
});

test("work that begins between the survey and the stop keeps a member", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const [idle = "", waking = ""] = await idleFleet(kiln, 2);
  // The cloud throttles the run when it tags them; meanwhile a job begins.
  let begun = false;
  kiln.cloud.faults.add({
    product: "ecs",
    action: "TagResources",
    kind: "before",
    when: (_, n) => {
      if (!begun) during(kiln, waking, { cpuAverage: 60 }, { fromAt: ago(kiln, 0) + minutes(1) });
      begun = true;
      return n < 5;
    },
    fault: new CloudFault(429, "Throttling.User", "Request was denied due to user flow control."),
  });
  const record = await check(kiln);
  expect(record.result).toMatchObject({ stop: 2, stopped: [idle] });
  expect(refused(record.result)).toContain(`${waking}: Changed kept: busy in the last 15m: cpuAverage 60 %`);
  expect(Object.keys(tagsOf(kiln, waking))).not.toContain("kiln:stopped-by");
});

test("when the last minutes cannot be read nothing is stopped, and the record says so", async ({
  deploy,
  expect,
}) => {
  for (const fault of [
    new CloudFault(429, "Throttling.User", "Request was denied due to user flow control."),
    new CloudFault(403, "Forbidden.RAM", "User not authorized to operate on the specified resource."),
    new CloudFault(400, "ResourceOverLimit", "The free quota of the month is used up."),
  ]) {
    const kiln = await deploy(QUIET);
    const ids = await idleFleet(kiln, 130);
    // Calls for minutes fail; hours can still be read.
    kiln.cloud.faults.add({
      product: "cms",
      action: "DescribeMetricList",
      kind: "before",
      when: (params) => params["Period"] === "60",
      fault,
    });
    const record = await check(kiln);
    expect(record.state).toBe("failed");
    expect(record.reason).toMatch(
      /^none could be stopped: 130 instances: Unknown whether they are busy, so they are left as they are: /,
    );
    expect(record.reason).toContain(fault.code);
    expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(0);
    expect(machines(kiln).every(({ status }) => status === "Running")).toBe(true);
    for (const id of ids) expect(Object.keys(tagsOf(kiln, id))).not.toContain("kiln:stopped-by");
  }
});

test("when the metrics fail after the first hundred, the record has the stopped and the unknown members", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 130);
  kiln.cloud.faults.add({
    product: "cms",
    action: "DescribeMetricList",
    kind: "before",
    when: () => kiln.cloud.callLog.count({ action: "StopInstances", status: 200 }) > 0,
    fault: new CloudFault(429, "Throttling.User", "Request was denied due to user flow control."),
  });
  const record = await check(kiln);
  expect(record.state).toBe("done");
  expect(record.result?.["stopped"]).toHaveLength(100);
  expect(refused(record.result)).toMatch(/^30 instances: Unknown whether they are busy, /);
  const up = machines(kiln).filter(({ status }) => status === "Running");
  expect(up).toHaveLength(30);
  for (const { instanceId } of up)
    expect(Object.keys(tagsOf(kiln, instanceId))).not.toContain("kiln:stopped-by");
});

test("last minutes that are throttled for a while are waited for", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const ids = await idleFleet(kiln, 2);
  let refusals = 0;
  kiln.cloud.faults.add({
    product: "cms",
    action: "DescribeMetricList",
    kind: "before",
    when: (params) => params["Period"] === "60" && refusals++ < 3,
    fault: new CloudFault(429, "Throttling.User", "Request was denied due to user flow control."),
  });
  expect((await check(kiln)).result).toMatchObject({ stopped: ids });
});

test("the last minutes are read for every slice of a large fleet, with two calls a metric", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const ids = await idleFleet(kiln, 150);
  const [early = "", late = ""] = [ids[3], ids[140]];
  for (const id of [early, late]) during(kiln, id, { cpuAverage: 99 }, { fromAt: ago(kiln, 6) });
  const record = await check(kiln);
  expect(
    machines(kiln)
      .filter(({ status }) => status === "Running")
      .map(({ instanceId }) => instanceId),
  ).toEqual([early, late]);
  // Hours: three calls at the survey, two and one again; minutes: two and one.
  expect(record.result).toMatchObject({ calls: { DescribeMetricList: 3 + 3 + 3, StopInstances: 2 } });
  expect(kiln.cloud.callLog.count({ action: "DescribeMetricList", status: 200 })).toBe(9);
});

test("a release and an announced stop need the last minutes as well", async ({ deploy, expect }) => {
  const released = await deploy(QUIET);
  const [gone = "", needed = ""] = await idleFleet(released, 2);
  during(released, needed, { cpuAverage: 99 }, { fromAt: ago(released, 6) });
  await check(released, { ...POLICY, action: "release" });
  expect(statuses(released)).toEqual({ [needed]: "Running" });
  expect(gone).not.toBe(needed);

  const kiln = await deploy(QUIET);
  const [idle = "", working = ""] = await idleFleet(kiln, 2);
  const policy = { ...POLICY, notice: "30m" };
  expect((await check(kiln, policy)).result).toMatchObject({ warned: [idle, working] });
  await kiln.cloud.settle({ forMs: Date.UTC(2026, 0, 5, 9, 5) - kiln.cloud.time.now() });
  during(kiln, working, { cpuAverage: 99 }, { fromAt: ago(kiln, 0) });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect((await check(kiln, policy)).result).toMatchObject({ stop: 2, stopped: [idle] });
  expect(statuses(kiln)).toEqual({ [idle]: "Stopped", [working]: "Running" });
});

test("a member that has just started is young, whatever the grace", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const [old = "", young = ""] = await idleFleet(kiln, 2);
  kiln.cloud.world.stop(young);
  await kiln.cloud.settle({ forMs: minutes(3) });
  kiln.cloud.world.start(young);
  await kiln.cloud.settle({ forMs: minutes(3) });
  const record = await check(kiln, { ...POLICY, window: "1h", grace: "0s" });
  expect(record.result).toMatchObject({ "kept: young": 1, stopped: [old] });
});
