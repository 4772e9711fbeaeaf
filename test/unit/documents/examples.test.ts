import { readdirSync, readFileSync } from "node:fs";
import { test } from "vitest";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";

const read = (folder: string) =>
  readdirSync(`examples/${folder}`).map((file) => {
    const key = `${folder}/${file}`;
    return [key, readFileSync(`examples/${key}`, "utf8")] as const;
  });

for (const [key, text] of read("recipes")) {
  test(`${key} is a recipe`, ({ expect }) => {
    expect(parseRecipe(key, text).family).toBeDefined();
  });
}

for (const [key, text] of read("fleets")) {
  test(`${key} is a fleet`, ({ expect }) => {
    expect(parseFleet(key, text).family).toBe("web");
  });
}

test("there is one example for each source of an image", ({ expect }) => {
  const kinds = read("recipes").map(([key, text]) => parseRecipe(key, text).source.kind);
  expect(kinds.toSorted()).toEqual(["builder", "disks", "instance", "snapshot", "upload"]);
});

test("what a parser answers survives the journey in an event", ({ expect }) => {
  for (const [key, text] of read("recipes")) {
    const recipe = parseRecipe(key, text);
    expect(JSON.parse(JSON.stringify(recipe))).toEqual(recipe);
  }
  for (const [key, text] of read("fleets")) {
    const fleet = parseFleet(key, text);
    expect(JSON.parse(JSON.stringify(fleet))).toEqual(fleet);
  }
});

test("JSON says the same as YAML", ({ expect }) => {
  const yaml = "family: web\nlimits:\n  max: 3\nlaunch:\n  LaunchTemplateId: lt-1\n";
  const json = '{"family": "web", "limits": {"max": 3}, "launch": {"LaunchTemplateId": "lt-1"}}';
  expect(parseFleet("fleets/web.json", json)).toEqual(parseFleet("fleets/web.yaml", yaml));
});
