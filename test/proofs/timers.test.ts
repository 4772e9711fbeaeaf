/** Timers as the platform may fire them: twice for one instant, with trigger times that differ. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY } from "../support/idle.ts";
import { recipeText } from "../support/recipes.ts";
import { ownImages } from "../support/world.ts";

/** The timers of s.yaml that begin runs; those of the janitor begin none. */
const timersOf = ({ cloud }: Deployment) =>
  [...cloud.fc.functions.values()]
    .filter(({ name }) => name !== "kiln-janitor")
    .flatMap(({ name, triggers }) =>
      triggers.flatMap((trigger) => (trigger.kind === "timer" ? [{ function: name, ...trigger }] : [])),
    );
type Timer = ReturnType<typeof timersOf>[number];

const fire = (kiln: Deployment, { function: name, name: triggerName, payload }: Timer, at: number) => {
  const triggerTime = `${new Date(at).toISOString().slice(0, 19)}Z`;
  return kiln.invoke(name, { triggerTime, triggerName, payload });
};

/** Fires every timer twice and returns the runs that they began. */
async function fireTwice(kiln: Deployment, apartMs: number) {
  const idle = { ...POLICY, resume: true, upDuring: { timeZone: "UTC", hours: ["Mon-Sun 00:00-24:00"] } };
  await kiln.upload("fleets/web.yaml", fleetText({ idle, size: { min: 0 } }));
  // An appended object starts no bake by itself.
  const recipe = recipeText({ retention: { enabled: true, keep: 1 } });
  kiln.cloud.oss.put(BUCKET, "recipes/web.yaml", recipe, { by: "AppendObject" });
  // Ten past, when fleets with hourly metrics are checked.
  await kiln.cloud.settle({ forMs: minutes(10) });
  const at = kiln.cloud.time.now();
  for (const timer of timersOf(kiln)) {
    await fire(kiln, timer, at);
    await fire(kiln, timer, at + apartMs);
  }
  await kiln.cloud.settle({ forMs: hours(2) });
  return kiln.records().filter(({ by, kind }) => by.startsWith("timer:") && kind !== "promote");
}

test("a timer that fires twice for one instant, with times a second apart, leaves one run", async ({
  kiln,
  expect,
}) => {
  const runs = await fireTwice(kiln, seconds(1));
  // No recipe has a schedule.
  const names = timersOf(kiln).flatMap(({ name }) => (name === "schedules" ? [] : [`timer:${name}`]));
  expect(names).toHaveLength(5);
  expect(runs.map(({ by }) => by).toSorted()).toEqual(names.toSorted());
  expect(runs.filter(({ state }) => state !== "done")).toEqual([]);
});

test("a timer that fires while the run of its last instant is at work leaves no failed run and one image", async ({
  kiln,
  expect,
}) => {
  const runs = await fireTwice(kiln, minutes(1));
  expect(runs.filter(({ state }) => state !== "done")).toEqual([]);
  const bakes = runs.filter(({ kind }) => kind === "bake");
  const baked = bakes.find(({ result }) => result?.["imageId"] !== undefined);
  expect(bakes).toHaveLength(2);
  expect(bakes.find((bake) => bake !== baked)?.result).toEqual({
    skipped: true,
    note: `recipe web is being baked by ${baked?.run}`,
  });
  expect(ownImages(kiln)).toHaveLength(1);
});
