import { test } from "vitest";
import { judgeImage, judgeInstance } from "../../../../../functions/janitor/cleanup/decide.ts";
import { days, hours, minutes } from "../../../../../shared/duration.ts";
import type { Completion } from "../../../../../shared/workflow/workflow.ts";
import type { RunRecord } from "../../../../support/records.ts";

const NOW = Date.UTC(2026, 0, 5);
const RUN = "bake-web-20260104-0123456789ab";
const instance = (ageMs: number, autoReleaseAt?: number) => ({
  id: "i-1",
  createdAt: NOW - ageMs,
  autoReleaseAt,
});
const record = (state: RunRecord["state"]) => {
  if (state === "queued" || state === "running") return {};
  const completion: Completion = state === "done" ? { kind: state, result: {} } : { kind: state, reason: "" };
  return { completion };
};
const image = { id: "m-1", family: "" };
const snapshot = { id: "s-1" };

test("resources of a run without a record are not released, however old they are, and are reported", ({
  expect,
}) => {
  for (const ageMs of [0, minutes(31), hours(5), days(40)]) {
    expect(judgeInstance(instance(ageMs, NOW + hours(1)), RUN, undefined, NOW)).toMatchObject({
      release: false,
      unknown: true,
      releasesAt: "2026-01-05T01:00:00.000Z",
      why: "its run is unknown here; it is released at 2026-01-05T01:00:00.000Z",
    });
    const endless = judgeInstance(instance(ageMs), RUN, undefined, NOW);
    expect(endless).toMatchObject({ release: false, unknown: true });
    expect(endless.why).toMatch(/no AutoReleaseTime: .*release it by hand .* or set its AutoReleaseTime$/);
    expect(endless).not.toHaveProperty("releasesAt");
  }
  expect(judgeImage("image", image, RUN, undefined)).toMatchObject({ release: false, unknown: true });
  expect(judgeImage("snapshot", snapshot, RUN, undefined)).toMatchObject({ release: false, unknown: true });
});

test("resources of an ended run are released; those of a run at work or kept for debugging are not", ({
  expect,
}) => {
  const released = (state: RunRecord["state"], ageMs = hours(1)) =>
    judgeInstance(instance(ageMs), RUN, record(state), NOW).release;
  expect(released("done")).toBe(true);
  expect(released("done", minutes(29))).toBe(false);
  expect([released("queued"), released("running"), released("failed")]).toEqual([false, false, false]);
  expect(judgeImage("image", image, RUN, record("failed")).release).toBe(true);
  expect(judgeImage("image", { ...image, family: "web" }, RUN, record("failed")).release).toBe(false);
  expect(judgeImage("snapshot", snapshot, RUN, record("failed")).release).toBe(true);
  for (const state of ["queued", "running", "done"] as const) {
    expect(judgeImage("image", image, RUN, record(state)).release).toBe(false);
    expect(judgeImage("snapshot", snapshot, RUN, record(state)).release).toBe(false);
  }
});
