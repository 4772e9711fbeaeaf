/** Deliveries of alerts for more fleets than become a run each. */
import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { startChannel } from "../support/channel.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { raw, SENDER_SECRET, SENDERS } from "../support/senders.ts";
import { logOf, machines } from "../support/world.ts";

const BEARER = { "content-type": "application/json", authorization: `Bearer ${SENDER_SECRET}` };
const PARTS = Array.from({ length: 6 }, (_, n) => `part-${n}`);

/** The answer to a delivery with one alert of four instances for each fleet. */
async function deliver(kiln: Deployment, fleets: readonly string[]) {
  const startsAt = new Date(kiln.cloud.time.now()).toISOString();
  const alerts = fleets.map((fleet) => ({
    status: "firing",
    labels: { kiln_fleet: fleet, kiln_count: "4" },
    startsAt,
    fingerprint: fleet,
  }));
  const { status, text } = await raw(
    kiln,
    "/senders/alerts",
    BEARER,
    JSON.stringify({ version: "4", alerts }),
  );
  const answer: { readonly runs: readonly { readonly run: string; readonly cut?: string }[] } =
    JSON.parse(text);
  const runs = answer.runs.map(({ run }) => run);
  return { status, runs, cuts: answer.runs.map(({ cut = "" }) => cut).join("; ") };
}

/** A deployment with the fleets, whose channel is `ops`. */
async function withParts(deploy: (options: object) => Promise<Deployment>) {
  const channel = await startChannel();
  const channels = ["ops", "default"].map((name) => [name, { kind: "json", url: `${channel.url}/${name}` }]);
  const kiln = await deploy({
    env: {
      KILN_SENDERS: JSON.stringify({ alerts: { ...SENDERS.alerts, fleets: PARTS } }),
      KILN_CHANNELS: JSON.stringify(Object.fromEntries(channels)),
    },
  });
  for (const fleet of PARTS)
    await kiln.upload(`fleets/${fleet}.yaml`, fleetText({ limits: { perRequest: 3 }, notify: "ops" }));
  await kiln.cloud.settle({ forMs: minutes(3) });
  return { kiln, channel };
}

test.for([PARTS.slice(0, 2), PARTS])(
  "a delivery of alerts that nothing could begin for hours launches nothing, says so, and says at once what is cut: %j",
  async (fleets, { deploy, expect }) => {
    const { kiln, channel } = await withParts(deploy);
    const heal = kiln.cloud.faults.add({
      product: "fc",
      action: "InvokeFunction",
      kind: "before",
      fault: new CloudFault(429, "ResourceExhausted", "busy"),
      when: (given) => JSON.stringify(given).includes("scale-out"),
    });
    const { status, runs, cuts } = await deliver(kiln, fleets);
    expect(status).toBe(202);
    expect(logOf(kiln, "webhook")).toContain(`"runs":${JSON.stringify(runs)}`);
    for (const fleet of fleets)
      expect(cuts).toContain(
        `limits.perRequest of fleets/${fleet}.yaml is 3: 1 of 4 instances are not launched`,
      );
    await kiln.cloud.settle({ forMs: hours(2) });
    heal();
    for (let round = 0; round < 3; round++) {
      await kiln.invoke("kiln-janitor", { v: 1, request: "resend" });
      await kiln.cloud.settle({ forMs: minutes(10) });
    }
    expect(machines(kiln)).toEqual([]);
    const failed = kiln.records().filter(({ run }) => /^(?:scale|alerts)-/.test(run));
    expect(new Set(failed.map(({ state }) => state))).toEqual(new Set(["failed"]));
    const notified = channel.posted
      .filter(({ path }) => path === "/ops")
      .map(({ body }) => String(body["run"]));
    expect(notified.toSorted()).toEqual(failed.map(({ run }) => run).toSorted());
    await channel.close();
  },
);

test("the largest delivery that is read, 4,000 alerts and over 7 MB, fits into an instance and is two runs", async ({
  deploy,
  expect,
}) => {
  // An instance in a thread has the heap of its function.
  const kiln = await deploy({
    env: { KILN_SENDERS: JSON.stringify(SENDERS) },
    fc: { inline: false, timers: [] },
  });
  await kiln.upload("fleets/web.yaml", fleetText());
  await kiln.cloud.settle({ forMs: minutes(1) });
  const startsAt = new Date(kiln.cloud.time.now()).toISOString();
  const alerts = Array.from({ length: 4000 }, (_, n) => ({
    status: "firing",
    labels: { kiln_fleet: "web", host: String(n) },
    annotations: { description: "x".repeat(1700) },
    startsAt,
    fingerprint: String(n),
  }));
  const body = JSON.stringify({ version: "4", alerts });
  expect(body.length).toBeGreaterThan(7e6);
  const { status, text } = await raw(kiln, "/senders/alerts", BEARER, body);
  expect([status, JSON.parse(text).runs]).toEqual([202, [expect.anything(), expect.anything()]]);
  const invocation = kiln.cloud.fc.invocations.find((one) => one.function === "kiln-webhook");
  expect(invocation?.calls.length).toBeLessThan(20);
});
