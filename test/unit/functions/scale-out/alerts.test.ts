import { test } from "vitest";
import type * as z from "zod/mini";
import { entryOf } from "../../../../functions/scale-out/scale-out/alerts.ts";
import {
  alarmsIn,
  ALERTS_MAX,
  fitting,
  ledgerIn,
  lineOf,
  type Line,
} from "../../../../functions/scale-out/scale-out/ledger.ts";
import { alarmsOf, LineBefore } from "../../../../functions/scale-out/scale-out/ledger-before.ts";
import { days, hours, minutes } from "../../../../shared/duration.ts";
import { LEDGERS } from "./ledgers-before.ts";

const T = Date.UTC(2026, 0, 5, 8);
/** What is read at first. */
const TAIL = 256 * 1024;

interface Given {
  readonly run: string;
  readonly ids: readonly string[];
  /** When an alarm was as it says; left out for alerts with a start of their own. */
  readonly at?: number;
  readonly over?: true;
  /** When it is delivered. */
  readonly now?: number;
}

/** A ledger as it lies in the bucket, of which the end is read. */
class Ledger {
  readonly #lines: { readonly line: z.infer<typeof Line>; readonly position: number }[] = [];
  #end = 0;
  readonly failures = new Map<string, number>();
  /** The most bytes that were read at once. */
  most = 0;

  /** The alerts that the run has after a delivery of them, or how long it waits. */
  deliver({ run, ids, at, over, now = at ?? T }: Given): readonly string[] | number {
    const given = {
      run,
      alerts: ids.map((id): [string, number] => [id, 1]),
      phaseStartedAt: now,
      ...(at !== undefined && { at }),
      ...(over && { over }),
    };
    const ledger = this.read(now);
    const unanswered = [...ledger.alarms].flatMap(([id, { run: holder }]) => {
      const failedAt = this.failures.get(holder);
      return failedAt === undefined ? [] : [[id, failedAt] as const];
    });
    const entry = entryOf(given, ledger.alarms, new Map(unanswered), now);
    if (entry === undefined) return [];
    if ("waitMs" in entry) return entry.waitMs;
    this.append({ ...lineOf(entry, ledger), w: run });
    return entry.alerts;
  }

  append(line: z.infer<typeof Line>): void {
    this.#lines.push({ line, position: this.#end });
    this.#end += JSON.stringify(line).length + 1;
  }

  read(now: number) {
    for (let most = TAIL; ; most *= 4) {
      this.most = Math.max(this.most, Math.min(most, this.#end));
      const lines = this.#lines.filter(({ position }) => position >= this.#end - most);
      const found = ledgerIn({ lines, end: this.#end }, most >= this.#end, now);
      if (found !== undefined) return found;
    }
  }
}

const many = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name}${String(n).padStart(12 - name.length, "0")}`);

test("an alarm is one request until it is over, and an alert with a start of its own is one", ({
  expect,
}) => {
  const ledger = new Ledger();
  const alarm = (run: string, at: number) => ledger.deliver({ run, ids: ["a"], at });
  expect(alarm("r1", T)).toEqual(["a"]);
  expect(alarm("r2", T + hours(24))).toEqual([]);
  expect(alarm("r3", T - hours(1))).toEqual([]);
  expect(ledger.deliver({ run: "end", ids: ["a"], at: T + hours(25), over: true })).toEqual([]);
  expect(alarm("r4", T + hours(24))).toEqual([]);
  expect(alarm("r5", T + hours(26))).toEqual(["a"]);
  expect(ledger.deliver({ run: "r6", ids: ["b"] })).toEqual(["b"]);
  expect(ledger.deliver({ run: "r7", ids: ["b", "c"], now: T + days(1) })).toEqual(["c"]);
});

test("an alarm that CloudMonitor did not repeat for two days is another one", ({ expect }) => {
  const ledger = new Ledger();
  const alarm = (run: string, at: number) => ledger.deliver({ run, ids: ["a"], at });
  expect(alarm("r1", T)).toEqual(["a"]);
  expect(alarm("r2", T + days(1))).toEqual([]);
  expect(alarm("r3", T + days(3))).toEqual([]);
  expect(alarm("r4", T + days(5) + 1)).toEqual(["a"]);
});

/** Every order of the elements. */
function orders<T>(all: readonly T[]): T[][] {
  if (all.length < 2) return [[...all]];
  return all.flatMap((one, index) => orders(all.toSpliced(index, 1)).map((rest) => [one, ...rest]));
}

test("in whichever order its deliveries come, an alarm has one run at most, and one that is not over has one", ({
  expect,
}) => {
  // Three alarms; the second is repeated, and the last goes on.
  const all = [
    { name: "r1", minute: 0 },
    { name: "o1", minute: 1, over: true },
    { name: "r2", minute: 2 },
    { name: "r3", minute: 3 },
    { name: "o2", minute: 4, over: true },
    { name: "r4", minute: 5 },
  ] as const;
  for (const order of orders(all)) {
    const ledger = new Ledger();
    const taken = order.filter(({ name: run, minute, ...over }) => {
      const given = { run, ids: ["a"], at: T + minutes(minute), ...over, now: T + hours(1) };
      const had = ledger.deliver(given);
      // A delivery that comes once more changes nothing.
      expect(ledger.deliver({ ...given, run: `${run}-again` })).toEqual([]);
      return had !== 0 && Array.isArray(had) && had.length > 0;
    });
    const said = order.map(({ name }) => name).join(" ");
    expect(taken.length, said).toBeLessThanOrEqual(3);
    const { run, from } = ledger.read(T + hours(1)).alarms.get("a") ?? {};
    expect(run, said).not.toBe("");
    expect(from, said).toBe(T + minutes(5));
    // In the order of their times there are as many as alarms.
    if (order.every(({ minute }, index) => minute === index)) expect(taken.length).toBe(3);
  }
});

test("an end that is older than a repeat gives the alarm since then to its own run", ({ expect }) => {
  for (const repeats of [[minutes(2)], [hours(7), hours(13)]]) {
    const ledger = new Ledger();
    expect(ledger.deliver({ run: "r1", ids: ["a"], at: T })).toEqual(["a"]);
    for (const after of repeats) expect(ledger.deliver({ run: "r2", ids: ["a"], at: T + after })).toEqual([]);
    const end = T + (repeats.at(-1) ?? 0) - 1;
    expect(ledger.deliver({ run: "end", ids: ["a"], at: end, over: true })).toEqual(["a"]);
    expect(ledger.deliver({ run: "end2", ids: ["a"], at: end, over: true })).toEqual([]);
    expect(ledger.deliver({ run: "r3", ids: ["a"], at: end + hours(1) })).toEqual([]);
  }
});

test("an alert whose run failed is taken again five minutes later, beside others too", ({ expect }) => {
  for (const ids of [["a"], ["a", "b"]]) {
    const ledger = new Ledger();
    expect(ledger.deliver({ run: "r1", ids: ["a"], at: T })).toEqual(["a"]);
    ledger.failures.set("r1", T);
    const tried = (run: string, now: number) => ledger.deliver({ run, ids, at: T + 1, now });
    expect(tried("r2", T + minutes(1))).toBe(minutes(4));
    expect(tried("r2", T + minutes(5))).toEqual(ids);
    // Of those that waited together, one tries for all.
    ledger.failures.set("r2", T + minutes(5));
    expect(tried("r3", T + minutes(5))).toEqual([]);
    expect(tried("r4", T + minutes(5) + 1)).toBe(minutes(5) - 1);
  }
});

test("storms of other groups push out no alert and no alarm that fires still, and a bounded part of the ledger is read", ({
  expect,
}) => {
  const ledger = new Ledger();
  // Repeated as rarely as their senders do.
  expect(ledger.deliver({ run: "alert", ids: ["alert"], now: T })).toEqual(["alert"]);
  expect(ledger.deliver({ run: "alarm", ids: ["alarm"], at: T })).toEqual(["alarm"]);
  let alarmAt = T;
  for (let n = 0; n < 50; n++) {
    const now = T + n * hours(2.3);
    expect(ledger.deliver({ run: `s${n}`, ids: many(`s${n}-`, 500), now })).toHaveLength(500);
    if (now - alarmAt > days(1)) {
      alarmAt = now;
      expect(ledger.deliver({ run: `r${n}`, ids: ["alarm"], at: now }), String(n)).toEqual([]);
    }
  }
  const now = T + hours(119);
  expect(ledger.deliver({ run: "last", ids: ["alert"], now })).toEqual([]);
  expect(ledger.most).toBeLessThanOrEqual(4 * 1024 * 1024);
  // One that is repeated among alerts that are new each time is written down again, too.
  for (let day = 6; day < 20; day += 5)
    expect(ledger.deliver({ run: `d${day}`, ids: ["alert", `new${day}`], now: T + days(day) })).toEqual([
      `new${day}`,
    ]);
});

test("what has ended is forgotten after six days, so a ledger of ordinary use is short for ever", ({
  expect,
}) => {
  const ledger = new Ledger();
  for (let n = 0; n < 200; n++)
    expect(ledger.deliver({ run: `r${n}`, ids: many(`${n}-`, 20), now: T + n * hours(1) })).toHaveLength(20);
  expect(ledger.read(T + hours(200)).alarms.size).toBeLessThanOrEqual(6 * 24 * 20);
  expect(ledger.most).toBeLessThanOrEqual(1024 * 1024);
});

test("a full ledger takes repeats and ends of what it knows, and nothing new, until something is forgotten", ({
  expect,
}) => {
  const known = many("", ALERTS_MAX);
  const kept = { run: "r1", alerts: known, at: 0, seen: T, base: 0 };
  const alarms = alarmsIn([kept], T);
  const nothing = { run: "r2", alerts: [], at: 0 };
  const some = known.slice(0, 500);
  expect(fitting({ ...nothing, alerts: some }, alarms)).toEqual({ ...nothing, alerts: some });
  expect(fitting({ ...nothing, repeats: some }, alarms)).toEqual({ ...nothing, repeats: some });
  expect(fitting({ ...nothing, alerts: ["new", ...some] }, alarms)).toEqual({ ...nothing, alerts: some });
  expect(fitting({ ...nothing, alerts: ["new"] }, alarms)).toBe(undefined);
  expect(fitting({ ...nothing, ended: ["new"] }, alarms)).toBe(undefined);
  const later = alarmsIn([kept], T + days(6) + 1);
  expect(fitting({ ...nothing, alerts: ["new"] }, later)).toEqual({ ...nothing, alerts: ["new"] });
});

test("the most alerts that a ledger has room for fit into what is read", ({ expect }) => {
  const kept = { run: "r1", alerts: many("", ALERTS_MAX), at: 0, seen: T, base: 0 };
  const line = lineOf({ ...kept, alerts: [] }, { alarms: alarmsIn([kept], T), end: 0, base: undefined });
  expect(JSON.stringify(line).length).toBeLessThan(2 * 1024 * 1024);
  expect(alarmsIn([line], T).size).toBe(ALERTS_MAX);
});

test("the first line carries a ledger of the version before forward, and every decision on it is the same", ({
  expect,
}) => {
  for (const { failures, probes, ledger: text } of LEDGERS) {
    const before = text
      .split("\n")
      .slice(0, -1)
      .map((line) => LineBefore.parse(JSON.parse(line)));
    for (const [id, at, now, launches] of probes) {
      const ledger = new Ledger();
      const first = { run: "r", alerts: ["other"], at: 0, seen: now };
      ledger.append({ ...lineOf(first, { alarms: alarmsOf(before, now), end: 0, base: undefined }), w: "w" });
      for (const [run, failedAt] of failures) ledger.failures.set(run, failedAt);
      const found = ledger.deliver({ run: "new", ids: [id], ...(at > 0 && { at }), now });
      expect(found, `${id} ${at} ${now}\n${text}`).toEqual(launches ? [id] : []);
    }
  }
});

test("a text of the version before names the alerts of the newest line of a run, without those left out", ({
  expect,
}) => {
  const line = (run: string, alerts: string[], more: object = {}) =>
    LineBefore.parse({ run, alerts, w: "w", ...more });
  const alarms = alarmsOf(
    [
      line("r1", ["a", "b", "c"]),
      line("r2", ["d"], { again: "r1", without: ["a"] }),
      line("r3", ["a"], { again: "r2", without: ["b"] }),
      line("end", ["d"], { at: T, over: true, again: "r3", without: ["a", "c"] }),
    ],
    T,
  );
  expect(Object.fromEntries([...alarms].map(([id, { run }]) => [id, run]))).toEqual({
    a: "r3",
    b: "r2",
    c: "r3",
    d: "",
  });
});
