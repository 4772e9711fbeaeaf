import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { ended } from "../support/runs.ts";
import { raw, SENDER_SECRET, SENDERS } from "../support/senders.ts";
import { launchTagged, machines } from "../support/world.ts";

const INTERRUPTED = "Instance:PreemptibleInstanceInterruption";
const rules = {
  busy: { fleet: "web" },
  [INTERRUPTED]: { fleet: "web" },
  jobs: { fleet: "jobs" },
  many: { fleet: "web", count: 5 },
};
const env = {
  KILN_SENDERS: JSON.stringify({ ...SENDERS, cloudmonitor: { ...SENDERS.cloudmonitor, rules } }),
};

async function post(kiln: Deployment, body: object) {
  const headers = { "content-type": "application/json" };
  const path = `/senders/cloudmonitor?token=${SENDER_SECRET}`;
  const { status, text } = await raw(kiln, path, headers, JSON.stringify(body));
  const answer: {
    readonly runs?: readonly { readonly run: string; readonly cut?: string }[];
    readonly ignored?: string;
  } = JSON.parse(text);
  return { status, ...answer, run: answer.runs?.[0]?.run ?? "" };
}

/** A callback of the alarm `busy` of this moment. */
const callback = ({ cloud }: Deployment, alertState: string, instance = "i-1") => ({
  alertName: "busy",
  alertState,
  timestamp: String(cloud.time.now()),
  dimensions: `{userId=1, instanceId=${instance}}`,
});

/** An alarm as CloudMonitor sends it, and what became of its run. */
async function alarm(kiln: Deployment, alertState = "ALERT", instance = "i-1") {
  const { run } = await post(kiln, callback(kiln, alertState, instance));
  const { state, result } = await ended(kiln, run);
  return { state, count: result?.["count"] };
}

const nothing = { state: "done", count: 0 };
const one = { state: "done", count: 1 };

test("an alarm of CloudMonitor is one request until it is over, however long it is repeated", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 } }));
  expect(await alarm(kiln)).toEqual(one);
  for (let day = 0; day < 4; day++) {
    await kiln.cloud.settle({ forMs: hours(24) });
    expect(await alarm(kiln)).toEqual(nothing);
  }
  // The same rule is another alarm for another instance, and missing data is no end.
  expect(await alarm(kiln, "ALERT", "i-2")).toEqual(one);
  expect(await post(kiln, callback(kiln, "INSUFFICIENT_DATA"))).toMatchObject({ status: 200 });
  expect(await alarm(kiln)).toEqual(nothing);
  expect(machines(kiln)).toHaveLength(2);
  const late = callback(kiln, "ALERT");
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(await alarm(kiln, "OK")).toEqual(nothing);
  // A delivery from before the end comes after it.
  const { run } = await post(kiln, { ...late, timestamp: String(Number(late.timestamp) + 1) });
  expect((await ended(kiln, run)).result).toMatchObject({ count: 0 });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(await alarm(kiln)).toEqual(one);
  expect(machines(kiln)).toHaveLength(3);
});

test("an end that comes after a newer repeat ends what was before it, and the alarm since then gets its own instance", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 } }));
  expect(await alarm(kiln)).toEqual(one);
  await kiln.cloud.settle({ forMs: minutes(20) });
  const end = callback(kiln, "OK");
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(await alarm(kiln)).toEqual(nothing);
  const { run } = await post(kiln, end);
  expect(await ended(kiln, run)).toMatchObject({ state: "done", result: { count: 1 } });
  await post(kiln, end);
  expect(await alarm(kiln)).toEqual(nothing);
  expect(machines(kiln)).toHaveLength(2);
});

test("a repeat of an alarm tries again what failed, and an alarm whose end was lost comes back", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 } }));
  const restock = kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    fault: new CloudFault(403, "OperationDenied.NoStock", "The requested resource is sold out."),
  });
  expect(await alarm(kiln)).toMatchObject({ state: "failed" });
  restock();
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(await alarm(kiln)).toEqual(one);
  expect(await alarm(kiln)).toEqual(nothing);
  await kiln.cloud.settle({ forMs: hours(49) });
  expect(await alarm(kiln)).toEqual(one);
  expect(machines(kiln)).toHaveLength(2);
});

test("a failing alarm that is repeated every minute is an attempt every five minutes; its end counts without a document", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", "family: [");
  const runs: string[] = [];
  for (let minute = 0; minute < 11; minute++) {
    runs.push((await post(kiln, callback(kiln, "ALERT"))).run);
    await kiln.cloud.settle({ forMs: minutes(1) });
  }
  const ends = await Promise.all(runs.map((run) => ended(kiln, run)));
  expect(ends.filter(({ state }) => state === "failed").length).toBeLessThanOrEqual(3);
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 } }));
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(await alarm(kiln)).toEqual(one);
  await kiln.upload("fleets/web.yaml", "family: [");
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(await alarm(kiln, "OK")).toEqual(nothing);
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40, perRequest: 2 } }));
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(await alarm(kiln)).toEqual(one);
  expect(machines(kiln)).toHaveLength(2);
});

test("an alarm is cut to limits.perRequest, and the result says so", async ({ deploy, expect }) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40, perRequest: 2 } }));
  await kiln.cloud.settle({ forMs: minutes(1) });
  const { run, runs } = await post(kiln, { ...callback(kiln, "ALERT"), alertName: "many" });
  const cut = "limits.perRequest of fleets/web.yaml is 2: 3 of 5 instances are not launched";
  expect(runs).toEqual([expect.objectContaining({ run, cut })]);
  const { state, result } = await ended(kiln, run);
  expect(state).toBe("done");
  expect(result).toMatchObject({ asked: 5, count: 2, short: 3, limited: true });
  expect(result?.["why"]).toContain("limit perRequest 2: 3 of 5 are beyond it");
});

test("a member that the cloud takes away is replaced once, and no other instance is", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  // At its limit: the member that leaves does not count.
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 1 } }));
  await kiln.upload("fleets/jobs.yaml", fleetText({ limits: { max: 40 } }));
  await alarm(kiln);
  const [member] = machines(kiln);
  const foreign = await launchTagged(kiln, {});
  const event = (instance: string, name = INTERRUPTED, ruleName = "") => ({
    name,
    product: "ECS",
    regionId: kiln.cloud.region,
    eventTime: new Date(kiln.cloud.time.now()).toISOString(),
    content: { instanceId: instance, action: "delete" },
    ruleName,
  });
  const interrupted = event(member?.instanceId ?? "");
  const { run } = await post(kiln, interrupted);
  expect((await ended(kiln, run)).result).toMatchObject({ count: 1 });
  expect(await post(kiln, interrupted)).toMatchObject({ run });
  expect(machines(kiln)).toHaveLength(3);
  const failing = "Instance:SystemFailure.Reboot:Executing";
  const others = [
    [event(foreign), `${foreign} is no member of fleet web`],
    [event(interrupted.content.instanceId, failing, "jobs"), "is no member of fleet jobs"],
    [event("i-gone"), "i-gone is not listed"],
    [event(member?.instanceId ?? ""), "earlier requests have all of its alerts or tried in vain"],
  ] as const;
  for (const [body, why] of others) {
    const record = await ended(kiln, (await post(kiln, body)).run);
    expect(record).toMatchObject({ state: "done", result: { why: expect.stringContaining(why) } });
  }
  expect(await post(kiln, event("i-1", "Instance:StateChange"))).toMatchObject({
    status: 200,
    ignored: "the event Instance:StateChange takes no instance away",
  });
  // Two members, and the one that was launched by hand.
  expect(machines(kiln)).toHaveLength(3);
});
