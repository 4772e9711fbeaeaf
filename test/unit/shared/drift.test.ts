/** The reason why a member has another image than its family serves. */
import { test } from "vitest";
import { countOf, countsIn, rowOf } from "../../../shared/drift.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { fleetText } from "../../support/fleets.ts";
import { POLICY } from "../../support/idle.ts";
import { instanceOf } from "../functions/stop-idle/fixture.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const fleet = (refresh: object = {}) =>
  parseFleet("web", fleetText({ size: { desired: 3 }, idle: POLICY, refresh }));
const held = { bad: "m-2", use: "m-1", at: NOW, run: "refresh-web", why: "the probe failed" };

test.for([
  ["one of the served image has none", { imageId: "m-2" }, {}, undefined],
  ["a subscription", { chargeType: "PrePaid" }, {}, "subscription"],
  ["a protected one", { deletionProtection: true }, {}, "protected"],
  ["an opted-out one", { tags: { "kiln:keep": "" } }, {}, "kiln:keep"],
  ["a stopped one", { status: "Stopped" }, {}, "stopped"],
  ["a rolled-back image", {}, { held }, "the probe failed"],
  ["a paused fleet", {}, { paused: { at: NOW, by: "ci", why: "" } }, "paused by ci"],
  ["a fleet that leaves its members", {}, {}, "onPromotion is leave"],
] as const)("%s", ([, member, state, reason], { expect }) => {
  const row = rowOf(
    instanceOf({ id: "i-1", imageId: "m-1", ...member }),
    "web",
    { document: fleet(), serves: "m-2", state },
    NOW,
  );
  expect(row).toMatchObject({ id: "i-1", family: "web" });
  if (reason === undefined) expect(row.reason).toBeUndefined();
  else expect(row.reason).toContain(reason);
});

test("a fleet that is refreshed after promotions says so", ({ expect }) => {
  const known = { document: fleet({ onPromotion: "refresh" }), serves: "m-2" };
  expect(rowOf(instanceOf({ id: "i-1", imageId: "m-1" }), "web", known, NOW).reason).toContain(
    "next refresh",
  );
});

test("the counts of fleets are read from the beginning of a drift, whatever its members are", ({
  expect,
}) => {
  const members = ["Running", "Stopped", "Running", "Starting"].map((status) => ({ status, imageId: "m-1" }));
  const fleets = { web: countOf(members, "m-2"), "db-2": countOf([], undefined) };
  expect(fleets.web).toEqual({ running: 2, stopped: 1, others: 1, old: 4 });
  const text = JSON.stringify({ at: NOW, fleets, members: [{ reason: '"fleets":{},"members":' }] });
  expect(countsIn(text.slice(0, -20))).toEqual({ at: NOW, fleets });
  for (const none of ["", "{}", JSON.stringify({ at: NOW, members: [] }), text.slice(0, 40)])
    expect(countsIn(none), none).toBeUndefined();
});
