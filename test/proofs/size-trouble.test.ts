/** A fleet whose size is kept, while events come twice, functions crash and answers are lost. */
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { QUIET } from "../support/idle.ts";
import { answered } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";

/** Asks again when the webhook itself crashes, as a caller does. */
async function resize(kiln: Deployment, to: number): Promise<void> {
  for (;;) {
    const asked = kiln.call("POST", "/fleets/web/resize", { to, key: `to-${to}` });
    const { status } = await answered(kiln, asked);
    if (status === 202) return;
  }
}

/** Grows a fleet of two by one and shrinks it to one. */
async function growAndShrink(kiln: Deployment): Promise<readonly number[]> {
  await resize(kiln, 3);
  await kiln.cloud.settle({ forMs: minutes(20) });
  await reconcile(kiln);
  const grown = running(kiln).length;
  for (const id of running(kiln)) kiln.cloud.world.ageInstance(id, minutes(300));
  await resize(kiln, 1);
  await kiln.cloud.settle({ forMs: minutes(40) });
  await reconcile(kiln);
  return [grown, running(kiln).length];
}

test(
  "with every event delivered twice, one is launched and two are ended",
  { timeout: 60_000 },
  async ({ deploy, expect }) => {
    const kiln = await deploy(QUIET);
    kiln.cloud.fc.duplicate(() => true);
    await sized(kiln, { size: { desired: 2 } });
    expect(await growAndShrink(kiln)).toEqual([3, 1]);
    expect(kiln.cloud.world.launched).toBe(3);
  },
);

test("members that a resize asks for are not asked for again while their launch waits", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["resend"] } });
  await sized(kiln, { size: { desired: 1 } });
  let lost = 0;
  kiln.cloud.fc.lose(({ payload }) => payload.includes('"run":"scale-web-') && lost++ === 0);
  await resize(kiln, 2);
  await kiln.cloud.settle({ forMs: minutes(1) });
  await kiln.invoke("scale-out", { v: 1, request: "reconcile", fleet: "*" });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(lost).toBeGreaterThan(1);
  expect(running(kiln)).toHaveLength(2);
});

/** Calls that are hit after their effect, counted from 0. */
const HIT = [
  ["oss", "AppendObject", [0, 1, 2, 3, 4, 5, 6, 7, 9, 11]],
  ["oss", "AppendObject", [13, 15, 17, 19, 21, 23, 25, 27]],
  ["oss", "AppendObject", [8, 10, 12, 14, 16, 18, 20, 22]],
  ["fc", "InvokeFunction", [0, 1, 2, 3]],
  ["ecs", "StopInstances", [0]],
  ["ecs", "RunInstances", [0]],
] as const;

for (const kind of ["crash", "after"] as const)
  for (const [product, action, places] of HIT)
    test(
      `${kind} at ${action} ${places.join(", ")}: the fleet has what it is to have, and nothing was launched twice`,
      { timeout: 60_000 },
      async ({ deploy, expect }) => {
        const kiln = await deploy({ ...QUIET, fc: { timers: ["resend"] } });
        await sized(kiln, { size: { desired: 2 } });
        const hit = new Set<number>(places);
        kiln.cloud.faults.add({ product, action, kind, when: (_params: unknown, n: number) => hit.has(n) });
        expect(await growAndShrink(kiln)).toEqual([3, 1]);
        expect(kiln.cloud.world.launched).toBe(3);
      },
    );
