/** A recipe that fails in a row: its timers and uploads pause, and operators resume them. */
import { minutes } from "../../shared/duration.ts";
import { night, uploaded } from "../support/bakes.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { goldenOf, recipeText } from "../support/recipes.ts";
import { answered, request } from "../support/runs.ts";

const INPUT = "inputs/a";

/** Fails as long as the bucket does not have INPUT. */
const failing = async (kiln: Deployment, more: object = {}): Promise<string> =>
  recipeText({
    source: { instance: { id: await goldenOf(kiln), stop: false } },
    provision: [],
    test: { skip: true },
    inputs: [INPUT],
    pauseAfter: 3,
    ...more,
  });

test("after failures in a row nights pause and say so once; a request, a new version and a bake by hand resume them", async ({
  kiln,
  expect,
}) => {
  const text = await failing(kiln);
  expect((await uploaded(kiln, text))?.state).toBe("failed");
  expect([(await night(kiln))?.state, (await night(kiln))?.state]).toEqual(["failed", "failed"]);
  expect(await night(kiln)).toMatchObject({
    state: "done",
    result: {
      skipped: true,
      note: expect.stringMatching(
        /^recipe web is paused since .*, after 3 failures in a row, the last of bake-web-/,
      ),
    },
  });
  const { body } = await answered(kiln, kiln.api("GET", "/status"));
  expect(body["problems"]).toEqual([expect.stringMatching(/^recipe web is paused since/)]);
  expect((await uploaded(kiln, text))?.result).toMatchObject({ skipped: true, waits: true });

  const resumed = await request(kiln, "/recipes/web/resume");
  expect(resumed.result?.["resumed"]).toMatch(/^recipe web is paused since/);
  expect((await night(kiln))?.state).toBe("failed");

  // Another version begins at zero.
  expect((await uploaded(kiln, await failing(kiln, { description: "still wrong" })))?.state).toBe("failed");
  expect([(await night(kiln))?.state, (await night(kiln))?.state]).toEqual(["failed", "failed"]);
  expect((await night(kiln))?.result).toMatchObject({ skipped: true });
  // Its script exists now, and the document is the same.
  kiln.cloud.oss.put(BUCKET, INPUT, "there");
  expect((await request(kiln, "/recipes/web/bake", {})).state).toBe("done");
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect((await night(kiln))?.result).toMatchObject({ promotes: "web" });
});

test("the status finds a paused recipe among many that failed once, and counts those that it does not list", async ({
  kiln,
  expect,
}) => {
  const name = (n: number) => `r${String(n).padStart(2, "0")}`;
  const failed = (n: number, paused: boolean) =>
    kiln.cloud.oss.put(
      BUCKET,
      `state/recipes/${name(n)}.jsonl`,
      `${JSON.stringify({ at: 0, run: `bake-${name(n)}-20260105-0123456789ab`, failures: 3, paused, etag: "", w: "w" })}\n`,
    );
  const problems = async () => (await answered(kiln, kiln.api("GET", "/status"))).body["problems"];
  const pausedAs = (n: number): unknown => expect.stringMatching(`^recipe ${name(n)} is paused since`);
  for (let n = 0; n < 30; n++) failed(n, n === 29);
  expect(await problems()).toEqual([pausedAs(29)]);
  for (let n = 0; n < 30; n++) failed(n, n >= 5);
  const listed = Array.from({ length: 20 }, (_, n) => pausedAs(n + 5));
  expect(await problems()).toEqual([
    ...listed,
    "5 more recipes are paused; resume the listed ones to see them",
  ]);
});
