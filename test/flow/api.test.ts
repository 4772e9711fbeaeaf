/** The API on the local cloud: its answers are about what is in the world. */
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Answer, Deployment } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";
import { answered, ended } from "../support/runs.ts";
import { served } from "../support/world.ts";

type Asked = Parameters<Deployment["api"]>;
const ask = (kiln: Deployment, ...asked: Asked): Promise<Answer> => answered(kiln, kiln.api(...asked));

test("a recipe that is put is baked, and the API shows it at work, done and served", async ({
  kiln,
  expect,
}) => {
  const put = await ask(kiln, "PUT", "/recipes/web", recipeText({ test: { skip: true } }));
  expect(put).toMatchObject({ status: 200, body: { key: "recipes/web.yaml", created: true } });
  await kiln.cloud.settle({ until: () => kiln.records("bake").length > 0, forMs: minutes(5) });
  const [bake] = kiln.records("bake");
  await kiln.cloud.settle({ forMs: minutes(1) });
  const during = await ask(kiln, "GET", "/status");
  expect(during).toMatchObject({
    status: 200,
    body: { atWork: [{ run: bake?.run, state: "running" }], problems: [] },
  });
  await ended(kiln, bake?.run ?? "");
  await kiln.cloud.settle({ forMs: minutes(30) });
  const runs = await ask(kiln, "GET", "/runs");
  expect(runs.body["runs"]).toMatchObject([
    { kind: "promote", subject: "web", state: "done" },
    { kind: "bake", subject: "web", state: "done" },
  ]);
  const { body } = await ask(kiln, "GET", `/runs/${bake?.run}`);
  expect(body).toMatchObject({ state: "done", outputs: ["builder-0", "builder-1", "builder-2"] });
  const output = await ask(kiln, "GET", `/runs/${bake?.run}/logs/0`);
  expect(output.status).toBe(200);
  const families = await ask(kiln, "GET", "/families");
  const promotion = kiln.records("promote")[0];
  expect(families.body["families"]).toMatchObject([
    { family: "web", imageId: served(kiln), recipe: "web", run: promotion?.run, by: promotion?.by },
  ]);
});
