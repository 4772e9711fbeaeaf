import * as fc from "fast-check";
import { test } from "vitest";
import { withinBounds } from "../../../../../functions/stop-idle/idle-check/limits.ts";
import { decide } from "../../../../../functions/stop-idle/idle-check/decide.ts";
import { lastFullHour } from "../../../../../functions/stop-idle/idle-check/signals.ts";
import type { Point } from "../../../../../shared/cloud/cms/metrics.ts";
import { isUp } from "../../../../../shared/documents/up-hours.ts";
import { days, hours, minutes } from "../../../../../shared/duration.ts";
import { cpuPoints, instanceOf, NOW, policyOf } from "../fixture.ts";

const CPU = "CPUUtilization";
const anyZone = fc.constantFrom(
  "Asia/Shanghai",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kathmandu",
  "UTC",
);
const anyInstant = fc.integer({ min: Date.parse("2025-01-01"), max: Date.parse("2028-01-01") });
const anyPoint = fc.record({
  hour: fc.integer({ min: 0, max: 26 }),
  average: fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constant(Number.NaN)),
});
const pointAt = ({ hour, average }: { hour: number; average: number }): Point => ({
  at: lastFullHour(NOW) - hours(hour),
  average,
  minimum: 0,
  maximum: average,
});

test("an instance that is idle over the whole window is stopped, and the reason has the numbers", ({
  expect,
}) => {
  const verdict = decide(instanceOf(), { [CPU]: cpuPoints(3, 1.234) }, policyOf(), NOW);
  expect(verdict).toEqual({
    id: "i-1",
    act: "stop",
    why: "idle",
    reason: "idle for 3h: cpuAverage at most 1.23 % (below 5), 3/3 points",
    numbers: [
      {
        signal: "cpuAverage",
        worst: 1.23,
        below: 5,
        points: 3,
        expected: 3,
        worstAt: lastFullHour(NOW) - hours(1),
      },
    ],
  });
});

test("one busy hour anywhere in the window keeps an instance", ({ expect }) => {
  for (const hour of [0, 1, 2]) {
    const points = cpuPoints(3, (each) => (each === hour ? 30 : 1));
    const verdict = decide(instanceOf(), { [CPU]: points }, policyOf(), NOW);
    expect(verdict).toMatchObject({
      act: "keep",
      why: "busy",
      reason: "kept: cpuAverage reached 30 %, not below 5",
    });
  }
});

test("a spare point at one end of the window hides no gap inside", ({ expect }) => {
  const end = lastFullHour(NOW);
  const points = [0, 1, 3].map((hour) => pointAt({ hour, average: 1 }));
  expect(points.map(({ at }) => (end - at) / hours(1))).toEqual([0, 1, 3]);
  expect(decide(instanceOf(), { [CPU]: points }, policyOf({ coverage: 1 }), NOW)).toMatchObject({
    act: "keep",
    why: "gap",
    numbers: [{ points: 2, expected: 3 }],
  });
});

test("points may carry the start or the end of their hour", ({ expect }) => {
  const byStart = [1, 2, 3].map((hour) => pointAt({ hour, average: 1 }));
  const byEnd = [0, 1, 2].map((hour) => pointAt({ hour, average: 1 }));
  for (const points of [byStart, byEnd]) {
    expect(decide(instanceOf(), { [CPU]: points }, policyOf({ coverage: 1 }), NOW).act).toBe("stop");
  }
});

test("several points of one hour are one hour, and a number that is missing is none", ({ expect }) => {
  const repeated = [1, 1, 1].map((hour) => pointAt({ hour, average: 1 }));
  expect(decide(instanceOf(), { [CPU]: repeated }, policyOf(), NOW).why).toBe("gap");
  const blank = [1, 2, 3].map((hour) => pointAt({ hour, average: Number.NaN }));
  expect(decide(instanceOf(), { [CPU]: blank }, policyOf(), NOW).why).toBe("gap");
});

test("without any point nothing is idle, whatever the coverage asked for", ({ expect }) => {
  expect(decide(instanceOf(), {}, policyOf({ coverage: 0.5 }), NOW).why).toBe("gap");
});

test("the order of points makes no difference", ({ expect }) => {
  fc.assert(
    fc.property(
      fc
        .array(anyPoint, { maxLength: 30 })
        .chain((points) =>
          fc.tuple(fc.constant(points), fc.shuffledSubarray(points, { minLength: points.length })),
        ),
      ([points, shuffled]) => {
        const verdicts = [points, shuffled].map((each) =>
          decide(instanceOf(), { [CPU]: each.map(pointAt) }, policyOf({ window: "24h" }), NOW),
        );
        expect(verdicts[0]).toEqual(verdicts[1]);
      },
    ),
  );
});

test("taking a point away or adding a busy one never turns keep into stop", ({ expect }) => {
  fc.assert(
    fc.property(fc.array(anyPoint, { minLength: 1, maxLength: 30 }), fc.nat(), (points, which) => {
      const policy = policyOf({ window: "24h", coverage: 0.5 });
      const act = (list: typeof points) =>
        decide(instanceOf(), { [CPU]: list.map(pointAt) }, policy, NOW).act;
      fc.pre(act(points) === "keep");
      // Unless the point that kept it was itself the busy one.
      const rest = points.filter((_, index) => index !== which % points.length);
      const worst = points[which % points.length]?.average ?? 0;
      if (!(worst >= 5)) expect(act(rest)).toBe("keep");
      expect(act([...points, { hour: 3, average: 99 }])).toBe("keep");
    }),
  );
});

test("within working hours nothing is stopped, in any zone, on any day of the year", ({ expect }) => {
  fc.assert(
    fc.property(anyZone, anyInstant, (timeZone, now) => {
      const policy = policyOf({ upDuring: { timeZone, hours: ["Mon-Fri 08:00-20:00", "Sat 22:00-02:00"] } });
      const instance = instanceOf({ createdAt: now - days(3), startedAt: now - days(3) });
      const verdict = decide(instance, { [CPU]: cpuPoints(4, 0, now) }, policy, now);
      const up = policy.upDuring !== undefined && isUp(policy.upDuring, now);
      expect([verdict.act, verdict.why]).toEqual(up ? ["keep", "hours"] : ["stop", "idle"]);
    }),
  );
});

test("protection comes before every metric", ({ expect }) => {
  const cases: [string, Partial<Parameters<typeof instanceOf>[0] & object>, string][] = [
    ["status", { status: "Stopping" }, "kept: it is Stopping"],
    ["optedOut", { tags: { "kiln:keep": "" } }, "kept: its tag kiln:keep asks for it"],
    ["optedOut", { tags: { "kiln:keep": "no idea" } }, "kept: its tag kiln:keep asks for it"],
    [
      "optedOut",
      { tags: { "kiln:keep": "2026-03-03" } },
      "kept: its tag kiln:keep asks for it until 2026-03-03T00:00:00Z",
    ],
    ["locked", { locks: ["security"] }, "kept: it is locked (security)"],
    ["saves nothing", { chargeType: "PrePaid" }, "kept: a subscription is paid for either way"],
    [
      "saves nothing",
      { type: "ecs.i3.xlarge" },
      "kept: ecs.i3.xlarge has local disks or memory and goes on being charged when stopped",
    ],
    [
      "saves nothing",
      { vSwitchId: "" },
      "kept: in the classic network it goes on being charged when stopped",
    ],
    ["young", { startedAt: NOW - minutes(30) }, "kept: it started 30m ago, within the grace of 1h"],
    ["young", { startedAt: NOW - hours(3) }, "kept: it started 3h ago, within the window of 3h"],
  ];
  for (const [why, changes, reason] of cases) {
    const verdict = decide(instanceOf(changes), { [CPU]: cpuPoints(3, 0) }, policyOf(), NOW);
    expect(verdict).toMatchObject({ act: "keep", why, reason });
  }
});

test("an opt-out whose day is over no longer protects", ({ expect }) => {
  const instance = instanceOf({ tags: { "kiln:keep": "2026-03-02T06:00:00Z" } });
  expect(decide(instance, { [CPU]: cpuPoints(3, 0) }, policyOf(), NOW).act).toBe("stop");
});

test("families that save nothing by stopping are kept", ({ expect }) => {
  const why = (type: string) => decide(instanceOf({ type }), { [CPU]: cpuPoints(3, 0) }, policyOf(), NOW).why;
  for (const type of [
    "ecs.i4.large",
    "ecs.d1ne.2xlarge",
    "ecs.d3s.xlarge",
    "ecs.gn5-c4g1.xlarge",
    "ecs.re6p.large",
    "ecs.ebmre6p.8xlarge",
  ]) {
    expect(why(type), type).toBe("saves nothing");
  }
  for (const type of [
    "ecs.gn5i-c2g1.large",
    "ecs.g7.large",
    "ecs.re6.large",
    "ecs.t6-c1m1.large",
    "ecs.e-c1m1.large",
  ]) {
    expect(why(type), type).toBe("idle");
  }
});

test("a stop that keeps on charging is allowed for a subscription, a release is not", ({ expect }) => {
  const samples = { [CPU]: cpuPoints(3, 0) };
  const prepaid = instanceOf({ chargeType: "PrePaid" });
  expect(decide(prepaid, samples, policyOf({ stoppedMode: "KeepCharging" }), NOW).act).toBe("stop");
  expect(decide(prepaid, samples, policyOf({ action: "release" }), NOW).why).toBe("saves nothing");
  const guarded = instanceOf({ deletionProtection: true });
  expect(decide(guarded, samples, policyOf({ action: "release" }), NOW).why).toBe("protected");
  expect(decide(guarded, samples, policyOf(), NOW).act).toBe("stop");
});

test("the address a stop would lose is a risk, or a reason to keep; an EIP is neither", ({ expect }) => {
  const samples = { [CPU]: cpuPoints(3, 0) };
  const fixed = instanceOf({ publicIps: ["47.1.1.1"] });
  expect(decide(fixed, samples, policyOf(), NOW).risks).toEqual(["loses its public address 47.1.1.1"]);
  const keepIf = policyOf({ keepIf: ["publicAddress"] });
  expect(decide(fixed, samples, keepIf, NOW)).toMatchObject({ act: "keep", why: "risk" });
  const elastic = instanceOf({ publicIps: ["47.1.1.2"], elasticIp: "47.1.1.2" });
  expect(decide(elastic, samples, keepIf, NOW)).toMatchObject({ act: "stop" });
  expect(decide(elastic, samples, keepIf, NOW).risks).toBe(undefined);
  expect(decide(instanceOf({ type: "ecs.t6-c1m1.large" }), samples, policyOf(), NOW).risks).toHaveLength(1);
});

test("every signal must agree, and those an instance cannot have are left out", ({ expect }) => {
  const policy = policyOf({ signals: { cpuMaximum: 20, internetIn: 1000, diskWrite: 100 } });
  const idle = (value: number) => cpuPoints(3, value);
  const all = { [CPU]: idle(1), VPC_PublicIP_InternetInRate: idle(10), DiskWriteBPS: idle(10) };
  const online = instanceOf({ publicIps: ["47.1.1.1"] });
  expect(decide(online, all, policy, NOW).numbers.map(({ signal }) => signal)).toEqual([
    "cpuMaximum",
    "internetIn",
    "diskWrite",
  ]);
  expect(decide(online, { ...all, DiskWriteBPS: idle(500) }, policy, NOW)).toMatchObject({ why: "busy" });
  expect(decide(online, { ...all, VPC_PublicIP_InternetInRate: [] }, policy, NOW)).toMatchObject({
    why: "gap",
  });
  // Without a public address nothing is measured on it, and that is no gap.
  expect(decide(instanceOf(), { ...all, VPC_PublicIP_InternetInRate: [] }, policy, NOW)).toMatchObject({
    act: "stop",
  });
  const onlyInternet = policyOf({ signals: { internetIn: 1000 } });
  expect(decide(instanceOf(), {}, onlyInternet, NOW).why).toBe("no signal");
});

test("a start outside working hours by a user keeps until the next ones are over", ({ expect }) => {
  const policy = policyOf({ upDuring: { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 08:00-20:00"] } });
  // Shanghai: created on Monday, started again on Friday at 22:00.
  const instance = instanceOf({
    createdAt: Date.parse("2026-03-02T02:00Z"),
    startedAt: Date.parse("2026-03-06T14:00Z"),
  });
  const at = (text: string) => {
    const now = Date.parse(text);
    return decide(instance, { [CPU]: cpuPoints(4, 0, now) }, policy, now);
  };
  expect(at("2026-03-08T10:10Z")).toMatchObject({
    act: "keep",
    why: "wanted",
    reason: "kept: a user started it outside its working hours; it is left alone until 2026-03-09T12:00:00Z",
  });
  expect(at("2026-03-09T11:50Z").why).toBe("hours");
  expect(at("2026-03-09T12:10Z").act).toBe("stop");
  // A start by a scale-out does not count as a start by a user.
  const woken = {
    ...instance,
    tags: { "kiln:woken-at": "2026-03-06T14:00:40Z scale-web-20260306-aaaaaaaaaaaa" },
  };
  const sunday = Date.parse("2026-03-08T10:10Z");
  const idle = { [CPU]: cpuPoints(4, 0, sunday) };
  expect(decide(woken, idle, policy, sunday).act).toBe("stop");
  // A start by a scale-out on an earlier day is another start.
  const earlier = { ...instance, tags: { "kiln:woken-at": "2026-03-05T14:00:00Z" } };
  expect(decide(earlier, idle, policy, sunday).why).toBe("wanted");
  // The launch itself does not count either.
  const launched = instanceOf({ createdAt: instance.startedAt ?? 0, startedAt: instance.startedAt });
  const now = Date.parse("2026-03-08T10:10Z");
  expect(decide(launched, { [CPU]: cpuPoints(4, 0, now) }, policy, now).act).toBe("stop");
});

test("with a notice period a stop is announced first; a restart voids the announcement", ({ expect }) => {
  const policy = policyOf({ notice: "2h" });
  const samples = (now: number) => ({ [CPU]: cpuPoints(4, 0, now) });
  const announced = (at: number) => instanceOf({ tags: { "kiln:stop-at": new Date(at).toISOString() } });
  expect(decide(instanceOf(), samples(NOW), policy, NOW)).toMatchObject({ act: "warn", why: "idle" });
  expect(decide(announced(NOW + hours(1)), samples(NOW), policy, NOW)).toMatchObject({
    act: "keep",
    why: "announced",
  });
  expect(decide(announced(NOW - minutes(1)), samples(NOW), policy, NOW)).toMatchObject({ act: "stop" });
  // An announcement older than a day does not count.
  expect(decide(announced(NOW - days(2)), samples(NOW), policy, NOW).act).toBe("warn");
  // Started after the announcement.
  const late = { ...announced(NOW + hours(3)), startedAt: NOW - hours(4) };
  expect(decide(late, samples(NOW), policyOf({ notice: "8h" }), NOW).act).toBe("warn");
});

const fleetOf = (count: number) =>
  Array.from({ length: count }, (_, n) => instanceOf({ id: `i-${n}`, startedAt: NOW - days(2) - hours(n) }));

test("bounds hold and the longest running go first, in whatever order members are listed", ({ expect }) => {
  const anyFleet = fc
    .integer({ min: 0, max: 40 })
    .chain((count) =>
      fc.tuple(
        fc.shuffledSubarray(fleetOf(count), { minLength: count }),
        fc.array(fc.boolean(), { minLength: count }),
      ),
    );
  const anyBounds = fc.record({
    keepRunning: fc.nat(45),
    cap: fc.record({ percent: fc.integer({ min: 1, max: 100 }), count: fc.integer({ min: 1, max: 45 }) }),
  });
  fc.assert(
    fc.property(anyFleet, anyBounds, ([instances, idle], { keepRunning, cap }) => {
      const policy = { ...policyOf(), keepRunning, cap };
      const busy = new Set(instances.filter((_, n) => !idle[n]).map(({ id }) => id));
      const verdicts = instances.map((instance) =>
        decide(instance, { [CPU]: cpuPoints(3, busy.has(instance.id) ? 50 : 0) }, policy, NOW),
      );
      const bound = withinBounds(verdicts, instances, policy, instances.length);
      expect(bound.map(({ id }) => id)).toEqual(verdicts.map(({ id }) => id));
      const stops = bound.filter(({ act }) => act === "stop");
      const most = Math.min(Math.ceil((instances.length * cap.percent) / 100), cap.count);
      expect(stops.length).toBeLessThanOrEqual(most);
      expect(instances.length - stops.length).toBeGreaterThanOrEqual(Math.min(keepRunning, instances.length));
      expect(stops.every(({ id }) => !busy.has(id))).toBe(true);
      const left = bound.filter(({ why }) => why === "bounds").map(({ id }) => Number(id.slice(2)));
      expect(Math.min(...stops.map(({ id }) => Number(id.slice(2))), 99)).toBeGreaterThan(
        Math.max(...left, -1),
      );
    }),
  );
});

test("the reason names the bound", ({ expect }) => {
  const instances = fleetOf(4);
  const reasons = (written: object) => {
    const policy = policyOf(written);
    const verdicts = instances.map((each) => decide(each, { [CPU]: cpuPoints(3, 0) }, policy, NOW));
    return withinBounds(verdicts, instances, policy, 4).map(({ act, reason }) => [act, reason.slice(0, 44)]);
  };
  expect(reasons({ keepRunning: 3 })[0]).toEqual(["keep", "kept: keepRunning 3 is reached, though idle "]);
  expect(reasons({ cap: { count: 1 } })[0]).toEqual(["keep", "kept: the cap of 1 in one run is reached, th"]);
});
