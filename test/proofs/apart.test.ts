/** A fleet of which something cannot be read keeps no other from its turn. */
import { hours } from "../../shared/duration.ts";
import { holdKey, pauseKey, savingsKey, sizeKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { recipeText } from "../support/recipes.ts";
import type { Deployment } from "../support/deployment.ts";
import { planned } from "../support/plan.ts";
import { answered } from "../support/runs.ts";
import { imagesOf, inState, serve } from "../support/sleepers.ts";
import { reconcile, running, sized } from "../support/sized.ts";

const forbidden = new CloudFault(403, "Forbidden.RAM", "User not authorized.");

test("the size of a fleet is kept while the log of another cannot be read, permanently or for a while", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  // By name it comes first.
  await kiln.upload("fleets/a-first.yaml", fleetText({ size: { desired: 1 }, idle: POLICY }));
  const when = ({ key = "" }) => key === sizeKey("a-first");
  const heal = kiln.cloud.faults.add({ product: "oss", action: "GetObject", kind: "before", when });
  await sized(kiln, { size: { desired: 2 } });
  expect(running(kiln)).toHaveLength(2);
  heal();
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(3);
});

test("a promotion refreshes a fleet while the family of another cannot be read", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const refresh = { onPromotion: "refresh" };
  const other = fleetText({ size: { desired: 1 }, idle: POLICY, refresh });
  await kiln.upload("fleets/a-first.yaml", other);
  await sized(kiln, { size: { desired: 1 }, refresh });
  await kiln.upload("fleets/a-first.yaml", other.replace('"family":"web"', '"family":"closed"'));
  const when = (params: object) => JSON.stringify(params).includes("closed");
  const action = "DescribeImageFromFamily";
  kiln.cloud.faults.add({ product: "ecs", action, kind: "before", when, fault: forbidden });
  serve(kiln, "m-web-2");
  await reconcile(kiln);
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-2"]);
});

test("members of a fleet are resumed while those of another cannot be listed", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const hours_ = { timeZone: "Asia/Shanghai", hours: ["daily 09:00-10:00"] };
  const idle = { ...POLICY, action: "stop", resume: true, upDuring: hours_ };
  await kiln.upload("fleets/a-first.yaml", fleetText({ idle }));
  const [one = ""] = await sized(kiln, { size: { desired: 1 }, idle: { ...idle, outside: "stop" } });
  await kiln.invoke("stop-idle", { v: 1, request: "stop-idle", fleet: "web" });
  await kiln.cloud.settle({ until: () => inState(kiln, "Stopped").length === 1 });
  kiln.cloud.world.tag(one, { "kiln:up-during": "daily 00:00-24:00" });
  const when = (params: object) => JSON.stringify(params).includes("a-first");
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeInstances",
    kind: "before",
    when,
    fault: forbidden,
  });
  kiln.cloud.faults.add({
    product: "ecs",
    action: "ListTagResources",
    kind: "before",
    when,
    fault: forbidden,
  });
  await kiln.invoke("stop-idle", { v: 1, request: "resume", fleet: "*" });
  await kiln.cloud.settle({ until: () => running(kiln).length === 1 });
  expect(running(kiln)).toEqual([one]);
});

const denied = new CloudFault(403, "AccessDenied", "You have no right to access this object.");
/** Answers of the API about many. */
const OVERVIEWS = ["/plan", "/fleets", "/families", "/status", "/savings"] as const;

async function overview(kiln: Deployment, path: (typeof OVERVIEWS)[number]): Promise<string> {
  if (path === "/plan") return JSON.stringify(await planned(kiln));
  const { status, body } = await answered(kiln, kiln.api("GET", path));
  if (status !== 200) throw new Error(`${path} answers ${status}`);
  return JSON.stringify(body);
}

/** Two fleets and two recipes with logs of each kind, and a family that each recipe makes. */
async function twoOfEach(kiln: Deployment): Promise<void> {
  const size = { desired: 1 };
  const schedule = [{ days: "daily", from: "04:00", to: "05:00", desired: 2 }];
  const fleet = { size, schedule, calendar: { timeZone: "UTC" }, idle: POLICY };
  const recipe = { test: { skip: true }, retention: { enabled: true } };
  const months = { "2026-01": { stops: 1, hours: 1, unpricedHours: 0, amount: 1 } };
  for (const name of ["a-first", "web"]) {
    await kiln.upload(`fleets/${name}.yaml`, fleetText({ family: name, ...fleet }));
    await kiln.upload(`recipes/${name}.yaml`, recipeText({ family: name, ...recipe }));
    await kiln.upload(savingsKey(name), JSON.stringify({ currency: "CNY", open: {}, months }));
    await kiln.upload(pauseKey(name), "");
  }
  await kiln.cloud.settle({ forMs: hours(2) });
}

/** Of what a document or a log is a part. */
const PARTS: readonly (readonly [key: string, ...paths: (typeof OVERVIEWS)[number][]])[] = [
  ["fleets/a-first.yaml", "/plan", "/fleets"],
  ["recipes/a-first.yaml", "/plan"],
  [sizeKey("a-first"), "/plan", "/fleets"],
  [holdKey("a-first"), "/families"],
  [pauseKey("a-first"), "/plan", "/status"],
  [savingsKey("a-first"), "/savings"],
];

test("an answer of the API about many says which document or log cannot be read, and holds all others", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await twoOfEach(kiln);
  for (const path of OVERVIEWS) expect(await overview(kiln, path)).not.toMatch(/not known|"problem":/);
  for (const [key, ...paths] of PARTS)
    for (const fault of [denied, undefined]) {
      const when = (params: { readonly key?: string }) => params.key === key;
      const given = { product: "oss", action: "GetObject", kind: "before", when } as const;
      const heal = kiln.cloud.faults.add({ ...given, ...(fault && { fault }) });
      const said: string[] = [];
      for (const path of OVERVIEWS) {
        const text = await overview(kiln, path);
        if (/not known|cannot be read/.test(text)) said.push(path);
        if (path !== "/status") expect(text).toContain('"web"');
      }
      expect([key, said]).toEqual([key, paths]);
      heal();
    }
});
