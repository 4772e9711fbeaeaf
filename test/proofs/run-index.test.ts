/** The index of runs is made complete again whatever happens to it. */
import { days, hours, minutes } from "../../shared/duration.ts";
import { openKey, runKey } from "../../shared/keys.ts";
import { entryKeys, INDEX, type EndedRun } from "../../shared/workflow/run-index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { historyOf, pageOf, pagesOf, putEntries, putLogs } from "../support/ended-runs.ts";
import { kilnOn } from "../support/kiln.ts";
import { logText } from "../support/records.ts";
import { recipeText } from "../support/recipes.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";

const check = async (kiln: Deployment): Promise<void> => {
  await kiln.invoke("kiln-janitor", { v: 1, request: "check-index" });
  await kiln.cloud.settle({ forMs: minutes(2) });
};

const indexOf = ({ cloud }: Deployment): readonly string[] =>
  cloud.oss.list(BUCKET, "index/runs/").map(({ key }) => key);

const drop = ({ cloud }: Deployment, keys: readonly string[]): void => {
  for (const key of keys) cloud.oss.delete(BUCKET, key);
};

/** Many runs with their logs and entries, and the index as it is then. */
function indexed(kiln: Deployment) {
  const history = historyOf(600, kiln.cloud.time.now());
  putLogs(kiln, history);
  putEntries(kiln, history);
  return { history, good: indexOf(kiln) };
}

const GONE: EndedRun = {
  run: "idle-old-20250105-0123456789ab",
  state: "failed",
  endedAt: Date.UTC(2025, 0, 5),
};

test.for<[string, (kiln: Deployment, history: readonly EndedRun[]) => void]>([
  ["deleted", (kiln) => drop(kiln, indexOf(kiln))],
  [
    "deleted for all runs",
    (kiln) =>
      drop(
        kiln,
        indexOf(kiln).filter((key) => key.startsWith(INDEX.all)),
      ),
  ],
  [
    "written by half",
    (kiln, history) =>
      drop(
        kiln,
        history.flatMap((ended) => entryKeys(ended).slice(1)),
      ),
  ],
  [
    "the one of a version before, which had none",
    (kiln, history) => drop(kiln, history.slice(20).flatMap(entryKeys)),
  ],
  ["stale: it names runs without a log", (kiln) => putEntries(kiln, [GONE])],
  [
    "wrong: it says two ends of a run",
    (kiln, [first = GONE]) =>
      putEntries(kiln, [{ ...first, state: "failed", endedAt: first.endedAt - hours(1) }]),
  ],
  [
    "wrong: the only entry of a run says another time and another end",
    (kiln, [first = GONE, second = GONE]) => {
      drop(kiln, [first, second].flatMap(entryKeys));
      putEntries(kiln, [
        { ...first, state: first.state === "failed" ? "done" : "failed" },
        { ...second, endedAt: second.endedAt + hours(9) },
      ]);
    },
  ],
])(
  "an index that is %s is complete and right again after the next check",
  async ([, damage], { kiln, expect }) => {
    const history = historyOf(60, kiln.cloud.time.now());
    putLogs(kiln, history);
    putEntries(kiln, history);
    const good = indexOf(kiln);
    damage(kiln, history);
    expect(indexOf(kiln)).not.toEqual(good);
    await check(kiln);
    expect(indexOf(kiln)).toEqual(good);
  },
);

test("while the index lacks ended runs, an answer says that it is not whole, and a new deployment does not", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const asked = async () => (await pageOf(kiln, { name: "fleet-0", limit: "100" })).incomplete;
  expect(await asked()).toBeUndefined();
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ forMs: minutes(3) });
  expect(kiln.records("bake").map(({ state }) => state)).toEqual(["running"]);
  expect(await asked()).toBeUndefined();

  const history = historyOf(1_200, kiln.cloud.time.now());
  putLogs(kiln, history);
  drop(kiln, indexOf(kiln));
  expect(await asked()).toBe(true);
  const command = await kilnOn(kiln, "runs", "--name", "fleet-0");
  expect(command.out).toContain("the index of runs is being rebuilt");
  expect((await kilnOn(kiln, "why", "mine")).err).toContain("the index of runs is being rebuilt");
  expect((await kilnOn(kiln, "status")).out).toContain("the index of runs is being rebuilt");
  await check(kiln);
  expect(await asked()).toBe(true);
  await check(kiln);
  await check(kiln);
  expect(await asked()).toBeUndefined();
  expect((await kilnOn(kiln, "why", "mine")).err).toContain("there is no run of mine");
  expect(indexOf(kiln).filter((key) => key.includes("incomplete"))).toEqual([]);
});

test("entries that lie in any folder count: a check of many runs deletes none that is right", async ({
  kiln,
  expect,
}) => {
  const { good } = indexed(kiln);
  drop(
    kiln,
    good.filter((key) => key.startsWith(INDEX.all)),
  );
  await check(kiln);
  expect(indexOf(kiln)).toEqual(good);
});

test("two ends of a run are found by their keys, also where its log has its turn later", async ({
  kiln,
  expect,
}) => {
  const { history, good } = indexed(kiln);
  const later = history.slice(0, 10).map((ended) => ({ ...ended, endedAt: ended.endedAt + hours(1) }));
  const earlier = history.slice(10, 20).map((ended) => ({ ...ended, endedAt: ended.endedAt - hours(1) }));
  putEntries(kiln, [...later, ...earlier]);
  await check(kiln);
  expect(indexOf(kiln)).toEqual(good);
});

test("a check adds no run that is at work, takes out one that is, and deletes no entry of one whose end is not sent yet", async ({
  kiln,
  expect,
}) => {
  const [ended = GONE, atWork = GONE] = historyOf(2, kiln.cloud.time.now());
  putLogs(kiln, [ended, atWork]);
  putEntries(kiln, [ended]);
  const [begun = GONE] = historyOf(3, kiln.cloud.time.now() - days(1));
  kiln.cloud.oss.append(BUCKET, runKey(begun.run), logText({}));
  putEntries(kiln, [begun]);
  for (const { run } of [ended, atWork]) kiln.cloud.oss.put(BUCKET, openKey(run), "{}");
  await check(kiln);
  expect(indexOf(kiln)).toEqual(entryKeys(ended).toSorted());
});

test("a run ends whether its index can be written or not, and the timer adds what is missing", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ fc: { timers: ["check-index"] } });
  await kiln.upload("fleets/web.yaml", fleetText());
  await kiln.upload("fleets/other.yaml", fleetText({ family: "web-2" }));
  const refused = kiln.cloud.faults.add({
    product: "oss",
    action: "PutObject",
    kind: "before",
    when: ({ key = "" }) => key.startsWith("index/"),
  });
  const done = await scaleOut(kiln, { count: 1 });
  const failed = await scaleOut(kiln, { count: 1 }, "other");
  expect([done.state, failed.state]).toEqual(["done", "failed"]);
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(kiln.cloud.oss.list(BUCKET, "open/")).toEqual([]);
  expect(indexOf(kiln)).toEqual([]);
  refused();
  const third = await scaleOut(kiln, { count: 1 });
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect((await pagesOf(kiln, {})).flatMap(({ runs }) => runs)).toEqual([third.run]);
  await kiln.cloud.settle({ forMs: minutes(31) });
  expect((await pagesOf(kiln, {})).flatMap(({ runs }) => runs)).toEqual([third.run, failed.run, done.run]);
  const failures = await pagesOf(kiln, { state: "failed" });
  expect(failures.flatMap(({ runs }) => runs)).toEqual([failed.run]);
});
