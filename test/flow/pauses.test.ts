/** A recipe that fails in a row: its timers and uploads pause, and operators resume them. */
import { hours, minutes } from "../../shared/duration.ts";
import { night } from "../support/bakes.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";
import { answered, request } from "../support/runs.ts";

const STEP = "scripts/step.sh";
const FAILING = { provision: [{ script: STEP }], pauseAfter: 3 };

test("after failures in a row nights pause and say so once; a request, a new version and a bake by hand resume them", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.oss.put(BUCKET, STEP, "exit 3");
  await kiln.upload("recipes/web.yaml", recipeText(FAILING));
  await kiln.cloud.settle({ forMs: hours(1) });
  expect([(await night(kiln))?.state, (await night(kiln))?.state]).toEqual(["failed", "failed"]);
  const paused = await night(kiln);
  expect(paused).toMatchObject({
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
  await kiln.upload("recipes/web.yaml", recipeText(FAILING));
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(kiln.records("bake").at(-1)?.result).toMatchObject({ skipped: true, waits: true });

  const resumed = await request(kiln, "/recipes/web/resume");
  expect(resumed.result?.["resumed"]).toMatch(/^recipe web is paused since/);
  expect((await night(kiln))?.state).toBe("failed");

  // Another version begins at zero.
  await kiln.upload("recipes/web.yaml", recipeText({ ...FAILING, description: "still wrong" }));
  await kiln.cloud.settle({ forMs: hours(1) });
  expect([(await night(kiln))?.state, (await night(kiln))?.state]).toEqual(["failed", "failed"]);
  expect((await night(kiln))?.result).toMatchObject({ skipped: true });
  // What it runs is mended, and the document is the same.
  kiln.cloud.oss.put(BUCKET, STEP, "yum install -y nginx; systemctl enable nginx");
  expect((await request(kiln, "/recipes/web/bake", {})).state).toBe("done");
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect((await night(kiln))?.result?.["note"]).toMatch(/^nothing changed since/);
});
