import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { accepted, ended } from "../support/runs.ts";
import { machines } from "../support/world.ts";

/** Instance name, host name and address of every machine. */
const namesOf = (kiln: Deployment) => [
  machines(kiln).map(({ name }) => name),
  machines(kiln).map(({ hostName }) => hostName),
  machines(kiln).map(({ privateIp }) => privateIp),
];

const NUMBERED = {
  InstanceName: "web-[1,4]-kiln",
  HostName: "web-[5,3]",
  VSwitchId: "vsw-hangzhou-h",
  PrivateIpAddress: "172.16.0.250",
};

test("requests one after another continue the names and addresses of their fleet, and fill gaps", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ launch: NUMBERED }));
  for (const count of [1, 2, 1]) await scaleOut(kiln, { count, key: `after-${machines(kiln).length}` });
  expect(namesOf(kiln)).toEqual([
    ["web-0001-kiln", "web-0002-kiln", "web-0003-kiln", "web-0004-kiln"],
    ["web-005", "web-006", "web-007", "web-008"],
    ["172.16.0.250", "172.16.0.251", "172.16.0.252", "172.16.0.253"],
  ]);
  kiln.cloud.world.release(machines(kiln)[1]?.instanceId ?? "");
  await kiln.cloud.settle({ forMs: minutes(2) });
  await scaleOut(kiln, { count: 1, key: "gap" });
  expect(machines(kiln).map(({ hostName }) => hostName)).toEqual([
    "web-005",
    "web-007",
    "web-008",
    "web-006",
  ]);
});

test("host names of one request of 250 differ with UniqueSuffix", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const launch = { HostName: "node", UniqueSuffix: true };
  await kiln.upload("fleets/web.yaml", fleetText({ launch, limits: { max: 300 } }));
  await scaleOut(kiln, { count: 250 });
  const hosts = machines(kiln).map(({ hostName }) => hostName);
  expect([hosts[0], hosts[249], new Set(hosts).size]).toEqual(["node001", "node250", 250]);
});

test("the replacement of a lost instance takes a name of the list that is free", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const HostNames = ["a1", "b1", "c1"];
  await kiln.upload("fleets/web.yaml", fleetText({ launch: { HostNames }, limits: { max: 3 } }));
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 3 });
  await kiln.cloud.settle({ until: () => machines(kiln).length === 3, forMs: minutes(5) });
  kiln.cloud.world.vanish(machines(kiln)[1]?.instanceId ?? "");
  expect((await ended(kiln, run)).result).toMatchObject({ count: 3 });
  expect(machines(kiln).map(({ hostName }) => hostName)).toEqual(["a1", "c1", "b1"]);
});

test("replacements count in the limits of an hour and a day, and a subscription is bought once", async ({
  deploy,
  expect,
}) => {
  const SUBSCRIPTION = { InstanceChargeType: "PrePaid", Period: 1 };
  for (const [changes, bought, why] of [
    [{ limits: { max: 3, perHour: 2, perDay: 2 } }, 2, "limit perHour 2: 2 used"],
    [
      { limits: { max: 3 }, launch: SUBSCRIPTION, allowSubscription: true },
      1,
      "a subscription is bought once",
    ],
    [{ limits: { max: 3 } }, 4, "1 were lost again after 3 attempts to replace them"],
  ] as const) {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText(changes));
    const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 1 });
    // Whatever is launched vanishes.
    for (let round = 0; round < 5; round++) {
      const isOver = () => kiln.record(run)?.state === "failed" || kiln.record(run)?.state === "done";
      await kiln.cloud.settle({ until: () => machines(kiln).length > 0 || isOver(), forMs: minutes(30) });
      for (const { instanceId } of machines(kiln)) kiln.cloud.world.vanish(instanceId);
    }
    expect((await ended(kiln, run)).reason).toContain(why);
    expect(kiln.cloud.world.launched).toBe(bought);
  }
});

test("instances whose order is not paid are not reported as running, and count against max", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const launch = { InstanceChargeType: "PrePaid", Period: 1, AutoPay: false };
  await kiln.upload("fleets/web.yaml", fleetText({ launch, limits: { max: 2 }, allowSubscription: true }));
  const balance = kiln.cloud.world.balance;
  const { reason } = await scaleOut(kiln, { count: 2 });
  expect(reason).toContain("2 wait for payment: i-");
  expect(kiln.cloud.world.balance).toBe(balance);
  expect((await scaleOut(kiln, { count: 1, key: "more" })).reason).toContain("limit max 2: 2 running");
});
