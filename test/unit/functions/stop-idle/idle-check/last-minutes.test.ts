import * as fc from "fast-check";
import { test } from "vitest";
import {
  decide,
  keptByLastMinutes,
  type Verdict,
} from "../../../../../functions/stop-idle/idle-check/decide.ts";
import {
  lastFullHour,
  SIGNALS,
  type Samples,
  SIGNAL_NAMES,
} from "../../../../../functions/stop-idle/idle-check/signals.ts";
import type { Instance } from "../../../../../shared/cloud/ecs/instance.ts";
import type { Point } from "../../../../../shared/cloud/cms/metrics.ts";
import { minutes } from "../../../../../shared/duration.ts";
import { cpuPoints, instanceOf, NOW, policyOf } from "../fixture.ts";

const CPU = "CPUUtilization";
/** NOW is 06:10, so the fifteen minutes before begin at 05:55, and those until 06:05 are due. */
const DUE = 10;

const STOP: Verdict = { id: "i-1", act: "stop", why: "idle", reason: "idle for 3h", numbers: [] };

/** One point of a minute, by how many minutes ago it began. */
const minuteAt = (ago: number, value = 1, ip?: string): Point => ({
  at: NOW - minutes(ago),
  ...(ip !== undefined && { ip }),
  average: value,
  minimum: 0,
  maximum: value,
});

/** The minutes that began 15, 14, … ago, up to the one that began `newest` ago. */
const quiet = (newest: number, value = 1, ip?: string): Point[] =>
  Array.from({ length: 16 - newest }, (_, n) => minuteAt(15 - n, value, ip));

const again = (samples: Samples, written: object = {}, instance: Instance = instanceOf()): Verdict =>
  keptByLastMinutes(instance, samples, policyOf(written), NOW) ?? STOP;

test("idle minutes leave the verdict as it was, whenever within five minutes they were published", ({
  expect,
}) => {
  for (const newest of [1, 2, 3, 4, 5, 6]) expect(again({ [CPU]: quiet(newest) }), `${newest}`).toBe(STOP);
});

test("points may carry the end of their minute", ({ expect }) => {
  for (const newest of [0, 1, 2, 3, 4, 5]) {
    const points = quiet(newest).filter(({ at }) => at > NOW - minutes(15));
    expect(again({ [CPU]: points }), `${newest}`).toBe(STOP);
  }
});

test("one busy minute of the fifteen keeps an instance, and the reason says when", ({ expect }) => {
  for (const ago of Array.from({ length: 16 }, (_, n) => n)) {
    const points = quiet(0).map((point) => (point.at === NOW - minutes(ago) ? minuteAt(ago, 99) : point));
    const time = new Date(NOW - minutes(ago)).toISOString().slice(11, 16);
    expect(again({ [CPU]: points })).toMatchObject({
      act: "keep",
      why: "busy",
      reason: `kept: busy in the last 15m: cpuAverage 99 % at ${time} UTC, not below 5`,
    });
  }
});

test("of equal values the newest is reported, whatever the order of the points", ({ expect }) => {
  const points = quiet(2, 60);
  for (const each of [points, points.toReversed()])
    expect(again({ [CPU]: each }).reason).toContain("60 % at 06:08 UTC");
});

test("a minute missing before the newest point keeps an instance", ({ expect }) => {
  for (const newest of [1, 2, 3, 4, 5, 6]) {
    // The oldest lies within the window under one of the two readings only.
    for (let ago = newest + 1; ago < 15; ago += 1) {
      const points = quiet(newest).filter(({ at }) => at !== NOW - minutes(ago));
      const verdict = again({ [CPU]: points });
      expect(verdict, `${ago} of ${newest}`).toMatchObject({ act: "keep", why: "gap" });
      expect(verdict.reason).toMatch(
        /^kept: 1-minute metrics missing: \d+ of \d+ points of cpuAverage since 05:55 UTC$/,
      );
    }
  }
});

test("a series that ended more than five minutes ago, or is missing, keeps an instance", ({ expect }) => {
  for (const newest of [7, 8, 12, 15])
    expect(again({ [CPU]: quiet(newest) }), `${newest}`).toMatchObject({ act: "keep", why: "gap" });
  expect(again({})).toMatchObject({
    why: "gap",
    reason: `kept: 1-minute metrics missing: 0 of ${DUE} points of cpuAverage since 05:55 UTC`,
  });
  const blank = quiet(2).map((point) => ({ ...point, average: Number.NaN }));
  expect(again({ [CPU]: blank })).toMatchObject({ why: "gap" });
});

test("coverage applies to hours: no minute may be missing", ({ expect }) => {
  const points = quiet(2).filter((_, n) => n !== 5);
  expect(again({ [CPU]: points }, { coverage: 0.5 })).toMatchObject({ why: "gap" });
});

test("every signal of the policy counts, each in its own unit and statistic", ({ expect }) => {
  const names = SIGNAL_NAMES;
  const signals = Object.fromEntries(names.map((name) => [name, 50]));
  const online = instanceOf({ publicIps: ["47.1.1.1"] });
  const idle = Object.fromEntries(names.map((name) => [SIGNALS[name].metric, quiet(2)]));
  expect(again(idle, { signals }, online)).toBe(STOP);
  for (const name of names) {
    const { metric, of, unit } = SIGNALS[name];
    const busy = quiet(2).map((point, n) => (n === 4 ? { ...point, [of]: 70 } : point));
    expect(again({ ...idle, [metric]: busy }, { signals }, online).reason, name).toBe(
      `kept: busy in the last 15m: ${name} 70 ${unit} at 05:59 UTC, not below 50`,
    );
    expect(again({ ...idle, [metric]: [] }, { signals }, online).why, name).toBe("gap");
  }
});

test("of two addresses neither hides the work or the gap of the other", ({ expect }) => {
  const metric = SIGNALS.internetIn.metric;
  const written = { signals: { internetIn: 1000 } };
  const online = instanceOf({ publicIps: ["47.1.1.1", "47.1.1.2"] });
  const one = quiet(2, 10, "47.1.1.1");
  const other = quiet(2, 10, "47.1.1.2");
  const look = (points: readonly Point[]) => again({ [metric]: points }, written, online);
  expect(look([...one, ...other])).toBe(STOP);
  const busy = other.with(6, minuteAt(9, 5000, "47.1.1.2"));
  const gappy = other.toSpliced(6, 2);
  for (const [first, second] of [
    [one, busy],
    [busy, one],
  ] as const)
    expect(look([...first, ...second])).toMatchObject({ act: "keep", why: "busy" });
  for (const [first, second] of [
    [one, gappy],
    [gappy, one],
  ] as const)
    expect(look([...first, ...second])).toMatchObject({ act: "keep", why: "gap" });
});

test("an instance that started within the last minutes is not stopped, even without grace", ({ expect }) => {
  const policy = policyOf({ grace: "0s", window: "1h" });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 15 }), (minute, ago) => {
      const now = lastFullHour(NOW) + minutes(minute);
      const startedAt = now - minutes(ago);
      const samples = { [CPU]: cpuPoints(3, 0, now) };
      const created = instanceOf({ createdAt: startedAt, startedAt });
      const woken = instanceOf({ startedAt });
      return [created, woken].every((each) => decide(each, samples, policy, now).why === "young");
    }),
  );
  expect(decide(instanceOf(), { [CPU]: cpuPoints(3, 0) }, policy, NOW).act).toBe("stop");
});

test("another busy point or a missing old one never turns keep into stop", ({ expect }) => {
  const anyPoint = fc.record({ ago: fc.integer({ min: 0, max: 16 }), value: fc.double({ min: 0, max: 9 }) });
  const anyGap = fc.uniqueArray(fc.integer({ min: 3, max: 15 }), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(anyPoint, { maxLength: 20 }), anyGap, fc.nat(15), (drawn, gap, ago) => {
      const base = quiet(2).filter(({ at }) => !gap.includes((NOW - at) / minutes(1)));
      const points = [...base, ...drawn.map(({ ago: minute, value }) => minuteAt(minute, value))];
      const act = (list: readonly Point[]) => again({ [CPU]: list }).act;
      expect(act([...points, minuteAt(ago, 50)])).toBe("keep");
      if (act(points) === "stop") return;
      // A newer one may be what showed that others are missing, and a busy one what kept it.
      const less = points.filter(({ at, average }) => average >= 5 || at !== NOW - minutes(6 + (ago % 9)));
      expect(act(less)).toBe("keep");
    }),
  );
});
