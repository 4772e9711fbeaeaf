/** A document that does not parse: its check explains it, and every reader says the same. */
import { minutes } from "../../shared/duration.ts";
import { kilnOn } from "../support/kiln.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY } from "../support/idle.ts";
import { planned } from "../support/plan.ts";
import { recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";

/** Only explanations know these words. */
const FLEET = "limit: is not known, and limits is already set";
const RECIPE = "must be quoted, or written on the lines below";
const badFleet = fleetText({ limit: { max: 3 }, size: { desired: 1 }, idle: POLICY });
const badRecipe = recipeText({ provision: [{ "curl -H Host": "x" }] });

test("every reader of a document that does not parse says what its check said", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  await on.upload("fleets/db.yaml", badFleet);
  await on.upload("recipes/app.yaml", badRecipe);
  await on.cloud.settle({ forMs: minutes(5) });
  const asked = { v: 1, request: "stop-idle", fleet: "db" };
  await on.invoke("stop-idle", asked);
  await on.invoke("bake-image", { v: 1, request: "bake", recipe: "app" });
  await on.cloud.settle({ forMs: minutes(5) });
  const reasonOf = (kind: string) => on.records(kind).at(-1)?.reason;
  expect(reasonOf("idle")).toContain(FLEET);
  expect(reasonOf("bake")).toContain(RECIPE);
  const { problems } = await planned(on);
  expect(problems.join("\n")).toContain(FLEET);
  expect(problems.join("\n")).toContain(RECIPE);
  for (const path of ["/fleets/db", "/fleets"])
    expect(JSON.stringify((await answered(on, on.api("GET", path))).body), path).toContain(FLEET);
  for (const [name, key] of [
    ["db", "fleets/db.yaml"],
    ["app", "recipes/app.yaml"],
  ] as const) {
    const why = await kilnOn(on, "why", name);
    expect(why.out).toContain(`next: correct ${key}, then npm run kiln -- push ${key}`);
  }

  // The index of another content says nothing about this one.
  await on.upload("fleets/db.yaml", "family: web");
  on.cloud.oss.put(
    BUCKET,
    "index/fleets/db.json",
    JSON.stringify({ v: 1, key: "fleets/db.yaml", etag: "X", problem: "old", routes: [] }),
  );
  expect(JSON.stringify((await answered(on, on.api("GET", "/fleets/db"))).body)).toMatch(/limits/);
});

test("the next step after a second object of one name is to delete one of the two", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  await on.upload("fleets/dd.yaml", fleetText());
  await on.upload("fleets/dd.json", fleetText());
  await on.upload("fleets/dd.yml", fleetText());
  await on.cloud.settle({ forMs: minutes(5) });
  const why = await kilnOn(on, "why", "dd");
  expect(why.out).toMatch(
    /next: delete from the bucket the one that is not meant, fleets\/dd\.(json|yml) or fleets\/dd\.yaml/,
  );
  expect(why.out).not.toContain("push");
  const { body } = await answered(on, on.api("GET", "/fleets/dd"));
  expect(body["note"]).toContain(
    "no function reads fleets/dd.yml and fleets/dd.json as long as fleets/dd.yaml is there",
  );
});

test("why finds the check of an object by its name or key, whatever a run can be named", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  for (const key of ["recipes/应用.yaml", "recipes/机群.yaml", "fleets/My App.yaml", "fleets/db.yaml"])
    await on.upload(key, badFleet);
  await on.cloud.settle({ forMs: minutes(5) });
  for (const [asked, key] of [
    ["应用", "recipes/应用.yaml"],
    ["recipes/应用.yaml", "recipes/应用.yaml"],
    ["机群", "recipes/机群.yaml"],
    ["My App", "fleets/My App.yaml"],
    ["fleets/db.yaml", "fleets/db.yaml"],
  ] as const) {
    const why = await kilnOn(on, "why", asked);
    expect([why.exit, why.out], asked).toEqual([0, expect.stringContaining(`why: ${key}`)]);
  }
});
