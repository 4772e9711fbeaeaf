/** Lists that travel in events have an end, and the messages say where it is. */
import { test } from "vitest";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { fleetText } from "../../support/fleets.ts";
import { json } from "../../support/known.ts";
import { manyChannels, manyTypes, manyVSwitches } from "../../support/large-documents.ts";
import { recipeText } from "../../support/recipes.ts";
import { problemsIn } from "./problems-of.ts";

const { source } = json<{ source: { builder: object } }>(recipeText());
const places = { instanceTypes: manyTypes, vSwitchIds: manyVSwitches };
const recipe = (changes: object) => problemsIn(parseRecipe, recipeText({ ...changes }));
const fleet = (changes: object) => problemsIn(parseFleet, fleetText({ ...changes }));
const builder = (changes: object) => ({ source: { builder: { ...source.builder, ...changes } } });
const more = (list: readonly string[]): string[] => [...list, `${list[0]}0`];
const tooMany = (count: number): string =>
  `must be at most 200 combinations of type, vSwitch and payment, has ${count}; name fewer types or vSwitches`;

test("200 offerings are accepted and more are refused, of a builder, a test instance and a fleet", ({
  expect,
}) => {
  expect(recipe(builder(places))).toEqual([]);
  expect(recipe({ test: places })).toEqual([]);
  const moved = { InstanceType: manyTypes, VSwitchId: manyVSwitches };
  expect(fleet({ launch: moved })).toEqual([]);
  const spot = builder({ ...places, spot: true });
  expect(recipe(spot)).toEqual([`source.builder.instanceTypes: ${tooMany(400)}`]);
  expect(recipe({ ...builder({ spot: true }), test: places })).toEqual([
    `test.instanceTypes: ${tooMany(400)}`,
  ]);
  expect(recipe({ test: { ...places, vSwitchIds: more(manyVSwitches) } })).toEqual([
    `test.instanceTypes: ${tooMany(210)}`,
  ]);
  expect(fleet({ launch: { ...moved, SpotStrategy: "SpotAsPriceGo" } })).toEqual([
    `launch.InstanceType: ${tooMany(400)}`,
  ]);
  expect(fleet({ launch: { ...moved, SpotStrategy: "SpotAsPriceGo" }, ladder: ["spot"] })).toEqual([]);
  expect(fleet({ launch: { ...moved, VSwitchId: more(manyVSwitches) } })).toEqual([
    `launch.InstanceType: ${tooMany(210)}`,
  ]);
});

test("channels, hours and ids have an end", ({ expect }) => {
  const notify = (channels: readonly string[]) => ({ notify: channels.map((channel) => ({ channel })) });
  expect(recipe(notify(manyChannels))).toEqual([]);
  expect(recipe(notify(more(manyChannels)))).toEqual(["notify: must be at most 20 entries long"]);
  const idle = (changes: object) => fleet({ idle: { signals: { cpuAverage: 5 }, ...changes } });
  expect(idle({ notice: "1h", notify: manyChannels })).toEqual([]);
  expect(idle({ notice: "1h", notify: more(manyChannels) })).toEqual([
    "idle.notify: must be at most 20 entries long",
  ]);
  const hours = (count: number) => ({
    upDuring: { timeZone: "UTC", hours: Array.from({ length: count }, () => "daily 08:00-20:00") },
  });
  expect(idle(hours(50))).toEqual([]);
  expect(idle(hours(51))).toEqual(["idle.upDuring.hours: must be at most 50 entries long"]);
  expect(idle({ keepIf: ["noStock", "publicAddress", "noStock"] })).toEqual([
    "idle.keepIf: must be at most 2 entries long",
  ]);
  const long = `vsw-${"a".repeat(61)}`;
  expect(recipe(builder({ vSwitchIds: long }))).toEqual([
    `source.builder.vSwitchIds: must be the id of a vSwitch, vsw-… (it is "${long}")`,
  ]);
});
