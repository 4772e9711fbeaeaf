import { test } from "vitest";
import { decide, keptByLastMinutes } from "../../../../../functions/stop-idle/idle-check/decide.ts";
import { checkIntervalMs } from "../../../../../functions/stop-idle/idle-check/signals.ts";
import { whyNotStarted } from "../../../../../functions/stop-idle/resume/decide.ts";
import type { Instance } from "../../../../../shared/cloud/ecs/instance.ts";
import { parseFleet } from "../../../../../shared/documents/fleet.ts";
import { days, minutes } from "../../../../../shared/duration.ts";
import { cpuPoints, instanceOf, policyOf } from "../fixture.ts";

const HOURS = { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 08:00-20:00"] };
const BY_CLOCK = { signals: undefined, upDuring: HOURS };

/** A Monday in Shanghai. */
const at = (time: string, day = "2026-03-02") => Date.parse(`${day}T${time}:00+08:00`);

/** A member that was launched a week before Monday, and started again. */
const startedAt = (instant: number, changes: Partial<Instance> = {}) =>
  instanceOf({ createdAt: at("09:00") - days(7), startedAt: instant, ...changes });

const actAt = (now: number, policy: object = BY_CLOCK, instance = startedAt(at("08:05"))) => {
  const { act, why } = decide(instance, {}, policyOf(policy), now);
  return `${act} ${why}`;
};

test("working hours without signals stop a member outside of them, without any metric", ({ expect }) => {
  expect(actAt(at("19:59"))).toBe("keep hours");
  expect(actAt(at("20:00"))).toBe("stop clock");
  expect(actAt(at("12:00", "2026-03-07"))).toBe("stop clock");
});

test("with outside: stop a busy member is stopped by the clock, and without it by its signals alone", ({
  expect,
}) => {
  const busy = { CPUUtilization: cpuPoints(3, 100, at("22:00")) };
  const verdict = (outside: string) =>
    decide(startedAt(at("08:05")), busy, policyOf({ upDuring: HOURS, outside }), at("22:00"));
  expect(verdict("stop")).toMatchObject({ act: "stop", why: "clock" });
  expect(verdict("idle")).toMatchObject({ act: "keep", why: "busy" });
});

test("protection, grace and notice hold for a stop by the clock", ({ expect }) => {
  const member = (changes: Partial<Instance>) => startedAt(at("08:05"), changes);
  const late = at("20:10");
  expect(actAt(late, BY_CLOCK, member({ tags: { "kiln:keep": "" } }))).toBe("keep optedOut");
  expect(actAt(late, BY_CLOCK, member({ locks: ["financial"] }))).toBe("keep locked");
  expect(actAt(late, BY_CLOCK, member({ chargeType: "PrePaid" }))).toBe("keep saves nothing");
  expect(actAt(late, BY_CLOCK, startedAt(at("19:40")))).toBe("keep young");
  const notice = { ...BY_CLOCK, notice: "30m" };
  expect(actAt(late, notice)).toBe("warn clock");
  const announced = member({ tags: { "kiln:stop-at": new Date(at("20:40")).toISOString() } });
  expect(actAt(at("20:30"), notice, announced)).toBe("keep announced");
  expect(actAt(at("20:40"), notice, announced)).toBe("stop clock");
});

test("a start by a user after hours keeps a member until the later edge, or until working hours are over", ({
  expect,
}) => {
  const late = { ...BY_CLOCK, startedByHandUntil: "22:00" };
  expect(actAt(at("21:59"), late, startedAt(at("20:30")))).toBe("keep wanted");
  expect(actAt(at("22:00"), late, startedAt(at("20:30")))).toBe("stop clock");
  expect(actAt(at("22:00"), BY_CLOCK, startedAt(at("20:30")))).toBe("keep wanted");
  // Started after the edge: the next working day ends before the next edge.
  expect(actAt(at("19:59", "2026-03-03"), late, startedAt(at("23:00")))).toBe("keep hours");
  expect(actAt(at("20:00", "2026-03-03"), late, startedAt(at("23:00")))).toBe("stop clock");
  // On a Saturday there are no working hours.
  expect(actAt(at("22:00", "2026-03-07"), late, startedAt(at("10:00", "2026-03-07")))).toBe("stop clock");
});

test("on a holiday nothing is up, and a worked weekend has the hours of a Monday", ({ expect }) => {
  const launch = { InstanceType: "ecs.g7.large", VSwitchId: "vsw-1", SecurityGroupId: "sg-1" };
  const calendar = {
    timeZone: "Asia/Shanghai",
    holidays: ["2026-03-03..2026-03-04"],
    workdays: ["2026-03-07"],
  };
  const text = {
    family: "web",
    limits: { max: 5 },
    launch,
    calendar,
    idle: { upDuring: { hours: HOURS.hours } },
  };
  const { idle } = parseFleet("web", JSON.stringify(text));
  if (idle === undefined) throw new TypeError("no policy");
  const whyAt = (day: string) => decide(startedAt(at("08:05")), {}, idle, at("12:00", day)).why;
  expect(["02", "03", "04", "05", "07", "08"].map((day) => whyAt(`2026-03-${day}`))).toEqual([
    "hours",
    "clock",
    "clock",
    "hours",
    "hours",
    "clock",
  ]);
});

test("the hours in the tag of a member replace those of its fleet, and a tag that says nothing keeps it", ({
  expect,
}) => {
  const tagged = (text: string) => startedAt(at("08:05"), { tags: { "kiln:up-during": text } });
  const tags = { "kiln:up-during": "daily 20:00-06:00; Sat,Sun 10:00-12:00" };
  const night = startedAt(at("05:00"), { tags });
  expect(actAt(at("21:00"), BY_CLOCK, night)).toBe("keep hours");
  expect(actAt(at("10:00"), BY_CLOCK, night)).toBe("stop clock");
  expect(actAt(at("11:00", "2026-03-07"), BY_CLOCK, night)).toBe("keep hours");
  for (const text of ["", "always", "Mon-Fri", "Mon-Fri 08:00-20:00;"])
    expect(actAt(at("22:00"), BY_CLOCK, tagged(text))).toBe("keep hours");
  expect(decide(tagged("daily 00:00-24:00"), {}, policyOf(), at("22:00")).reason).toContain("kiln:up-during");
});

test("a member with hours of its own is started in these, not in those of its fleet", ({ expect }) => {
  const policy = policyOf({ ...BY_CLOCK, resume: true });
  const tags = { "kiln:stopped-by": "idle-web-1", "kiln:stopped-at": new Date(at("06:00")).toISOString() };
  const asleep = (own: object) => startedAt(at("05:00"), { status: "Stopped", tags: { ...tags, ...own } });
  expect(whyNotStarted(asleep({}), policy, at("09:00"))).toBeUndefined();
  const night = asleep({ "kiln:up-during": "daily 20:00-06:00" });
  expect(whyNotStarted(night, policy, at("09:00"))).toBe("it is outside its working hours");
  expect(whyNotStarted(night, policy, at("21:00"))).toBeUndefined();
});

const SHORT = { window: "10m", grace: "10m" };
const minutesOf = (count: number, cpu: (ago: number) => number, now: number) => ({
  CPUUtilization: Array.from({ length: count }, (_, n) => ({
    at: now - (now % minutes(1)) - minutes(n + 1),
    average: cpu(n + 1),
    minimum: 0,
    maximum: cpu(n + 1),
  })),
});

test("after ten minutes of work a member can be stopped 25 minutes later, and no sooner than its minutes are known", ({
  expect,
}) => {
  const policy = policyOf(SHORT);
  const member = startedAt(at("14:00"));
  const workedUntil = at("14:10");
  const stopsAt = Array.from({ length: 60 }, (_, minute) => at("14:00") + minutes(minute)).find((now) => {
    const samples = minutesOf(40, (ago) => (now - minutes(ago) < workedUntil ? 90 : 1), now);
    const idle = decide(member, samples, policy, now).act === "stop";
    return idle && keptByLastMinutes(member, samples, policy, now) === undefined;
  });
  expect(((stopsAt ?? 0) - workedUntil) / minutes(1)).toBe(15);
  expect(checkIntervalMs(policy)).toBe(minutes(10));
});

test("one busy or missing minute of a short window keeps a member", ({ expect }) => {
  const now = at("15:00");
  const policy = policyOf({ ...SHORT, window: "30m", coverage: 1 });
  const member = startedAt(at("09:00"));
  for (const bad of [6, 20, 34]) {
    const busy = minutesOf(35, (ago) => (ago === bad ? 90 : 1), now);
    expect(decide(member, busy, policy, now)).toMatchObject({ act: "keep", why: "busy" });
    const gap = minutesOf(35, (ago) => (ago === bad ? Number.NaN : 1), now);
    expect(decide(member, gap, policy, now)).toMatchObject({ act: "keep", why: "gap" });
  }
  expect(
    decide(
      member,
      minutesOf(35, () => 1, now),
      policy,
      now,
    ),
  ).toMatchObject({ act: "stop" });
});

test("an interval between checks is at most the window, and an hour at most", ({ expect }) => {
  const intervals = ["10m", "19m", "20m", "45m", "1h", "24h"].map(
    (window) => checkIntervalMs(policyOf({ window })) / minutes(1),
  );
  expect(intervals).toEqual([10, 10, 20, 30, 60, 60]);
});

test("a policy must say when a member is idle or when it is up", ({ expect }) => {
  const problem = (idle: object) => () => policyOf(idle);
  expect(problem({ signals: undefined })).toThrow(/signals.*is missing/s);
  expect(problem({ ...BY_CLOCK, outside: "idle" })).toThrow(/outside.*must be stop/s);
  expect(problem({ outside: "stop" })).toThrow(/outside.*must be used with upDuring/s);
  expect(problem({ startedByHandUntil: "22:00" })).toThrow(/startedByHandUntil.*must be used with upDuring/s);
  expect(problem({ ...BY_CLOCK, startedByHandUntil: "24:00" })).toThrow(/time of day/);
  expect(problem({ window: "90m" })).toThrow(/whole hours/);
  expect(problem({ window: "9m" })).toThrow(/must be from 10m/);
});
