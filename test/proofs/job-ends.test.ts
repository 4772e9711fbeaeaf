import { days, hours, minutes } from "../../shared/duration.ts";
import { fleetText } from "../support/fleets.ts";
import type { Hub } from "../support/github.ts";
import { BUCKET } from "../support/deployment.ts";
import { jobsOf, test } from "../support/hub.ts";
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
