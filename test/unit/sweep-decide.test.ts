import { test } from "vitest";
import { judgeImage, judgeMachine, judgeSnapshot } from "../../functions/sweep/decide.ts";
import { days, hours, minutes } from "../../shared/duration.ts";
import type { RunRecord } from "../../shared/journal.ts";

const NOW = Date.UTC(2026, 0, 5);
const RUN = "bake-web-20260104-0123456789ab";
const machine = (ageMs: number, autoReleaseAt?: number) => ({
  id: "i-1",
  createdAt: NOW - ageMs,
  autoReleaseAt,
  tags: { "kiln:run": RUN },
});
const record = (state: RunRecord["state"]) => ({ run: RUN, state }) as RunRecord;
const thing = { id: "m-1", run: RUN, family: "" };

test("nothing of a run without a record is given back, however old it is, and all of it is reported", ({
  expect,
}) => {
  for (const ageMs of [0, minutes(31), hours(5), days(40)]) {
    expect(judgeMachine(machine(ageMs, NOW + hours(1)), undefined, NOW)).toMatchObject({
      release: false,
      unknown: true,
      releasesAt: "2026-01-05T01:00:00.000Z",
      why: "its run is unknown here; it releases itself at 2026-01-05T01:00:00.000Z",
    });
    const endless = judgeMachine(machine(ageMs), undefined, NOW);
    expect(endless).toMatchObject({ release: false, unknown: true });
    expect(endless.why).toMatch(/no AutoReleaseTime: .*release it by hand .* or set its AutoReleaseTime$/);
    expect(endless).not.toHaveProperty("releasesAt");
  }
  expect(judgeImage(thing, undefined)).toMatchObject({ release: false, unknown: true });
  expect(judgeSnapshot(thing, undefined)).toMatchObject({ release: false, unknown: true });
});

test("what is known to be over is given back, what is at work or kept on purpose is not", ({ expect }) => {
  const verdict = (state: RunRecord["state"], ageMs = hours(1)) =>
    judgeMachine(machine(ageMs), record(state), NOW).release;
  expect(verdict("done")).toBe(true);
  expect(verdict("done", minutes(29))).toBe(false);
  expect([verdict("queued"), verdict("running"), verdict("failed")]).toEqual([false, false, false]);
  expect(judgeImage(thing, record("failed")).release).toBe(true);
  expect(judgeImage({ ...thing, family: "web" }, record("failed")).release).toBe(false);
  expect(judgeSnapshot(thing, record("failed")).release).toBe(true);
  for (const state of ["queued", "running", "done"] as const) {
    expect(judgeImage(thing, record(state)).release).toBe(false);
    expect(judgeSnapshot(thing, record(state)).release).toBe(false);
  }
});
