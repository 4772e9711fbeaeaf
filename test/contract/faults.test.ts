import { test } from "vitest";
import { type Cloud, CloudFault, startCloud } from "../cloud/index.ts";
import { aliOss, openApi } from "./clients.ts";
import { withCloud } from "./fixture.ts";
import { json, known } from "../support/known.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => known<{ code: string }>(error).code,
  );

const ecs = (cloud: Cloud, action: string, query: Readonly<Record<string, string>> = {}) =>
  openApi(cloud.urls.ecs, cloud.accessKey, {
    action,
    version: "2014-05-26",
    query: { RegionId: "cn-hangzhou", ...query },
  });

const textOf = (cloud: Cloud, key: string): string | undefined => cloud.oss.find("box", key)?.body.toString();

test("a bucket that cannot be written under a prefix is so for the named actions and as long as the test says", async ({
  expect,
}) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  const until = cloud.time.now() + 1_800_000;
  cloud.faults.add({
    product: "oss",
    action: ["PutObject", "AppendObject"],
    kind: "before",
    when: ({ key }) => key?.startsWith("runs/") === true && cloud.time.now() < until,
    fault: new CloudFault(503, "ServiceUnavailable", "Please try again later."),
  });
  cloud.oss.put("box", "runs/there", "x");
  expect(await codeOf(client.append("runs/a", Buffer.from("x")))).toBe("ServiceUnavailable");
  expect(await codeOf(client.put("runs/b", Buffer.from("x")))).toBe("ServiceUnavailable");
  expect(await codeOf(client.append("locks/a", Buffer.from("x")))).toBe("no error");
  expect(await codeOf(client.get("runs/there"))).toBe("no error");
  await cloud.settle({ forMs: 1_800_000 });
  expect(await codeOf(client.append("runs/a", Buffer.from("x")))).toBe("no error");
  expect(cloud.oss.list("box").map(({ key }) => key)).toEqual(["locks/a", "runs/a", "runs/there"]);
  await cloud.close();
});

test("without names of actions a fault hits every call of its product", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  const stop = cloud.faults.add({ product: "oss", kind: "before" });
  for (const work of [
    client.get("k"),
    client.put("k", Buffer.from("x")),
    client.list({ "max-keys": 1 }, {}),
  ]) {
    expect(await codeOf(work)).toBe("InternalError");
  }
  expect(await codeOf(ecs(cloud, "DescribeInstances"))).toBe("no error");
  stop();
  expect(await codeOf(client.put("k", Buffer.from("x")))).toBe("no error");
  await cloud.close();
});

test("an error may be answered after the effect, by every product", async ({ expect }) => {
  const code = { echo: "exports.handler = async () => 1;" };
  await withCloud({ code }, {}, async (cloud) => {
    cloud.oss.createBucket("box");
    const fault = new CloudFault(500, "InternalError", "Please try again.");
    for (const product of ["oss", "ecs", "fc"] as const) {
      cloud.faults.add({ product, kind: "after", fault, when: (_, n) => n === 0 });
    }
    const append = () => aliOss(cloud, "box").append("log", Buffer.from("x"), { position: "0" });
    expect(await codeOf(append())).toBe("InternalError");
    expect(textOf(cloud, "log")).toBe("x");
    expect(await codeOf(append())).toBe("PositionNotEqualToLength");
    const create = () => ecs(cloud, "CreateLaunchTemplate", { LaunchTemplateName: "web" });
    expect(await codeOf(create())).toBe("InternalError");
    expect(await codeOf(create())).toBe("InvalidLaunchTemplateName.Duplicated");
    const submitted = openApi(cloud.urls.fc, cloud.accessKey, {
      style: "ROA",
      action: "InvokeFunction",
      version: "2023-03-30",
      path: "/2023-03-30/functions/echo/invocations",
      headers: { "x-fc-invocation-type": "Async" },
      body: "x",
    });
    expect(await codeOf(submitted)).toBe("InternalError");
    await cloud.settle();
    expect(cloud.fc.invocations).toHaveLength(1);
  });
});

test("another client appends between the read and the append of the first", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  const other = aliOss(cloud, "box");
  const seen: unknown[] = [];
  // One reads the end of the log; before it appends there, the other does.
  const stop = cloud.faults.interleave({
    product: "oss",
    action: "AppendObject",
    when: ({ payload }) => payload === "mine",
    before: async ({ key, position }) => {
      seen.push([key, position]);
      await other.append(String(key), Buffer.from("theirs"), { position: String(position) });
    },
  });
  expect(await codeOf(client.append("log", Buffer.from("mine"), { position: "0" }))).toBe(
    "PositionNotEqualToLength",
  );
  stop();
  expect(textOf(cloud, "log")).toBe("theirs");
  expect(seen).toEqual([["log", "0"]]);
  await cloud.close();
});

test("the answer of a read is old when it arrives, and a call may be interleaved and fail", async ({
  expect,
}) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  cloud.oss.append("box", "log", "theirs");
  cloud.faults.interleave({
    product: "oss",
    action: "GetObject",
    when: (_, n) => n === 0,
    after: () => void cloud.oss.append("box", "log", "+"),
  });
  const { content } = known<{ content: Buffer }>(await client.get("log"));
  expect([content.toString(), textOf(cloud, "log")]).toEqual(["theirs", "theirs+"]);
  await client.get("log");
  expect(textOf(cloud, "log")).toBe("theirs+");

  cloud.faults.interleave({ product: "ecs", before: () => void cloud.oss.put("box", "ecs", "1") });
  cloud.faults.add({ product: "ecs", action: "DescribeInstances", kind: "before" });
  expect(await codeOf(ecs(cloud, "DescribeInstances"))).toBe("ServiceUnavailable");
  expect(textOf(cloud, "ecs")).toBe("1");
  cloud.faults.clear();
  cloud.oss.delete("box", "ecs");
  expect(await codeOf(ecs(cloud, "DescribeInstances"))).toBe("no error");
  expect(textOf(cloud, "ecs")).toBeUndefined();
  await cloud.close();
});

const READS_THEN_WRITES = `const { createHmac } = require("node:crypto");
exports.handler = async (event, { credentials: { accessKeyId: id, accessKeySecret: secret, securityToken: token } }) => {
  const send = (method, path, body) => {
    const date = new Date().toUTCString();
    const text = method + "\\n\\n" + (body ? "text/plain" : "") + "\\n" + date + "\\nx-oss-date:" + date + "\\nx-oss-security-token:" + token + "\\n/box/" + path;
    const signature = createHmac("sha1", secret).update(text).digest("base64");
    const headers = { "x-oss-date": date, "x-oss-security-token": token, authorization: "OSS " + id + ":" + signature, ...(body && { "content-type": "text/plain" }) };
    return fetch(process.env.OSS + "/box/" + path, { method, headers, ...(body && { body }) });
  };
  const end = (await send("HEAD", "log")).headers.get("x-oss-next-append-position");
  return { end, status: (await send("POST", "log?append&position=" + end, String(event))).status };
};`;

test("two invocations read the same end of a log before either writes, and one of them wins", async ({
  expect,
}) => {
  const props = { races: "environmentVariables: { OSS: \"${env('OSS')}\" }" };
  await withCloud(
    { code: { races: READS_THEN_WRITES }, props },
    { env: ({ oss }) => ({ OSS: oss }) },
    async (cloud) => {
      cloud.oss.createBucket("box");
      cloud.oss.append("box", "log", "0");
      let meet: () => void = () => {};
      const both = new Promise<void>((resolve) => (meet = resolve));
      cloud.faults.interleave({
        product: "oss",
        action: "HeadObject",
        after: () => both,
        when: (_, n) => {
          if (n === 1) meet();
          return true;
        },
      });
      for (const body of ["a", "b"]) {
        const call = { style: "ROA", action: "InvokeFunction", version: "2023-03-30" } as const;
        const path = "/2023-03-30/functions/races/invocations";
        const headers = { "x-fc-invocation-type": "Async" };
        await openApi(cloud.urls.fc, cloud.accessKey, { ...call, path, headers, body });
      }
      await cloud.settle({ parallel: 2 });
      const results = cloud.fc.invocations.map(({ result }) => json<{ end: string; status: number }>(result));
      expect(results.map(({ end }) => end)).toEqual(["1", "1"]);
      expect(results.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
      expect(textOf(cloud, "log")).toHaveLength(2);
    },
  );
});

test("lists lag behind the objects by as much as the test says, reads do not", async ({ expect }) => {
  const cloud = await startCloud();
  cloud.oss.createBucket("box");
  const client = aliOss(cloud, "box");
  const listed = async () => {
    const { objects } = await client.list({ "max-keys": 100 }, {});
    return objects.map(({ name, size }) => `${name} ${size}`);
  };
  cloud.oss.put("box", "old", "1");
  cloud.oss.lagLists(10_000);
  await client.put("new", Buffer.from("1"));
  await client.append("log", Buffer.from("1"));
  await client.delete("old");
  expect(await listed()).toEqual(["old 1"]);
  expect(await codeOf(client.get("new"))).toBe("no error");
  expect(await codeOf(client.get("old"))).toBe("NoSuchKey");
  await cloud.settle({ forMs: 6000 });
  await client.append("log", Buffer.from("2"), { position: "1" });
  expect(await listed()).toEqual(["old 1"]);
  await cloud.settle({ forMs: 4000 });
  expect(await listed()).toEqual(["log 1", "new 1"]);
  await cloud.settle({ forMs: 6000 });
  expect(await listed()).toEqual(["log 2", "new 1"]);
  await client.delete("new");
  cloud.oss.lagLists(0);
  expect(await listed()).toEqual(["log 2"]);
  await cloud.close();
});
