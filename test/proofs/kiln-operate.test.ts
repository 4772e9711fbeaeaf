/** Commands that change the world, and the question before those that take something away. */
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { minutes } from "../../shared/duration.ts";
import { fleetText } from "../support/fleets.ts";
import { kiln } from "../support/kiln.ts";
import { recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";
import { machines, served } from "../support/world.ts";

/** Runs a command while the world goes on; `answer` is that of a person at the terminal. */
function command(on: Deployment, words: string, answer?: string) {
  const env = {
    KILN_API: on.cloud.urls.http["kiln-api"],
    KILN_WEBHOOK: on.cloud.urls.http["kiln-webhook"],
    KILN_CALLER: on.caller.name,
    KILN_SECRET: on.caller.secret,
  };
  const ask = () => Promise.resolve(answer);
  return answered(on, on.cloud.time.hold(kiln(words.split(" "), { env, ask })));
}

const settle = (on: Deployment) => on.cloud.settle({ forMs: minutes(40) });

test("a rollback shows both images and changes nothing unless the answer is yes", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  await on.upload("recipes/web.yaml", recipeText({ family: "web", test: { skip: true } }));
  await settle(on);
  const first = served(on);
  expect(await command(on, "bake web --force")).toMatchObject({ exit: 0 });
  await settle(on);
  const second = served(on);
  expect(second).not.toBe(first);
  expect(await command(on, "rollback web")).toMatchObject({
    exit: 2,
    err: expect.stringContaining(`web serves ${second}; it will serve ${first}`),
  });
  expect(await command(on, "rollback web", "n")).toMatchObject({
    exit: 1,
    err: expect.stringContaining("nothing was changed"),
  });
  await settle(on);
  expect(served(on)).toBe(second);
  expect(await command(on, "rollback web", "y")).toMatchObject({ exit: 0 });
  await settle(on);
  expect(served(on)).toBe(first);
  expect(await command(on, "rollback web --undo --yes")).toMatchObject({ exit: 0 });
  await settle(on);
  expect(served(on)).toBe(second);
});

test("scale-out launches members and fleet shows them; a wrong number is a wrong command line", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  await on.upload("fleets/web.yaml", fleetText());
  expect(await command(on, "scale-out web two")).toMatchObject({ exit: 2 });
  expect(await command(on, "bake web --parameter =x")).toMatchObject({ exit: 2 });
  const asked = await command(on, "scale-out web 2 --json");
  const { run } = JSON.parse(asked.out);
  await settle(on);
  expect(machines(on)).toHaveLength(2);
  expect((await command(on, "fleet web")).out).toContain(machines(on)[0]?.instanceId);
  expect((await command(on, `watch ${run}`)).exit).toBe(0);
  expect(await command(on, `cancel web --yes`)).toMatchObject({ exit: 2 });
});
