import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import type Sdk from "@alicloud/ecs20140526";
import type * as Core from "@alicloud/openapi-core";
import { test } from "vitest";
import { type Cloud, CloudFault } from "../cloud/index.ts";
import { inCloud, LAUNCH, read } from "./ecs-caller.ts";
import { openApi } from "./clients.ts";
import { known } from "../support/known.ts";

const require = createRequire(import.meta.url);
const sdk = known<typeof Sdk>(require("@alicloud/ecs20140526"));
const { $OpenApiUtil } = known<typeof Core>(require("@alicloud/openapi-core"));

function sdkClient(
  cloud: Cloud,
  options: { signatureAlgorithm?: string } = {},
): InstanceType<typeof sdk.default> {
  const Client = sdk.default;
  return new Client(
    new $OpenApiUtil.Config({
      accessKeyId: cloud.accessKey.id,
      accessKeySecret: cloud.accessKey.secret,
      endpoint: new URL(cloud.urls.ecs).host,
      protocol: "HTTP",
      regionId: cloud.region,
      ...options,
    }),
  );
}

test("both client generations, in every way they send, launch and see the same instances", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask }) => {
    for (const signatureAlgorithm of [undefined, "v2"]) {
      const client = sdkClient(cloud, signatureAlgorithm === undefined ? {} : { signatureAlgorithm });
      const request = new sdk.RunInstancesRequest({
        regionId: cloud.region,
        imageFamily: LAUNCH.ImageFamily,
        instanceType: LAUNCH.InstanceType,
        securityGroupId: LAUNCH.SecurityGroupId,
        vSwitchId: LAUNCH.VSwitchId,
        amount: 2,
        systemDisk: new sdk.RunInstancesRequestSystemDisk({ size: "60", category: "cloud_essd" }),
        tag: [new sdk.RunInstancesRequestTag({ key: "团队", value: "a+b/c=d !'()*" })],
      });
      const { body } = await client.runInstances(request);
      expect(body?.instanceIdSets?.instanceIdSet).toHaveLength(2);
    }
    await ask("RunInstances", { ...LAUNCH, Tag: [{ Key: "团队", Value: "a+b/c=d !'()*" }] }, "GET");
    await ask("RunInstances", { ...LAUNCH, DataDisk: [{ Size: 100, Category: "cloud_essd" }] }, "POST");
    const seen = await sdkClient(cloud).describeInstances(
      new sdk.DescribeInstancesRequest({ regionId: cloud.region }),
    );
    expect(seen.body?.totalCount).toBe(6);
    const tagged = await ask("DescribeInstances", { Tag: [{ Key: "团队", Value: "a+b/c=d !'()*" }] }, "GET");
    expect(read(tagged, "TotalCount")).toBe(5);
    expect(read(tagged, "Instances.Instance.0.Tags.Tag")).toEqual([
      { TagKey: "团队", TagValue: "a+b/c=d !'()*" },
    ]);
  });
});

test("user data of 32 KiB goes through in the address of a request, one byte more is refused", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, refusal }) => {
    const launch = (bytes: number): Promise<unknown> =>
      openApi(cloud.urls.ecs, cloud.accessKey, {
        action: "RunInstances",
        version: "2014-05-26",
        query: { RegionId: cloud.region, ...LAUNCH, UserData: Buffer.alloc(bytes, "#").toString("base64") },
      });
    await launch(32 * 1024);
    expect(cloud.world.instances.size).toBe(1);
    const tooMuch = Buffer.alloc(32 * 1024 + 1, "#").toString("base64");
    expect(await refusal("RunInstances", { ...LAUNCH, UserData: tooMuch })).toBe(
      "400 InvalidUserData.SizeExceeded",
    );
    expect(JSON.stringify(cloud.callLog.entries())).not.toContain("IyMjIyMj");
  });
});

test("a refusal reaches the SDK with its code, status and request id", async ({ expect }) => {
  await inCloud(async ({ cloud }) => {
    const client = sdkClient(cloud);
    const asked = client.startInstance(new sdk.StartInstanceRequest({ instanceId: "i-none" }));
    await expect(asked).rejects.toMatchObject({
      code: "InvalidInstanceId.NotFound",
      statusCode: 404,
      requestId: expect.stringMatching(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/),
    });
  });
});

test("an unknown action, a wrong version and a missing or unknown region have errors of their own", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, refusal, ask }) => {
    expect(await refusal("DescribeNonsense")).toBe("404 InvalidAction.NotFound");
    expect(await refusal("DescribeInstances", { RegionId: "" })).toBe("400 MissingRegionId");
    expect(await refusal("DescribeInstances", { RegionId: "cn-nowhere" })).toBe(
      "404 InvalidRegionId.NotFound",
    );
    expect(await refusal("DescribeTaskAttribute", { RegionId: "cn-nowhere", TaskId: "t-1" })).toBe(
      "400 InvalidRegionId.NotFound",
    );
    const call = { action: "DescribeInstances", version: "2013-01-10", query: { RegionId: cloud.region } };
    await expect(openApi(cloud.urls.ecs, cloud.accessKey, call)).rejects.toMatchObject({
      code: "InvalidVersion",
    });
    await expect(ask("DescribeInstances", { Format: "XML" })).rejects.toThrow();
  });
});

test("a throttled action stays refused until the minute ends and blocks no other", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, refusal }) => {
    cloud.throttle("DescribeInstances", 2);
    await ask("DescribeInstances");
    await ask("DescribeInstances");
    expect(await refusal("DescribeInstances")).toBe("400 Throttling.User");
    await cloud.settle({ forMs: 59_000 });
    expect(await refusal("DescribeInstances")).toBe("400 Throttling.User");
    await ask("DescribeImages");
    await cloud.settle({ forMs: 1000 });
    await ask("DescribeInstances");
  });
});

/** Signature 1.0 by hand, for the shapes no installed client sends. */
function signed(cloud: Cloud, method: string, params: Readonly<Record<string, string>>): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replaceAll(
      /[!'()*]/g,
      (char) => `%${char.codePointAt(0)?.toString(16).toUpperCase()}`,
    );
  const all: Record<string, string> = {
    Version: "2014-05-26",
    AccessKeyId: cloud.accessKey.id,
    SignatureMethod: "HMAC-SHA1",
    SignatureVersion: "1.0",
    SignatureNonce: JSON.stringify([method, params]),
    Timestamp: new Date(cloud.time.now()).toISOString(),
    RegionId: cloud.region,
    ...params,
  };
  const query = Object.keys(all)
    .toSorted()
    .map((name) => `${encode(name)}=${encode(all[name] ?? "")}`)
    .join("&");
  const text = `${method}&%2F&${encode(query)}`;
  const signature = createHmac("sha1", `${cloud.accessKey.secret}&`).update(text).digest("base64");
  return `${query}&Signature=${encode(signature)}`;
}

test("other dialects of signature 1.0 are served, and without a format the answer is XML", async ({
  expect,
}) => {
  await inCloud(async ({ cloud }) => {
    const empty = await fetch(
      `${cloud.urls.ecs}/?${signed(cloud, "POST", { Action: "DescribeRegions", SignatureType: "" })}`,
      { method: "POST" },
    );
    expect(empty.headers.get("content-type")).toBe("text/xml;charset=utf-8");
    expect(await empty.text()).toMatch(
      /^<\?xml[^>]*><DescribeRegionsResponse><RequestId>.*<RegionId>cn-shanghai<.*<\/DescribeRegionsResponse>$/,
    );
    const form = await fetch(`${cloud.urls.ecs}/`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" },
      body: signed(cloud, "POST", { Action: "StartInstance", InstanceId: "i-<&>", Format: "XML" }),
    });
    expect(form.status).toBe(404);
    expect(await form.text()).toMatch(/<Error>.*<Code>InvalidInstanceId.NotFound<.*<\/Error>$/);
    const json = await fetch(
      `${cloud.urls.ecs}/?${signed(cloud, "GET", { Action: "DescribeZones", Format: "json" })}`,
    );
    expect(await json.json()).toMatchObject({ Zones: { Zone: expect.any(Array) as unknown } });
  });
});

test("a refusal injected before the effect leaves nothing behind", async ({ expect }) => {
  await inCloud(async ({ cloud, refusal }) => {
    cloud.faults.add({
      product: "ecs",
      action: "RunInstances",
      kind: "before",
      fault: new CloudFault(503, "ServiceUnavailable", "later"),
    });
    expect(await refusal("RunInstances", LAUNCH)).toBe("503 ServiceUnavailable");
    expect(cloud.world.instances.size).toBe(0);
    expect(cloud.callLog.entries().at(-1)).toMatchObject({
      action: "RunInstances",
      status: 503,
      code: "ServiceUnavailable",
    });
  });
});

test("a role may do only what its policy says, in the region it says", async ({ expect }) => {
  const roles = {
    watcher: {
      Version: "1" as const,
      Statement: [{ Effect: "Allow" as const, Action: "ecs:Describe*", Resource: "acs:ecs:cn-hangzhou:*:*" }],
    },
  };
  await inCloud(
    async ({ cloud, refusal }) => {
      const key = cloud.keys.assume("watcher", 3_600_000);
      const call = { action: "DescribeInstances", version: "2014-05-26", query: { RegionId: cloud.region } };
      await openApi(cloud.urls.ecs, key, call);
      expect(await refusal("RunInstances", LAUNCH, key)).toMatch(/^403 (NoPermission|Forbidden.RAM)$/);
      expect(await refusal("DescribeInstances", { RegionId: "cn-shanghai" }, key)).toMatch(/^403 /);
    },
    { roles },
  );
});
