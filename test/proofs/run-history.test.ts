/** A history of 10,000 runs: what a page of it costs, and how its index is made again. */
import { days, minutes, seconds } from "../../shared/duration.ts";
import { INCOMPLETE, type EndedRun } from "../../shared/workflow/run-index.ts";
import { kindOf, subjectOf } from "../../shared/workflow/run-id.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { historyOf, pageOf, pagesOf, putEntries, putLogs } from "../support/ended-runs.ts";
import { json } from "../support/known.ts";

const LISTS_MAX = 5;

test("a page of runs takes a bounded number of reads in a history of 10,000, whatever is asked, and no run is left out", async ({
  kiln,
  expect,
}) => {
  const now = kiln.cloud.time.now();
  const history = historyOf(10_000, now);
  putLogs(kiln, history);
  putEntries(kiln, history);
  const questions: readonly (readonly [Record<string, string>, (run: EndedRun) => boolean])[] = [
    [{ limit: "100", since: "24h" }, ({ endedAt }) => endedAt >= now - days(1)],
    [{ state: "failed", limit: "100" }, ({ state }) => state === "failed"],
    [{ state: "cancelled" }, ({ state }) => state === "cancelled"],
    [{ kind: "rollback" }, ({ run }) => kindOf(run) === "rollback"],
    [{ name: "shop", limit: "100" }, ({ run }) => subjectOf(run) === "shop"],
    [
      { name: "fleet-3", state: "failed" },
      ({ run, state }) => subjectOf(run) === "fleet-3" && state === "failed",
    ],
    [{ name: "unheard-of", state: "failed" }, () => false],
  ];
  for (const [query, isWanted] of questions) {
    const pages = await pagesOf(kiln, query);
    const limit = Number(query["limit"] ?? 20);
    // Pages of keys, and a log for each run.
    for (const { calls, runs } of pages)
      expect(calls - runs.length, JSON.stringify(query)).toBeLessThanOrEqual(LISTS_MAX);
    expect(pages.length, JSON.stringify(query)).toBeLessThanOrEqual(
      Math.ceil(history.length / 1_000) + history.filter(isWanted).length / limit + 1,
    );
    expect(pages.flatMap(({ runs }) => runs)).toEqual(history.filter(isWanted).map(({ run }) => run));
  }
});

test(
  "an index of 2,500 runs that is deleted is made again by checks that each end in time, the newest runs first",
  {
    timeout: minutes(4),
  },
  async ({ kiln, expect }) => {
    const history = historyOf(2_500, kiln.cloud.time.now());
    putLogs(kiln, history);
    for (let left = 1, checks = 0; left > 0; checks++) {
      expect(checks).toBeLessThan(3);
      await kiln.invoke("kiln-janitor", { v: 1, request: "check-index" });
      await kiln.cloud.settle({ forMs: minutes(6) });
      const check = kiln.cloud.fc.invocations.findLast(({ function: name }) => name === "kiln-janitor");
      expect(check?.durationMs).toBeLessThan(seconds(270));
      left = json<{ left: number }>(check?.result ?? "").left;
      const keys = kiln.cloud.oss.list(BUCKET, "index/runs/all/").map(({ key }) => key);
      const found = keys.filter((key) => key !== INCOMPLETE).length;
      const { runs } = await pageOf(kiln, { limit: "100" });
      expect(runs).toEqual(history.slice(0, 100).map(({ run }) => run));
      expect(found + left).toBe(history.length);
    }
  },
);
