/** Commands that change the world, and the question before those that take something away. */
import { setTimeout } from "node:timers/promises";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { fleetText } from "../support/fleets.ts";
import { json } from "../support/known.ts";
import { kiln } from "../support/kiln.ts";
import { recipeText } from "../support/recipes.ts";
import { QUIET } from "../support/idle.ts";
import { answered } from "../support/runs.ts";
import { sized } from "../support/sized.ts";
import { machines, served } from "../support/world.ts";

/** A machine with a person at its terminal who answers `answer`. */
const ioOf = (on: Deployment, answer?: string) => ({
  env: {
    KILN_API: on.cloud.urls.http["kiln-api"],
    KILN_WEBHOOK: on.cloud.urls.http["kiln-webhook"],
    KILN_CALLER: on.caller.name,
    KILN_SECRET: on.caller.secret,
  },
  ask: () => Promise.resolve(answer),
});

/** Runs a command while the world goes on. */
const command = (on: Deployment, words: string, answer?: string) =>
  answered(on, on.cloud.time.hold(kiln(words.split(" "), ioOf(on, answer))));

/** As `command`, of one that waits for runs: the world goes on beside its pauses. */
async function waiting(on: Deployment, words: string, answer?: string) {
  let over = false;
  const running = kiln(words.split(" "), { ...ioOf(on, answer), sleep: () => setTimeout(5) });
  void running.finally(() => (over = true));
  while (!over) {
    await on.cloud.settle({ forMs: seconds(1) });
    // A world at rest settles without a turn of the event loop.
    await setTimeout(1);
  }
  return running;
}

const HOME = "cn-hangzhou";
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
  const asked = await command(on, "rollback web");
  expect([asked.exit, asked.err]).toEqual([
    2,
    expect.stringMatching(
      new RegExp(
        `^web in ${HOME} serves ${second}; it will serve ${first}\nwill be deprecated: ${second} in ${HOME}\nafter that web is held: `,
      ),
    ),
  ]);
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

/** A family that serves its third image, of which the second was rolled back. */
async function rolledBack(on: Deployment) {
  const again = async (words: string): Promise<string | undefined> => {
    const { exit, err } = await command(on, words);
    if (exit !== 0) throw new Error(`${words}: ${err}`);
    await settle(on);
    return served(on);
  };
  await on.upload("recipes/web.yaml", recipeText({ family: "web", test: { skip: true } }));
  await settle(on);
  const first = served(on);
  const second = await again("bake web --force");
  await again("rollback web --yes");
  await again("unhold web");
  const third = await again("bake web --force");
  const before = async () =>
    json<{ families: [{ before?: string }] }>((await command(on, "families --json")).out).families[0].before;
  return { first, second, third, again, before };
}

test("a question before a rollback is about the image that the run then serves, whatever became of those between", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  const { first, second, third, again, before } = await rolledBack(on);
  expect(new Set([first, second, third]).size).toBe(3);
  // The newest of the others was rolled back, and is Deprecated.
  expect(await before()).toBe(first);
  expect((await command(on, "rollback web")).err).toContain(
    `web in ${HOME} serves ${third}; it will serve ${first}`,
  );
  expect(await command(on, `rollback web ${second}`)).toMatchObject({
    exit: 3,
    err: expect.stringContaining(`${second} is Deprecated, so family web cannot serve it`),
  });
  expect(await command(on, "rollback web m-nope --undo")).toMatchObject({ exit: 2 });
  expect(await again("rollback web --yes")).toBe(first);
  expect((await command(on, "rollback web")).err).toContain(`it will serve ${await before()}\n`);
});

test("a question before the undo of a rollback shows what comes back, and a dry run of one is no rollback", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  const { first, third, again } = await rolledBack(on);
  await again("rollback web --yes");
  const family = async () => (await answered(on, on.api("GET", "/families/web"))).body;
  const { run } = await family();
  await again("rollback web --undo --dry-run");
  expect(await family()).toMatchObject({ imageId: first, run });
  expect((await command(on, "rollback web --undo")).err.split("\n").slice(0, 4)).toEqual([
    `web in ${HOME} serves ${first}; it will serve ${third}`,
    `${String(run)} will be taken back`,
    `will be available again: ${third} in ${HOME}`,
    "the hold of web is lifted",
  ]);
  expect(await again("rollback web --undo --yes")).toBe(third);
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

test("a request that ends members shows which, and changes nothing unless the answer is yes", async ({
  deploy,
  expect,
}) => {
  const on = await deploy(QUIET);
  const [id = ""] = await sized(on, { size: { desired: 3 } });
  const asked = {
    "scale-in web 2": "web is to have 3 members, and 3 run; it is to have 1 then\nup to 2 members",
    [`scale-in web ${id} i-none`]: `${id} (Running, ecs.g7.large, m-web-1) will be stopped or released, although it may be at work\ni-none is no member of web`,
    "resize web 1": "web is to have 3 members, and 3 run; it is to have 1 then\nup to 2 members",
    "refresh web": "0 members of web have another image than m-web-1 of family web; 3 members run",
    "stop web": "will be stopped, or released as idle.action says: i-",
  };
  for (const [words, shown] of Object.entries(asked)) {
    const before = on.records().filter(({ result }) => result?.["dryRun"] !== true).length;
    const unasked = await waiting(on, words);
    expect([words, unasked.exit, unasked.err]).toEqual([words, 2, expect.stringContaining(shown)]);
    expect(await waiting(on, words, "n"), words).toMatchObject({ exit: 1 });
    await on.cloud.settle({ forMs: minutes(2) });
    expect(on.records().filter(({ result }) => result?.["dryRun"] !== true)).toHaveLength(before);
  }
  expect(await command(on, "resize web 20")).toMatchObject({
    exit: 3,
    err: expect.stringContaining("to: must be at most 10, limits.max of fleets/web.yaml (it is 20)"),
  });
  // Nothing is taken away.
  expect(await command(on, "resize web 4")).toMatchObject({ exit: 0 });
  expect(await command(on, "scale-in web 1 --yes")).toMatchObject({ exit: 0 });
  await on.cloud.settle({ forMs: minutes(20) });
  expect(await command(on, "pause web --why look")).toMatchObject({ exit: 0 });
  await on.cloud.settle({ forMs: minutes(5) });
  for (const words of ["stop web", "scale-in web 1", "refresh web"])
    expect((await waiting(on, words)).err, words).toContain("web is paused by webhook:ci");
});
