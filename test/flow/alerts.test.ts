import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { json } from "../support/known.ts";
import { ended } from "../support/runs.ts";
import { deliveries, raw, SENDER_SECRET, SENDERS } from "../support/senders.ts";
import { machines } from "../support/world.ts";

const BEARER = { "content-type": "application/json", authorization: `Bearer ${SENDER_SECRET}` };
const env = { KILN_SENDERS: JSON.stringify(SENDERS) };

/** Posts a delivery that holds these alerts; answers the result of its run. */
async function deliver(kiln: Deployment, alerts: readonly object[]) {
  const { text } = await raw(kiln, "/senders/alerts", BEARER, JSON.stringify({ version: "4", alerts }));
  const [run] = json<{ readonly runs: readonly { readonly run: string }[] }>(text).runs;
  return (await ended(kiln, run?.run ?? "")).result;
}

const alertsOf = (kiln: Deployment, counts: readonly number[]) =>
  counts.map((count, n) => ({
    status: "firing",
    labels: { kiln_fleet: "web", kiln_count: String(count) },
    startsAt: new Date(kiln.cloud.time.now()).toISOString(),
    fingerprint: `f${n}`,
  }));

test("alerts of a delivery that got no instance are tried again by a repeat, and those that got one are not", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  const alerts = alertsOf(kiln, [1, 1, 1, 1, 1]);
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  expect(await deliver(kiln, alerts)).toMatchObject({ count: 3, short: 2 });
  for (const [max, count] of [
    [4, 1],
    [30, 1],
    [30, 0],
  ]) {
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max } }));
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(await deliver(kiln, alerts), `max ${max}`).toMatchObject({ count });
  }
  expect(machines(kiln)).toHaveLength(5);
});

test("a repeat within the hour is tried again five minutes after a run that was short or found none free, and not sooner", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  const alerts = alertsOf(kiln, [1, 1, 1]);
  await kiln.cloud.settle({ forMs: hours(1) - (kiln.cloud.time.now() % hours(1)) + minutes(1) });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 1 } }));
  expect(await deliver(kiln, alerts)).toMatchObject({ count: 1, short: 2 });
  for (const [max, total] of [
    [2, 1],
    [2, 2],
    [9, 3],
    [9, 3],
  ] as const) {
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max } }));
    await deliver(kiln, alerts);
    expect(machines(kiln), `max ${max}`).toHaveLength(total);
    await kiln.cloud.settle({ forMs: minutes(6) });
  }
});

test("what max leaves no room for is launched once for the alerts of a fleet that keeps a size", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  const sized = (max: number) => fleetText({ size: { desired: 0 }, limits: { max } });
  await kiln.upload("fleets/web.yaml", sized(3));
  const alerts = alertsOf(kiln, [1, 1, 1, 1, 1]);
  expect(await deliver(kiln, alerts)).toMatchObject({ count: 3, short: 2 });
  await kiln.upload("fleets/web.yaml", sized(30));
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(await deliver(kiln, alerts)).toMatchObject({ count: 2 });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(await deliver(kiln, alerts)).toMatchObject({ count: 0 });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(machines(kiln)).toHaveLength(5);
});

test("a job or an alert whose count is above limits.perRequest is cut to it, and the answer and the run say so", async ({
  deploy,
  expect,
}) => {
  const labels = { "kiln-web": { fleet: "web", count: 4 } };
  const github = { ...SENDERS.github, labels };
  const kiln = await deploy({ env: { KILN_SENDERS: JSON.stringify({ ...SENDERS, github }) } });
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { perRequest: 2 } }));
  await kiln.cloud.settle({ forMs: minutes(1) });
  const [path = "", headers = {}, job = ""] = deliveries(kiln.cloud.time.now())[0] ?? [];
  const body = JSON.stringify({ version: "4", alerts: alertsOf(kiln, [4]) });
  for (const answer of [
    await raw(kiln, path, headers, job),
    await raw(kiln, "/senders/alerts", BEARER, body),
  ]) {
    const [one] = json<{ readonly runs: readonly { readonly run: string; readonly cut?: string }[] }>(
      answer.text,
    ).runs;
    expect(one?.cut).toMatch(
      /^limits\.perRequest of fleets\/web\.yaml is 2: 2 of 4 instances are not launched$/,
    );
    expect((await ended(kiln, one?.run ?? "")).result).toMatchObject({
      count: 2,
      short: 2,
      limited: true,
      why: "limit perRequest 2: 2 of 4 are beyond it",
    });
  }
  expect(machines(kiln)).toHaveLength(4);
});
