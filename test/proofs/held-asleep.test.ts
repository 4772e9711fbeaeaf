/** Stopped members of an image that a refresh has rolled back. */
import { hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";
import { check, imagesOf, serve } from "../support/sleepers.ts";
import { machines } from "../support/world.ts";

const HOURS = { timeZone: "Asia/Shanghai", hours: ["daily 08:00-23:00"] };

/** Two run the image of before, and two of it and one of the image that is rolled back are stopped. */
async function rolledBack(kiln: Deployment, changes: object) {
  await sized(kiln, {
    size: { min: 0, desired: 4 },
    refresh: { canary: { soak: "10m" }, probe: { command: "exit 1" } },
    ...changes,
  });
  const [one = "", other = ""] = running(kiln);
  serve(kiln, "m-web-2");
  await scaleOut(kiln, { count: 2 });
  await kiln.cloud.settle({ forMs: minutes(10) });
  for (const id of running(kiln)) kiln.cloud.world.ageInstance(id, hours(5));
  const fresh = machines(kiln).filter(({ imageId }) => imageId === "m-web-2");
  const instances = [one, other, ...fresh.map(({ instanceId }) => instanceId)];
  await request(kiln, "/fleets/web/scale-in", { instances });
  const { run } = await accepted(kiln, "/fleets/web/refresh", {});
  expectHeld(await ended(kiln, run));
}

function expectHeld({ reason = "" }: { readonly reason?: string }): void {
  if (!reason.startsWith("rolled back to m-web-1")) throw new Error(`nothing is held: ${reason}`);
}

test("a wake starts no member of an image that was rolled back", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await rolledBack(kiln, {
    limits: { max: 9 },
    idle: { ...POLICY, upDuring: HOURS, resume: true },
    wake: { olderImages: true },
  });
  for (const id of running(kiln)) kiln.cloud.world.remove(id);
  const { run } = await accepted(kiln, "/fleets/web/wake", {});
  expect((await ended(kiln, run)).result?.["started"]).toHaveLength(2);
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-1"]);
  await reconcile(kiln);
  expect(imagesOf(kiln, "Running")).toEqual(["m-web-1", "m-web-1"]);
});

test("a request starts no member of an image that was rolled back, and launches the one before", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await rolledBack(kiln, { limits: { max: 9 }, wake: { olderImages: true } });
  const { result } = await scaleOut(kiln, { count: 3 });
  expect(result).toMatchObject({ woken: 2, launched: 1, images: { "m-web-1": 3 } });
});

test("an image that was rolled back stays so in a fleet that gives up its size", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await rolledBack(kiln, { limits: { max: 9 } });
  await kiln.upload("fleets/web.yaml", fleetText({ idle: POLICY, wake: { enabled: false } }));
  expect((await scaleOut(kiln, { count: 1 })).result).toMatchObject({ images: { "m-web-1": 1 } });
});

test("of too many stopped members those of the image that launches use stay", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const changes = { wake: { olderImages: true } };
  await rolledBack(kiln, { limits: { max: 9 }, ...changes });
  const lower = { size: { min: 2, desired: 2 }, limits: { max: 2 }, idle: POLICY, ...changes };
  await kiln.upload("fleets/web.yaml", fleetText(lower));
  expect((await check(kiln)).result?.["released"]).toHaveLength(1);
  expect(imagesOf(kiln, "Stopped")).toEqual(["m-web-1", "m-web-1"]);
});
