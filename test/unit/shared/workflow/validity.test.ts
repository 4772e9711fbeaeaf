import { test } from "vitest";
import { minutes } from "../../../../shared/duration.ts";
import type { WorkflowEvent } from "../../../../shared/workflow/envelope.ts";
import { tooOld } from "../../../../shared/workflow/validity.ts";

const T = Date.UTC(2026, 0, 5, 8);
const event = (by: string, run: string, validForMs?: number): WorkflowEvent => ({
  v: 2,
  run,
  seq: 1,
  position: 1,
  runAt: T,
  startedAt: T,
  phaseStartedAt: T,
  attempt: 0,
  by,
  phase: "request",
  input: { ...(validForMs !== undefined && { validForMs }) },
});
const SCALE = "scale-web-20260105-0123456789ab";

test("a request that began too late names its limit, and a validFor only to a caller who can set one", ({
  expect,
}) => {
  const again = "so nothing was done; ask for it again, or set validFor";
  expect(tooOld(event("webhook:ci", SCALE))).toBe(`it did not start within 30m, ${again}`);
  expect(tooOld(event("webhook:ci", SCALE, minutes(120)))).toBe(`it did not start within 2h, ${again}`);
  const sent = "so nothing was done; it is tried again when its sender sends it again";
  // A run of a delivery for many fleets has what is left of the time.
  for (const left of [undefined, 1, 400, minutes(7)])
    expect(tooOld(event("sender:alerts", SCALE, left))).toBe(`it did not start within 30m, ${sent}`);
  expect(tooOld(event("sender:github", "job-web-20260105-0123456789ab"))).toBe(
    `it did not start within 1d, ${sent}`,
  );
});
