import { test } from "vitest";
import { changedInputs, inputsOf, inputTags, namedObjects } from "../../functions/bake-image/inputs.ts";
import { attributesOf } from "../../functions/bake-image/capture.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { KILN_IMAGE_TAGS } from "../../shared/documents/tags.ts";
import type { BakeEvent } from "../../shared/events/bake-image.ts";
import { firstLine } from "../../shared/machine.ts";

const recipe = (changes: object = {}) =>
  parseRecipe(
    "web",
    JSON.stringify({ source: { snapshot: { id: "s-1" } }, family: "web", test: { skip: true }, ...changes }),
  );

const of = (changes: object = {}, base = "m-1", etags: (string | undefined)[] = ["e1"], parameters = {}) =>
  inputsOf(recipe({ inputs: ["inputs/a"], ...changes }), base, etags, parameters);

test("each input that changed is named, and only that one", ({ expect }) => {
  const tags = inputTags(of());
  expect(changedInputs(of(), tags)).toEqual([]);
  expect(changedInputs(of({}, "m-2"), tags)).toEqual(["base"]);
  expect(changedInputs(of({ image: { version: "2" } }), tags)).toEqual(["recipe"]);
  expect(changedInputs(of({}, "m-1", ["e2"]), tags)).toEqual(["objects"]);
  expect(changedInputs(of({}, "m-1", ["e1"], { A: "1" }), tags)).toEqual(["parameters"]);
});

test("what leaves no mark in the image asks for no new one", ({ expect }) => {
  const tags = inputTags(of());
  const changes = {
    retention: { keep: 9 },
    whenBusy: "queue",
    family: "other",
    notify: [{ channel: "ops" }],
  };
  expect(changedInputs(of(changes), tags)).toEqual([]);
});

test("the order of parameters does not matter", ({ expect }) => {
  const a = of({}, "m-1", [], { A: "1", B: "2" });
  expect(of({}, "m-1", [], { B: "2", A: "1" })).toEqual(a);
});

test("an object that is gone is not the same as one that is there", ({ expect }) => {
  expect(changedInputs(of({}, "m-1", [undefined]), inputTags(of()))).toEqual(["objects"]);
});

test("an image without Kiln's tags counts as changed in everything", ({ expect }) => {
  expect(changedInputs(of(), {})).toEqual(["base", "recipe", "objects", "parameters"]);
});

test("no tag of an image begins with a name of the cloud's own, whatever it is made from and by whom", ({
  expect,
}) => {
  const document = recipe();
  const plan = { document, imageName: "web-1", inputs: of({}, "aliyun_3_x64_20G_alibase_20260927.vhd") };
  for (const by of ["upload:recipes/web.yaml", "https://ci.example/42", "aliyun-cli", "acs:ram::1:user/a"]) {
    const line = firstLine("bake-web-20260105-0123456789ab", by, 0);
    const event: BakeEvent = {
      ...line,
      phase: "capture",
      job: { recipe: "web", force: false, parameters: {}, plan },
    };
    const values = Object.values(attributesOf(event, plan).tags);
    expect(values.filter((value) => /^(aliyun|acs:)|https?:\/\//i.test(value))).toEqual([]);
    // The gate, the promotion and the retention add one each.
    expect(values.length + 3).toBe(KILN_IMAGE_TAGS);
  }
});

test("objects that changed are named by their keys, up to as many as a tag has room for", ({ expect }) => {
  const scripts = (count: number) => ({
    inputs: Array.from({ length: count }, (_, index) => `inputs/${index}.txt`),
  });
  const named = (count: number, etags: string[]) => {
    const before = of(
      scripts(count),
      "m-1",
      etags.map(() => "old"),
    );
    const now = of(scripts(count), "m-1", etags);
    expect(now.objects.length).toBeLessThanOrEqual(128);
    return namedObjects(scripts(count).inputs, now, inputTags(before));
  };
  expect(named(3, ["old", "new", "old"])).toBe("objects (inputs/1.txt)");
  expect(named(14, [...Array.from({ length: 13 }, () => "old"), "new"])).toBe("objects (inputs/13.txt)");
  expect(named(15, [...Array.from({ length: 14 }, () => "old"), "new"])).toBe("objects");
});
