/** A smaller fleet has the number that a caller asked for, and not less. */
import { minutes } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { test } from "../support/deploy.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { accepted, request } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";

const wanted = async (kiln: Deployment) => (await kiln.api("GET", "/fleets/web")).body["wanted"];

test("a scale-in of a member that cannot leave ends no other one, now or later", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [kept = "", ...others] = await sized(kiln, { size: { min: 0, desired: 3 } });
  kiln.cloud.world.tag(kept, { "kiln:keep": "" });
  for (const instance of [kept, "i-0typo000000000000a"]) {
    const asked = await request(kiln, "/fleets/web/scale-in", { instances: [instance] });
    expect(asked.result).toMatchObject({ ended: [] });
    await reconcile(kiln);
    expect(await wanted(kiln)).toEqual({ min: 0, desired: 3 });
  }
  expect(running(kiln)).toEqual([kept, ...others]);
});

test("a scale-in that fails is not carried out later", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { min: 0, desired: 3 } });
  await request(kiln, "/fleets/web/pause", { why: "an audit" });
  expect((await request(kiln, "/fleets/web/scale-in", { count: 2 })).state).toBe("failed");
  await request(kiln, "/fleets/web/unpause", {});
  await reconcile(kiln);
  expect(await wanted(kiln)).toEqual({ min: 0, desired: 3 });
  expect(running(kiln)).toHaveLength(3);
});

/** A scale-in by two of four, whose probe is running, and the members that it asks. */
async function probing(kiln: Deployment) {
  const probe = { command: "sleep 240; exit 1", timeout: "5m" };
  const members = await sized(kiln, { size: { min: 2, desired: 4 }, idle: { ...POLICY, probe } });
  const { run } = await accepted(kiln, "/fleets/web/scale-in", { count: 2 });
  await kiln.cloud.settle({ forMs: minutes(2) });
  const event = JSON.stringify(kiln.eventOf(run));
  const asked = members.filter((id) => event.includes(id));
  return { members, asked };
}

test("members that vanish while the probe of a scale-in runs are counted before it ends others", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const { members, asked } = await probing(kiln);
  expect(asked).toHaveLength(2);
  for (const id of members) if (!asked.includes(id)) kiln.cloud.world.remove(id);
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(running(kiln)).toEqual(asked);
});

test("a resize while the probe of a scale-in runs is the later act and wins", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const { members } = await probing(kiln);
  await accepted(kiln, "/fleets/web/resize", { to: 4 });
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(running(kiln)).toEqual(members);
  expect(await wanted(kiln)).toEqual({ min: 2, desired: 4 });
});

const HOURS = { timeZone: "Asia/Shanghai", hours: ["daily 08:00-23:00"] };

test("a resume starts no more than the fleet is to have after a resize and a scale-in", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: ["reconcile", "resume", "resend"] } });
  const idle = { ...POLICY, upDuring: HOURS, resume: true };
  await sized(kiln, { size: { min: 1, desired: 5 }, idle });
  await request(kiln, "/fleets/web/resize", { to: 3 });
  await kiln.cloud.settle({ forMs: minutes(90) });
  expect(running(kiln)).toHaveLength(3);
  const [one = "", ...others] = running(kiln);
  await request(kiln, "/fleets/web/scale-in", { instances: [one] });
  await kiln.cloud.settle({ forMs: minutes(90) });
  expect(running(kiln)).toEqual(others);
  expect(await wanted(kiln)).toEqual({ min: 1, desired: 2 });
});

test("a resume waits for a scale-in at work and does not start what it has stopped", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const probe = { command: "sleep 240; exit 1", timeout: "5m" };
  const idle = { ...POLICY, upDuring: HOURS, resume: true, probe };
  const [first = ""] = await sized(kiln, { size: { min: 0, desired: 4 }, idle });
  await request(kiln, "/fleets/web/scale-in", { instances: [first] });
  await accepted(kiln, "/fleets/web/scale-in", { count: 1 });
  await kiln.cloud.settle({ forMs: minutes(2) });
  const resumed = await accepted(kiln, "/fleets/web/resume", {});
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.record(resumed.run)).toMatchObject({ state: "done", result: { started: [] } });
  expect(running(kiln)).toHaveLength(2);
});
