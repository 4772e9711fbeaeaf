import { hours, minutes, seconds } from "../../shared/duration.ts";
import { outputKey } from "../../shared/keys.ts";
import { test } from "../support/deploy.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { accepted } from "../support/runs.ts";
import { leftovers, ownImages, served } from "../support/world.ts";

const timed = test.extend({ timers: ["nightly"] });

test("the image of an uploaded recipe is tested and joins its family, and nothing temporary is left", async ({
  kiln,
  expect,
}) => {
  const runs = await bakeAndPromote(kiln, recipeText());
  expect(runs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(["bake done", "promote done"]);
  const [image, ...others] = ownImages(kiln);
  expect(others).toEqual([]);
  expect(image).toMatchObject({ family: "web", status: "Available" });
  expect(leftovers(kiln)).toEqual([]);
});

test("image, snapshots and builder carry their provenance as tags", async ({ kiln, expect }) => {
  const [bake] = await bakeAndPromote(kiln, recipeText());
  const [image] = ownImages(kiln);
  const tagsOf = (type: string, id: string) =>
    Object.fromEntries(kiln.cloud.world.tags.of(type, id).map(({ key, value }) => [key, value]));
  expect(tagsOf("image", image?.imageId ?? "")).toMatchObject({
    "kiln:run": bake?.run,
    "kiln:recipe": "web",
    "kiln:base": "from aliyun_3_x64_20G_alibase_20260927.vhd",
    "kiln:by": "upload:recipes/web.yaml",
    "kiln:gate": "passed",
  });
  const snapshotId = image?.disks[0]?.snapshotId ?? "";
  expect(tagsOf("snapshot", snapshotId)).toMatchObject({
    "kiln:run": bake?.run,
    "kiln:image": image?.imageId,
  });
});

test("the builder is launched with an automatic release time", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.cloud.world.instances.size > 0, forMs: hours(1) });
  const [builder] = kiln.cloud.world.instances.values();
  const leftMs = (builder?.autoReleaseAt ?? 0) - kiln.cloud.time.now();
  expect(leftMs).toBeGreaterThan(hours(1));
  expect(leftMs).toBeLessThanOrEqual(hours(2));
});

test("an image is made of a builder that has stopped", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => ownImages(kiln).length > 0, forMs: hours(1) });
  expect(ownImages(kiln)).toHaveLength(1);
  expect([...kiln.cloud.world.instances.values()].map(({ status }) => status)).toEqual(["Stopped"]);
});

test("a bake is over when its image is usable, not when it is available", async ({ kiln, expect }) => {
  kiln.cloud.world.delays({ usableMs: minutes(40) });
  const state = () => kiln.records("bake")[0]?.state;
  await kiln.upload("recipes/web.yaml", recipeText());
  const isAvailable = () => ownImages(kiln)[0]?.status === "Available";
  await kiln.cloud.settle({ until: isAvailable, forMs: hours(1) });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect([state(), served(kiln)]).toEqual(["running", undefined]);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect([state(), served(kiln)]).toEqual(["done", ownImages(kiln)[0]?.imageId]);
});

test("after a reboot the agent is online again after its next heartbeat, however long the machine takes", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.delays({ agentOnlineMs: minutes(3) });
  const steps = ["echo before > /var/log/order", { reboot: true }, "echo after >> /var/log/order"];
  const [bake] = await bakeAndPromote(kiln, recipeText({ provision: steps, test: { skip: true } }));
  expect(bake?.reason).toBe(undefined);
  const commands = kiln.cloud.world.invocations.flatMap(({ executions }) => executions);
  expect(commands.map(({ status }) => status)).toEqual(commands.map(() => "Success"));
  const [image] = ownImages(kiln);
  expect(image?.disks[0]?.content.files.get("/var/log/order")).toBe("before\nafter\n");
});

test("an unchanged recipe is skipped, and the note lists the compared inputs", async ({ kiln, expect }) => {
  await bakeAndPromote(kiln, recipeText());
  const [again] = await bakeAndPromote(kiln, recipeText());
  expect(again?.result).toMatchObject({ skipped: true });
  expect(again?.result?.["note"]).toMatch(
    /^nothing changed since m-.*: base .*, recipe .*, objects .* and parameters/,
  );
  expect(ownImages(kiln)).toHaveLength(1);
});

test("a bake of a changed recipe names the changed input, and its image becomes the newest of the family", async ({
  kiln,
  expect,
}) => {
  await bakeAndPromote(kiln, recipeText());
  const first = ownImages(kiln)[0]?.imageId;
  const [bake, promote] = await bakeAndPromote(
    kiln,
    recipeText({ provision: ["yum install -y nginx", "systemctl enable nginx", "touch /etc/changed"] }),
  );
  expect(bake?.steps.find(({ phase }) => phase === "plan")?.note).toBe(`changed since ${first}: recipe`);
  expect(promote?.result?.["proved"]).toBe(`web answers with ${ownImages(kiln)[1]?.imageId}`);
});

test("force bakes an unchanged recipe, and parameters reach the builder", async ({ kiln, expect }) => {
  const text = recipeText({
    provision: ["yum install -y nginx", "systemctl enable nginx", 'echo "$RELEASE" > /etc/release-of-web'],
  });
  await bakeAndPromote(kiln, text);
  const answer = kiln.call("POST", "/recipes/web/bake", { force: true, parameters: { RELEASE: "v42" } });
  await kiln.cloud.settle({ forMs: minutes(40) });
  const { status, body } = await answer;
  expect(status).toBe(202);
  const record = kiln.record(String(body["run"]));
  expect(record?.state).toBe("done");
  expect(record?.steps.find(({ phase }) => phase === "plan")?.note).toMatch(/parameters$/);
  expect(ownImages(kiln)).toHaveLength(2);
});

test("a changed script is named, and truncated output is marked", async ({ kiln, expect }) => {
  const text = recipeText({ provision: [{ script: "scripts/web.sh" }], family: undefined, test: undefined });
  await kiln.upload("scripts/web.sh", "echo one");
  await bakeAndPromote(kiln, text);
  const loud = Array.from({ length: 400 }, () => `echo ${"x".repeat(90)}`).join("\n");
  await kiln.upload("scripts/web.sh", `for n in 1 2 3; do\n${loud.slice(0, 9000)}\ndone`);
  await kiln.cloud.settle({ forMs: minutes(40) });
  const bake = kiln.records("bake").at(-1);
  expect(bake?.steps.find(({ phase }) => phase === "plan")?.note).toMatch(
    /^changed since m-\w+: objects \(scripts\/web\.sh\)$/,
  );
  const output = kiln.cloud.oss.get("kiln-1234567890123456", outputKey(bake?.run ?? "", "builder-0"));
  expect(output?.body.toString()).toMatch(/^\[the cloud keeps 24 KB and dropped \d+ bytes of this\]\n/);
});

test("a failed command fails the bake with its name, exit code and last lines, and nothing is left", async ({
  kiln,
  expect,
}) => {
  const provision = [{ name: "install app", run: "echo fetching\necho no such release\nexit 7" }];
  const [bake, ...more] = await bakeAndPromote(kiln, recipeText({ provision }));
  expect(more).toEqual([]);
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toMatch(
    /^"install app" failed with exit code 7: fetching \| no such release \(all of it: runs\//,
  );
  expect(ownImages(kiln)).toEqual([]);
  expect(leftovers(kiln)).toEqual([]);
});

test("an image in state CreateFailed fails the bake at once and is deleted with its snapshots", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.failNextImage("disk error");
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.reason).toMatch(/^the cloud could not make m-\w+: CreateFailed/);
  expect(ownImages(kiln)).toEqual([]);
  expect(leftovers(kiln)).toEqual([]);
});

test("after an offering without capacity the next one is launched, and the record says so", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("done");
  expect(bake?.steps.filter(({ phase }) => phase === "launch").map(({ note }) => note)).toEqual([
    "ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock",
    expect.stringMatching(/^i-\w+ ecs\.c7\.large in vsw-hangzhou-h$/),
  ]);
});

test("an offering that had no capacity a moment ago is tried last, and after ten minutes in its place again", async ({
  kiln,
  expect,
}) => {
  const launchOf = async (recipe: string) => {
    await kiln.upload(`recipes/${recipe}.yaml`, recipeText({ family: recipe }));
    const notes = () =>
      kiln
        .records(`bake-${recipe}`)[0]
        ?.steps.flatMap(({ phase, note }) => (phase === "launch" ? [note] : []));
    await kiln.cloud.settle({ until: () => notes()?.at(-1)?.startsWith("i-") === true, forMs: minutes(5) });
    return notes()?.map((note) => note?.replace(/^i-\w+ /, ""));
  };
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  const [none, other] = [
    "ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock",
    "ecs.c7.large in vsw-hangzhou-h",
  ];
  expect(await launchOf("web")).toEqual([none, other]);
  expect(await launchOf("api")).toEqual([other]);
  await kiln.cloud.settle({ forMs: minutes(11) });
  expect(await launchOf("jobs")).toEqual([none, other]);
});

test("a bake without capacity in any offering fails and names each offering", async ({ kiln, expect }) => {
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 0);
  kiln.cloud.world.stock("ecs.c7.large", "cn-hangzhou-h", 0);
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.reason).toBe(
    "could not launch a builder: ecs.g7.large in vsw-hangzhou-h: OperationDenied.NoStock; ecs.c7.large in vsw-hangzhou-h: OperationDenied.NoStock",
  );
});

test("a builder that vanishes after its launch is replaced", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.cloud.world.instances.size > 0, forMs: hours(1) });
  const [gone = ""] = kiln.cloud.world.instances.keys();
  kiln.cloud.world.vanish(gone);
  await kiln.cloud.settle({ forMs: hours(1) });
  const [bake] = kiln.records("bake");
  expect(bake?.state).toBe("done");
  expect(bake?.steps.map(({ note }) => note)).toContain(`${gone} vanished`);
});

test("while a recipe is baked, a caller's bake is refused, and of the uploads the newest waits", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.cloud.world.instances.size > 0, forMs: hours(1) });
  const { run } = await accepted(kiln, "/recipes/web/bake", {});
  for (const n of [1, 2, 3]) {
    await kiln.upload("recipes/web.yaml", recipeText({ description: `upload ${n}` }));
    await kiln.cloud.settle({ forMs: seconds(20) });
  }
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.record(run)?.reason).toMatch(
    /^recipe web is being baked by bake-web-\d+-\w+; try again when it is done$/,
  );
  const uploads = kiln.records("bake").filter((record) => record.by.startsWith("upload:"));
  const notes = uploads.map(({ state, result }) => JSON.stringify([state, result?.["note"]])).toSorted();
  const waited = expect.stringContaining(
    '["done","a newer change of recipe web is baked, with this one: bake-web-',
  );
  expect(notes).toEqual([waited, waited, '["done",null]', '["done",null]']);
  expect(ownImages(kiln).map(({ description }) => description)).toEqual(["", "upload 3"]);
});

test("a caller's bake waits for the one under way with whenBusy: queue", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText({ whenBusy: "queue" }));
  await kiln.cloud.settle({ until: () => kiln.cloud.world.instances.size > 0, forMs: hours(1) });
  const { run } = await accepted(kiln, "/recipes/web/bake", { force: true });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.record(run)?.state).toBe("done");
  expect(ownImages(kiln)).toHaveLength(2);
});

timed(
  "the nightly timer bakes recipes with a nightly bake only, skips unchanged ones, and looks at the delivery of all",
  async ({ kiln, expect }) => {
    await bakeAndPromote(kiln, recipeText());
    await bakeAndPromote(kiln, recipeText({ family: "day", rebake: { nightly: false } }), "day");
    await kiln.cloud.settle({ forMs: hours(24) });
    const nightly = kiln.records("bake").filter(({ by }) => by === "timer:nightly");
    expect(
      nightly.map(({ subject, result }) => [subject, String(result?.["note"]).replace(/m-\w+/, "m")]),
    ).toEqual([
      ["day", "m is delivered as its recipe says"],
      ["web", expect.stringMatching(/^nothing changed since m/)],
    ]);
  },
);
