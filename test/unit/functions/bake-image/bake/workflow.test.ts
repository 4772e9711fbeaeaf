import { test } from "vitest";
import { bake } from "../../../../../functions/bake-image/bake/workflow.ts";
import { parseRecipe } from "../../../../../shared/documents/recipe.ts";
import { minutes } from "../../../../../shared/duration.ts";
import type { Ports } from "../../../../../shared/invocation.ts";
import { known } from "../../../../support/known.ts";
import { recipeText } from "../../../../support/recipes.ts";
import { envelopeOf } from "../../../../support/records.ts";

const MIDNIGHT = Date.UTC(2026, 0, 6);

test("the end of a bake that is carried out again after midnight asks for the same promotion", async ({
  expect,
}) => {
  const event = {
    ...envelopeOf("bake-web-20260105-0123456789ab", "test", MIDNIGHT - minutes(30)),
    phase: "release",
    input: { recipe: "web", document: parseRecipe("web", recipeText()) },
  };
  const runsAt = async (now: number) => {
    const ports = known<Ports>({ clock: { now: () => now } });
    const end = { kind: "done", result: { imageId: "m-1" } } as const;
    return (await bake.onComplete?.(event, end, ports))?.runs;
  };
  const first = await runsAt(MIDNIGHT - minutes(1));
  expect(first).toEqual([
    expect.objectContaining({ run: expect.stringMatching(/^promote-web-20260105-[0-9a-f]{12}$/) }),
  ]);
  expect(await runsAt(MIDNIGHT + minutes(1))).toEqual(first);
});
