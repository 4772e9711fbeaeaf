/** Commands that change the world, and the question before those that take something away. */
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { minutes } from "../../shared/duration.ts";
import { fleetText } from "../support/fleets.ts";
import { kiln } from "../support/kiln.ts";
import { recipeText } from "../support/recipes.ts";
import { QUIET } from "../support/idle.ts";
import { answered } from "../support/runs.ts";
import { running, sized } from "../support/sized.ts";
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

test("scale-in, refresh and a smaller size are asked about before members end, and tried without a question", async ({
  deploy,
  expect,
}) => {
  const on = await deploy(QUIET);
  const members = await sized(on, { size: { min: 0, desired: 3 } });
  const [one = ""] = members;
  const questions: readonly (readonly [words: string, question: string])[] = [
    ["scale-in web 2", "2 of the 3 running members of web will end; --dry-run finds out which"],
    [`scale-in web ${one}`, `${one} will end, even at work`],
    ["resize web 1", "web has 3 running members and is to have 1; the others will end"],
    ["refresh web", "0 members of web will be replaced, and end"],
  ];
  for (const [words, question] of questions) {
    const refused = { exit: 2, err: expect.stringContaining(question) };
    expect(await command(on, words), words).toMatchObject(refused);
    expect(await command(on, words, "n"), words).toMatchObject({ exit: 1 });
    const tried = JSON.parse((await command(on, `${words} --dry-run --json`)).out);
    await settle(on);
    expect(on.record(tried.run), words).toMatchObject({ state: "done", result: { dryRun: true } });
  }
  expect(running(on)).toEqual(members);
  expect(await command(on, "resize web 3")).toMatchObject({ exit: 0 });
  expect(await command(on, `scale-in web ${one} --yes`)).toMatchObject({ exit: 0 });
  await settle(on);
  expect(running(on)).toEqual(members.slice(1));
});
