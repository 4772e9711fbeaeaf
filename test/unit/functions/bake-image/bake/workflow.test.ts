import { test } from "vitest";
import { start } from "../../../../functions/promote-family/start.ts";
import { parseRecipe } from "../../../../shared/documents/recipe.ts";
import { minutes } from "../../../../shared/duration.ts";
import type { Ports } from "../../../../shared/invocation.ts";
import { recipeText } from "../../../support/recipes.ts";

const MIDNIGHT = Date.UTC(2026, 0, 6);

test("a bake's request that is delivered again after midnight is the same promotion", async ({ expect }) => {
  const request = {
    v: 1,
    request: "promote",
    recipe: "web",
    imageId: "m-1",
    document: parseRecipe("web", recipeText()),
    delivery: "bake-web-20260105-0123456789ab",
    by: "test",
  };
  const runAt = async (now: number) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the request has everything but the time
    const ports = { clock: { now: () => now } } as Ports;
    return (await start(request, ports)).map(({ run }) => run);
  };
  const first = await runAt(MIDNIGHT - minutes(1));
  expect(first).toEqual([expect.stringMatching(/^promote-web-20260105-[0-9a-f]{12}$/)]);
  expect(await runAt(MIDNIGHT + minutes(1))).toEqual(first);
});
