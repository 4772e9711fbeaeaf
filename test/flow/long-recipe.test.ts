import { bakeAndPromote, leftovers, ownImages, recipeText, test } from "./fixture.ts";

/** Scripts that together nearly fill what a document may hold. */
const scripts = [0, 1, 2].map((part) =>
  Array.from({ length: 240 }, (_, at) => `echo "part ${part} line ${at} says \\"hello\\""`).join("\n"),
);

test("a recipe of almost the longest length is baked and promoted, whatever travels along with it", async ({
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
