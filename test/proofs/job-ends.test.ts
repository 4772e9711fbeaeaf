import { expect as matching } from "vitest";
import { days, hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { fleetText } from "../support/fleets.ts";
import type { Hub } from "../support/github.ts";
import { BUCKET } from "../support/deployment.ts";
import { jobsOf, test } from "../support/hub.ts";
import { request } from "../support/runs.ts";
import { machines } from "../support/world.ts";

const ago = (hub: Hub, ms = 0): string => new Date(hub.kiln.cloud.time.now() - ms).toISOString();

/** The ends of jobs, oldest first. */
const ends = ({ kiln }: Hub) =>
  kiln.records("job").map(({ state, result, reason }) => ({ state, ...result, ...(reason && { reason }) }));

const RELEASES = { launch: { InstanceName: "web-[1,3]" }, onJobCompleted: "release" };

/** A fleet whose one machine has a job that is about to end. */
async function withJob(hub: Hub): Promise<string> {
  await jobsOf(hub, [1]);
  await hub.kiln.cloud.settle({ forMs: minutes(10) });
  return machines(hub.kiln)[0]?.instanceId ?? "";
}

const complete = (hub: Hub, runner_name: string) =>
  jobsOf(hub, [1], "completed", { runner_name, completed_at: ago(hub) });

const UNUSABLE = {
  "has a mistake": fleetText({ ...RELEASES, limitz: 3 }),
  "is no YAML": "family: [",
  "is too large": `# ${"x".repeat(400_000)}\n${fleetText(RELEASES)}`,
};

test.for(Object.entries(UNUSABLE))(
  "a job ends while the document of its fleet %s: its machine goes once the document can be used",
  async ([, document], { hub, expect }) => {
    const world = await hub({}, RELEASES);
    const { kiln } = world;
    const machine = await withJob(world);
    await kiln.upload("fleets/web.yaml", document);
    await kiln.cloud.settle({ forMs: minutes(2) });
    expect(await complete(world, machine)).toEqual([202]);
    await kiln.cloud.settle({ forMs: hours(3) });
    expect(machines(kiln)).toHaveLength(1);
    await kiln.upload("fleets/web.yaml", fleetText(RELEASES));
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(machines(kiln)).toEqual([]);
    expect(ends(world)).toMatchObject([{ state: "done", ended: [machine] }]);
  },
);

test("a document that stays unusable for a day fails the end of the job, and one that is deleted asks for nothing", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, RELEASES);
  const { kiln } = world;
  const machine = await withJob(world);
  await kiln.upload("fleets/web.yaml", UNUSABLE["has a mistake"]);
  await kiln.cloud.settle({ forMs: minutes(2) });
  await complete(world, machine);
  await kiln.cloud.settle({ forMs: days(1) + hours(1) });
  expect(ends(world)).toMatchObject([{ state: "failed", reason: expect.stringContaining("limitz") }]);
  kiln.cloud.oss.delete(BUCKET, "fleets/web.yaml");
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect(await jobsOf(world, [2], "completed", { runner_name: machine, completed_at: ago(world) })).toEqual([
    200,
  ]);
});

/** A fleet for which the cloud refuses releases. */
const refuseReleases = ({ kiln }: Hub) =>
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DeleteInstance",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "User not authorized to operate on the specified resource."),
  });

/** Reasons for which an end ends nothing, each with what takes it away. */
const HINDRANCES: Readonly<Record<string, (hub: Hub, machine: string) => Promise<() => unknown>>> = {
  "the cloud refuses the release": (hub) => Promise.resolve(refuseReleases(hub)),
  "the machine is protected": async ({ kiln }, InstanceId) => {
    await kiln.ecs("ModifyInstanceAttribute", { InstanceId, DeletionProtection: true });
    return () => kiln.ecs("ModifyInstanceAttribute", { InstanceId, DeletionProtection: false });
  },
  "the machine has another name": async ({ kiln }, InstanceId) => {
    await kiln.ecs("ModifyInstanceAttribute", { InstanceId, InstanceName: "other" });
    return () => kiln.ecs("ModifyInstanceAttribute", { InstanceId, InstanceName: "web-001" });
  },
};

test.for(Object.keys(HINDRANCES))(
  "an end that ends nothing because %s is tried again when it is sent again, not within five minutes, and once",
  async (hindrance, { hub, expect }) => {
    const world = await hub({}, RELEASES);
    const { kiln } = world;
    const machine = await withJob(world);
    const completed = { runner_name: "web-001", completed_at: ago(world) };
    const end = async (inMinutes: number) => {
      await jobsOf(world, [1], "completed", completed);
      await kiln.cloud.settle({ forMs: minutes(inMinutes) });
    };
    const heal = await HINDRANCES[hindrance]?.(world, machine);
    await end(2);
    await heal?.();
    await end(10);
    expect([ends(world).length, machines(kiln).length]).toEqual([1, 1]);
    for (let n = 0; n < 2; n++) await end(10);
    expect(machines(kiln)).toEqual([]);
    expect(ends(world).slice(1)).toMatchObject([{ state: "done", ended: [machine] }]);
  },
);

test("the machine of a job that ends in a pause of its fleet stays until the pause is over, and then goes by itself", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, RELEASES);
  const { kiln } = world;
  const machine = await withJob(world);
  await request(kiln, "/fleets/web/pause", { why: "an audit" });
  await complete(world, "web-001");
  await kiln.cloud.settle({ forMs: hours(5) });
  expect(machines(kiln)).toHaveLength(1);
  await request(kiln, "/fleets/web/unpause", {});
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(machines(kiln)).toEqual([]);
  expect(ends(world)).toMatchObject([{ state: "done", ended: [machine] }]);
});

/** As a runner that shuts its machine down after its job: the cloud goes on charging for it. */
const shutDown = ({ kiln }: Hub, InstanceId: string) =>
  kiln.ecs("StopInstance", { InstanceId, StoppedMode: "KeepCharging" });

test.for([
  ["before", {}],
  ["before", { launch: { InstanceName: "web-[1,3]", SpotStrategy: "SpotAsPriceGo" } }],
  ["after", {}],
  ["before", { size: { desired: 1, min: 0 } }],
  ["after", { size: { desired: 1, min: 0 } }],
] as const)(
  "a machine that shuts itself down %s its job is completed goes: %j",
  async ([when, changes], { hub, expect }) => {
    const world = await hub({ fc: { timers: ["reconcile", "resend"] } }, { ...RELEASES, ...changes });
    const { kiln } = world;
    const machine = await withJob(world);
    const before = machines(kiln).length;
    if (when === "before") {
      await shutDown(world, machine);
      // Of a size, reconciling may have seen it or not.
      await kiln.cloud.settle({ forMs: minutes(1) });
    }
    await complete(world, machine);
    if (when === "after") await shutDown(world, machine);
    await kiln.cloud.settle({ forMs: hours(3) });
    const left = machines(kiln).map(({ instanceId, status }) => [instanceId, status]);
    expect(left.map(([id]) => id)).not.toContain(machine);
    // It lowers the number once.
    expect(left).toHaveLength(before - 1);
    expect(ends(world)).toMatchObject([{ state: "done", ended: [machine] }]);
  },
);

test.for([
  ["protected", "ModifyInstanceAttribute", { DeletionProtection: true }, "is protected from release"],
  [
    "kept by its tag",
    "TagResources",
    { ResourceType: "instance", "Tag.1.Key": "kiln:keep", "Tag.1.Value": "yes" },
    "has the tag kiln:keep",
  ],
] as const)(
  "one that is %s stays, also after it has shut itself down",
  async ([, action, fields, why], { hub, expect }) => {
    const world = await hub({}, RELEASES);
    const machine = await withJob(world);
    await world.kiln.ecs(action, { InstanceId: machine, "ResourceId.1": machine, ...fields });
    await shutDown(world, machine);
    await world.kiln.cloud.settle({ forMs: minutes(2) });
    await complete(world, machine);
    await world.kiln.cloud.settle({ forMs: hours(1) });
    expect(machines(world.kiln)).toHaveLength(1);
    expect(ends(world)).toMatchObject([{ ended: [], why: matching.stringContaining(why) }]);
  },
);

test.for([
  ["StopCharging", { state: "failed", reason: matching.stringContaining("goes on charging") }],
  ["KeepCharging", { state: "done", ended: [], why: matching.stringContaining("shut itself down") }],
] as const)(
  "a stop says what it cannot change of a machine that has shut itself down: %s",
  async ([stoppedMode, end], { hub, expect }) => {
    const idle = { signals: { cpuAverage: 5 }, stoppedMode };
    const world = await hub({}, { ...RELEASES, onJobCompleted: "stop", idle });
    const machine = await withJob(world);
    await shutDown(world, machine);
    await world.kiln.cloud.settle({ forMs: minutes(2) });
    await complete(world, machine);
    await world.kiln.cloud.settle({ forMs: minutes(10) });
    expect(machines(world.kiln)).toMatchObject([{ status: "Stopped" }]);
    expect(ends(world)).toMatchObject([end]);
  },
);
