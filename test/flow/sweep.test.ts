import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/kernel.ts";
import { recordKey } from "../../shared/run.ts";
import { BUCKET, type Deployment } from "../deployment.ts";
import { bakeAndPromote, leftovers, ownImages, recipeText, test } from "./fixture.ts";
import { served } from "./release.ts";

const timed = test.extend({ timers: ["sweep"] });

/** A machine somebody else made, with tags of their choice. */
async function launchTagged(
  kiln: Deployment,
  tags: Readonly<Record<string, string>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const named = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { InstanceIdSets } = await kiln.ecs<{ InstanceIdSets: { InstanceIdSet: string[] } }>("RunInstances", {
    ImageFamily: "acs:alibaba_cloud_linux_3_2104_lts_x64",
    InstanceType: "ecs.g7.large",
    "SystemDisk.Category": "cloud_essd",
    VSwitchId: "vsw-hangzhou-h",
    SecurityGroupId: "sg-default0001",
    Tag: named,
    ...more,
  });
  return InstanceIdSets.InstanceIdSet[0] ?? "";
}

test("a step that dies at every delivery ends in the failure destination, and its run gives everything back", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.faults.add({ product: "ecs", action: "RunCommand", kind: "crash" });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toMatch(/^kiln-bake-image: .* after \d tries: /);
  expect(leftovers(kiln)).toEqual([]);
  expect(ownImages(kiln)).toEqual([]);
});

test("what a dying step made before it died is found by its tags and removed", async ({ kiln, expect }) => {
  // Dies after CreateImage, every time: nobody ever hears the image's id.
  kiln.cloud.faults.add({ product: "ecs", action: "CreateImage", kind: "crash" });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("failed");
  expect(ownImages(kiln)).toEqual([]);
  expect(leftovers(kiln)).toEqual([]);
});

test("an event nobody can read is kept where a person finds it", async ({ kiln, expect }) => {
  await kiln.invoke("kiln-bake-image", { hello: "world" });
  await kiln.cloud.settle({ forMs: hours(1) });
  const kept = kiln.cloud.oss.list("kiln-1234567890123456", "failures/");
  expect(kept).toHaveLength(1);
  expect(kiln.records()).toEqual([]);
});

test("a recipe under a name that cannot be one is told where failures are kept; a file of another kind is not", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/Web_Server.yaml", recipeText());
  await kiln.upload("recipes/team/web.yaml", recipeText());
  await kiln.upload("recipes/README.md", "how we bake");
  await kiln.cloud.settle({ forMs: minutes(1) });
  const kept = kiln.cloud.oss
    .list("kiln-1234567890123456", "failures/")
    .map(({ key }) => kiln.cloud.oss.get("kiln-1234567890123456", key)?.body.toString());
  expect(kept.toSorted()).toEqual([
    expect.stringContaining("recipes/Web_Server.yaml bakes nothing: a recipe lies directly under recipes/"),
    expect.stringContaining("recipes/team/web.yaml bakes nothing"),
  ]);
  expect(kiln.records()).toEqual([]);
});

timed("a run whose event was lost is taken up and comes to its end", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "settle", forMs: hours(1) });
  const stopLosing = kiln.cloud.fc.lose(({ payload }) => payload.includes('"phase":"settle"'));
  await kiln.cloud.settle({ forMs: minutes(5) });
  stopLosing();
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(kiln.records("bake").map(({ state }) => state)).toEqual(["done"]);
  expect(leftovers(kiln)).toEqual([]);
});

timed(
  "files and tags of a person that look like a run's, even broken ones, do not keep the sweep from its work",
  async ({ kiln, expect }) => {
    const [bake] = await bakeAndPromote(kiln, recipeText());
    const orphan = await launchTagged(kiln, { "kiln:run": bake?.run ?? "", "kiln:role": "builder" });
    const stranger = await launchTagged(kiln, { "kiln:run": "by-hand", "kiln:role": "builder" });
    const day = bake?.beganAt.slice(0, 10) ?? "";
    await kiln.upload(`runs/${day}/notes.json`, "what we saw that day");
    await kiln.upload(`runs/${day}/bake-web-${day.replaceAll("-", "")}-0123456789ab.json`, '{"v":1,"run":');
    await kiln.cloud.settle({ forMs: minutes(75) });
    const there = [...kiln.cloud.world.instances.keys()];
    expect(there).not.toContain(orphan);
    expect(there).toContain(stranger);
    expect(kiln.cloud.fc.invocations.filter(({ error }) => error !== undefined)).toEqual([]);
  },
);

timed(
  "an orphan of a run that is done is released; one of a run at work is not",
  async ({ kiln, expect }) => {
    const [bake] = await bakeAndPromote(kiln, recipeText());
    const orphan = await launchTagged(kiln, { "kiln:run": bake?.run ?? "", "kiln:role": "builder" });
    const stranger = await launchTagged(kiln, { "kiln:role": "builder" });
    await kiln.upload(
      "recipes/slow.yaml",
      recipeText({ family: "slow", provision: [{ run: "sleep 6000", timeout: "1h55m" }] }),
    );
    await kiln.cloud.settle({ forMs: minutes(75) });
    const there = [...kiln.cloud.world.instances.keys()];
    expect(there).not.toContain(orphan);
    expect(there).toContain(stranger);
    expect(kiln.records("bake-slow")[0]?.reason).toBeUndefined();
    expect(kiln.records("bake-slow")[0]?.state).toBe("running");
    expect(there).toHaveLength(2);
  },
);

/** What the newest sweep reported. */
function lastReport({ cloud }: Deployment) {
  const sweeps = cloud.fc.invocations.filter(({ function: name }) => name === "kiln-sweep");
  return JSON.parse(sweeps.at(-1)?.result ?? "{}") as {
    readonly unknown?: readonly { readonly id: string; readonly run: string; readonly releasesAt?: string }[];
  };
}

timed(
  "machines of runs whose records lie elsewhere outlive every sweep, are reported, and end by themselves",
  async ({ kiln, expect }) => {
    // As a second deployment in the same account and region leaves them: the same tags, its own bucket.
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
    const kept = kiln.cloud.oss.list("kiln-1234567890123456", "failures/").map(({ key }) => key);
    expect(kept).toEqual([`failures/unknown-${endless}.json`]);
  },
);

timed(
  "a bake whose record cannot be written for hours keeps its builder, and its image is promoted",
  async ({ kiln, expect }) => {
    const heal = kiln.cloud.faults.add({
      product: "oss",
      action: "PutObject",
      kind: "before",
      fault: new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate."),
      when: ({ key }) => key?.startsWith("runs/") === true,
    });
    // So long that two sweeps meet the builder, the second one when it is an hour old.
    const provision = [{ run: "sleep 3720", timeout: "1h5m" }];
    await kiln.upload("recipes/web.yaml", recipeText({ provision, test: { skip: true } }));
    await kiln.cloud.settle({ forMs: minutes(61) });
    expect(lastReport(kiln).unknown?.map(({ id }) => id)).toEqual([...kiln.cloud.world.instances.keys()]);
    await kiln.cloud.settle({ forMs: minutes(119) });
    expect(kiln.records()).toEqual([]);
    expect(served(kiln)).toBe(ownImages(kiln)[0]?.imageId);
    heal();
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(kiln.records().map(({ kind, state }) => [kind, state])).toEqual([
      ["bake", "done"],
      ["promote", "done"],
    ]);
    expect(leftovers(kiln)).toEqual([]);
  },
);

timed(
  "a machine that a bake could not give back ends as its record says: by its own automatic release",
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
  "an image and snapshots that a failed bake could not remove are removed by the sweep",
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
    expect(bake?.reason).toMatch(/m-\w+ is left for the sweep to remove$/);
    heal();
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(ownImages(kiln)).toEqual([]);
    expect(leftovers(kiln)).toEqual([]);
  },
);

timed(
  "what is no record makes its run an unknown one and keeps the sweep from nothing else",
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
      kiln.cloud.oss.put(BUCKET, recordKey(run), body);
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
