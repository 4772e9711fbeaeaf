import OSS from "ali-oss";
import { test } from "vitest";
import { type Cloud, type CloudOptions, type Policy, startCloud } from "../cloud/index.ts";
import { known } from "../support/known.ts";
import { zipOf } from "../support/zip.ts";
import { aliOss, type Credentials, fc2, fc3, fcSdk } from "./clients.ts";

const sdk = fcSdk();
const ECHO = "exports.handler = async (event) => event.toString();";
const says = (text: string): string => `exports.handler = async () => ${JSON.stringify(text)};`;
const inline = (source: string) => ({ zipFile: zipOf({ "index.js": source }).toString("base64") });

/** Functions are made, used and removed with the official client. */
function panelOf(cloud: Cloud, key?: Credentials) {
  const client = fc3(cloud, key);
  const base = { runtime: "nodejs20", handler: "index.handler", cpu: 0.1, memorySize: 128, diskSize: 512 };
  return {
    client,
    create: (functionName: string, more: Readonly<Record<string, unknown>> = {}) => {
      const body = { ...base, functionName, timeout: 60, code: inline(ECHO), ...more };
      return client.createFunction(
        new sdk.CreateFunctionRequest({ body: new sdk.CreateFunctionInput(body) }),
      );
    },
    update: (name: string, body: Readonly<Record<string, unknown>>) =>
      client.updateFunction(name, new sdk.UpdateFunctionRequest({ body: new sdk.UpdateFunctionInput(body) })),
    get: async (name: string) => (await client.getFunction(name, new sdk.GetFunctionRequest({}))).body,
    addTrigger: (name: string, trigger: Readonly<Record<string, unknown>>, config: object) => {
      const body = new sdk.CreateTriggerInput({ ...trigger, triggerConfig: JSON.stringify(config) });
      return client.createTrigger(name, new sdk.CreateTriggerRequest({ body }));
    },
    updateTrigger: (name: string, triggerName: string, config: object) => {
      const body = new sdk.UpdateTriggerInput({ triggerConfig: JSON.stringify(config) });
      return client.updateTrigger(name, triggerName, new sdk.UpdateTriggerRequest({ body }));
    },
    reserve: (name: string, reservedConcurrency: number) => {
      const body = new sdk.PutConcurrencyInput({ reservedConcurrency });
      return client.putConcurrencyConfig(name, new sdk.PutConcurrencyConfigRequest({ body }));
    },
    configure: (name: string, config: Readonly<Record<string, unknown>>) => {
      const body = new sdk.PutAsyncInvokeConfigInput(config);
      const request = new sdk.PutAsyncInvokeConfigRequest({ qualifier: "LATEST", body });
      return client.putAsyncInvokeConfig(name, request);
    },
    call: async (name: string, payload = "x", qualifier = "LATEST") =>
      (await fc2(cloud).post(`/functions/${name}/invocations`, payload, {}, { qualifier })).data,
  };
}

type Panel = ReturnType<typeof panelOf>;

async function withPanel(
  work: (panel: Panel, cloud: Cloud) => Promise<void>,
  options: CloudOptions = {},
): Promise<void> {
  const cloud = await startCloud(options);
  try {
    await work(panelOf(cloud), cloud);
  } finally {
    await cloud.close();
  }
}

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => {
      const { code, statusCode } = known<{ code: string; statusCode: number }>(error);
      return `${statusCode} ${code}`;
    },
  );

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

const OSS_RULE = { events: ["oss:ObjectCreated:PutObject"], filter: { key: { prefix: "in/", suffix: "" } } };
const inbox = (cloud: Cloud, more: object = {}) => ({
  triggerName: "inbox",
  triggerType: "oss",
  sourceArn: `acs:oss:cn-hangzhou:${cloud.accountId}:box`,
  invocationRole: `acs:ram::${cloud.accountId}:role/notifier`,
  ...more,
});
const TICK = { triggerName: "tick", triggerType: "timer" };
const every = (cronExpression: string) => ({ cronExpression, enable: true, payload: "p" });

test("triggers that are created start the function, and do so no more when they are changed or gone", async ({
  expect,
}) => {
  await withPanel(async ({ client, create, addTrigger, updateTrigger }, cloud) => {
    cloud.oss.createBucket("box");
    await create("f");
    await addTrigger("f", inbox(cloud), OSS_RULE);
    await addTrigger("f", TICK, every("@every 5m"));
    const runs = async (ms: number): Promise<string[]> => {
      const before = cloud.fc.invocations.length;
      for (const key of ["in/a", "out/a"]) cloud.oss.put("box", key, "x");
      await cloud.settle({ forMs: ms });
      return cloud.fc.invocations.slice(before).map(({ source }) => source);
    };
    expect(await runs(6 * 60_000)).toEqual(["oss", "timer"]);
    await updateTrigger("f", "tick", every("@every 1m"));
    await updateTrigger("f", "inbox", { ...OSS_RULE, filter: { key: { prefix: "out/", suffix: "" } } });
    expect(await runs(150_000)).toEqual(["oss", "timer", "timer"]);
    await client.deleteTrigger("f", "tick");
    await client.deleteTrigger("f", "inbox");
    expect(await runs(10 * 60_000)).toEqual([]);
  });
});

test("an HTTP trigger has an address as long as it is there", async ({ expect }) => {
  await withPanel(async ({ client, create, addTrigger }, cloud) => {
    await create("web", { code: inline("exports.handler = async () => ({ statusCode: 200, body: 'hi' });") });
    const config = { authType: "anonymous", methods: ["GET"], disableURLInternet: false };
    const { body } = await addTrigger("web", { triggerName: "http", triggerType: "http" }, config);
    const url = body?.httpTrigger?.urlInternet ?? "";
    expect(cloud.urls.http["web"]).toBe(url);
    expect(await (await fetch(url)).text()).toBe("hi");
    await client.deleteTrigger("web", "http");
    expect(cloud.urls.http).toEqual({});
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });
});

test("a trigger keeps its form, and lists of triggers are filtered and paged", async ({ expect }) => {
  await withPanel(async ({ client, create, addTrigger }, cloud) => {
    cloud.oss.createBucket("box");
    await create("f");
    await addTrigger("f", inbox(cloud), OSS_RULE);
    for (const name of ["tick-a", "tick-b"])
      await addTrigger("f", { ...TICK, triggerName: name }, every("@every 5m"));
    const { body } = await client.getTrigger("f", "inbox");
    expect(body).toMatchObject({ ...inbox(cloud), qualifier: "LATEST", description: "" });
    expect(JSON.parse(body?.triggerConfig ?? "")).toEqual(OSS_RULE);
    const list = async (query: object): Promise<unknown> => {
      const { body: page } = await client.listTriggers("f", new sdk.ListTriggersRequest(query));
      return [page?.triggers?.map(({ triggerName }) => triggerName), page?.nextToken];
    };
    expect(await list({})).toEqual([["inbox", "tick-a", "tick-b"], undefined]);
    expect(await list({ prefix: "tick", limit: 1 })).toEqual([["tick-a"], "tick-b"]);
    expect(await list({ prefix: "tick", limit: 1, nextToken: "tick-b" })).toEqual([["tick-b"], undefined]);
  });
});

test("triggers that the platform or the bucket does not take are refused", async ({ expect }) => {
  await withPanel(async ({ create, addTrigger }, cloud) => {
    await create("f");
    await create("g");
    expect(await refusal(addTrigger("f", inbox(cloud), OSS_RULE))).toBe("400 InvalidArgument");
    cloud.oss.createBucket("box");
    await addTrigger("f", inbox(cloud), OSS_RULE);
    const nested = { ...OSS_RULE, filter: { key: { prefix: "in/a/", suffix: "" } } };
    const bad: [Readonly<Record<string, unknown>>, object][] = [
      [inbox(cloud, { triggerName: "second" }), nested],
      [
        inbox(cloud, { triggerName: "far", sourceArn: `acs:oss:cn-beijing:${cloud.accountId}:box` }),
        OSS_RULE,
      ],
      [
        inbox(cloud, { triggerName: "role", invocationRole: "" }),
        { ...OSS_RULE, filter: { key: { prefix: "x", suffix: "" } } },
      ],
      [TICK, every("every day")],
      [{ triggerName: "q", triggerType: "mns_topic" }, {}],
      [
        { triggerName: "w", triggerType: "http" },
        { authType: "open", methods: ["GET"] },
      ],
    ];
    for (const [trigger, config] of bad) {
      expect(await refusal(addTrigger("g", trigger, config))).toBe("400 InvalidArgument");
    }
    expect(cloud.fc.functions.get("g")?.triggers).toEqual([]);
  });
});

test("what is not there and what is there already has its code", async ({ expect }) => {
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

const FAILS = "exports.handler = async () => { throw new Error('no'); };";

test("settings of asynchronous invocation hold until they are deleted", async ({ expect }) => {
  await withPanel(async ({ client, create, configure }, cloud) => {
    await create("fails", { code: inline(FAILS), role: `acs:ram::${cloud.accountId}:role/worker` });
    await create("sink");
    const attempts = async (): Promise<number | undefined> => {
      const headers = { "x-fc-invocation-type": "Async" };
      await fc2(cloud).post("/functions/fails/invocations", "x", headers);
      await cloud.settle();
      return cloud.fc.events.findLast((event) => event.function === "fails")?.attempts;
    };
    expect(await attempts()).toBe(4);
    const destination = `acs:fc:cn-hangzhou:${cloud.accountId}:functions/sink`;
    await configure("fails", {
      maxAsyncRetryAttempts: 1,
      maxAsyncEventAgeInSeconds: 3600,
      destinationConfig: { onFailure: { destination } },
    });
    expect(await attempts()).toBe(2);
    expect(cloud.fc.invocations.filter((run) => run.function === "sink")).toHaveLength(1);
    const list = await client.listAsyncInvokeConfigs(
      new sdk.ListAsyncInvokeConfigsRequest({ functionName: "fails" }),
    );
    expect(list.body?.configs).toMatchObject([
      { maxAsyncRetryAttempts: 1, destinationConfig: { onFailure: { destination } } },
    ]);
    await client.deleteAsyncInvokeConfig("fails", new sdk.DeleteAsyncInvokeConfigRequest({}));
    expect(await attempts()).toBe(4);
  });
});

test("a destination that the function's role may not invoke is refused", async ({ expect }) => {
  const roles = { worker: { Version: "1", Statement: [] } } as const;
  await withPanel(
    async ({ create, configure }, cloud) => {
      await create("f", { role: `acs:ram::${cloud.accountId}:role/worker` });
      const destination = `acs:fc:cn-hangzhou:${cloud.accountId}:functions/sink`;
      const config = { destinationConfig: { onFailure: { destination } } };
      expect(await refusal(configure("f", config))).toBe("400 InvalidArgument");
    },
    { roles },
  );
});

test("functions reserve nine tenths of the account's instances at most, and the others share the rest", async ({
  expect,
}) => {
  await withPanel(async ({ client, create, reserve }) => {
    for (const name of ["a", "b"]) await create(name);
    await reserve("a", 60);
    expect(await refusal(reserve("b", 31))).toBe("400 InvalidArgument");
    await reserve("b", 30);
    await reserve("a", 10);
    await reserve("b", 80);
    expect((await client.getConcurrencyConfig("b")).body?.reservedConcurrency).toBe(80);
    await client.deleteConcurrencyConfig("b");
    await reserve("a", 90);
    const { body } = await client.listConcurrencyConfigs(new sdk.ListConcurrencyConfigsRequest({}));
    expect(body?.configs?.map(({ reservedConcurrency }) => reservedConcurrency)).toEqual([90]);
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

test("a version keeps code and settings of its moment, and an alias names one", async ({ expect }) => {
  await withPanel(async ({ client, create, update, call }) => {
    await create("f", { code: inline(says("one")) });
    const publish = () =>
      client.publishFunctionVersion(
        "f",
        new sdk.PublishFunctionVersionRequest({ body: new sdk.PublishVersionInput({}) }),
      );
    await publish();
    await update("f", { code: inline(says("two")) });
    await publish();
    const body = (versionId: string) => new sdk.CreateAliasInput({ aliasName: "prod", versionId });
    await client.createAlias("f", new sdk.CreateAliasRequest({ body: body("1") }));
    expect(await Promise.all(["LATEST", "1", "2", "prod"].map((one) => call("f", "x", one)))).toEqual([
      "two",
      "one",
      "two",
      "one",
    ]);
    const moved = new sdk.UpdateAliasRequest({ body: new sdk.UpdateAliasInput({ versionId: "2" }) });
    await client.updateAlias("f", "prod", moved);
    expect(await call("f", "x", "prod")).toBe("two");
    const again = client.createAlias("f", new sdk.CreateAliasRequest({ body: body("1") }));
    expect(await refusal(again)).toBe("409 AliasAlreadyExists");
    await client.deleteFunctionVersion("f", "1");
    await client.deleteAlias("f", "prod");
    expect(await refusal(client.getAlias("f", "prod"))).toBe("404 AliasNotFound");
    const versions = await client.listFunctionVersions("f", new sdk.ListFunctionVersionsRequest({}));
    expect(versions.body?.versions?.map(({ versionId }) => versionId)).toEqual(["2"]);
  });
});

test("settings that are not simulated are empty", async ({ expect }) => {
  await withPanel(async ({ client, create }) => {
    await create("f");
    const qualifier = "LATEST";
    const { body: scaling } = await client.getScalingConfig(
      "f",
      new sdk.GetScalingConfigRequest({ qualifier }),
    );
    const { body: provision } = await client.getProvisionConfig(
      "f",
      new sdk.GetProvisionConfigRequest({ qualifier }),
    );
    const { body: bindings } = await client.listVpcBindings("f");
    const { body: all } = await client.listScalingConfigs(
      new sdk.ListScalingConfigsRequest({ functionName: "f" }),
    );
    expect([scaling?.functionArn, provision?.target, bindings?.vpcIds, all?.scalingConfigs]).toEqual([
      undefined,
      0,
      [],
      [],
    ]);
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
