/** Every way to go from one image to another keeps the bounds of the fleet. */
import { test } from "vitest";
import { batchesOf, nextMove, type Look } from "../../../../functions/scale-out/refresh/decide.ts";
import type { Instance } from "../../../../shared/cloud/ecs/instance.ts";
import { instanceOf } from "../stop-idle/fixture.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const members = (count: number, imageId: string, from = 0): Instance[] =>
  Array.from({ length: count }, (_, n) => instanceOf({ id: `i-${imageId}-${from + n}`, imageId }));

const look = (more: Partial<Look>): Look => ({
  members: members(4, "old"),
  reservations: { v: 2, grants: [] },
  wanted: { min: 2, desired: 4 },
  limits: { max: 10, perRequest: 10 },
  policy: { maxUnavailable: 0, surge: 1 },
  isOld: ({ imageId }) => imageId === "old",
  left: [],
  untested: false,
  now: NOW,
  ...more,
});

const BOUNDS = [0, 1, 3].flatMap((surge) =>
  [0, 1, 3].flatMap((maxUnavailable) => [4, 5, 10].map((max) => ({ surge, maxUnavailable, max }))),
);

test.for(BOUNDS)("with %o a refresh ends, within its bounds at every move", (bound, { expect }) => {
  const { surge, maxUnavailable, max } = bound;
  let world = members(4, "old");
  for (let turn = 0; turn < 40; turn++) {
    const move = nextMove(
      look({ members: world, policy: { surge, maxUnavailable }, limits: { max, perRequest: 10 } }),
    );
    if (move.kind === "launch") world = [...world, ...members(move.count, "new", turn * 100)];
    if (move.kind === "end") world = world.filter(({ id }) => !move.ids.includes(id));
    expect(world.length).toBeLessThanOrEqual(Math.min(max, 4 + surge));
    expect(world.length).toBeGreaterThanOrEqual(Math.max(2, 4 - maxUnavailable));
    if (move.kind === "stuck") return expect(maxUnavailable + Math.min(surge, max - 4)).toBe(0);
    if (move.kind === "finish") return expect(world.every(({ imageId }) => imageId === "new")).toBe(true);
  }
  expect.fail("it does not end");
});

test("the batches of a refresh are its moves one by one, to the end or to where it is stuck", ({
  expect,
}) => {
  const policy = { maxUnavailable: 0, surge: 2, canary: { percent: 25, soakMs: 0 } };
  const moves = batchesOf(look({ policy, untested: true }), 50);
  expect(moves.map((move) => ("count" in move ? move.count : "ids" in move ? -move.ids.length : 0))).toEqual([
    1, 1, -2, 2, -2,
  ]);
  expect(batchesOf(look({ members: members(4, "new") }), 50)).toEqual([]);
  const stuck = batchesOf(look({ policy: { maxUnavailable: 0, surge: 0 } }), 50);
  expect(stuck.map(({ kind }) => kind)).toEqual(["stuck"]);
  const many = {
    members: members(9_000, "old"),
    wanted: { min: 0, desired: 9_000 },
    limits: { max: 10_000, perRequest: 10 },
  };
  expect(batchesOf(look(many), 50)).toHaveLength(50);
});

test("canaries are the only launch before they are tested", ({ expect }) => {
  const policy = { maxUnavailable: 0, surge: 3, canary: { percent: 20, soakMs: 0 } };
  expect(nextMove(look({ policy, untested: true }))).toEqual({ kind: "launch", count: 1 });
  expect(nextMove(look({ policy }))).toEqual({ kind: "launch", count: 3 });
});

test("members that could not be ended are part of the size", ({ expect }) => {
  const left = ["i-old-0", "i-old-1", "i-old-2", "i-old-3"];
  expect(nextMove(look({ left }))).toEqual({ kind: "finish" });
  expect(nextMove(look({ left: left.slice(1) }))).toEqual({ kind: "launch", count: 1 });
});
