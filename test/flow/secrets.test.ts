import { minutes } from "../../shared/duration.ts";
import { readFileSync } from "node:fs";
import { test } from "../support/deploy.ts";
import { WEBHOOK_SECRET } from "../support/deployment.ts";
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
  const { invocations, events } = kiln.cloud.fc;
  const objects = kiln.cloud.oss
    .list("kiln-1234567890123456", "")
    .map(({ key }) => kiln.cloud.oss.get("kiln-1234567890123456", key)?.body.toString());
  const tags = [...kiln.cloud.world.instances.keys()].flatMap((id) =>
    kiln.cloud.world.tags.of("instance", id),
  );
  const everything = JSON.stringify([
    invocations,
    events.map(({ payload }) => payload.toString()),
    objects,
    tags,
  ]);
  expect(everything.length).toBeGreaterThan(10_000);
  const secrets = kiln.cloud.keys
    .all()
    .flatMap((key) => [key.secret, ...(key.token === undefined ? [] : [key.token])]);
  expect(secrets.length).toBeGreaterThan(50);
  expect([...secrets, WEBHOOK_SECRET].filter((secret) => everything.includes(secret))).toEqual([]);
});

test("no payload passes 64 KB, and a bake's stay under 8", async ({ kiln, expect }) => {
  await bakeAndPromote(kiln, recipeText());
  const sizes = kiln.cloud.fc.events.map(({ payload }) => payload.length);
  expect(Math.max(...sizes)).toBeLessThan(8 * 1024);
});
