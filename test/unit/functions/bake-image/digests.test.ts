import { test } from "vitest";
import {
  changedInputs,
  inputsOf,
  inputTags,
  namedObjects,
} from "../../../../functions/bake-image/bake/digests.ts";
import { attributesOf } from "../../../../functions/bake-image/bake/attributes.ts";
import { parseRecipe } from "../../../../shared/documents/recipe.ts";
import { OWN_TAGS_MAX, TAGS_MAX } from "../../../../shared/tags.ts";
import { envelopeOf } from "../../../support/records.ts";

const recipe = (changes: object = {}) =>
  parseRecipe(
    "web",
    JSON.stringify({ source: { snapshot: { id: "s-1" } }, family: "web", test: { skip: true }, ...changes }),
  );

const of = (changes: object = {}, base = "m-1", etags: string[] = ["e1"], parameters = {}) =>
  inputsOf(recipe({ inputs: ["inputs/a"], ...changes }), base, etags, parameters);

test("each input that changed is named, and only that one", ({ expect }) => {
  const tags = inputTags(of());
  expect(changedInputs(of(), tags)).toEqual([]);
  expect(changedInputs(of({}, "m-2"), tags)).toEqual(["base"]);
  expect(changedInputs(of({ image: { version: "2" } }), tags)).toEqual(["recipe"]);
  expect(changedInputs(of({}, "m-1", ["e2"]), tags)).toEqual(["objects"]);
  expect(changedInputs(of({}, "m-1", ["e1"], { A: "1" }), tags)).toEqual(["parameters"]);
});

test("a change outside the image needs no new one", ({ expect }) => {
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

test("an image without Kiln's tags counts as changed in everything", ({ expect }) => {
  expect(changedInputs(of(), {})).toEqual(["base", "recipe", "objects", "parameters"]);
});

test("no tag value of an image begins with a word that the cloud reserves, for every base and requester", ({
  expect,
}) => {
  const plan = { imageName: "web-1", inputs: of({}, "aliyun_3_x64_20G_alibase_20260927.vhd") };
  const input = { recipe: "web", force: false, parameters: {}, document: recipe(), plan };
  for (const by of ["upload:recipes/web.yaml", "https://ci.example/42", "aliyun-cli", "acs:ram::1:user/a"]) {
    const envelope = envelopeOf("bake-web-20260105-0123456789ab", by, 0);
    const values = Object.values(attributesOf({ ...envelope, input }, { access: { bucket: "kiln-1" } }).tags);
    expect(values.filter((value) => /^(aliyun|acs:)|https?:\/\//i.test(value))).toEqual([]);
    // The image test, the promotion and the retention add one each.
    expect(values.length + 3).toBe(TAGS_MAX - OWN_TAGS_MAX.image);
  }
});

test("changed objects are named by their keys, as many as fit into a tag", ({ expect }) => {
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
