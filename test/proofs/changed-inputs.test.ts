/** Changed scripts, files, inputs and base families start the recipes that use them. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { ownImages, served } from "../support/world.ts";

const quick = { test: { skip: true } };
const settled = async (kiln: Deployment, forMs = hours(2)): Promise<void> => {
  await kiln.cloud.settle({ forMs });
};
const baked = (kiln: Deployment): number =>
  kiln.records("bake").filter(({ state, result }) => state === "done" && result?.["skipped"] !== true).length;
const notes = (kiln: Deployment) =>
  kiln.records("bake").flatMap(({ steps }) => steps.find(({ phase }) => phase === "plan")?.note ?? []);

test("a sync of a recipe and all its objects is one bake, in whatever order they are put; so is the next one", async ({
  kiln,
  expect,
}) => {
  const provision = [
    { script: "scripts/one.sh" },
    { script: "scripts/two.sh" },
    { file: "files/app.conf", to: "/etc/app.conf" },
  ];
  const recipe = recipeText({ provision, inputs: ["inputs/release"], ...quick });
  await kiln.upload("recipes/web.yaml", recipe);
  for (const [key, text] of [
    ["files/app.conf", "one"],
    ["inputs/release", "v1"],
    ["scripts/one.sh", "echo 1 > /etc/one"],
    ["scripts/two.sh", "echo 1 > /etc/two"],
  ] as const) {
    await kiln.upload(key, text);
    await settled(kiln, minutes(1));
  }
  await settled(kiln);
  expect(kiln.records("bake").filter(({ state }) => state === "failed")).toEqual([]);
  expect([baked(kiln), ownImages(kiln).length]).toEqual([1, 1]);

  for (const key of ["scripts/two.sh", "files/app.conf", "inputs/release"]) {
    await kiln.upload(key, `: ${key}`);
    await settled(kiln, minutes(1));
  }
  await settled(kiln);
  expect(ownImages(kiln)).toHaveLength(2);
  expect(notes(kiln).at(-1)).toMatch(/objects \(scripts\/two\.sh, files\/app\.conf, inputs\/release\)$/);
  expect(served(kiln)).toBe(ownImages(kiln)[1]?.imageId);
});

test("an object that is put again unchanged, that no recipe names, or whose recipe says so, bakes nothing", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("scripts/one.sh", "true");
  await kiln.upload("scripts/two.sh", "true");
  const rebake = { nightly: false, onChange: false };
  await bakeAndPromote(kiln, recipeText({ provision: [{ script: "scripts/one.sh" }], ...quick }));
  await bakeAndPromote(
    kiln,
    recipeText({ provision: [{ script: "scripts/two.sh" }], family: "db", rebake, ...quick }),
    "db",
  );
  await kiln.upload("scripts/one.sh", "true");
  await kiln.upload("scripts/other.sh", "true");
  await kiln.upload("scripts/two.sh", "false");
  await settled(kiln);
  expect(ownImages(kiln)).toHaveLength(2);
});

test("a promoted family starts the recipes that are built on it, and these the next; a circle of families ends", async ({
  kiln,
  expect,
}) => {
  const source = (family: string) => ({
    builder: { ...JSON.parse(recipeText()).source.builder, family },
  });
  const put = (name: string, changes: Readonly<Record<string, unknown>>) =>
    kiln.upload(
      `recipes/${name}.yaml`,
      recipeText({ family: name, provision: ["true"], ...quick, ...changes }),
    );
  await bakeAndPromote(kiln, recipeText({ family: "base", provision: ["true"], ...quick }), "base");
  await put("web", { source: source("base") });
  await settled(kiln);
  await put("shop", { source: source("web") });
  await settled(kiln);
  // On its own family, and in a circle with another.
  await put("own", { source: source("base") });
  await settled(kiln);
  await put("own", { source: source("own") });
  await settled(kiln);
  await put("left", { source: source("base") });
  await settled(kiln);
  await put("right", { source: source("left") });
  await settled(kiln);
  await put("left", { source: source("right") });
  await settled(kiln);
  const before = ownImages(kiln).length;

  await put("base", { provision: ["true", "echo 2"] });
  await settled(kiln, hours(6));
  const by = new Map(kiln.records("bake").map((record) => [record.subject, record.by]));
  expect(ownImages(kiln).length - before).toBe(3);
  expect([by.get("web"), by.get("shop")]).toEqual([
    expect.stringMatching(/^promotion:promote-base-/),
    expect.stringMatching(/^promotion:promote-web-/),
  ]);
  expect(ownImages(kiln).filter(({ family }) => family === "left")).toHaveLength(2);
  expect(ownImages(kiln).filter(({ family }) => family === "own")).toHaveLength(2);
});

test("an object that is replaced during a bake is in no image of it, and the next bake has it", async ({
  kiln,
  expect,
}) => {
  const long = `# ${"x".repeat(30_000)}\n`;
  const keys = ["scripts/short.sh", "scripts/long.sh", "files/app.conf"] as const;
  const wait = { run: "sleep 300", timeout: "10m" };
  for (const [index, key] of keys.entries()) {
    const step = key.startsWith("files/") ? { file: key, to: "/etc/app.conf" } : { script: key };
    const text = (word: string) => `${key.includes("long") ? long : ""}echo ${word} > /etc/from-script\n`;
    await kiln.upload(key, text("one"));
    const runs = kiln.records("bake").length;
    await kiln.upload("recipes/web.yaml", recipeText({ provision: [wait, step], ...quick }));
    const waits = () =>
      kiln
        .records("bake")
        .slice(runs)
        .some(({ steps }) => steps.some(({ note = "" }) => note.includes('"sleep 300" runs')));
    await kiln.cloud.settle({ until: waits, forMs: hours(1) });
    await kiln.upload(key, text("two"));
    await settled(kiln);
    const [first, second] = kiln
      .records("bake")
      .slice(runs)
      .filter(({ result }) => result?.["skipped"] !== true);
    expect(first?.reason, key).toContain(`${key} was replaced after this bake had begun`);
    expect(second?.state, key).toBe("done");
    expect(ownImages(kiln)).toHaveLength(index + 1);
    const files = ownImages(kiln)[index]?.disks[0]?.content.files;
    expect(files?.get(key.startsWith("files/") ? "/etc/app.conf" : "/etc/from-script")).toContain("two");
  }
});
