import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut, type FleetChanges } from "../support/fleets.ts";
import { burst } from "../support/runs.ts";
import { machines } from "../support/world.ts";

/** Instance name, host name and address of every machine. */
const namesOf = (kiln: Deployment) => [
  machines(kiln).map(({ name }) => name),
  machines(kiln).map(({ hostName }) => hostName),
  machines(kiln).map(({ privateIp }) => privateIp),
];

const UNIQUE: readonly (readonly [string, FleetChanges])[] = [
  ["a pattern", { launch: { InstanceName: "web-[1,3]", HostName: "web-[1,3]" } }],
  ["UniqueSuffix", { launch: { InstanceName: "web", HostName: "web", UniqueSuffix: true } }],
  [
    "a pattern and UniqueSuffix",
    { launch: { InstanceName: "w-[1,3]-x", HostName: "web", UniqueSuffix: true } },
  ],
  ["CreateInstance", { via: "CreateInstance", launch: { InstanceName: "web-[1,3]", HostName: "web-[1,3]" } }],
  ["addresses", { launch: { VSwitchId: "vsw-hangzhou-h", PrivateIpAddress: "172.16.0.10" } }],
];

for (const [what, changes] of UNIQUE)
  test(`${what}: of many requests at once, each instance has names and an address of its own`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText({ ...changes, limits: { max: 12 } }));
    const bodies = [1, 3, 1, 2, 1].map((count, n) => ({ count, key: `job-${n}` }));
    await burst(kiln, bodies, 1, 4);
    const lost = machines(kiln)[2]?.instanceId ?? "";
    kiln.cloud.world.vanish(lost);
    await scaleOut(kiln, { count: 3, key: "last" });
    for (const names of namesOf(kiln)) expect(new Set(names).size).toBe(machines(kiln).length);
    expect(machines(kiln).length).toBeGreaterThanOrEqual(10);
  });
