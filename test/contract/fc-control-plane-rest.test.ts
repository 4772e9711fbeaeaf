/** Calls of the control plane that Kiln does not make: code, tags, weights of aliases, the end of a task. */
import { test } from "vitest";
import { zipOf } from "../../deploy/zip.ts";
import { fc2 } from "./clients.ts";
import { ECHO, inline, refusal, says, sdk, withPanel } from "./fc-panel.ts";

const PUBLISH = new sdk.PublishFunctionVersionRequest({ body: new sdk.PublishVersionInput({}) });

test("the code of a function can be fetched for ten minutes, as it is and as it was", async ({ expect }) => {
  await withPanel(async ({ client, create, update }, cloud) => {
    await create("f");
    await client.publishFunctionVersion("f", PUBLISH);
    await update("f", { code: inline(says("new")) });
    const code = async (qualifier: string) =>
      (await client.getFunctionCode("f", new sdk.GetFunctionCodeRequest({ qualifier }))).body;
    const fetched = async (url = "") => {
      const answer = await fetch(url);
      return answer.status === 200 ? Buffer.from(await answer.arrayBuffer()) : answer.status;
    };
    const [old, latest] = [await code("1"), await code("LATEST")];
    expect(await fetched(old?.url)).toEqual(zipOf({ "index.js": ECHO }));
    expect(await fetched(latest?.url)).toEqual(zipOf({ "index.js": says("new") }));
    const { body } = await client.getFunction("f", new sdk.GetFunctionRequest({}));
    expect(latest?.checksum).toBe(body?.codeChecksum);
    await cloud.settle({ forMs: 11 * 60_000 });
    expect(await fetched(old?.url)).toBe(403);
  });
});

test("tags of functions are given with the function or later, found, and taken away", async ({ expect }) => {
  await withPanel(async ({ client, create, get }) => {
    const tag = (Key: string, Value: string) => new sdk.Tag({ key: Key, value: Value });
    await create("f", { tags: [tag("team", "web")] });
    await create("g");
    const give = (resourceId: string[], ...tags: InstanceType<typeof sdk.Tag>[]) =>
      client.tagResources(
        new sdk.TagResourcesRequest({
          body: new sdk.TagResourcesInput({ resourceId, resourceType: "function", tag: tags }),
        }),
      );
    await give(["f", "acs:fc:cn-hangzhou:1234567890123456:functions/g"], tag("stage", "dev"));
    expect((await get("f"))?.tags?.map(({ key, value }) => `${key}=${value}`)).toEqual([
      "team=web",
      "stage=dev",
    ]);
    const list = async (more: object) => {
      const asked = new sdk.ListTagResourcesRequest({ resourceType: "function", ...more });
      const { body } = await client.listTagResources(asked);
      return body?.tagResources?.map((one) => `${one.resourceId} ${one.tagKey}=${one.tagValue}`);
    };
    expect(await list({ tag: [tag("stage", "dev")] })).toEqual(["f team=web", "f stage=dev", "g stage=dev"]);
    expect(await list({ resourceId: ["f"], tag: [tag("team", "web")] })).toEqual([
      "f team=web",
      "f stage=dev",
    ]);
    const take = (more: object) =>
      client.untagResources(
        new sdk.UntagResourcesRequest({ resourceType: "function", resourceId: ["f"], ...more }),
      );
    await take({ tagKey: ["team"] });
    expect(await list({ resourceId: ["f"] })).toEqual(["f stage=dev"]);
    await take({ all: true });
    expect(await list({})).toEqual(["g stage=dev"]);
    expect(await refusal(give(["none"], tag("a", "b")))).toBe("404 FunctionNotFound");
    expect(await refusal(give(["f"], tag("acs:a", "b")))).toBe("400 InvalidArgument");
    const many = Array.from({ length: 21 }, (_, n) => tag(`k${n}`, ""));
    expect(await refusal(give(["f"], ...many))).toBe("400 InvalidArgument");
  });
});

test("an alias shares its invocations out between two versions", async ({ expect }) => {
  await withPanel(async ({ client, create, update, call }) => {
    const publish = () => client.publishFunctionVersion("f", PUBLISH);
    await create("f", { code: inline(says("one")) });
    await publish();
    await update("f", { code: inline(says("two")) });
    await publish();
    const put = (additionalVersionWeight: Record<string, number>) =>
      client.updateAlias(
        "f",
        "prod",
        new sdk.UpdateAliasRequest({ body: new sdk.UpdateAliasInput({ additionalVersionWeight }) }),
      );
    const body = new sdk.CreateAliasInput({
      aliasName: "prod",
      versionId: "1",
      additionalVersionWeight: { 2: 0.25 },
    });
    await client.createAlias("f", new sdk.CreateAliasRequest({ body }));
    expect((await client.getAlias("f", "prod")).body?.additionalVersionWeight).toEqual({ 2: 0.25 });
    const shares = async () => {
      let second = 0;
      for (let n = 0; n < 60; n++) if ((await call("f", "", "prod")) === "two") second++;
      return second;
    };
    const quarter = await shares();
    expect(quarter).toBeGreaterThan(5);
    expect(quarter).toBeLessThan(30);
    await put({ 2: 1 });
    expect(await shares()).toBe(60);
    const used = client.deleteFunctionVersion("f", "2");
    expect(await refusal(used)).toBe("409 VersionInUse");
    for (const weights of [{ 1: 0.5 }, { 2: 1.5 }, { 2: 0.1, 1: 0.1 }])
      expect(await refusal(put(weights))).toBe("400 InvalidArgument");
    expect(await refusal(put({ 9: 0.5 }))).toBe("404 VersionNotFound");
    await put({});
    expect(await shares()).toBe(0);
  });
});

const SLOW = `const { setTimeout: sleep } = require("node:timers/promises");
exports.handler = async (event) => { if (event.toString() === "slow") await sleep(40_000); return "done"; };`;

test("a task is stopped while it waits or runs, and stays as it ended", async ({ expect }) => {
  await withPanel(async ({ client, create, configure }, cloud) => {
    await create("f", { code: inline(SLOW) });
    await configure("f", { asyncTask: true, maxAsyncRetryAttempts: 0 });
    const send = (taskId: string, payload: string, delay = "0") =>
      fc2(cloud).post(
        "/functions/f/invocations",
        payload,
        {
          "x-fc-invocation-type": "Async",
          "x-fc-async-task-id": taskId,
          ...(delay !== "0" && { "x-fc-async-delay": delay }),
        },
        { qualifier: "LATEST" },
      );
    const status = async (id: string) =>
      (await client.getAsyncTask("f", id, new sdk.GetAsyncTaskRequest({}))).body?.status;
    const stop = (id: string) => client.stopAsyncTask("f", id, new sdk.StopAsyncTaskRequest({}));
    await send("waiting", "quick", "600");
    await send("running", "slow");
    await send("over", "quick");
    await cloud.settle({ forMs: 10_000 });
    expect(await status("running")).toBe("Running");
    for (const id of ["waiting", "running", "over"]) await stop(id);
    await cloud.settle({ forMs: 3_600_000 });
    expect([await status("waiting"), await status("running"), await status("over")]).toEqual([
      "Stopped",
      "Stopped",
      "Succeeded",
    ]);
    expect(cloud.fc.invocations.map(({ taskId, error }) => [taskId, error !== undefined])).toEqual([
      ["over", false],
      ["running", true],
    ]);
    expect(await refusal(stop("none"))).toBe("404 AsyncTaskNotFound");
  });
});
