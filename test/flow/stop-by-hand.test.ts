/** Somebody stops a member by hand while an idle check is about to: it stays theirs, and keeps its disks. */
import { minutes } from "../../shared/duration.ts";
import { CloudFault, type Fault } from "../cloud/kernel.ts";
import type { Deployment } from "../deployment.ts";
import { callsOf, machines, scaleOut, tagsOf, test } from "./fleet.ts";
import { check, idleFleet, statuses } from "./idle-fleet.ts";
import { POLICY, QUIET } from "./idle-world.ts";
import { deployed, fallAsleep, serve } from "./sleepers.ts";

const throttled = new CloudFault(429, "Throttling.User", "Request was denied due to user flow control.");
const broken = new CloudFault(500, "InternalError", "The request processing has failed.");

/** Where the check is held up when it happens. Minutes are read by the last look only. */
const MOMENTS: readonly (Pick<Fault, "product" | "action" | "fault"> & { readonly period?: string })[] = [
  { product: "cms", action: "DescribeMetricList", period: "60", fault: throttled },
  { product: "cms", action: "DescribeMetricList", period: "60", fault: broken },
  { product: "ecs", action: "TagResources", fault: throttled },
  { product: "ecs", action: "StopInstances", fault: throttled },
  { product: "ecs", action: "StopInstances", fault: broken },
];

/** A check meets three refusals, and after the second one somebody stops `id`. */
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
      if (met === 2) kiln.cloud.time.after(1000, { label: "by hand" }, () => kiln.cloud.world.stop(id));
      armed = met < 3;
      return true;
    },
  });
  return () => met >= 2;
}

for (const moment of MOMENTS) {
  const name = `${moment.action} answers ${moment.fault?.code}`;
  test(`${name}: who is stopped by hand meanwhile is not marked, told as stopped, or released later`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy(QUIET);
    await deployed(kiln, { limits: { max: 2 }, idle: POLICY });
    await scaleOut(kiln, { count: 2 });
    const [theirs = "", ours = ""] = machines(kiln).map(({ instanceId }) => instanceId);
    const happened = stopByHand(kiln, theirs, moment);
    const { result } = await fallAsleep(kiln);
    expect(happened()).toBe(true);
    expect(statuses(kiln)).toEqual({ [theirs]: "Stopped", [ours]: "Stopped" });
    expect(result?.["stopped"]).toEqual([ours]);
    expect(String(result?.["refused"])).toContain(`${theirs}: Changed it was stopped meanwhile`);
    expect(Object.keys(tagsOf(kiln, theirs))).not.toContain("kiln:stopped-by");
    expect(Object.keys(tagsOf(kiln, ours))).toContain("kiln:stopped-by");
    // Later the fleet has too many asleep.
    serve(kiln, "m-web-2");
    await scaleOut(kiln, { count: 2, key: "again" });
    const later = await fallAsleep(kiln);
    expect(String(later.result?.["released"])).toContain(ours);
    expect(statuses(kiln)[theirs]).toBe("Stopped");
  });
}

test("what was stopped by hand before the check gives up is not told as stopped by it", async ({
  deploy,
  expect,
}) => {
  for (const policy of [POLICY, { ...POLICY, action: "release" }]) {
    const kiln = await deploy(QUIET);
    const [theirs = "", other = ""] = await idleFleet(kiln, 2);
    stopByHand(kiln, theirs, { product: "ecs", action: "TagResources", fault: broken });
    kiln.cloud.faults.add({ product: "ecs", action: "TagResources", kind: "before", fault: broken });
    const record = await check(kiln, policy);
    expect(record.state).toBe("failed");
    expect(callsOf(kiln, "StopInstances")).toEqual([]);
    expect(statuses(kiln)).toEqual({ [theirs]: "Stopped", [other]: "Running" });
    for (const id of [theirs, other]) expect(Object.keys(tagsOf(kiln, id))).not.toContain("kiln:stopped-by");
    expect(Date.parse(record.updatedAt) - Date.parse(record.beganAt)).toBeLessThan(minutes(45));
  }
});
