import { test } from "vitest";
import { unansweredOf } from "../../../../functions/scale-out/scale-out/unanswered.ts";
import type { Line, RunLog } from "../../../../shared/workflow/run-log.ts";

const RUN = "scale-web-20260105-0123456789ab";

/** The log of a run for alerts a, b, c … of these counts that got `count` instances. */
function logOf(
  counts: readonly number[],
  count: number,
  { perRequest = 5, size = {}, result = {} } = {},
): RunLog {
  const alerts = counts.map((wanted, n) => [String.fromCodePoint(97 + n), wanted]);
  const document = { limits: { perRequest }, ...size };
  const lines: Line[] = [
    { seq: 0, at: 1, w: "w", kind: "input", by: "x", due: 1, input: { fleet: "web", alerts } },
    { seq: 1, at: 2, w: "w", kind: "next", due: 2, phase: "finish", input: { document } },
    { seq: 2, at: 9, w: "w", kind: "done", result: { count, ...result } },
  ];
  return { lines: lines.map((line, position) => ({ line, position })), end: 3 };
}

test("the alerts that no instance of a run is left for are the last of its request", ({ expect }) => {
  const rows: readonly [readonly number[], number, string, string, object?][] = [
    [[1, 1, 1], 2, "abc", "c"],
    [[1, 1, 1], 3, "abc", ""],
    // One that got a part of its instances has its answer.
    [[2, 2, 1], 3, "abc", "c"],
    [[2, 2, 1], 2, "abc", "bc"],
    // Each is cut to limits.perRequest first.
    [[9, 1], 5, "ab", "b"],
    [[9, 1], 6, "ab", ""],
    // Others are of other runs by now, or over.
    [[1, 1, 1], 2, "ab", ""],
    [[1, 1, 1], 1, "bc", "c"],
    // A fleet that keeps a size launches by itself as many as its run says; in the version before, all.
    [[1, 1, 1], 2, "abc", "", { size: { size: { desired: 1 } } }],
    [[1, 1, 1], 1, "abc", "c", { size: { size: { desired: 1 } }, result: { later: 1 } }],
    [[1, 1, 1], 1, "abc", "bc", { size: { size: { desired: 1 } }, result: { later: 0 } }],
  ];
  for (const [counts, count, held, left, more] of rows) {
    const found = unansweredOf(RUN, logOf(counts, count, more), new Set(held));
    expect(found, `${counts.join()} ${count} ${held}`).toEqual(Array.from(left, (id) => [id, 9]));
  }
});

test("all alerts of a failed run are left, and none of one that is at work", ({ expect }) => {
  const { lines, end } = logOf([1, 1], 1);
  const held = new Set("ab");
  expect(unansweredOf(RUN, { lines: lines.slice(0, 2), end }, held)).toEqual([]);
  const line: Line = { seq: 2, at: 9, w: "w", kind: "failed", reason: "x" };
  const failed = [...lines.slice(0, 2), { line, position: 2 }];
  expect(unansweredOf(RUN, { lines: failed, end }, held)).toEqual([
    ["a", 9],
    ["b", 9],
  ]);
});
