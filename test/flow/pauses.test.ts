/** A recipe that fails in a row: its timers and uploads pause, and operators resume them. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { startChannel } from "../support/channel.ts";
import { recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { ownImages } from "../support/world.ts";

/** As the timer nightly asks; the run of the bake, when all that follows is over. */
async function night(kiln: Deployment) {
  const triggerTime = new Date(kiln.cloud.time.now()).toISOString();
  const payload = JSON.stringify({ v: 1, request: "bake", recipe: "web" });
  await kiln.invoke("kiln-bake-image", { triggerName: "nightly", triggerTime, payload });
  await kiln.cloud.settle({ forMs: hours(1) });
  return kiln.records("bake").at(-1);
}

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

test("images that fail their test are counted, too, so that no night adds one for ever", async ({
  deploy,
  expect,
}) => {
  const channel = await startChannel();
  try {
    const kiln = await deploy({
      env: { KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: channel.url } }) },
    });
    const text = recipeText({ test: { commands: ["exit 1"] }, pauseAfter: 2, notify: ["ops"] });
    await kiln.upload("recipes/web.yaml", text);
    await kiln.cloud.settle({ forMs: hours(1) });
    for (let n = 0; n < 4; n++) await night(kiln);
    expect(ownImages(kiln)).toHaveLength(2);
    const reasons = channel.posted.map(({ body }) => String(body["reason"]));
    expect(reasons.filter((reason) => reason.includes("This is failure 2 in a row"))).toHaveLength(1);
  } finally {
    await channel.close();
  }
});
