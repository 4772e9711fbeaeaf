import { test } from "vitest";
import { decide, type Situation } from "../../../../functions/scale-out/size/decide.ts";
import { parseFleet } from "../../../../shared/documents/fleet.ts";
import { days, hours, minutes } from "../../../../shared/duration.ts";
import type { Instance } from "../../../../shared/cloud/ecs/instance.ts";
import type { Reservation } from "../../../../shared/limits/stored-reservation.ts";
import type { Level } from "../../../../shared/size/wanted.ts";
import { fleetText } from "../../../support/fleets.ts";
import { POLICY } from "../../../support/idle.ts";
import { instanceOf } from "../stop-idle/fixture.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const member = (id: string, more: Partial<Instance> = {}): Instance => instanceOf({ id, ...more });
const three = [member("i-1"), member("i-2"), member("i-3")];
const grant = (more: Partial<Reservation>): Reservation => ({
  run: "scale-web",
  at: NOW,
  launches: [2],
  wakes: [],
  open: true,
  short: [],
  ...more,
});

const situation = (more: Partial<Situation> & { readonly fleet?: object }): Situation => ({
  document: parseFleet("web", fleetText({ size: { min: 1, desired: 3 }, idle: POLICY, ...more.fleet })),
  state: { byUser: [], byHand: { from: 0, starts: {} } },
  members: three,
  reservations: { v: 2, grants: [] },
  last: "none",
  now: NOW,
  ...more,
});

test("a fleet that is as it is to be asks for nothing", ({ expect }) => {
  expect(decide(situation({}))).toMatchObject({ wanted: 3, present: 3 });
  expect(decide(situation({})).state).toBeUndefined();
});

test("instances that open reservations still launch count as members, listed or not", ({ expect }) => {
  const of = (members: readonly Instance[], grants: Reservation[]) =>
    decide(situation({ members, reservations: { v: 2, grants } })).present;
  expect(of([], [grant({})])).toBe(2);
  expect(of([member("i-1", { tags: { "kiln:run": "scale-web" } })], [grant({})])).toBe(2);
  expect(of([member("i-1", { status: "Stopped" })], [grant({ launches: [0], wakes: ["i-1"] })])).toBe(1);
  expect(of([member("i-1")], [grant({ open: false })])).toBe(1);
});

test("a member that stops, or that the cloud takes back, is missing", ({ expect }) => {
  for (const more of [{ status: "Stopping" }, { locks: ["Recycling"] }]) {
    const { child } = decide(situation({ members: [...three.slice(1), member("i-1", more)] }));
    expect(child).toMatchObject({ kind: "launch", count: 1 });
  }
});

test("one run at a time: nothing is handed on while the last one, or a stop, is at work, or in a pause", ({
  expect,
}) => {
  const child = { run: "scale-web-1", at: NOW, vain: 0, kind: "launch", count: 1 } as const;
  const paused = { at: NOW, by: "ci", why: "" };
  const short = { members: [] };
  expect(decide(situation(short)).child).toMatchObject({ kind: "launch", count: 3 });
  expect(decide(situation({ ...short, last: "open", state: { byUser: [], child } })).state).toBeUndefined();
  const busy = { members: [member("i-1")], stopping: "idle-web-1" };
  expect(decide(situation(busy))).toEqual({ wanted: 3, present: 1, why: "idle-web-1 is at work" });
  expect(decide(situation({ ...short, state: { byUser: [], paused } })).state).toBeUndefined();
});

test("beside a refresh missing members are launched, as many as it leaves the fleet, and nothing is ended", ({
  expect,
}) => {
  const child = { run: "refresh-web-1", at: NOW, vain: 0, kind: "refresh", count: 0 } as const;
  const meanwhile = { run: "scale-web-1", at: NOW, vain: 0, kind: "launch", count: 1 } as const;
  const during = (here: number, more: Parameters<typeof situation>[0] = {}) =>
    decide(
      situation({
        last: "open",
        members: Array.from({ length: here }, (_, n) => member(`i-${n}`)),
        ...more,
        state: { byUser: [], child, ...more.state },
      }),
    ).child;
  expect(during(1)).toMatchObject({ kind: "launch", count: 2, beside: true });
  expect(during(3)).toBeUndefined();
  expect(during(5)).toBeUndefined();
  const fleet = { refresh: { maxUnavailable: 1 } };
  expect(during(2, { fleet })).toBeUndefined();
  expect(during(1, { fleet })).toMatchObject({ count: 1 });
  // A refresh that is over leaves its launch at work.
  for (const last of ["open", "useful", "none"] as const)
    expect(during(1, { last, meanwhile: "open", state: { meanwhile } })).toBeUndefined();
  expect(during(1, { meanwhile: "vain", state: { meanwhile } })).toBeUndefined();
  expect(during(1, { last: "useful" })).toEqual(expect.not.objectContaining({ beside: true }));
});

test("while a run stops members, those that are missing for the min are launched, and acts of users wait", ({
  expect,
}) => {
  const fleet = { size: { min: 2, desired: 4 } };
  const end = { run: "shrink-web-1", at: NOW, vain: 0, kind: "end", count: 1 } as const;
  const byHand = { from: 0, starts: {} };
  const members = [member("i-1"), member("i-2", { status: "Stopped" })];
  const checked = decide(situation({ fleet, members, stopping: "idle-web-1" }));
  expect(checked).toMatchObject({ wanted: 4, child: { kind: "launch", count: 1 }, state: { byUser: [] } });
  expect(checked.child).not.toHaveProperty("beside");
  for (const stopping of ["shrink-web-1", undefined]) {
    const state = { byUser: [], byHand, child: end };
    const { child } = decide(situation({ fleet, members, last: "open", state, stopping }));
    expect(child).toMatchObject({ kind: "launch", count: 1, beside: true });
  }
  // A launch may have reserved nothing yet.
  const child = { ...end, kind: "launch" } as const;
  expect(
    decide(situation({ fleet, members, last: "open", state: { byUser: [], child } })).child,
  ).toBeUndefined();
});

test("a change that came to nothing is tried after pauses that double, up to two hours", ({ expect }) => {
  const after = (vain: number, agoMs: number) =>
    decide(
      situation({
        members: [],
        last: "vain",
        state: { byUser: [], child: { run: "scale-web-1", at: NOW - agoMs, vain, kind: "launch", count: 3 } },
      }),
    ).child?.vain;
  expect(after(0, minutes(9))).toBeUndefined();
  expect(after(0, minutes(10))).toBe(1);
  expect(after(2, minutes(39))).toBeUndefined();
  expect(after(2, minutes(40))).toBe(3);
  expect(after(30, hours(2))).toBe(31);
});

test("the pause after a vain try holds back that change only, not another need of the fleet", ({
  expect,
}) => {
  type Try = NonNullable<Situation["state"]["child"]>;
  const after = (tried: Pick<Try, "kind" | "wanted" | "missing">, here: number) => {
    const child = { run: "web-1", at: NOW - minutes(1), vain: 5, count: 1, ...tried };
    const members = Array.from({ length: here }, (_, n) => member(`i-${n}`));
    return decide(situation({ members, last: "vain", state: { byUser: [], child } })).child;
  };
  const short = { kind: "launch", wanted: 3, missing: 1 } as const;
  expect(after(short, 2)).toBeUndefined();
  expect(after(short, 1)).toMatchObject({ kind: "launch", count: 2, vain: 0 });
  expect(after({ ...short, wanted: 5, missing: 4 }, 1)).toMatchObject({ kind: "launch", vain: 0 });
  expect(after(short, 4)).toMatchObject({ kind: "end", count: 1, vain: 0 });
  const many = { kind: "end", wanted: 3, missing: -1 } as const;
  expect(after(many, 4)).toBeUndefined();
  expect(after(many, 5)).toMatchObject({ kind: "end", count: 2, vain: 0 });
  expect(after(many, 2)).toMatchObject({ kind: "launch", count: 1, vain: 0 });
});

test("an act that is over is dropped, whatever holds up changes, so it does not count again", ({
  expect,
}) => {
  const byUser: string[] = [];
  const paused = { at: NOW, by: "ci", why: "" };
  const hindrances: readonly Partial<Situation>[] = [
    {},
    { stopping: "idle-web-1" },
    { last: "open" },
    { state: { paused } },
  ];
  const stateAfter = (level: Level, fleet: object) =>
    hindrances.map(({ state, ...more }) => {
      const given = situation({ fleet, ...more, state: { byUser, level, ...state } });
      return decide(given).state?.level === undefined && decide(given).state !== undefined;
    });
  const level = { desired: 3, at: NOW - hours(2), by: "ci", of: 3 };
  expect(stateAfter(level, {})).toEqual([false, false, false, false]);
  expect(stateAfter({ ...level, of: 2 }, {})).toEqual([true, true, true, true]);
  const calendar = { timeZone: "UTC" };
  const schedule = [{ days: "daily", from: "07:00", to: "20:00", min: 2 }];
  expect(stateAfter(level, { calendar, schedule })).toEqual([true, true, true, true]);
  expect(stateAfter({ ...level, lowered: true }, { calendar, schedule })).not.toContain(true);
});

test("a spot member that the cloud may have stopped itself lowers nothing, and is replaced", ({ expect }) => {
  const down = { status: "Stopped", spotStrategy: "SpotAsPriceGo", stopsWhenTakenBack: true } as const;
  const { wanted, child, state } = decide(situation({ members: [...three.slice(1), member("i-1", down)] }));
  expect({ wanted, child }).toMatchObject({ wanted: 3, child: { kind: "launch", count: 1 } });
  expect(state).toMatchObject({ byUser: [] });
});

test("subscriptions are not bought, and a surplus is not ended where no idle policy says who is busy", ({
  expect,
}) => {
  const prepaid = {
    allowSubscription: true,
    launch: { InstanceChargeType: "PrePaid", Period: 1, PeriodUnit: "Month" },
    idle: undefined,
  };
  const missing = decide(situation({ fleet: prepaid, members: [] }));
  expect(missing.child).toBeUndefined();
  expect(missing.why).toContain("bought on request");
  const many = [...three, member("i-4")];
  expect(decide(situation({ members: many })).child).toMatchObject({ kind: "end", count: 1 });
  expect(decide(situation({ members: many, fleet: { idle: undefined } })).child).toBeUndefined();
});

test("the first look only notes who is stopped; later stops lower the number, never below min", ({
  expect,
}) => {
  const stopped = (id: string) => member(id, { status: "Stopped", tags: {} });
  const members = [member("i-1"), stopped("i-2"), stopped("i-3")];
  const first = decide(situation({ members, state: {} }));
  expect(first.state).toMatchObject({ byUser: ["i-2", "i-3"] });
  expect(first.child).toMatchObject({ kind: "launch", count: 2 });
  const later = decide(situation({ members, state: { byUser: ["i-2"] } }));
  expect(later).toMatchObject({
    wanted: 2,
    state: { byUser: ["i-2", "i-3"], level: { desired: 2, lowered: true } },
  });
  const all = decide(situation({ members: members.map(({ id }) => stopped(id)) }));
  expect(all).toMatchObject({ wanted: 1, child: { kind: "launch", count: 1 } });
});

test("a stop beyond the number, or of a member that min needs, lowers nothing, and its start raises nothing", ({
  expect,
}) => {
  const down = (id: string, status = "Stopped") => member(id, { status });
  const [one = member("i-1"), two = member("i-2")] = three;
  const fleet = { size: { min: 2, desired: 2 } };
  const stop = decide(situation({ fleet, members: [one, two, down("i-3")] }));
  expect(stop).toMatchObject({ wanted: 2, present: 2, state: { byUser: ["i-3"], beside: ["i-3"] } });
  const { state = {} } = stop;
  expect(decide(situation({ fleet, state }))).toMatchObject({ wanted: 2, state: { byUser: [], beside: [] } });
  // One of the number and one beyond it: one of both gives back what it has lowered.
  const less = { size: { min: 0, desired: 2 } };
  const both = decide(situation({ fleet: less, members: [one, down("i-2"), down("i-3")] }));
  expect(both).toMatchObject({ wanted: 1, state: { byUser: ["i-2", "i-3"], beside: ["i-3"] } });
  expect(decide(situation({ fleet: less, state: both.state ?? {} }))).toMatchObject({
    wanted: 2,
    present: 3,
  });
});

test("a start by hand raises the number once, never above max; while it starts, nothing is too many", ({
  expect,
}) => {
  const asleep = (more: Partial<Instance>): Instance => {
    const tags = { "kiln:stopped-by": "idle-web-1", "kiln:stopped-at": "2026-01-05T06:00:00Z" };
    return member("i-4", { startedAt: NOW - days(1), ...more, tags: { ...tags, ...more.tags } });
  };
  const of = (four: Instance, more: Parameters<typeof situation>[0] = {}) =>
    decide(situation({ members: [...three, four], ...more }));
  expect(of(asleep({ status: "Starting" }))).toMatchObject({ wanted: 3, why: "it is as it is to be" });
  const up = asleep({ startedAt: NOW });
  const { state = {}, ...first } = of(up);
  expect(first).toMatchObject({ wanted: 4, present: 4 });
  expect(state).toMatchObject({ byHand: { starts: { "i-4": NOW } }, level: { desired: 4 } });
  expect(of(up, { state }).state).toBeUndefined();
  // Nothing is written while it is down.
  const lower = { ...state, level: undefined };
  expect(of(asleep({ status: "Stopped" }), { state: lower }).state).toBeUndefined();
  expect(of(asleep({ startedAt: NOW + hours(2) }), { state: lower }).wanted).toBe(4);
  expect(of(up, { fleet: { limits: { max: 3 } } })).toMatchObject({ wanted: 3, child: { kind: "end" } });
  const woken = { "kiln:woken-at": "2026-01-05T07:59:00Z scale-web-1" };
  expect(of(asleep({ startedAt: NOW, tags: woken })).wanted).toBe(3);
  const grants = [grant({ launches: [0], wakes: ["i-4"] })];
  expect(of(up, { reservations: { v: 2, grants } }).wanted).toBe(3);
  // The first look, and a resume, count what runs.
  expect(of(up, { state: { byUser: [] } })).toMatchObject({ wanted: 3, state: { byHand: { from: NOW } } });
});

test("a member that was on its way down when it was replaced lowers the number once it is down", ({
  expect,
}) => {
  const to = (status: string) => [...three.slice(1), member("i-1", { status })];
  const { state = {}, child } = decide(situation({ members: to("Stopping") }));
  expect(child).toMatchObject({ kind: "launch", count: 1 });
  const later = decide(situation({ state, members: [...to("Stopped"), member("i-4")] }));
  expect(later).toMatchObject({ wanted: 2, state: { beside: [] }, child: { kind: "end", count: 1 } });
});
