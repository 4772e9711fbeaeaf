/** A user stops a member while an idle check is about to stop it: it counts as stopped by the user and is never released. */
import { minutes } from "../../shared/duration.ts";
import { CloudFault, type Fault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { scaleOut } from "../support/fleets.ts";
import { check, idleFleet, statuses } from "../support/idle-fleet.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { deployed, fallAsleep, serve } from "../support/sleepers.ts";
import { machines, tagsOf } from "../support/world.ts";

const throttled = new CloudFault(429, "Throttling.User", "Request was denied due to user flow control.");
const broken = new CloudFault(500, "InternalError", "The request processing has failed.");

/** Calls at which the check is held up meanwhile. Only the last look reads minutes. */
const MOMENTS: readonly (Pick<Fault, "product" | "fault"> & {
  readonly action: string;
  readonly period?: string;
})[] = [
  { product: "cms", action: "DescribeMetricList", period: "60", fault: throttled },
  { product: "cms", action: "DescribeMetricList", period: "60", fault: broken },
  { product: "ecs", action: "TagResources", fault: throttled },
  { product: "ecs", action: "StopInstances", fault: throttled },
  { product: "ecs", action: "StopInstances", fault: broken },
];

/** A check meets three refusals, and after the second one a user stops `id`. */
function stopByHand(kiln: Deployment, id: string, moment: (typeof MOMENTS)[number]): () => boolean {
  const { period, ...call } = moment;
  let met = 0;
  let armed = true;
  kiln.cloud.faults.add({
    ...call,
    kind: "before",
    when: (params) => {
      if (!armed || (period !== undefined && params["Period"] !== period)) return false;
      met += 1;
      if (met === 2)
        kiln.cloud.time.after(1000, { label: "a user stops it" }, () => kiln.cloud.world.stop(id));
      armed = met < 3;
      return true;
    },
  });
  return () => met >= 2;
}

for (const moment of MOMENTS) {
  const name = `${moment.action} answers ${moment.fault?.code}`;
  test(`${name}: a member that a user stops meanwhile is not tagged, reported as stopped, or released later`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy(QUIET);
    await deployed(kiln, { limits: { max: 2 }, idle: POLICY });
    await scaleOut(kiln, { count: 2 });
    const [byUser = "", byKiln = ""] = machines(kiln).map(({ instanceId }) => instanceId);
    const happened = stopByHand(kiln, byUser, moment);
    const { result } = await fallAsleep(kiln);
    expect(happened()).toBe(true);
    expect(statuses(kiln)).toEqual({ [byUser]: "Stopped", [byKiln]: "Stopped" });
    expect(result?.["stopped"]).toEqual([byKiln]);
    expect(String(result?.["refused"])).toContain(`${byUser}: Changed it was stopped meanwhile`);
    expect(Object.keys(tagsOf(kiln, byUser))).not.toContain("kiln:stopped-by");
    expect(Object.keys(tagsOf(kiln, byKiln))).toContain("kiln:stopped-by");
    // Later the fleet has too many asleep.
    serve(kiln, "m-web-2");
    await scaleOut(kiln, { count: 2, key: "again" });
    const later = await fallAsleep(kiln);
    expect(String(later.result?.["released"])).toContain(byKiln);
    expect(statuses(kiln)[byUser]).toBe("Stopped");
  });
}

test("a member that a user stops before the check fails is not reported as stopped by it", async ({
  deploy,
  expect,
}) => {
  for (const policy of [POLICY, { ...POLICY, action: "release" }]) {
    const kiln = await deploy(QUIET);
    const [byUser = "", other = ""] = await idleFleet(kiln, 2);
    stopByHand(kiln, byUser, { product: "ecs", action: "TagResources", fault: broken });
    kiln.cloud.faults.add({ product: "ecs", action: "TagResources", kind: "before", fault: broken });
    const record = await check(kiln, policy);
    expect(record.state).toBe("failed");
    expect(kiln.cloud.callLog.count({ action: "StopInstances", status: 200 })).toBe(0);
    expect(statuses(kiln)).toEqual({ [byUser]: "Stopped", [other]: "Running" });
    for (const id of [byUser, other]) expect(Object.keys(tagsOf(kiln, id))).not.toContain("kiln:stopped-by");
    expect(Date.parse(record.updatedAt) - Date.parse(record.beganAt)).toBeLessThan(minutes(45));
  }
});
