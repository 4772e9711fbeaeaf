/** Members that are not well are replaced, one at a time. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { QUIET } from "../support/idle.ts";
import { hasEnded } from "../support/records.ts";
import { reconcile, running, sized } from "../support/sized.ts";

const BROKEN = "/var/broken";
const FLEET = { size: { desired: 4 }, health: { command: `test ! -e ${BROKEN}`, failures: 2 } };

/** From now on the probe fails in the member. */
function breakDown(kiln: Deployment, id: string): void {
  const { world } = kiln.cloud;
  for (const diskId of world.mustHave(id).diskIds) world.disks.get(diskId)?.content?.files.set(BROKEN, "");
}

function mend(kiln: Deployment, id: string): void {
  const { world } = kiln.cloud;
  for (const diskId of world.mustHave(id).diskIds) world.disks.get(diskId)?.content?.files.delete(BROKEN);
}

/** Looks after the fleet once. */
async function look(kiln: Deployment) {
  const earlier = new Set(kiln.records("health-").map(({ run }) => run));
  await kiln.invoke("scale-out", { v: 1, request: "check-health", fleet: "web" });
  await kiln.cloud.settle({ forMs: minutes(2) });
  await kiln.cloud.settle({ until: () => kiln.records().every(hasEnded), forMs: hours(3) });
  return kiln.records("health-").find(({ run }) => !earlier.has(run));
}

test("the timer replaces a member whose probe fails often enough, and no other", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile"] } });
  const [sick = "", ...others] = await sized(kiln, FLEET);
  breakDown(kiln, sick);
  await kiln.cloud.settle({ forMs: minutes(9) });
  expect(running(kiln)).toContain(sick);
  await kiln.cloud.settle({ forMs: minutes(40) });
  expect(running(kiln)).toHaveLength(4);
  expect(running(kiln)).toEqual(expect.arrayContaining(others));
  expect(running(kiln)).not.toContain(sick);
  expect(kiln.cloud.world.launched).toBe(5);
  const [end] = kiln.records("shrink-");
  expect(end?.result).toMatchObject({ because: [`${sick} released: it fails its health probe`] });
});

test("with every event delivered twice, each of two is replaced once, one after the other", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const members = await sized(kiln, { ...FLEET, size: { desired: 6 } });
  kiln.cloud.fc.duplicate(() => true);
  for (const id of members.slice(0, 2)) breakDown(kiln, id);
  await look(kiln);
  const second = await look(kiln);
  expect(second?.result).toMatchObject({ probed: 6, well: 4, failed: 2, unknown: 0 });
  expect(running(kiln)).toHaveLength(5);
  // The first one is not made up for yet.
  await look(kiln);
  expect(running(kiln)).toHaveLength(5);
  await reconcile(kiln);
  await look(kiln);
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(6);
  expect(running(kiln)).toEqual(expect.arrayContaining(members.slice(2)));
  expect(kiln.cloud.world.launched).toBe(8);
});

test("none is replaced when many fail at once, when nothing is known, or in a pause", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const members = await sized(kiln, FLEET);
  const [first = "", second = "", mute = ""] = members;
  kiln.cloud.world.mustHave(mute).guest?.active.delete("aliyun");
  for (const id of [first, second]) breakDown(kiln, id);
  await look(kiln);
  const many = await look(kiln);
  expect(many).toMatchObject({ state: "failed", result: { well: 1, failed: 2, unknown: 1 } });
  expect(many?.reason).toContain("2 of 3 members fail their health probe at once");
  expect(await look(kiln)).toMatchObject({ state: "done" });
  await kiln.call("POST", "/fleets/web/pause", { why: "an audit" });
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(await look(kiln)).toMatchObject({
    state: "done",
    result: { why: expect.stringContaining("paused") },
  });
  expect(running(kiln)).toEqual(members);
});

test("the only member is replaced once; its successor stays until one has been well, then it is replaced too", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [first = ""] = await sized(kiln, { ...FLEET, size: { desired: 1 } });
  const lookTwice = async () => {
    await look(kiln);
    await look(kiln);
    await reconcile(kiln);
    for (const id of running(kiln)) kiln.cloud.world.ageInstance(id, hours(5));
    return running(kiln);
  };
  breakDown(kiln, first);
  const [second = ""] = await lookTwice();
  expect(second).not.toBe(first);
  breakDown(kiln, second);
  expect(await lookTwice()).toEqual([second]);
  const reasons = kiln.records("health-").map(({ reason }) => reason);
  expect(reasons).toContainEqual(expect.stringContaining("as the one that it replaced did"));
  mend(kiln, second);
  await look(kiln);
  breakDown(kiln, second);
  expect(await lookTwice()).not.toEqual([second]);
  expect(running(kiln)).toHaveLength(1);
});
