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

test.for(Object.keys(UNUSABLE) as (keyof typeof UNUSABLE)[])(
  "a job ends while the document of its fleet %s: its machine goes once the document can be used",
  async (mistake, { hub, expect }) => {
    const world = await hub({}, RELEASES);
    const { kiln } = world;
    const machine = await withJob(world);
    await kiln.upload("fleets/web.yaml", UNUSABLE[mistake]);
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
