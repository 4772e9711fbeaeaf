/** Two deployments with the same documents, whose timers fire at the same instants. */
import { hours, minutes } from "../../shared/duration.ts";
import { test as base } from "../support/deploy.ts";
import { type Deployment, deployTwo, hurry, SECOND } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { age, IDLE, POLICY } from "../support/idle.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { hasEnded } from "../support/records.ts";
import { answered } from "../support/runs.ts";
import { HOME, leftovers, machines, ownImages, served, tagOf, tagsOf } from "../support/world.ts";

/** An hour before the nightly bake, which is at three o'clock in Shanghai. */
const AT = Date.UTC(2026, 0, 5, 18);

const test = base.extend<{ both: readonly [first: Deployment, second: Deployment] }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  both: async ({}, use) => {
    // The strictest reading of the documents: a task id counts for all functions of the account.
    const both = await deployTwo({ at: AT, fc: { taskIds: { scope: "account" } } });
    hurry(both[0]);
    await use(both);
    await both[0].close();
  },
});

test("the same signed request to both is a run of each, at once", async ({ both, expect }) => {
  const [first, second] = both;
  for (const family of ["web", "dev-web"])
    first.cloud.world.publishImage(family, { imageId: `m-${family}`, createdAt: AT - hours(24) });
  for (const kiln of both) await kiln.upload("fleets/web.yaml", fleetText());
  const post = (kiln: Deployment) => kiln.call("POST", "/fleets/web/scale-out", { count: 1 });
  const answers = await answered(first, Promise.all(both.map(post)));
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  // An event that is refused as a duplicate of the other's waits for the janitor, which comes every five minutes.
  await first.cloud.settle({ forMs: minutes(4) });
  expect(both.map((kiln) => kiln.records("scale").map(({ state }) => state))).toEqual([["done"], ["done"]]);
  expect(membersOf(second, SECOND.bucket)).toHaveLength(1);
});

const imagesOf = (kiln: Deployment, bucket: string): string[] =>
  ownImages(kiln)
    .map(({ imageId }) => imageId)
    .filter((id) => tagOf(kiln, id, "kiln:deployment") === bucket);

const membersOf = (kiln: Deployment, bucket: string) =>
  machines(kiln).filter(({ instanceId }) => tagsOf(kiln, instanceId)["kiln:deployment"] === bucket);

test(
  "a night and a day of both: neither sees machines, images, limits, runs or locks of the other",
  { timeout: 120_000 },
  async ({ both, expect }) => {
    const [first, second] = both;
    const recipe = recipeText({ test: { skip: true }, rebake: { onlyIfChanged: false } });
    for (const kiln of both) {
      const runs = await bakeAndPromote(kiln, recipe);
      expect(runs.map(({ state, reason }) => [state, reason])).toEqual([
        ["done", undefined],
        ["done", undefined],
      ]);
      await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 2 }, idle: POLICY }));
      expect((await scaleOut(kiln, { count: 2 })).result?.["count"]).toBe(2);
    }
    first.cloud.world.load(
      () => true,
      () => IDLE,
    );
    age(first, hours(5));
    await first.cloud.settle({ forMs: hours(6) });

    const families = { [SECOND.bucket]: "dev-web" };
    const runsOf = both.map((kiln) => kiln.records().map(({ run }) => run));
    expect(runsOf[0]?.filter((run) => runsOf[1]?.includes(run))).toEqual([]);
    for (const [index, kiln] of both.entries()) {
      const bucket = index === 0 ? "kiln-1234567890123456" : SECOND.bucket;
      const bad = kiln.records().filter((record) => hasEnded(record) && record.state !== "done");
      expect(bad.map(({ run, reason }) => [run, reason])).toEqual([]);
      // One image by the upload, one by the night; the newer one serves the family.
      const images = imagesOf(kiln, bucket);
      expect(images).toHaveLength(2);
      expect(served(kiln, HOME, families[bucket])).toBe(images[1]);
      // Both members are stopped, by runs of their own deployment.
      const members = membersOf(kiln, bucket);
      expect(members.map(({ status }) => status)).toEqual(["Stopped", "Stopped"]);
      for (const { instanceId } of members)
        expect(runsOf[index]).toContain(tagsOf(kiln, instanceId)["kiln:stopped-by"]?.split(" ")[0]);
    }
    expect(leftovers(first)).toEqual([]);
    expect(first.cloud.fc.refusals).toEqual([]);
    await second.cloud.settle({ forMs: minutes(1) });
  },
);
