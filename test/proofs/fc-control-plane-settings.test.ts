import { test } from "vitest";
import { fc2 } from "../contract/clients.ts";
import { every, inbox, inline, OSS_RULE, refusal, says, sdk, TICK, withPanel } from "../contract/fc-panel.ts";

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
