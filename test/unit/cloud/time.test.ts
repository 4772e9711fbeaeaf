import { test } from "vitest";
import { parseSchedule } from "../../cloud/core/schedule.ts";
import { installClock, Timeline } from "../../cloud/core/time.ts";

test("events run in the order of their instants, those of one instant in the order of asking", async ({
  expect,
}) => {
  const time = new Timeline(1000);
  const seen: string[] = [];
  const note = (label: string) => (): void => void seen.push(`${label}@${time.now()}`);
  time.schedule(1500, { label: "b" }, note("b"));
  time.schedule(1200, { label: "a" }, note("a"));
  time.schedule(1500, { label: "c" }, note("c"));
  time.after(100, { label: "first" }, () => {
    note("first")();
    time.schedule(0, { label: "at once" }, note("at once"));
  });
  time.after(50, { label: "taken back" }, note("never"))();
  await time.settle();
  expect(seen).toEqual(["first@1100", "at once@1100", "a@1200", "b@1500", "c@1500"]);
});

test("a world with nothing but background events ahead is quiet", async ({ expect }) => {
  const time = new Timeline(0);
  const seen: number[] = [];
  const tick = (): void => {
    seen.push(time.now());
    time.after(10, { label: "tick", background: true }, tick);
  };
  time.after(10, { label: "tick", background: true }, tick);
  await time.settle();
  expect([seen, time.now()]).toEqual([[], 0]);
  time.after(25, { label: "work" }, () => undefined);
  await time.settle();
  expect([seen, time.now()]).toEqual([[10, 20], 25]);
  await time.settle({ forMs: 10 });
  expect([seen, time.now()]).toEqual([[10, 20, 30], 35]);
});

test("the clock stands still while work is unfinished, and a failure in an event reaches who settles", async ({
  expect,
}) => {
  const time = new Timeline(0);
  const order: string[] = [];
  time.after(1, { label: "slow" }, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`slow done@${time.now()}`);
  });
  time.after(2, { label: "next" }, () => void order.push(`next@${time.now()}`));
  time.after(3, { label: "bad" }, () => Promise.reject(new Error("broken")));
  await expect(time.settle()).rejects.toThrow("broken");
  expect(order).toEqual(["slow done@1", "next@2"]);
});

test("while all unfinished work sleeps the clock goes on, and a sleep that is taken back does not count", async ({
  expect,
}) => {
  const time = new Timeline(0);
  const order: string[] = [];
  const note = (text: string): void => void order.push(`${text}@${time.now()}`);
  const sleeper = (name: string, ms: number): Promise<void> =>
    new Promise((resolve) => {
      time.sleep(ms, () => {
        note(name);
        resolve();
      });
    });
  time.after(1, { label: "a" }, () => sleeper("a", 50));
  time.after(2, { label: "b" }, async () => {
    await sleeper("b", 10);
    await sleeper("b", 20);
  });
  time.after(3, { label: "awake" }, async () => {
    const stop = time.sleep(1000, () => note("never"));
    stop();
    stop();
    await new Promise((resolve) => setTimeout(resolve, 5));
    note("awake");
  });
  time.after(20, { label: "c" }, () => note("c"));
  await time.settle({ forMs: 40 });
  expect(order).toEqual(["awake@3", "b@12", "c@20", "b@32"]);
  await time.settle();
  expect([order.at(-1), time.now()]).toEqual(["a@51", 51]);
});

test("a world that never gets quiet fails instead of hanging", async ({ expect }) => {
  const time = new Timeline(0);
  const again = (): void => void time.after(1, { label: "again" }, again);
  again();
  await expect(time.settle({ maxEvents: 100 })).rejects.toThrow(/not quiet after 100 events/);
});

test("the installed clock is the cloud's, leaves other dates alone and goes when it is removed", ({
  expect,
}) => {
  const real = Date;
  const time = new Timeline(Date.UTC(2030, 0, 1));
  const restore = installClock(time.shared);
  const dates = [
    Date.now(),
    Date.now(),
    new Date(5).getTime(),
    Date.UTC(1970, 0, 1),
    Date.parse("1970-01-01"),
  ];
  const isDate = new real(0) instanceof Date;
  restore();
  expect(dates).toEqual([Date.UTC(2030, 0, 1), Date.UTC(2030, 0, 1), 5, 0, 0]);
  expect([isDate, Date === real]).toEqual([true, true]);
});

test("a schedule is an interval of whole minutes or six fields in a zone", ({ expect }) => {
  const start = Date.UTC(2026, 0, 5, 8, 0, 30);
  const next = (text: string): string => new Date(parseSchedule(text, start)(start)).toISOString();
  expect(next("@every 5m")).toBe("2026-01-05T08:05:30.000Z");
  expect(next("@every 2h")).toBe("2026-01-05T10:00:30.000Z");
  expect(next("0 0 4 * * *")).toBe("2026-01-06T04:00:00.000Z");
  expect(next("CRON_TZ=Asia/Shanghai 0 0 4 1 * *")).toBe("2026-01-31T20:00:00.000Z");
  expect(() => parseSchedule("0 4 * * *", start)).toThrow(/six fields.*5/);
  expect(() => parseSchedule("@every 30s", start)).toThrow(/at least one minute/);
  expect(() => parseSchedule("@daily", start)).toThrow(/@every 5m/);
  expect(() => parseSchedule("CRON_TZ=Mars/Base 0 0 4 * * *", start)).toThrow();
  expect(() => parseSchedule("0 0 99 * * *", start)).toThrow();
});
