import OSS from "ali-oss";
import { test } from "vitest";
import type { Cloud, Policy } from "../cloud/index.ts";
import { known } from "../support/known.ts";
import { zipOf } from "../../deploy/zip.ts";
import { aliOss, fc2, fc3 } from "./clients.ts";
import {
  ECHO,
  every,
  inbox,
  inline,
  OSS_RULE,
  panelOf,
  refusal,
  says,
  sdk,
  TICK,
  withPanel,
} from "./fc-panel.ts";

test("a function that is created runs the uploaded code, and the next code after an update, in new instances", async ({
  expect,
}) => {
  await withPanel(async ({ create, update, get, call }, cloud) => {
    const { body: made } = await create("echo", { description: "says it", environmentVariables: { A: "1" } });
    expect(await call("echo", "hello")).toBe("hello");
    expect(await get("echo")).toEqual(made);
    expect(made).toMatchObject({
      functionName: "echo",
      functionArn: `acs:fc:cn-hangzhou:${cloud.accountId}:functions/echo`,
      codeChecksum: expect.stringMatching(/^\d{10,20}$/),
      codeSize: zipOf({ "index.js": ECHO }).length,
      createdTime: "2026-01-05T08:00:00Z",
      environmentVariables: { A: "1" },
      state: "Active",
      lastUpdateStatus: "Successful",
    });
    await cloud.settle({ forMs: 1000 });
    const { body: changed } = await update("echo", { code: inline(says("other")) });
    expect(await call("echo", "hello")).toBe("other");
    expect(changed).toMatchObject({
      createdTime: made?.createdTime,
      lastModifiedTime: "2026-01-05T08:00:01Z",
    });
    expect(changed?.codeChecksum).not.toBe(made?.codeChecksum);
    expect(cloud.fc.invocations.map(({ coldStart }) => coldStart)).toEqual([true, true]);
  });
});

test("an update changes what it names and leaves the rest, and an empty setting clears", async ({
  expect,
}) => {
  const logConfig = { project: "p", logstore: "l" };
  await withPanel(async ({ create, update, get }) => {
    await create("f", { environmentVariables: { A: "1" }, role: "acs:ram::1:role/worker", logConfig });
    await update("f", { timeout: 90 });
    expect(await get("f")).toMatchObject({
      timeout: 90,
      environmentVariables: { A: "1" },
      role: expect.stringContaining("role/worker"),
      logConfig,
    });
    await update("f", { role: "", environmentVariables: {}, logConfig: { project: "", logstore: "" } });
    const cleared = await get("f");
    expect([cleared?.role, cleared?.environmentVariables, cleared?.logConfig]).toEqual([
      undefined,
      {},
      undefined,
    ]);
  });
});

interface Token {
  readonly credentials: Record<"AccessKeyId" | "AccessKeySecret" | "SecurityToken", string>;
  readonly ossBucket: string;
  readonly objectName: string;
}

/** An upload into the bucket of Function Compute, as the deploy tool makes it. */
async function upload(cloud: Cloud, archive: Buffer) {
  const client = fc2(cloud);
  client.version = "2016-08-15";
  const { credentials, ossBucket, objectName } = known<Token>((await client.get("/tempBucketToken")).data);
  const oss = new OSS({
    accessKeyId: credentials.AccessKeyId,
    accessKeySecret: credentials.AccessKeySecret,
    stsToken: credentials.SecurityToken,
    endpoint: cloud.urls.oss,
    bucket: ossBucket,
  });
  const ossObjectName = `${cloud.accountId}/${objectName}`;
  await oss.put(ossObjectName, archive);
  return { oss, code: { ossBucketName: ossBucket, ossObjectName } };
}

test("code goes through the bucket of Function Compute, whose credentials are for one upload and no more", async ({
  expect,
}) => {
  await withPanel(async ({ create, call, get }, cloud) => {
    const archive = zipOf({ "index.js": says("uploaded"), "lib/part.js": "" });
    const { oss, code } = await upload(cloud, archive);
    await create("f", { code });
    expect(await call("f")).toBe("uploaded");
    expect((await get("f"))?.codeSize).toBe(archive.length);
    const own = aliOss(cloud, code.ossBucketName);
    const tries = [
      oss.get(code.ossObjectName),
      oss.put("1/other", archive),
      oss.list({ "max-keys": 1 }, {}),
      own.get(code.ossObjectName),
    ];
    for (const one of tries) await expect(one).rejects.toMatchObject({ code: "AccessDenied" });
    expect(cloud.oss.buckets()).toEqual([]);
  });
});

test("code may be an object of a bucket, and what is no code is refused", async ({ expect }) => {
  await withPanel(async ({ create, call, update }, cloud) => {
    cloud.oss.createBucket("code");
    cloud.oss.put("code", "f.zip", zipOf({ "index.js": says("from a bucket") }));
    await create("f", { code: { ossBucketName: "code", ossObjectName: "f.zip" } });
    expect(await call("f")).toBe("from a bucket");
    const whole = zipOf({ "index.js": ECHO.repeat(20) });
    const broken = Buffer.from(whole);
    broken.writeUInt8(broken.readUInt8(45) ^ 1, 45);
    const archives = [
      Buffer.from("no archive"),
      whole.subarray(0, whole.length - 30),
      broken,
      zipOf({ "../index.js": ECHO }),
      zipOf({ "/etc/index.js": ECHO }),
    ];
    for (const archive of archives) {
      const code = { zipFile: archive.toString("base64") };
      expect(await refusal(create("g", { code }))).toBe("400 InvalidArgument");
    }
    const codes = [
      undefined,
      {},
      { ossBucketName: "code", ossObjectName: "no.zip" },
      { ossBucketName: "code" },
      { ...inline(ECHO), checksum: "1" },
    ];
    for (const code of codes) expect(await refusal(create("g", { code }))).toBe("400 InvalidArgument");
    expect(await refusal(update("f", { code: {} }))).toBe("400 InvalidArgument");
    expect([...cloud.fc.functions.keys()]).toEqual(["f"]);
    expect(await call("f")).toBe("from a bucket");
  });
});

const settings: readonly [string, Readonly<Record<string, unknown>>][] = [
  ["a bad name", { functionName: "1f" }],
  ["an unknown runtime", { runtime: "nodejs99" }],
  ["no memory to speak of", { memorySize: 64 }],
  ["a ratio out of bounds", { cpu: 4, memorySize: 128 }],
  ["too long", { timeout: 86_401 }],
  ["a reserved name", { environmentVariables: { FC_X: "1" } }],
  ["too large an environment", { environmentVariables: { A: "x".repeat(4097) } }],
  ["layers", { layers: ["acs:fc:cn-hangzhou:1:layers/x/versions/1"] }],
  ["several requests in an instance", { instanceConcurrency: 5 }],
  ["a file system", { nasConfig: { mountPoints: [{ mountDir: "/a" }], userId: 0, groupId: 0 } }],
];
for (const [what, more] of settings) {
  test(`settings that the platform refuses or the local cloud does not simulate are refused: ${what}`, async ({
    expect,
  }) => {
    await withPanel(async ({ create, update }, cloud) => {
      expect(await refusal(create("f", more))).toBe("400 InvalidArgument");
      expect(cloud.fc.functions.size).toBe(0);
      if ("functionName" in more) return;
      await create("f");
      expect(await refusal(update("f", more))).toBe("400 InvalidArgument");
    });
  });
}

test("a resource that is absent and one that exists already have their codes", async ({ expect }) => {
  await withPanel(async (panel) => {
    const { client, create, addTrigger, update, get } = panel;
    const absent = "404 FunctionNotFound";
    const latest = { qualifier: "LATEST" };
    expect(await refusal(get("f"))).toBe(absent);
    expect(await refusal(update("f", { timeout: 5 }))).toBe(absent);
    expect(await refusal(client.deleteFunction("f"))).toBe(absent);
    expect(await refusal(client.getTrigger("f", "t"))).toBe(absent);
    expect(await refusal(client.getConcurrencyConfig("f"))).toBe(absent);
    await create("f");
    expect(await refusal(create("f"))).toBe("409 FunctionAlreadyExists");
    expect(await refusal(client.getTrigger("f", "t"))).toBe("404 TriggerNotFound");
    expect(await refusal(client.deleteTrigger("f", "t"))).toBe("404 TriggerNotFound");
    await addTrigger("f", TICK, every("@every 5m"));
    expect(await refusal(addTrigger("f", TICK, every("@every 5m")))).toBe("409 TriggerAlreadyExists");
    const config = client.getAsyncInvokeConfig("f", new sdk.GetAsyncInvokeConfigRequest(latest));
    expect(await refusal(config)).toBe("404 AsyncConfigNotExists");
    expect(await refusal(client.getConcurrencyConfig("f"))).toBe("404 OnDemandConfigNotFound");
    expect(await refusal(client.deleteFunction("f"))).toBe("409 FunctionNotEmpty");
    await client.deleteTrigger("f", "tick");
    await client.deleteFunction("f");
    expect(await refusal(get("f"))).toBe(absent);
  });
});

test("functions are listed by prefix and in pages, and a parameter that would be ignored is refused", async ({
  expect,
}) => {
  await withPanel(async ({ client, create }) => {
    for (const name of ["b2", "a1", "b1", "b3"]) await create(name);
    const list = async (query: object): Promise<unknown> => {
      const { body } = await client.listFunctions(new sdk.ListFunctionsRequest(query));
      return [body?.functions?.map(({ functionName }) => functionName), body?.nextToken];
    };
    expect(await list({})).toEqual([["a1", "b1", "b2", "b3"], undefined]);
    expect(await list({ prefix: "b", limit: 2 })).toEqual([["b1", "b2"], "b3"]);
    expect(await list({ prefix: "b", limit: 2, nextToken: "b3" })).toEqual([["b3"], undefined]);
    for (const query of [{ limit: 0 }, { limit: 101 }, { nextToken: "x" }, { gpuType: "fc.gpu.tesla.1" }]) {
      expect(await refusal(list(query))).toBe("400 InvalidArgument");
    }
  });
});

test("an event whose function is gone ends unrun, and one whose function has changed runs the new code", async ({
  expect,
}) => {
  await withPanel(async ({ client, create, update }, cloud) => {
    for (const name of ["gone", "new"]) {
      await create(name);
      const headers = { "x-fc-invocation-type": "Async", "x-fc-async-delay": "60" };
      await fc2(cloud).post(`/functions/${name}/invocations`, "x", headers);
    }
    await client.deleteFunction("gone");
    await update("new", { code: inline(says("new code")) });
    await cloud.settle();
    expect(cloud.fc.events.map((event) => `${event.function} ${event.status}`)).toEqual([
      "gone Invalid",
      "new Succeeded",
    ]);
    expect(cloud.fc.invocations.map(({ result }) => result)).toEqual(["new code"]);
  });
});

const allow = (Action: string | string[], Resource: string | string[]): Policy => ({
  Version: "1",
  Statement: [{ Effect: "Allow", Action, Resource }],
});

test("a role may do to functions what its policy says, and give only the roles that it says", async ({
  expect,
}) => {
  const mine = "acs:fc:*:*:functions/mine-*";
  const policy = allow(
    ["fc:CreateFunction", "fc:*Trigger"],
    ["acs:fc:*:*:functions/*", `${mine}/triggers/*`],
  );
  const pass = allow("ram:PassRole", "acs:ram:*:*:role/mine-*").Statement;
  const roles = { deployer: { ...policy, Statement: [...policy.Statement, ...pass] } };
  await withPanel(
    async (_, cloud) => {
      const { client, create, addTrigger } = panelOf(cloud, cloud.keys.assume("deployer", 3_600_000));
      const role = (name: string) => ({ role: `acs:ram::${cloud.accountId}:role/${name}` });
      await create("mine-f", role("mine-worker"));
      expect(await refusal(create("mine-g", role("admin")))).toBe("403 AccessDenied");
      expect(await refusal(client.deleteFunction("mine-f"))).toBe("403 AccessDenied");
      await addTrigger("mine-f", TICK, every("@every 5m"));
      cloud.oss.createBucket("box");
      const rule = addTrigger("mine-f", inbox(cloud), OSS_RULE);
      expect(await refusal(rule)).toBe("403 AccessDenied");
    },
    { roles },
  );
});

test("who calls is asked before what there is", async ({ expect }) => {
  await withPanel(async ({ create }, cloud) => {
    await create("f");
    const wrong = { id: cloud.accessKey.id, secret: "wrong" };
    const client = fc3(cloud, wrong);
    for (const name of ["f", "absent"]) {
      expect(await refusal(client.deleteFunction(name))).toBe("403 SignatureNotMatch");
    }
    const unsigned = await fetch(`${cloud.urls.fc}/2023-03-30/nothing`, { method: "POST" });
    expect([unsigned.status, known<{ Code: string }>(await unsigned.json()).Code]).toEqual([
      400,
      "MissingRequiredHeader",
    ]);
  });
});
