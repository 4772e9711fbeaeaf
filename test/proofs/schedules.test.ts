/** Recipes with a schedule of their own: each instant is one run, whatever the timer does. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";

const timed = test.extend({ timers: ["nightly", "schedules"] });

/** The timer fires `times` times. */
async function fire(kiln: Deployment, times = 1): Promise<number> {
  const payload = JSON.stringify({ v: 1, request: "bake-scheduled" });
  for (let time = 0; time < times; time++) {
    const triggerTime = new Date(kiln.cloud.time.now() + time).toISOString();
    await kiln.invoke("kiln-bake-image", { triggerName: "schedules", triggerTime, payload });
  }
  await kiln.cloud.settle({ forMs: minutes(1) });
  return kiln.records("bake").filter(({ by }) => by === "timer:schedule").length;
}
/** The first full hour that is at least an hour away. */
const hourOf = (kiln: Deployment): number =>
  Math.ceil(kiln.cloud.time.now() / hours(1)) * hours(1) + hours(1);
const cronAt = (at: number): string => `0 ${new Date(at).getUTCHours()} * * *`;
const put = async (kiln: Deployment, schedule: object): Promise<void> => {
  await kiln.upload("recipes/web.yaml", recipeText({ schedule, test: { skip: true } }));
  await kiln.cloud.settle({ forMs: minutes(40) });
};
const until = (kiln: Deployment, at: number) => kiln.cloud.settle({ forMs: at - kiln.cloud.time.now() });

test("an instant is one run when the timer fires twice, late or not at all, and none when it was before the schedule", async ({
  kiln,
  expect,
}) => {
  const at = hourOf(kiln);
  await put(kiln, { cron: cronAt(at), timeZone: "UTC" });
  await until(kiln, at - minutes(2));
  expect(await fire(kiln)).toBe(0);
  await until(kiln, at + minutes(9));
  expect(await fire(kiln, 2)).toBe(1);
  await until(kiln, at + hours(2));
  expect(await fire(kiln)).toBe(1);
  const run = kiln.records("bake").find(({ by }) => by === "timer:schedule");
  expect(run?.result?.["note"]).toContain("nothing changed since");

  // The next day nothing fires for hours; on the third, for longer than is made up for.
  await until(kiln, at + hours(24) + hours(5));
  expect(await fire(kiln)).toBe(2);
  await until(kiln, at + hours(48) + hours(7));
  expect(await fire(kiln)).toBe(2);

  // A schedule that is new is due for nothing before it.
  await put(kiln, { cron: cronAt(kiln.cloud.time.now() - hours(1)), timeZone: "UTC" });
  expect(await fire(kiln)).toBe(2);
  // It is gone with its recipe.
  kiln.cloud.oss.delete("kiln-1234567890123456", "recipes/web.yaml");
  await until(kiln, kiln.cloud.time.now() + hours(24));
  expect(await fire(kiln)).toBe(2);
});

timed("the timers of s.yaml bake a recipe at its own hour, and not by night", async ({ kiln, expect }) => {
  const at = hourOf(kiln);
  await put(kiln, { cron: cronAt(at), timeZone: "UTC" });
  await kiln.cloud.settle({ forMs: hours(26) });
  const notesBy = (by: string) =>
    kiln.records("bake").flatMap((record) => (record.by === by ? String(record.result?.["note"]) : []));
  const own = notesBy("timer:schedule");
  for (const note of own) expect(note).toContain("nothing changed since");
  // By night its delivery is looked at, as that of every recipe.
  const nightly = notesBy("timer:nightly");
  for (const note of nightly) expect(note).toContain("is delivered as its recipe says");
  expect([own.length > 0, nightly.length > 0]).toEqual([true, true]);
});
