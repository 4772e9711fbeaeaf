import { test } from "vitest";
import { inCloud, LAUNCH } from "./ecs-caller.ts";
import type { Caller } from "./ecs-caller.ts";
import { known } from "../support/known.ts";

const LAG_MS = 30_000;

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Rows of a list: `{ Things: { Thing: [...] } }`. */
async function rowsOf({ ask }: Caller, action: string, params: object = {}): Promise<Rows> {
  const answer = known<Readonly<Record<string, unknown>>>(await ask(action, { ...params }));
  const outer = Object.values(answer).find((value) => typeof value === "object" && value !== null);
  const [rows] = Object.values(known<Readonly<Record<string, unknown>>>(outer ?? {}));
  return Array.isArray(rows) ? known<Rows>(rows) : [];
}

/** The states of an instance in all lists that show it, each once. */
async function statesOf(caller: Caller, id: string): Promise<unknown[]> {
  const lists = [
    await rowsOf(caller, "DescribeInstances"),
    await rowsOf(caller, "DescribeInstances", { InstanceIds: JSON.stringify([id]) }),
    await rowsOf(caller, "DescribeInstances", { "Tag.1.Key": "launched", "Tag.1.Value": "1" }),
    await rowsOf(caller, "DescribeInstanceStatus", { "InstanceId.1": id }),
  ];
  const states = lists.map((rows) => rows.find((row) => row["InstanceId"] === id)?.["Status"]);
  return [...new Set(states)];
}

const later = ({ cloud }: Caller, ms: number) => cloud.time.settle({ forMs: ms });

const TAGGED = { "Tag.1.Key": "launched", "Tag.1.Value": "1" };

test("an instance is listed late, in late states, and a while after it is gone; writes act on the truth", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch } = caller;
    cloud.world.delays({ pendingMs: 5000, startingMs: 10_000, stoppingMs: 10_000, releasingMs: 1000 });
    cloud.world.lag(LAG_MS);
    const [id = ""] = await launch(TAGGED);
    expect(await statesOf(caller, id)).toEqual([undefined]);
    await later(caller, LAG_MS - 1);
    expect(await statesOf(caller, id)).toEqual([undefined]);
    // Running for long, and seen as it began.
    await later(caller, 1);
    expect(await statesOf(caller, id)).toEqual(["Pending"]);
    await ask("StopInstance", { InstanceId: id });
    expect(cloud.world.mustHave(id).status).toBe("Stopping");
    await later(caller, 20_000);
    expect(cloud.world.mustHave(id).status).toBe("Stopped");
    expect(await statesOf(caller, id)).toEqual(["Running"]);
    await later(caller, LAG_MS);
    expect(await statesOf(caller, id)).toEqual(["Stopped"]);
    await ask("DeleteInstance", { InstanceId: id });
    await later(caller, LAG_MS);
    expect(cloud.world.instances.has(id)).toBe(false);
    expect(await statesOf(caller, id)).toEqual(["Stopped"]);
    expect(await caller.refusal("StopInstance", { InstanceId: id })).toBe("404 InvalidInstanceId.NotFound");
    await later(caller, 1000);
    expect(await statesOf(caller, id)).toEqual([undefined]);
  });
});

test("disks, snapshots and images lag like instances, and so does the newest image of a family", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch } = caller;
    cloud.world.delays({ imageMs: 60_000, snapshotMs: 60_000 });
    const [InstanceId = ""] = await launch();
    await later(caller, 120_000);
    await ask("StopInstance", { InstanceId });
    await later(caller, 120_000);
    cloud.world.lag(LAG_MS);
    const named = { InstanceId, ImageName: "lagging", ImageFamily: "lagging" };
    const { ImageId } = known<{ ImageId: string }>(await ask("CreateImage", named));
    const seen = async () => [
      (await rowsOf(caller, "DescribeImages", { ImageId, Status: "ALL" })).map((row) => row["Status"]),
      (await rowsOf(caller, "DescribeSnapshots")).map((row) => row["Status"]),
      known<{ Image?: object }>(await ask("DescribeImageFromFamily", { ImageFamily: "lagging" })).Image !==
        undefined,
    ];
    expect(await seen()).toEqual([[], [], false]);
    await later(caller, LAG_MS);
    expect(await seen()).toEqual([["Creating"], ["progressing"], false]);
    await later(caller, 40_000);
    expect(cloud.world.served(cloud.region, "lagging")?.imageId).toBe(ImageId);
    expect(await seen()).toEqual([["Creating"], ["progressing"], false]);
    // A launch by family acts on the truth.
    const [fresh = ""] = await launch({ ImageFamily: "lagging" });
    const disksOf = () => rowsOf(caller, "DescribeDisks", { InstanceId: fresh });
    expect(await disksOf()).toEqual([]);
    await later(caller, LAG_MS);
    expect(await seen()).toEqual([["Available"], ["accomplished"], true]);
    expect(await disksOf()).toHaveLength(1);
    await ask("DeleteImage", { ImageId, Force: true });
    expect(await seen()).toEqual([["Available"], ["accomplished"], true]);
    await later(caller, LAG_MS);
    expect(await seen()).toEqual([[], ["accomplished"], false]);
  });
});

test("tags added and removed are seen late, by lists and by their filters", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch } = caller;
    const [id = ""] = await launch({ "Tag.1.Key": "old", "Tag.1.Value": "1" });
    cloud.world.lag(LAG_MS);
    const resource = { ResourceType: "instance", "ResourceId.1": id };
    await ask("TagResources", { ...resource, "Tag.1.Key": "new", "Tag.1.Value": "1" });
    await ask("UntagResources", { ...resource, "TagKey.1": "old" });
    const seen = async () => [
      (await rowsOf(caller, "ListTagResources", resource)).map((row) => row["TagKey"]),
      (await rowsOf(caller, "DescribeInstances", { "Tag.1.Key": "old" })).length,
      (await rowsOf(caller, "DescribeInstances", { "Tag.1.Key": "new" })).length,
    ];
    expect(await seen()).toEqual([["old"], 1, 0]);
    await later(caller, LAG_MS - 1);
    expect(await seen()).toEqual([["old"], 1, 0]);
    await later(caller, 1);
    expect(await seen()).toEqual([["new"], 0, 1]);
  });
});

test("without a lag, and when it ends, lists show the truth", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, launch } = caller;
    const [first = ""] = await launch(TAGGED);
    expect(await statesOf(caller, first)).toEqual(["Pending"]);
    cloud.world.lag(LAG_MS);
    expect(await statesOf(caller, first)).toEqual(["Pending"]);
    const [second = ""] = await launch({ ...LAUNCH, ...TAGGED });
    expect(await statesOf(caller, second)).toEqual([undefined]);
    cloud.world.lag(0);
    expect(await statesOf(caller, second)).toEqual(["Pending"]);
  });
});
