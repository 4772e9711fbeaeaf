/** A fleet whose size is kept, over days of timers. */
import { days, hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { test } from "../support/deploy.ts";
import { fleetText } from "../support/fleets.ts";
import { IDLE, POLICY, QUIET } from "../support/idle.ts";
import { running, sized } from "../support/sized.ts";
import { inState } from "../support/sleepers.ts";
import { machines } from "../support/world.ts";

const idleWorld = (kiln: Deployment) =>
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );

const TIMED = { ...QUIET, fc: { timers: ["reconcile", "idle-check", "resume"] } };

test(
  "an unused fleet is launched once, stopped when it is idle, and stays down for days",
  { timeout: 300_000 },
  async ({ deploy, expect }) => {
    const kiln = await deploy(TIMED);
    idleWorld(kiln);
    await kiln.upload("fleets/web.yaml", fleetText({ size: { desired: 3 }, idle: POLICY }));
    await kiln.cloud.settle({ forMs: minutes(30) });
    expect(inState(kiln, "Running")).toHaveLength(3);
    await kiln.cloud.settle({ forMs: hours(12) });
    expect(inState(kiln, "Stopped")).toHaveLength(3);
    const launches = kiln.records("scale-").length;
    await kiln.cloud.settle({ forMs: days(3) });
    expect(inState(kiln, "Stopped")).toHaveLength(3);
    expect(kiln.records("scale-")).toHaveLength(launches);
    expect(machines(kiln)).toHaveLength(3);
  },
);

test("spot members that are taken back are replaced before they are gone, while there is room", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resend"] } });
  const [taken = ""] = await sized(kiln, { size: { desired: 2 }, launch: { SpotStrategy: "SpotAsPriceGo" } });
  kiln.cloud.world.reclaim(taken);
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(machines(kiln).map(({ instanceId }) => instanceId)).not.toContain(taken);
  expect(running(kiln)).toHaveLength(2);
  expect(kiln.records("size-").at(-1)).toMatchObject({ by: expect.stringContaining("spot-web") });
});
