import { test } from "vitest";
import { inCloud, read } from "./ecs-caller.ts";

test("tags are put, listed one row each, found by key, and taken off", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const ids = await launch({ Amount: 3, Tag: [{ Key: "env", Value: "prod" }] });
    const on = { ResourceType: "instance", ResourceId: ids };
    await ask("TagResources", {
      ...on,
      Tag: [
        { Key: "env", Value: "test" },
        { Key: "empty", Value: "" },
      ],
    });
    const rows = await ask("ListTagResources", {
      ResourceType: "instance",
      Tag: [{ Key: "env", Value: "test" }],
    });
    expect(read(rows, "TagResources.TagResource")).toHaveLength(6);
    await ask("UntagResources", { ...on, TagKey: ["empty"] });
    await ask("UntagResources", { ...on, ResourceId: [ids[0]], All: true });
    expect(ids.map((id) => cloud.world.tags.count("instance", id))).toEqual([0, 1, 1]);
    expect(await refusal("TagResources", { ResourceType: "instance", Tag: [{ Key: "a", Value: "b" }] })).toBe(
      "404 MissingParameter.ResourceIds",
    );
    expect(
      await refusal("TagResources", { ...on, ResourceId: ["i-none"], Tag: [{ Key: "a", Value: "b" }] }),
    ).toBe("404 InvalidResourceId.NotFound");
    expect(
      await refusal("TagResources", { ...on, ResourceType: "planet", Tag: [{ Key: "a", Value: "b" }] }),
    ).toBe("404 InvalidResourceType.NotFound");
    expect(await refusal("TagResources", { ...on, Tag: [{ Key: "aliyun", Value: "b" }] })).toBe(
      "400 InvalidTagKey.Malformed",
    );
    const full = Array.from({ length: 20 }, (_, index) => ({ Key: `k${index}`, Value: "" }));
    expect(await refusal("TagResources", { ...on, Tag: full })).toBe("403 QuotaExceed.Tags");
  });
});

test("beyond a thousand tagged instances a filter sees only the first thousand, the tag list all", async ({
  expect,
}) => {
  await inCloud(async ({ ask, launch }) => {
    for (let n = 0; n < 11; n++) await launch({ Amount: 100, Tag: [{ Key: "fleet", Value: "web" }] });
    const filter = { Tag: [{ Key: "fleet", Value: "web" }] };
    expect(read(await ask("DescribeInstances", { ...filter, PageSize: 100 }), "TotalCount")).toBe(1000);
    let rows = 0;
    let NextToken: string | undefined;
    do {
      const page = await ask("ListTagResources", { ResourceType: "instance", ...filter, NextToken });
      rows += read<unknown[]>(page, "TagResources.TagResource").length;
      NextToken = read<string>(page, "NextToken");
    } while (NextToken !== "");
    expect(rows).toBe(1100);
  });
});

test("pages by token hold 10 to 100 and join without gap or repeat, though instances go meanwhile", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const ids = await launch({ Amount: 25 });
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ask("DescribeInstances", { MaxResults: 1, NextToken });
      const items = read<{ InstanceId: string }[]>(page, "Instances.Instance");
      expect(items.length).toBeLessThanOrEqual(10);
      seen.push(...items.map((item) => item.InstanceId));
      NextToken = read<string>(page, "NextToken");
      // Once the very instance the next page starts behind.
      if (seen.length === 10) cloud.world.vanish(seen[9]!);
    } while (NextToken !== "");
    expect(seen).toEqual(ids);
    expect(await refusal("DescribeInstances", { MaxResults: 10, NextToken: "nonsense" })).toBe(
      "400 InvalidParameter",
    );
    expect(await refusal("DescribeInstances", { PageSize: 101 })).toBe("400 InvalidParameter");
    expect(await refusal("DescribeInstanceStatus", { PageSize: 51 })).toBe("400 InvalidParameter");
  });
});

test("filters of DescribeInstances narrow, and unknown ids are silently missing", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [a] = await launch({ InstanceName: "web-a" });
    await cloud.settle({ forMs: 120_000 });
    const [b] = await launch({
      InstanceName: "db-b",
      InstanceType: "ecs.c7.large",
      VSwitchId: "vsw-hangzhou-i",
    });
    const found = async (params: Record<string, unknown>): Promise<unknown> =>
      read<{ InstanceId: string }[]>(await ask("DescribeInstances", params), "Instances.Instance").map(
        (item) => item.InstanceId,
      );
    expect(await found({ InstanceIds: JSON.stringify([a, "i-none"]) })).toEqual([a]);
    expect(await found({ InstanceName: "web-*" })).toEqual([a]);
    expect(await found({ Status: "Pending" })).toEqual([b]);
    expect(await found({ InstanceType: "ecs.c7.large" })).toEqual([b]);
    expect(await found({ VSwitchId: "vsw-hangzhou-i" })).toEqual([b]);
    expect(
      await found({ "Filter.1.Key": "CreationStartTime", "Filter.1.Value": "2026-01-05T08:01Z" }),
    ).toEqual([b]);
    expect(await found({ RegionId: "cn-shanghai" })).toEqual([]);
    expect(await refusal("DescribeInstances", { Status: "Asleep" })).toBe("404 InvalidStatus.NotFound");
  });
});
