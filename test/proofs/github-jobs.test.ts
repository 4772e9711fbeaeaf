import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { fleetText } from "../support/fleets.ts";
import type { Hub } from "../support/github.ts";
import { jobsOf, test } from "../support/hub.ts";
import { machines, tagsOf } from "../support/world.ts";

const ago = (hub: Hub, ms = 0): string => new Date(hub.kiln.cloud.time.now() - ms).toISOString();

/** The results of runs of a kind, oldest first. */
const results = ({ kiln }: Hub, kind: string) =>
  kiln.records(kind).map(({ state, result, reason }) => ({ state, ...result, ...(reason && { reason }) }));

const NAMED = { launch: { InstanceName: "web-[1,3]" } };

test("a completed job releases the machine that is named like its runner, once, and no other", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { ...NAMED, onJobCompleted: "release" });
  const { kiln } = world;
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  await jobsOf(world, [2]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  const [first, second] = machines(kiln);
  const completed = { runner_name: first?.instanceId, completed_at: ago(world) };
  for (let n = 0; n < 2; n++) await jobsOf(world, [1], "completed", completed);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln).map(({ instanceId }) => instanceId)).toEqual([second?.instanceId]);
  expect(results(world, "job")).toEqual([
    { state: "done", runner: first?.instanceId, ended: [first?.instanceId], action: "release" },
  ]);
  // A machine of a later job has the same name: the job ended before it was started.
  await jobsOf(world, [3]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  await jobsOf(world, [4], "completed", {
    runner_name: "web-001",
    completed_at: ago(world, hours(1)),
    created_at: ago(world, hours(2)),
  });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toHaveLength(2);
  expect(results(world, "job").at(-1)).toMatchObject({
    ended: [],
    why: expect.stringContaining("no running member"),
  });
  // Its machine may have taken a job that names no label of the fleet.
  const labels = ["self-hosted", "linux"];
  expect(await jobsOf(world, [5], "completed", { labels, runner_name: second?.instanceId })).toEqual([202]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln).map(({ instanceId }) => instanceId)).not.toContain(second?.instanceId);
  expect(kiln.records("scale")).toHaveLength(4);
});

test("a runner whose name differs from its machine's in the case of letters is that machine", async ({
  hub,
  expect,
}) => {
  const rows: readonly [object, (instanceId: string) => string][] = [
    [{ HostName: "web-[1,3]" }, () => "WEB-001"],
    [{ InstanceName: "Web-[1,3]" }, () => "web-001"],
    [{}, (instanceId) => instanceId.toUpperCase()],
  ];
  for (const [named, runnerOf] of rows) {
    const world = await hub({}, { launch: { ...named }, onJobCompleted: "release" });
    await jobsOf(world, [1]);
    await world.kiln.cloud.settle({ forMs: minutes(10) });
    const [machine] = machines(world.kiln);
    const runner_name = runnerOf(machine?.instanceId ?? "");
    await jobsOf(world, [1], "completed", { runner_name, completed_at: ago(world) });
    await world.kiln.cloud.settle({ forMs: minutes(10) });
    expect(results(world, "job"), runner_name).toMatchObject([{ ended: [machine?.instanceId] }]);
  }
});

test("a fleet may stop it instead: then Kiln may start it for the next job", async ({ hub, expect }) => {
  const world = await hub({}, { ...NAMED, onJobCompleted: "stop", idle: { signals: { cpuAverage: 5 } } });
  const { kiln } = world;
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  await jobsOf(world, [1], "completed", { runner_name: "web-001" });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toMatchObject([{ status: "Stopped" }]);
  await jobsOf(world, [2]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toMatchObject([{ status: "Running" }]);
});

test("protection from release is no protection from a stop", async ({ hub, expect }) => {
  const launch = { ...NAMED.launch, DeletionProtection: true };
  const world = await hub({}, { launch, onJobCompleted: "stop", idle: { signals: { cpuAverage: 5 } } });
  const { kiln } = world;
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  await jobsOf(world, [1], "completed", { runner_name: "web-001" });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toMatchObject([{ status: "Stopped", deletionProtection: true }]);
  expect(results(world, "job")).toMatchObject([{ state: "done", action: "stop" }]);
});

test("a machine that was started for another job meanwhile is not stopped by the late end of its first one", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { ...NAMED, onJobCompleted: "stop", idle: { signals: { cpuAverage: 5 } } });
  const { kiln } = world;
  const stateIs = (wanted: string) => () => machines(kiln)[0]?.status === wanted;
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  await jobsOf(world, [1], "completed", { runner_name: "web-001" });
  await kiln.cloud.settle({ until: () => !stateIs("Running")(), forMs: minutes(5) });
  const heal = kiln.cloud.faults.add({
    product: "oss",
    kind: "before",
    fault: new CloudFault(503, "ServiceUnavailable", "Please try again."),
    when: (params) => JSON.stringify(params).includes("/job-web"),
  });
  await kiln.cloud.settle({ until: stateIs("Stopped"), forMs: minutes(5) });
  await jobsOf(world, [2]);
  await kiln.cloud.settle({ until: stateIs("Running"), forMs: minutes(10) });
  heal();
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(machines(kiln)).toMatchObject([{ status: "Running" }]);
  expect(results(world, "job")).toMatchObject([
    { state: "done", ended: [], why: expect.stringContaining("started again after the job ended") },
  ]);
});

test("a finished job that is announced again when its workflow runs again ends no machine that has another job", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { ...NAMED, onJobCompleted: "release" });
  const { kiln } = world;
  const runner_name = "web-001";
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  const times = { started_at: ago(world, minutes(5)), completed_at: ago(world) };
  await jobsOf(world, [1], "completed", { ...times, created_at: ago(world, minutes(10)), runner_name });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toEqual([]);
  await jobsOf(world, [2]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  await jobsOf(world, [3], "completed", { ...times, run_attempt: 2, runner_name });
  await kiln.cloud.settle({ forMs: minutes(20) });
  expect(machines(kiln)).toHaveLength(1);
});

test("a machine that has begun another job since is not ended by the late end of its first one", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { ...NAMED, onJobCompleted: "release" });
  const { kiln } = world;
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  const runner_name = machines(kiln)[0]?.instanceId;
  const created_at = ago(world);
  await jobsOf(world, [1], "in_progress", { created_at, started_at: ago(world), runner_name });
  await kiln.cloud.settle({ forMs: minutes(5) });
  const first = { created_at, completed_at: ago(world), runner_name };
  await kiln.cloud.settle({ forMs: minutes(1) });
  // It takes jobs that ask for fewer labels than it has.
  const labels = ["self-hosted"];
  await jobsOf(world, [2], "in_progress", { created_at, started_at: ago(world), labels, runner_name });
  await jobsOf(world, [1], "completed", first);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(results(world, "job")).toMatchObject([
    { state: "done", ended: [], why: `${runner_name} has begun another job since` },
  ]);
  await jobsOf(world, [2], "completed", { created_at, labels, runner_name });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(machines(kiln)).toEqual([]);
});

for (const skewMs of [0, 1000])
  test(`a job that ends in the second in which it began releases its machine, its begin ${skewMs} ms later`, async ({
    hub,
    expect,
  }) => {
    const world = await hub({}, { ...NAMED, onJobCompleted: "release" });
    const { kiln } = world;
    await jobsOf(world, [1]);
    await kiln.cloud.settle({ forMs: minutes(10) });
    const runner_name = machines(kiln)[0]?.instanceId;
    const created_at = ago(world, minutes(10));
    const completed_at = ago(world);
    const started_at = new Date(Date.parse(completed_at) + skewMs).toISOString();
    await jobsOf(world, [1], "in_progress", { created_at, started_at, runner_name });
    await jobsOf(world, [1], "completed", { created_at, started_at, completed_at, runner_name });
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(machines(kiln)).toEqual([]);
  });

for (const onJobCompleted of ["release", "stop"] as const)
  test(`a job that is over before its launch is counted gets no second machine: ${onJobCompleted}`, async ({
    hub,
    expect,
  }) => {
    const world = await hub({}, { ...NAMED, onJobCompleted, idle: { signals: { cpuAverage: 5 } } });
    const { kiln } = world;
    await jobsOf(world, [1, 2]);
    const running = () => machines(kiln).find(({ status }) => status === "Running");
    await kiln.cloud.settle({ until: () => running() !== undefined, forMs: minutes(5) });
    await jobsOf(world, [1], "completed", { runner_name: running()?.instanceId });
    await kiln.cloud.settle({ forMs: minutes(15) });
    expect(machines(kiln).filter(({ status }) => status === "Running")).toHaveLength(1);
    expect(results(world, "scale")).toMatchObject([1, 2].map(() => ({ state: "done", count: 1 })));
    expect(results(world, "job")).toMatchObject([{ state: "done", action: onJobCompleted }]);
  });

test("machines that keep, are protected, opted out, named alike or another's stay", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { ...NAMED, onJobCompleted: "release" });
  const { kiln } = world;
  const end = async (id: number, runner_name: string | undefined) => {
    await jobsOf(world, [id], "completed", { runner_name });
    await kiln.cloud.settle({ forMs: minutes(5) });
    return results(world, "job").at(-1);
  };
  await jobsOf(world, [1, 2]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  const [first, second] = machines(kiln).map(({ instanceId }) => instanceId);
  await kiln.ecs("ModifyInstanceAttribute", { InstanceId: second, InstanceName: "web-001" });
  expect(await end(1, "web-001")).toMatchObject({ ended: [], why: "2 running members are named web-001" });
  await kiln.ecs("TagResources", {
    ResourceType: "instance",
    "ResourceId.1": first,
    "Tag.1.Key": "kiln:keep",
    "Tag.1.Value": "yes",
  });
  expect(await end(2, first)).toMatchObject({ ended: [], why: `${first} has the tag kiln:keep` });
  await kiln.ecs("ModifyInstanceAttribute", { InstanceId: second, DeletionProtection: true });
  expect(await end(3, second)).toMatchObject({ ended: [], why: `${second} is protected from release` });
  expect(await end(4, "a-laptop")).toMatchObject({ ended: [] });
  expect(machines(kiln).map(({ instanceId }) => instanceId)).toEqual([first, second]);
  expect(tagsOf(kiln, String(first))).not.toHaveProperty("kiln:stopped-by");
});

test("a fleet that says nothing keeps its machines, and a completed job leaves no record", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, NAMED);
  const { kiln } = world;
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(await jobsOf(world, [1], "completed", { runner_name: "web-001" })).toEqual([200]);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect([machines(kiln).length, kiln.records("job")]).toEqual([1, []]);
});

test("a job that a runner takes before anything is launched for it launches nothing, in whichever order its events come", async ({
  hub,
  expect,
}) => {
  const world = await hub();
  const { kiln } = world;
  const restock = kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeImageFromFamily",
    kind: "before",
    fault: new CloudFault(503, "ServiceUnavailable", "Please try again."),
  });
  const created_at = ago(world);
  await jobsOf(world, [1], "queued", { created_at });
  await kiln.cloud.settle({ forMs: minutes(1) });
  await jobsOf(world, [1], "in_progress", { created_at, started_at: ago(world) });
  // The other's announcement was lost, and comes after its end.
  await jobsOf(world, [2], "completed", { created_at, runner_name: "another", completed_at: ago(world) });
  await kiln.cloud.settle({ forMs: minutes(5) });
  restock();
  for (const id of [1, 2]) await jobsOf(world, [id], "queued", { created_at });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(machines(kiln)).toEqual([]);
  expect(results(world, "scale")).toMatchObject([
    { state: "cancelled", reason: expect.stringContaining("the job is in_progress") },
    { state: "cancelled", reason: expect.stringContaining("the job is completed") },
  ]);
});

test.for([
  ["completed", "before", 2],
  ["in_progress", "before", 2],
  ["completed", "crash", 1],
] as const)(
  "a job that is %s and whose announcement has not arrived launches nothing, when the write of its log ends with %s in call %i",
  async ([action, kind, call], { hub, expect }) => {
    // No lost delivery is requested again.
    const world = await hub({ fc: { timers: ["resend"] } });
    const { kiln } = world;
    let calls = 0;
    const heal = kiln.cloud.faults.add({
      product: "oss",
      action: "AppendObject",
      kind,
      fault: new CloudFault(503, "ServiceUnavailable", "Please try again."),
      when: (params) =>
        JSON.stringify(params).includes("/scale-web") &&
        (kind === "crash" ? ++calls === call : ++calls >= call),
    });
    const created_at = ago(world);
    await jobsOf(world, [9], action, { created_at, started_at: created_at, runner_name: "another" });
    heal();
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(machines(kiln)).toEqual([]);
    expect(results(world, "scale")).toMatchObject([{ state: "cancelled" }]);
  },
);

test("a job that its own machine takes keeps the record of the launch", async ({ hub, expect }) => {
  const world = await hub();
  const { kiln } = world;
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ until: () => machines(kiln).length > 0, forMs: minutes(5) });
  await kiln.cloud.settle({ until: () => kiln.records("scale")[0]?.phase === "verify", forMs: minutes(5) });
  await jobsOf(world, [1], "in_progress", { started_at: ago(world) });
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(results(world, "scale")).toMatchObject([{ state: "done", count: 1 }]);
});

test("a job that is announced again after an approval gets a machine when the first one is gone or stopped, and not before", async ({
  hub,
  expect,
}) => {
  const world = await hub();
  const { kiln } = world;
  const created_at = ago(world);
  const again = async () => {
    await jobsOf(world, [77], "queued", { created_at, started_at: ago(world) });
    await kiln.cloud.settle({ forMs: minutes(15) });
    return results(world, "scale").at(-1);
  };
  await again();
  await kiln.cloud.settle({ forMs: hours(3) });
  const [first] = machines(kiln);
  expect(await again()).toMatchObject({ state: "done", count: 0, running: [first?.instanceId] });
  expect(machines(kiln)).toHaveLength(1);
  await kiln.ecs("StopInstance", { InstanceId: first?.instanceId });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(await again()).toMatchObject({ state: "done", count: 1 });
  expect(machines(kiln).filter(({ status }) => status === "Running")).toHaveLength(1);
  for (const { instanceId } of machines(kiln))
    await kiln.ecs("DeleteInstance", { InstanceId: instanceId, Force: true });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(await again()).toMatchObject({ state: "done", count: 1 });
  expect(machines(kiln)).toHaveLength(1);
  // An announcement that is delivered once more is the same request, whatever became of its machine.
  const runs = kiln.records("scale").length;
  await jobsOf(world, [77], "queued", { created_at, started_at: created_at });
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect([kiln.records("scale").length, machines(kiln).length]).toEqual([runs, 1]);
});

/** Events of a job before its last announcement is delivered again, minutes apart. */
const over: readonly (readonly [string, (world: Hub, created_at: string) => Promise<object>])[] = [
  [
    "its machine is gone and a further announcement was lost",
    async (world, created_at) => {
      const { kiln } = world;
      await jobsOf(world, [1], "queued", { created_at });
      await kiln.cloud.settle({ forMs: hours(1) });
      for (const { instanceId } of machines(kiln))
        await kiln.ecs("DeleteInstance", { InstanceId: instanceId, Force: true });
      await kiln.cloud.settle({ forMs: minutes(5) });
      return { created_at, started_at: ago(world) };
    },
  ],
  [
    "its run has just failed",
    async (world, created_at) => {
      const { kiln } = world;
      const restock = kiln.cloud.faults.add({
        product: "ecs",
        action: "RunInstances",
        kind: "before",
        fault: new CloudFault(403, "OperationDenied.NoStock", "sold out"),
      });
      await jobsOf(world, [1], "queued", { created_at });
      const hasFailed = () => results(world, "scale")[0]?.state === "failed";
      await kiln.cloud.settle({ until: hasFailed, forMs: hours(3) });
      restock();
      return { created_at };
    },
  ],
];
for (const [name, before] of over)
  test.for([["in_progress", "completed"], ["completed"]])(
    `a job that is over launches nothing when it is announced again after %s: ${name}`,
    async (events, { hub, expect }) => {
      const world = await hub();
      const { kiln } = world;
      const created_at = ago(world);
      const announcement = await before(world, created_at);
      for (const action of events) {
        await kiln.cloud.settle({ forMs: minutes(1) });
        await jobsOf(world, [1], action, { created_at, started_at: ago(world), runner_name: "another" });
      }
      await kiln.cloud.settle({ forMs: minutes(10) });
      const runs = results(world, "scale").length;
      await jobsOf(world, [1], "queued", announcement);
      await kiln.cloud.settle({ forMs: minutes(15) });
      expect([machines(kiln).length, results(world, "scale").length]).toEqual([0, runs]);
    },
  );

test.for([
  ["of another job that waits", 1],
  ["of another job that has one", 0],
  ["of no job, or none of the fleet", 0],
] as const)(
  "a job whose launch is cancelled, because a machine took it that is %s, leaves %i more to launch",
  async ([owner, launches], { hub, expect }) => {
    const world = await hub({}, NAMED);
    const { kiln } = world;
    const created_at = ago(world);
    const isOfJob = owner !== "of no job, or none of the fleet";
    if (isOfJob) await jobsOf(world, [1], "queued", { created_at });
    else await kiln.invoke("kiln-scale-out", { v: 1, request: "scale-out", fleet: "web", count: 1 });
    await kiln.cloud.settle({ forMs: minutes(10) });
    const runner_name = machines(kiln)[0]?.instanceId;
    const heal = kiln.cloud.faults.add({
      product: "ecs",
      action: "RunInstances",
      kind: "before",
      fault: new CloudFault(503, "ServiceUnavailable", "Please try again."),
    });
    if (owner === "of another job that has one")
      await jobsOf(world, [1], "in_progress", {
        created_at,
        started_at: ago(world),
        runner_name: "elsewhere",
      });
    await jobsOf(world, [2, 3], "queued", { created_at });
    await kiln.cloud.settle({ forMs: minutes(1) });
    for (let n = 0; n < 2; n++)
      await jobsOf(world, [2], "in_progress", { created_at, started_at: ago(world), runner_name });
    await jobsOf(world, [3], "in_progress", { created_at, started_at: ago(world), runner_name: "a-laptop" });
    await kiln.cloud.settle({ forMs: minutes(5) });
    heal();
    await kiln.cloud.settle({ forMs: minutes(20) });
    expect(machines(kiln)).toHaveLength(1 + launches);
  },
);

const SETS = {
  fewer: { "linux,kiln-web": { fleet: "web" }, linux: { fleet: "small" } },
  none: { "kiln-web": { fleet: "web" } },
};

test.for([
  ["of a fleet with fewer labels", "before its launch", SETS.fewer, 1],
  ["of a fleet with fewer labels", "after its launch", SETS.fewer, 2],
  ["of no fleet", "before its launch", SETS.none, 1],
] as const)(
  "a job %s takes the machine of one that waits, %s: that one gets another, once, and so again",
  async ([, when, labels, launched], { hub, expect }) => {
    const world = await hub({ labels }, { onJobCompleted: "release" });
    const { kiln } = world;
    await kiln.upload("fleets/small.yaml", fleetText({ limits: { max: 40 }, onJobCompleted: "release" }));
    const ofWeb = () =>
      machines(kiln).filter(({ instanceId }) => tagsOf(kiln, instanceId)["kiln:fleet"] === "web");
    const waiting = { labels: ["self-hosted", "linux", "kiln-web"], created_at: ago(world) };
    await jobsOf(world, [1], "queued", waiting);
    await kiln.cloud.settle({ forMs: minutes(10) });
    for (const id of [2, 3]) {
      const runner_name = ofWeb().at(-1)?.instanceId;
      const taker = { labels: ["self-hosted", "linux"], created_at: ago(world) };
      await jobsOf(world, [id], "queued", taker);
      if (when === "after its launch") await kiln.cloud.settle({ forMs: minutes(10) });
      for (let n = 0; n < 2; n++)
        await jobsOf(world, [id], "in_progress", { ...taker, started_at: ago(world), runner_name });
      await kiln.cloud.settle({ forMs: minutes(15) });
      expect(ofWeb()).toHaveLength(id);
    }
    expect(machines(kiln)).toHaveLength(3 + (launched - 1) * 2);
    // A job that has its own machine by now leaves nothing to launch.
    const own = ofWeb().at(-1)?.instanceId;
    await jobsOf(world, [1], "in_progress", { ...waiting, started_at: ago(world), runner_name: own });
    const last = { labels: ["self-hosted", "linux"], created_at: ago(world), started_at: ago(world) };
    await jobsOf(world, [4], "in_progress", { ...last, runner_name: own });
    await kiln.cloud.settle({ forMs: minutes(15) });
    expect(ofWeb()).toHaveLength(3);
  },
);

test.for(["of no fleet", "of the same fleet"] as const)(
  "a machine that is started once more belongs to the job that it was started for, when a job %s takes it",
  async (taker, { hub, expect }) => {
    const world = await hub({}, { ...NAMED, onJobCompleted: "stop", idle: { signals: { cpuAverage: 5 } } });
    const { kiln } = world;
    const runner_name = "web-001";
    const created_at = ago(world);
    const settle = () => kiln.cloud.settle({ forMs: minutes(10) });
    await jobsOf(world, [1], "queued", { created_at });
    await settle();
    for (const action of ["in_progress", "completed"]) {
      await jobsOf(world, [1], action, { created_at, started_at: ago(world), runner_name });
      await settle();
    }
    await jobsOf(world, [2], "queued", { created_at });
    await settle();
    expect(machines(kiln)).toMatchObject([{ status: "Running" }]);
    const labels = taker === "of no fleet" ? ["self-hosted"] : ["kiln-web"];
    const heal = kiln.cloud.faults.add({
      product: "ecs",
      action: "DescribeImageFromFamily",
      kind: "before",
      fault: new CloudFault(503, "ServiceUnavailable", "Please try again."),
    });
    if (taker === "of the same fleet") await jobsOf(world, [3], "queued", { created_at });
    await kiln.cloud.settle({ forMs: minutes(0.5) });
    await jobsOf(world, [3], "in_progress", { created_at, started_at: ago(world), labels, runner_name });
    heal();
    await kiln.cloud.settle({ forMs: minutes(20) });
    expect(machines(kiln)).toHaveLength(2);
  },
);

test("a job that is announced again after its machine was taken and replaced has the replacement", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, NAMED);
  const { kiln } = world;
  const created_at = ago(world);
  const settle = () => kiln.cloud.settle({ forMs: minutes(15) });
  await jobsOf(world, [1], "queued", { created_at });
  await settle();
  for (const [id, count] of [
    [2, 2],
    [3, 3],
  ] as const) {
    const runner_name = machines(kiln).at(-1)?.instanceId;
    const labels = ["self-hosted"];
    await jobsOf(world, [id], "in_progress", { created_at, started_at: ago(world), labels, runner_name });
    await settle();
    expect(machines(kiln)).toHaveLength(count);
    for (let n = 0; n < 2; n++) {
      await jobsOf(world, [1], "queued", { created_at, started_at: ago(world) });
      await settle();
      expect(machines(kiln)).toHaveLength(count);
    }
  }
});

/** Events between a job's first announcement and its approval; its machine runs at the end. */
const meanwhile = {
  "has begun another job": async (world: Hub, created_at: string) => {
    const { kiln } = world;
    await jobsOf(world, [2], "queued", { created_at });
    await kiln.cloud.settle({ forMs: minutes(10) });
    const [first, second] = machines(kiln);
    await jobsOf(world, [2], "in_progress", {
      created_at,
      started_at: ago(world),
      runner_name: first?.instanceId,
    });
    await kiln.ecs("DeleteInstance", { InstanceId: second?.instanceId, Force: true });
  },
  "was started for another job": async (world: Hub, created_at: string) => {
    const { kiln } = world;
    const runner_name = "web-001";
    await jobsOf(world, [2], "completed", { created_at, labels: ["self-hosted"], runner_name });
    await kiln.cloud.settle({ forMs: minutes(20) });
    await jobsOf(world, [3], "queued", { created_at });
  },
  "has begun only that job": (world: Hub, created_at: string) =>
    jobsOf(world, [1], "in_progress", { created_at, started_at: ago(world), runner_name: "web-001" }),
};

test.for([
  ["has begun another job", 2],
  ["was started for another job", 2],
  ["has begun only that job", 1],
] as const)(
  "a job is announced again after an approval, and its machine %s: then there are %i",
  async ([name, count], { hub, expect }) => {
    const world = await hub({}, { ...NAMED, onJobCompleted: "stop", idle: { signals: { cpuAverage: 5 } } });
    const { kiln } = world;
    const created_at = ago(world);
    await jobsOf(world, [1], "queued", { created_at });
    await kiln.cloud.settle({ forMs: minutes(10) });
    await meanwhile[name](world, created_at);
    await kiln.cloud.settle({ forMs: minutes(10) });
    expect(machines(kiln)).toMatchObject([{ status: "Running" }]);
    await jobsOf(world, [1], "queued", { created_at, started_at: ago(world) });
    await kiln.cloud.settle({ forMs: minutes(20) });
    expect(machines(kiln)).toHaveLength(count);
  },
);

test("a job whose launch has just failed takes the machine of another: that one gets one more", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { limits: { max: 1 } });
  const { kiln } = world;
  const created_at = ago(world);
  const settle = (inMinutes: number) => kiln.cloud.settle({ forMs: minutes(inMinutes) });
  const begin = async (id: number, runner_name: string | undefined) => {
    await jobsOf(world, [id], "in_progress", { created_at, started_at: ago(world), runner_name });
    await settle(1);
  };
  await jobsOf(world, [1], "queued", { created_at });
  await settle(10);
  await begin(1, machines(kiln)[0]?.instanceId);
  await jobsOf(world, [2], "queued", { created_at });
  await settle(0.5);
  expect(results(world, "scale")).toMatchObject([{ state: "done" }, { state: "failed" }]);
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 } }));
  await jobsOf(world, [3], "queued", { created_at });
  await settle(2);
  expect(machines(kiln)).toHaveLength(2);
  for (let n = 0; n < 2; n++) await begin(2, machines(kiln)[1]?.instanceId);
  await settle(20);
  expect(machines(kiln)).toHaveLength(3);
  // A job that has a machine leaves it to the one whose machine it took.
  await begin(3, machines(kiln)[2]?.instanceId);
  await settle(20);
  expect(machines(kiln)).toHaveLength(3);
});

test.for(["waits still", "has begun elsewhere"] as const)(
  "a job whose machine was taken and could not be replaced, and that %s, is announced once more",
  async (state, { hub, expect }) => {
    const world = await hub({}, { limits: { max: 1 } });
    const { kiln } = world;
    const created_at = ago(world);
    const settle = () => kiln.cloud.settle({ forMs: minutes(10) });
    await jobsOf(world, [1], "queued", { created_at });
    await settle();
    const taker = { created_at, labels: ["self-hosted"], runner_name: machines(kiln)[0]?.instanceId };
    await jobsOf(world, [2], "in_progress", { ...taker, started_at: ago(world) });
    await settle();
    expect(results(world, "scale")).toMatchObject([{ state: "done" }, { state: "failed" }]);
    if (state === "has begun elsewhere")
      await jobsOf(world, [1], "in_progress", { created_at, started_at: ago(world), runner_name: "other" });
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 } }));
    for (let n = 0; n < 2; n++) {
      await jobsOf(world, [1], "queued", { created_at });
      await settle();
    }
    expect(machines(kiln)).toHaveLength(state === "waits still" ? 2 : 1);
  },
);
