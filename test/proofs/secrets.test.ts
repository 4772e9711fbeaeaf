import { minutes } from "../../shared/duration.ts";
import { readFileSync } from "node:fs";
import { test } from "../support/deploy.ts";
import { WEBHOOK_SECRET } from "../support/deployment.ts";
import { leaks } from "../support/leaks.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";

test("no key, token or secret of the deployment is in any payload, log, tag, object or error", async ({
  kiln,
  expect,
}) => {
  await bakeAndPromote(kiln, recipeText());
  await kiln.upload("fleets/web.yaml", readFileSync("examples/fleets/web.yaml"));
  const answer = kiln.call("POST", "/fleets/web/scale-out", { count: 2 });
  await kiln.cloud.settle({ forMs: minutes(20) });
  expect((await answer).status).toBe(202);
  const secrets = kiln.cloud.keys
    .all()
    .flatMap((key) => [key.secret, ...(key.token === undefined ? [] : [key.token])]);
  expect(secrets.length).toBeGreaterThan(50);
  expect(leaks(kiln, { secrets: { ...Object.fromEntries(secrets.entries()), WEBHOOK_SECRET } })).toEqual([]);
  // The search finds what is there.
  expect(leaks(kiln, { secrets: { recipe: "recipes/web.yaml" } }).length).toBeGreaterThan(5);
});

test("no payload passes 64 KB, and a bake's stay under 8", async ({ kiln, expect }) => {
  await bakeAndPromote(kiln, recipeText());
  const sizes = kiln.cloud.fc.events.map(({ payload }) => payload.length);
  expect(Math.max(...sizes)).toBeLessThan(8 * 1024);
});
