/** A document that does not parse is reported once by its check, and no timer begins a run for it. */
import { hours, minutes } from "../../shared/duration.ts";
import { startChannel } from "../support/channel.ts";
import { test } from "../support/deploy.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY } from "../support/idle.ts";
import { recipeText } from "../support/recipes.ts";

const TIMERS = ["idle-check", "resume", "reconcile", "nightly", "schedules", "retention", "documents"];
const badFleet = fleetText({ limit: { max: 3 }, size: { desired: 1 }, idle: POLICY });
const badRecipe = recipeText({ provision: [{ "curl -H Host": "x" }] });

test("no timer begins a run for a document that does not parse, and it is reported once", async ({
  deploy,
  expect,
}) => {
  const channel = await startChannel();
  const channels = { default: { kind: "json", url: channel.url } };
  const on = await deploy({ fc: { timers: TIMERS }, env: { KILN_CHANNELS: JSON.stringify(channels) } });
  await on.upload("fleets/db.yaml", badFleet);
  await on.upload("recipes/app.yaml", badRecipe);
  await on.cloud.settle({ forMs: minutes(5) });
  const began = on.records().filter(({ kind }) => kind !== "check").length;
  await on.cloud.settle({ forMs: hours(27) });
  const timed = on.records().filter(({ by }) => by.startsWith("timer:"));
  expect(timed).toEqual([]);
  expect(on.records().filter(({ kind }) => kind !== "check")).toHaveLength(began);
  expect(on.records("check")).toHaveLength(2);
  expect(channel.posted).toHaveLength(2);
  const logged = on.cloud.fc.invocations
    .flatMap(({ logs }) => logs)
    .filter((line) => line.includes("no run begins"));
  for (const key of ["fleets/db.yaml", "recipes/app.yaml"])
    expect(
      logged.some((line) => line.includes(key)),
      key,
    ).toBe(true);
  await channel.close();
}, 120_000);
