import { hours, minutes } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { launchTagged, lastReport, leftovers, logOf, ownImages } from "../support/world.ts";

const timed = test.extend({ timers: ["cleanup", "resend"] });

test("a phase that crashes at every delivery ends in the failure destination, and its run releases everything", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.faults.add({ product: "ecs", action: "RunCommand", kind: "crash" });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toMatch(/^kiln-bake-image: .* after \d attempts: /);
  expect(leftovers(kiln)).toEqual([]);
  expect(ownImages(kiln)).toEqual([]);
});

for (const action of ["RunInstances", "CreateImage"])
  test(`what a phase made that crashes after ${action} is found by its tags, and made once`, async ({
    kiln,
    expect,
  }) => {
    // Every delivery crashes after the change, until the phase is late and looks first.
    kiln.cloud.faults.add({ product: "ecs", action, kind: "crash" });
    const runs = await bakeAndPromote(kiln, recipeText());
    expect(runs.map(({ state }) => state)).toEqual(["done", "done"]);
    // A builder and a test instance.
    expect(kiln.cloud.world.launched).toBe(2);
    expect(ownImages(kiln)).toHaveLength(1);
    expect(leftovers(kiln)).toEqual([]);
  });

test("an event that no function can read is reported in the log of the janitor", async ({ kiln, expect }) => {
  await kiln.invoke("kiln-bake-image", { hello: "world" });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(logOf(kiln, "janitor")).toContain('"lost":"{\\"hello\\":\\"world\\"}"');
  expect(kiln.records()).toEqual([]);
});

test("a recipe with an invalid name is a failed run that says so; a file of another type is not", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/Web_Server.yaml", recipeText());
  await kiln.upload("recipes/team/web.yaml", recipeText());
  await kiln.upload("recipes/README.md", "how we bake");
  await kiln.cloud.settle({ forMs: minutes(1) });
  const reports = kiln.records().map(({ kind, reason }) => `${kind} ${reason?.split(":")[0]}`);
  expect(reports.toSorted()).toEqual(["check recipes/Web_Server.yaml", "check recipes/team/web.yaml"]);
});

timed("a run whose event was lost is resumed and ends", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "await-image", forMs: hours(1) });
  const stopLosing = kiln.cloud.fc.lose(({ payload }) => payload.includes('"phase":"await-image"'));
  await kiln.cloud.settle({ forMs: minutes(5) });
  stopLosing();
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(kiln.records("bake").map(({ state }) => state)).toEqual(["done"]);
  expect(leftovers(kiln)).toEqual([]);
});

timed(
  "files and tags of users that look like those of a run, even broken ones, do not stop a cleanup",
  async ({ kiln, expect }) => {
    const [bake] = await bakeAndPromote(kiln, recipeText());
    const orphan = await launchTagged(kiln, { "kiln:run": bake?.run ?? "", "kiln:role": "builder" });
    const byHand = await launchTagged(kiln, { "kiln:run": "by-hand", "kiln:role": "builder" });
    const day = bake?.beganAt.slice(0, 10) ?? "";
    await kiln.upload(`runs/${day}/notes.json`, "what we saw that day");
    await kiln.upload(`runs/${day}/bake-web-${day.replaceAll("-", "")}-0123456789ab.json`, '{"v":1,"run":');
    await kiln.cloud.settle({ forMs: minutes(75) });
    const there = [...kiln.cloud.world.instances.keys()];
    expect(there).not.toContain(orphan);
    expect(there).toContain(byHand);
    expect(kiln.cloud.fc.invocations.filter(({ error }) => error !== undefined)).toEqual([]);
  },
);

timed(
  "an orphan of a run that is done is released; an instance of a run at work is not",
  async ({ kiln, expect }) => {
    const [bake] = await bakeAndPromote(kiln, recipeText());
    const orphan = await launchTagged(kiln, { "kiln:run": bake?.run ?? "", "kiln:role": "builder" });
    const byHand = await launchTagged(kiln, { "kiln:role": "builder" });
    await kiln.upload(
      "recipes/slow.yaml",
      recipeText({ family: "slow", provision: [{ run: "sleep 6000", timeout: "1h55m" }] }),
    );
    await kiln.cloud.settle({ forMs: minutes(75) });
    const there = [...kiln.cloud.world.instances.keys()];
    expect(there).not.toContain(orphan);
    expect(there).toContain(byHand);
    expect(kiln.records("bake-slow")[0]?.reason).toBeUndefined();
    expect(kiln.records("bake-slow")[0]?.state).toBe("running");
    expect(there).toHaveLength(2);
  },
);

timed(
  "instances of runs whose logs lie elsewhere are reported, kept by every cleanup, and released by their AutoReleaseTime",
  async ({ kiln, expect }) => {
    // A second deployment in the same account and region has the same tags and another bucket.
    const elsewhere = (kind: string) => `${kind}-web-20260105-0123456789ab`;
    const ends = kiln.cloud.time.now() + hours(5);
    const AutoReleaseTime = new Date(ends).toISOString().replace(/:\d\d\.\d+Z$/, ":00Z");
    const tagsOf = (kind: string, role: string) => ({ "kiln:run": elsewhere(kind), "kiln:role": role });
    const builder = await launchTagged(kiln, tagsOf("bake", "builder"), { AutoReleaseTime });
    const tester = await launchTagged(kiln, tagsOf("promote", "tester"), { AutoReleaseTime });
    const endless = await launchTagged(kiln, tagsOf("bake", "builder"));
    await kiln.cloud.settle({ forMs: hours(4) });
    const there = () => [...kiln.cloud.world.instances.keys()];
    expect(there()).toEqual([builder, tester, endless]);
    const releasesAt = new Date(AutoReleaseTime).toISOString();
    const { unknown } = lastReport(kiln);
    expect(unknown).toHaveLength(3);
    expect(unknown).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: builder, run: elsewhere("bake"), releasesAt }),
        expect.objectContaining({ id: tester, run: elsewhere("promote"), releasesAt }),
        expect.objectContaining({
          id: endless,
          why: expect.stringMatching(/no AutoReleaseTime: .*release it by hand/),
        }),
      ]),
    );
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(there()).toEqual([endless]);
  },
);

timed(
  "a builder that a bake could not release ends as its record says: by its AutoReleaseTime",
  async ({ kiln, expect }) => {
    kiln.cloud.faults.add({
      product: "ecs",
      action: "DeleteInstance",
      kind: "before",
      fault: new CloudFault(
        403,
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource.",
      ),
    });
    const [bake] = await bakeAndPromote(kiln, recipeText({ provision: ["exit 3"] }));
    const [builder] = kiln.cloud.world.instances.keys();
    expect(bake?.reason).toMatch(
      new RegExp(`${builder} is left; it releases itself at its AutoReleaseTime$`),
    );
    await kiln.cloud.settle({ forMs: minutes(80) });
    expect([...kiln.cloud.world.instances.keys()]).toEqual([builder]);
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(leftovers(kiln)).toEqual([]);
  },
);

timed(
  "an image and snapshots that a failed bake could not delete are deleted by the janitor",
  async ({ kiln, expect }) => {
    kiln.cloud.world.failNextImage("disk error");
    const heal = kiln.cloud.faults.add({
      product: "ecs",
      action: "DeleteImage",
      kind: "before",
      fault: new CloudFault(
        403,
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource.",
      ),
    });
    const [bake] = await bakeAndPromote(kiln, recipeText());
    expect(bake?.reason).toMatch(/m-\w+ is left for the janitor to delete$/);
    heal();
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(ownImages(kiln)).toEqual([]);
    expect(leftovers(kiln)).toEqual([]);
  },
);

timed(
  "an object that is no log makes its run unknown, and the janitor still does everything else",
  async ({ kiln, expect }) => {
    const [bake] = await bakeAndPromote(kiln, recipeText());
    const day = new Date(kiln.cloud.time.now()).toISOString().slice(0, 10).replaceAll("-", "");
    const bodies = ["", "{", "null", "[]", "{}", '"x"', "1", '{"state":"done"}'];
    const made: string[] = [];
    for (const [n, body] of [
      ...bodies,
      `{"run":"bake-web-${day}-${"8".repeat(12)}","state":"DONE"}`,
    ].entries()) {
      const run = `bake-web-${day}-${String(n).repeat(12)}`;
      kiln.cloud.oss.put(BUCKET, runKey(run), body);
      made.push(await launchTagged(kiln, { "kiln:run": run, "kiln:role": "builder" }));
    }
    const orphan = await launchTagged(kiln, { "kiln:run": bake?.run ?? "", "kiln:role": "builder" });
    await kiln.cloud.settle({ forMs: minutes(75) });
    const there = [...kiln.cloud.world.instances.keys()];
    expect(there).not.toContain(orphan);
    expect(there).toEqual(expect.arrayContaining(made));
    expect(
      lastReport(kiln)
        .unknown?.map(({ id }) => id)
        .toSorted(),
    ).toEqual(made.toSorted());
  },
);

test("images whose recipe is deleted are named in the report of the janitor, and stay", async ({
  kiln,
  expect,
}) => {
  const report = async () => {
    await kiln.invoke("kiln-janitor", { v: 1, request: "cleanup" });
    await kiln.cloud.settle({ forMs: minutes(1) });
    return lastReport(kiln);
  };
  await bakeAndPromote(kiln, recipeText({ test: { skip: true } }));
  const [image] = ownImages(kiln);
  expect(await report()).not.toHaveProperty("goneRecipes");
  kiln.cloud.oss.delete(BUCKET, "recipes/web.yaml");
  expect((await report()).goneRecipes).toEqual([
    `recipe web is gone; its images stay: ${image?.imageId}; put it back with retention, or delete them`,
  ]);
  expect(ownImages(kiln)).toHaveLength(1);
});
