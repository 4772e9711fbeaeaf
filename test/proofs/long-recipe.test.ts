import { test } from "../support/deploy.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { leftovers, ownImages } from "../support/world.ts";

/** Scripts that together nearly reach the size limit of a document. */
const scripts = [0, 1, 2].map((part) =>
  Array.from({ length: 240 }, (_, at) => `echo "part ${part} line ${at} says \\"hello\\""`).join("\n"),
);

test("a recipe near the size limit is baked and promoted: its events still fit into a payload", async ({
  kiln,
  expect,
}) => {
  const provision = ["yum install -y nginx", "systemctl enable nginx", ...scripts];
  const text = recipeText({ provision });
  expect(text.length).toBeGreaterThan(30_000);
  const runs = await bakeAndPromote(kiln, text);
  expect(runs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(["bake done", "promote done"]);
  expect(ownImages(kiln)).toMatchObject([{ family: "web" }]);
  expect(leftovers(kiln)).toEqual([]);
});
