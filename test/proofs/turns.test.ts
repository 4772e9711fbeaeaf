import { hours, minutes } from "../../shared/duration.ts";
import { readBakesAtOnce } from "../../functions/bake-image/config.ts";
import { test } from "../support/deploy.ts";
import { recipeText } from "../support/recipes.ts";
import { ownImages, watchMost } from "../support/world.ts";

test("bakes beyond the limit of the deployment wait, and all of them are made", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_BAKES_AT_ONCE: "2" } });
  const before = watchMost(kiln)();
  const most = watchMost(kiln);
  const names = ["one", "two", "three", "four", "five"];
  const text = recipeText({ family: undefined, test: undefined });
  for (const name of names) await kiln.upload(`recipes/${name}.yaml`, text);
  const ended = () => kiln.records("bake").filter(({ state }) => state === "done").length === names.length;
  await kiln.cloud.settle({ until: ended, forMs: hours(6) });
  expect(kiln.records("bake").map(({ state }) => state)).toEqual(names.map(() => "done"));
  expect(most() - before).toBe(2);
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(ownImages(kiln).filter(({ name }) => /^(one|two|three|four|five)-/.test(name))).toHaveLength(5);
});

test("a limit that is no number is refused with its name, and an empty one is the default", ({ expect }) => {
  expect([readBakesAtOnce({}), readBakesAtOnce({ KILN_BAKES_AT_ONCE: "3" })]).toEqual([20, 3]);
  for (const wrong of ["0", "-1", "1.5", "many"])
    expect(() => readBakesAtOnce({ KILN_BAKES_AT_ONCE: wrong })).toThrow("KILN_BAKES_AT_ONCE");
});
