import { expect, test } from "vitest";
import { changedSince } from "../../../../../functions/promote-family/promotion/question.ts";

const tags = {
  "kiln:base": "from m-1",
  "kiln:input-recipe": "a",
  "kiln:input-objects": "b",
  "kiln:input-parameters": "c",
  "kiln:run": "bake-web-1",
};

test.each([
  ["nothing", { "kiln:run": "bake-web-2" }, []],
  ["the base, with both", { "kiln:base": "from m-2" }, ["base m-1 → m-2"]],
  [
    "objects and parameters",
    { "kiln:input-objects": "x", "kiln:input-parameters": "y" },
    ["objects", "parameters"],
  ],
  ["the recipe of an image of an earlier version", { "kiln:input-recipe": undefined }, ["recipe"]],
])("two images differ in %s", (_name, change, differences) => {
  const other = Object.fromEntries(
    Object.entries({ ...tags, ...change }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    ),
  );
  expect(changedSince({ tags }, { tags: other })).toEqual(differences);
});
