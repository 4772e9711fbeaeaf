import { hours, minutes } from "../../shared/duration.ts";
import { bakeAndPromote, leftovers, ownImages, recipeText, test } from "./fixture.ts";

test("a second delivery of every event of the story creates nothing new", async ({ kiln, expect }) => {
  kiln.cloud.fc.duplicate(() => true);
  const runs = await bakeAndPromote(kiln, recipeText());
  expect(runs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(["bake done", "promote done"]);
  expect(ownImages(kiln).map(({ status, family }) => [status, family])).toEqual([["Available", "web"]]);
  expect(leftovers(kiln)).toEqual([]);
  const launches = new Set(
    kiln.cloud.calls
      .filter(({ action, status }) => action === "RunInstances" && status === 200)
      .map(({ params }) => params["ClientToken"]),
  );
  expect(launches.size).toBe(2);
});

test("a late copy of an old event does not bring an ended run back", async ({ kiln, expect }) => {
  const [bake, promote] = await bakeAndPromote(kiln, recipeText());
  const old = kiln.cloud.fc.events.filter(
    ({ source, payload }) => source !== "timer" && payload.includes('"phase"'),
  );
  expect(old.length).toBeGreaterThan(20);
  for (const { function: name, payload } of old) await kiln.invoke(name, JSON.parse(payload.toString()));
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.record(bake?.run ?? "")).toEqual(bake);
  expect(kiln.record(promote?.run ?? "")?.state).toBe("done");
  expect(ownImages(kiln)).toHaveLength(1);
  expect(leftovers(kiln)).toEqual([]);
});

test("events that come early are sent on their way again and change nothing before their time", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "boot", forMs: hours(1) });
  const [record] = kiln.records("bake");
  const event = { ...record?.event, notBefore: kiln.cloud.time.now() + minutes(90) };
  await kiln.invoke("kiln-bake-image", event);
  await kiln.cloud.settle({ forMs: minutes(1) });
  const early = kiln.cloud.fc.invocations.filter(({ result }) => result?.includes("delivered early"));
  expect(early).toHaveLength(1);
});
