import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { type Cloud, MODEL } from "../cloud/index.ts";
import { fc2, openApi } from "../contract/clients.ts";
import { withCloud } from "../contract/fixture.ts";
import { OSS_PROPS, SIGNED } from "../contract/signed-code.ts";
import { json, known } from "../support/known.ts";

const ECHO = `exports.handler = async (event, context) =>
  ({ got: event.toString(), at: Date.now(), id: context.requestId });`;

const invoke = (cloud: Cloud, name: string, payload: string, headers: object = {}) =>
  fc2(cloud).post(`/functions/${name}/invocations`, payload, headers);

const submit = (cloud: Cloud, name: string, payload: string, headers: object = {}) =>
  invoke(cloud, name, payload, { "x-fc-invocation-type": "Async", ...headers });

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => {
      const { code, statusCode } = known<{ code: string; statusCode?: number }>(error);
      return statusCode === undefined ? code : [statusCode, code];
    },
  );

test("an asynchronous invocation with a delay runs the bundle when the delay is over, in the cloud's time", async ({
  expect,
}) => {
  await withCloud({ code: { echo: ECHO } }, {}, async (cloud) => {
    const before = cloud.time.now();
    const { headers } = await submit(cloud, "echo", "a", { "x-fc-async-delay": "30" });
    await cloud.settle();
    const [run] = cloud.fc.invocations;
    expect(JSON.parse(run?.result ?? "")).toEqual({ got: "a", at: run?.at, id: headers["x-fc-request-id"] });
    expect(run?.at).toBeGreaterThanOrEqual(before + 30_000);
    expect(run?.at).toBeLessThanOrEqual(before + 32_100);
    expect(cloud.fc.events[0]?.status).toBe("Succeeded");
  });
});

test("a delayed event may come early only in a cloud that says so", async ({ expect }) => {
  const earliest = (mayBeEarly: boolean) =>
    withCloud({ code: { echo: ECHO } }, { fc: { mayBeEarly } }, async (cloud) => {
      const before = cloud.time.now();
      for (let i = 0; i < 30; i++) await submit(cloud, "echo", "x", { "x-fc-async-delay": "10" });
      return Math.min(...cloud.fc.events.map(({ dueAt }) => dueAt - before));
    });
  expect(await earliest(false)).toBeGreaterThanOrEqual(10_000);
  expect(await earliest(true)).toBeLessThan(10_000);
});

test("the runtime is the platform's: a Buffer, the documented context, an environment of its own", async ({
  expect,
}) => {
  const code = {
    look: `exports.handler = async (event, context) => ({
      isBuffer: Buffer.isBuffer(event), context, env: process.env, keys: Object.keys(context.logger),
      outer: (() => { try { return require("zod") && "found"; } catch (e) { return e.code; } })(),
    });`,
  };
  const props = { look: "environmentVariables: { STAGE: 'test' }" };
  await withCloud({ code, props }, {}, async (cloud) => {
    const { data } = await invoke(cloud, "look", "x");
    const seen = json<{
      context: { credentials: { accessKeyId: string; securityToken: string } };
      env: Record<string, string>;
    }>(String(data));
    expect(seen).toMatchObject({
      isBuffer: true,
      outer: "MODULE_NOT_FOUND",
      context: {
        function: { name: "look", handler: "index.handler", memory: 128, timeout: 60 },
        service: { name: "" },
        region: "cn-hangzhou",
        accountId: cloud.accountId,
      },
    });
    expect(seen.context.credentials.accessKeyId).toMatch(/^STS\./);
    // Credentials of the invocation and of the environment are two sessions (FC-HOST-2).
    expect(seen.env["ALIBABA_CLOUD_ACCESS_KEY_ID"]).toMatch(/^STS\./);
    expect(seen.env["ALIBABA_CLOUD_ACCESS_KEY_ID"]).not.toBe(seen.context.credentials.accessKeyId);
    expect(Object.keys(seen.env).filter((name) => !/^(FC_|ALIBABA_CLOUD_)/.test(name))).toEqual(["STAGE"]);
  });
});

test("an instance serves again while it is warm, and dies of five idle minutes", async ({ expect }) => {
  const code = { count: "let n = 0; exports.handler = async () => ++n;" };
  await withCloud({ code }, {}, async (cloud) => {
    const counts = [];
    for (const waitMs of [0, 60_000, 180_000, 301_000]) {
      await cloud.settle({ forMs: waitMs });
      counts.push((await invoke(cloud, "count", "x")).data);
    }
    expect(counts).toEqual(["1", "2", "3", "1"]);
    expect(cloud.fc.invocations.map(({ coldStart }) => coldStart)).toEqual([true, false, false, true]);
  });
});

test("a thrown error, a callback's error, an exit and a missing handler are 200 with an error type", async ({
  expect,
}) => {
  const code = {
    throws:
      "exports.handler = async () => { class Odd extends TypeError { name = 'Odd'; } throw new Odd('no'); };",
    calls: "exports.handler = (event, context, callback) => callback(new Error('handled'));",
    exits: "exports.handler = async () => process.exit(3);",
    rejects: "exports.handler = () => { Promise.reject(new Error('loose')); return new Promise(() => {}); };",
    lacks: "exports.other = 1;",
    breaks: "require('nowhere');",
  };
  await withCloud({ code }, {}, async (cloud) => {
    const outcome = async (name: string): Promise<unknown[]> => {
      const { headers, data } = await invoke(cloud, name, "x");
      const { errorMessage, errorType } = known<Record<string, string>>(data);
      return [headers["x-fc-error-type"], errorType, errorMessage];
    };
    expect(await outcome("throws")).toEqual(["UnhandledInvocationError", "Odd", "no"]);
    expect(await outcome("calls")).toEqual(["HandledInvocationError", "Error", "handled"]);
    const exited = expect.stringMatching(
      /^Process exited unexpectedly before completing request \(duration: /,
    );
    expect(await outcome("exits")).toEqual(["UnhandledInvocationError", undefined, exited]);
    expect(await outcome("rejects")).toEqual(["UnhandledInvocationError", undefined, exited]);
    expect((await outcome("lacks"))[2]).toContain("index.handler is not a function");
    expect((await outcome("breaks"))[2]).toContain("Cannot find module 'nowhere'");
    expect(cloud.fc.invocations[0]?.result).toContain("(/code/index.js:1:");
    expect(cloud.fc.instances.map((one) => one.function).toSorted()).toEqual(["calls", "throws"]);
  });
});

test("a handler that needs too much memory or never answers is ended, and the next one starts fresh", async ({
  expect,
}) => {
  const code = {
    eats: "exports.handler = async () => { const all = []; for (;;) all.push(new Array(1e5).fill(Math.PI)); };",
    hangs: "exports.handler = async (event) => (String(event) === 'hang' ? new Promise(() => {}) : 'fine');",
  };
  await withCloud({ code }, { fc: { hangMs: 300 } }, async (cloud) => {
    const hung = await invoke(cloud, "hangs", "hang");
    expect(hung.data).toMatchObject({ errorMessage: expect.stringContaining("timed out after 60 seconds") });
    expect(cloud.fc.invocations[0]?.durationMs).toBe(60_000);
    expect((await invoke(cloud, "hangs", "x")).data).toBe("fine");
  });
  await withCloud({ code }, {}, async (cloud) => {
    const eaten = await invoke(cloud, "eats", "x");
    expect(eaten.data).toMatchObject({ errorMessage: expect.stringContaining("maxMemoryUsage: 128MB") });
  });
});

test("an invocation that makes more calls than its timeout has room for is timed out", async ({ expect }) => {
  const code = {
    chatty: `exports.handler = async (event) => {
      for (let i = 0; i < Number(event); i++) await fetch(process.env.OSS + "/box", { headers: sign() });
      return "fine";
    };
    const sign = () => {
      const date = new Date().toUTCString();
      const { ALIBABA_CLOUD_ACCESS_KEY_ID: id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret, ALIBABA_CLOUD_SECURITY_TOKEN: token } = process.env;
      const text = "GET\\n\\n\\n" + date + "\\nx-oss-date:" + date + "\\nx-oss-security-token:" + token + "\\n/box/";
      const signature = require("crypto").createHmac("sha1", secret).update(text).digest("base64");
      return { "x-oss-date": date, "x-oss-security-token": token, authorization: "OSS " + id + ":" + signature };
    };`,
  };
  const props = { chatty: "timeout: 1\nenvironmentVariables: { OSS: \"${env('OSS')}\" }" };
  const env = ({ oss }: { oss: string }) => ({ OSS: oss });
  await withCloud({ code, props }, { env }, async (cloud) => {
    cloud.oss.createBucket("box");
    expect((await invoke(cloud, "chatty", "5")).data).toBe("fine");
    expect((await invoke(cloud, "chatty", "20")).headers["x-fc-error-type"]).toBe("UnhandledInvocationError");
    const [few, many] = cloud.fc.invocations;
    // The last one begins before the limit and ends after it.
    const room = Math.ceil((1000 - MODEL.invocationMs) / MODEL.cloudCallMs);
    expect([few?.calls.length, many?.calls.length]).toEqual([5, room]);
    expect(few?.calls[0]).toMatchObject({ action: "ListObjects", role: "worker", status: 200 });
    expect(few?.durationMs).toBe(MODEL.invocationMs + MODEL.coldStartMs + 5 * MODEL.cloudCallMs);
    expect(many?.durationMs).toBe(1000);
  });
});

test("what a handler prints is in its log, between the platform's lines, and in the tail of the answer", async ({
  expect,
}) => {
  const code = { talks: "exports.handler = async () => { console.log('one'); console.error('two'); };" };
  await withCloud({ code }, {}, async (cloud) => {
    const { headers } = await invoke(cloud, "talks", "x", { "x-fc-log-type": "Tail" });
    const id = headers["x-fc-request-id"];
    const lines = [`FC Invoke Start RequestId: ${id}`, "one", "two", `FC Invoke End RequestId: ${id}`];
    expect(cloud.fc.invocations[0]?.logs).toEqual(lines);
    expect(Buffer.from(headers["x-fc-log-result"] ?? "", "base64").toString()).toBe(`${lines.join("\n")}\n`);
  });
});

test("the last words of a process that exits are in its log", async ({ expect }) => {
  const code = { exits: "exports.handler = async () => { console.log('last words'); process.exit(1); };" };
  await withCloud({ code }, {}, async (cloud) => {
    await invoke(cloud, "exits", "x");
    expect(cloud.fc.invocations[0]?.logs).toContain("last words");
  });
});

test("a function with an HTTP trigger gets a call of the API wrapped like one from the web", async ({
  expect,
}) => {
  const props = {
    web: "triggers: [{ triggerName: w, triggerType: http, triggerConfig: { authType: anonymous, methods: [GET] } }]",
  };
  await withCloud({ code: { web: ECHO }, props }, {}, async (cloud) => {
    const { data } = await invoke(cloud, "web", "plain");
    const { got } = json<{ got: string }>(String(data));
    expect(JSON.parse(got)).toMatchObject({
      version: "v1",
      rawPath: "/2023-03-30/functions/web/invocations",
    });
  });
});

test("functions that call each other and wait live through the same history twice", async ({ expect }) => {
  const code = {
    calls: `exports.handler = async (event, { credentials: { accessKeyId: id, accessKeySecret: secret, securityToken: token } }) => {
      const date = new Date().toUTCString();
      const path = "/2023-03-30/functions/echo/invocations";
      const head = { date, "x-fc-security-token": token };
      const text = "POST\\n\\n\\n" + date + "\\nx-fc-security-token:" + token + "\\n" + path;
      const signature = require("crypto").createHmac("sha256", secret).update(text).digest("base64");
      const answer = await fetch(process.env.FC + path, { method: "POST", headers: { ...head, authorization: "FC " + id + ":" + signature } });
      if (String(event) === "0") throw new Error("once more");
      return answer.text();
    };`,
    echo: ECHO,
  };
  const props = { calls: "environmentVariables: { FC: \"${env('FC')}\" }" };
  const live = () =>
    withCloud({ code, props }, { env: ({ fc }) => ({ FC: fc }) }, async (cloud) => {
      for (let i = 0; i < 3; i++) await submit(cloud, "calls", String(i), { "x-fc-async-delay": "5" });
      await cloud.settle();
      return cloud.snapshot();
    });
  const once = await live();
  expect(once.invocations.filter((line) => line.includes(" echo "))).toHaveLength(6);
  expect(await live()).toEqual(once);
});

const FLAKY = `exports.handler = async (event) => {
  const { failures } = JSON.parse(event);
  global.runs = (global.runs ?? 0) + 1;
  if (global.runs <= failures) throw new Error("try " + global.runs);
  return "done";
};`;

test("a failed event is tried again until it succeeds or its retries are used up", async ({ expect }) => {
  const props = { flaky: "asyncInvokeConfig: { maxAsyncRetryAttempts: 2, maxAsyncEventAgeInSeconds: 3600 }" };
  for (const { failures, status, attempts } of [
    { failures: 0, status: "Succeeded", attempts: 1 },
    { failures: 2, status: "Succeeded", attempts: 3 },
    { failures: 9, status: "Failed", attempts: 3 },
  ]) {
    await withCloud({ code: { flaky: FLAKY }, props }, {}, async (cloud) => {
      await submit(cloud, "flaky", JSON.stringify({ failures }));
      await cloud.settle();
      expect(cloud.fc.events[0]).toMatchObject({ status, attempts });
      expect(cloud.fc.invocations.map(({ callIndex }) => callIndex)).toEqual([1, 2, 3].slice(0, attempts));
      expect(new Set(cloud.fc.invocations.map(({ requestId }) => requestId)).size).toBe(1);
    });
  }
});

test("an event too old for another try expires", async ({ expect }) => {
  const props = { flaky: "asyncInvokeConfig: { maxAsyncRetryAttempts: 8, maxAsyncEventAgeInSeconds: 100 }" };
  await withCloud({ code: { flaky: FLAKY }, props }, {}, async (cloud) => {
    await submit(cloud, "flaky", '{"failures":9}');
    await cloud.settle();
    expect(cloud.fc.events[0]).toMatchObject({ status: "Expired", attempts: 2 });
  });
});

const DESTINATIONS = (target: string): string =>
  "asyncInvokeConfig: { maxAsyncRetryAttempts: 1, maxAsyncEventAgeInSeconds: 3600, destinationConfig: " +
  `{ ${target}: { destination: 'acs:fc:cn-hangzhou:1234567890123456:functions/sink' } } }`;

test("a destination receives how an event ended", async ({ expect }) => {
  const code = { flaky: FLAKY, sink: ECHO };
  const received = (target: string, failures: number) =>
    withCloud({ code, props: { flaky: DESTINATIONS(target) } }, {}, async (cloud) => {
      await submit(cloud, "flaky", JSON.stringify({ failures }));
      await cloud.settle();
      const sinks = cloud.fc.invocations.filter((run) => run.function === "sink");
      return sinks.map(({ payload }) => json<Record<string, unknown>>(payload));
    });
  const [failed] = await received("onFailure", 9);
  expect(failed).toMatchObject({
    requestContext: {
      functionArn: "acs:fc:cn-hangzhou:1234567890123456:functions/flaky",
      approximateInvokeCount: 2,
      condition: "UnhandledInvocationError",
    },
    requestPayload: '{"failures":9}',
    responseContext: { statusCode: 200, functionError: "UnhandledInvocationError" },
  });
  expect(JSON.parse(String(failed?.["responsePayload"]))).toMatchObject({ errorMessage: "try 2" });
  expect(await received("onFailure", 0)).toEqual([]);
  const [succeeded] = await received("onSuccess", 0);
  expect(succeeded).toMatchObject({ responsePayload: "done", responseContext: { functionError: "" } });
});

test("a destination the function's role may not invoke gets nothing, and that is on record", async ({
  expect,
}) => {
  const roles = { worker: { Version: "1", Statement: [] } } as const;
  const code = { flaky: FLAKY, sink: ECHO };
  await withCloud({ code, props: { flaky: DESTINATIONS("onFailure") } }, { roles }, async (cloud) => {
    await submit(cloud, "flaky", '{"failures":9}');
    await cloud.settle();
    expect(cloud.fc.invocations.some((run) => run.function === "sink")).toBe(false);
    expect(cloud.fc.refusals).toMatchObject([
      { to: "sink", reason: expect.stringContaining("fc:InvokeFunction") },
    ]);
  });
});

test("a task id is accepted once, follows its rule and needs task mode", async ({ expect }) => {
  const props = {
    tasks:
      "asyncInvokeConfig: { asyncTask: true, maxAsyncRetryAttempts: 0, maxAsyncEventAgeInSeconds: 3600 }",
  };
  await withCloud({ code: { tasks: ECHO, plain: ECHO }, props }, {}, async (cloud) => {
    const task = (name: string, id: string) => submit(cloud, name, "x", { "x-fc-async-task-id": id });
    const { headers } = await task("tasks", "bake-1");
    expect(headers["x-fc-async-task-id"]).toBe("bake-1");
    expect(await failure(task("tasks", "bake-1"))).toBe("StatefulAsyncInvocationAlreadyExists");
    expect(await failure(task("tasks", "1-starts-with-a-digit"))).toBe("InvalidArgument");
    expect(await failure(task("plain", "bake-1"))).toBe("InvalidArgument");
    await cloud.settle();
    expect(await failure(task("tasks", "bake-1"))).toBe("StatefulAsyncInvocationAlreadyExists");
    expect(cloud.fc.invocations.length).toBe(1);
    const { data } = await fc2(cloud).get("/functions/tasks/async-tasks/bake-1");
    expect(data).toMatchObject({ taskId: "bake-1", status: "Succeeded" });
    expect((await fc2(cloud).get("/functions/tasks/async-tasks")).data).toMatchObject({
      tasks: [{ taskId: "bake-1" }],
    });
  });
});

test("calls the platform cannot serve are refused with both spellings of the error", async ({ expect }) => {
  await withCloud({ code: { echo: ECHO } }, {}, async (cloud) => {
    expect(await failure(invoke(cloud, "absent", "x"))).toBe("FunctionNotFound");
    expect(await failure(submit(cloud, "echo", "x".repeat(128 * 1024 + 1)))).toBe("EntityTooLarge");
    expect(await failure(submit(cloud, "echo", "x", { "x-fc-async-delay": "3600" }))).toBe("InvalidArgument");
    expect(await failure(submit(cloud, "echo", "x", { "x-fc-async-delay": "3599" }))).toBe("no error");
    expect(await failure(fc2(cloud).get("/services"))).toBe("PathNotSupported");
    const other = { style: "ROA", version: "2023-03-30", method: "GET", action: "GetFunction" } as const;
    const path = "/2023-03-30/functions/absent";
    expect(await failure(openApi(cloud.urls.fc, cloud.accessKey, { ...other, path }))).toEqual([
      404,
      "FunctionNotFound",
    ]);
    expect((await fc2(cloud).get("/functions/echo")).data).toMatchObject({
      functionName: "echo",
      timeout: 60,
    });
  });
});

test("a role may invoke the functions its policy names and no others", async ({ expect }) => {
  const Resource = "acs:fc:*:*:functions/echo";
  const roles = {
    worker: { Version: "1", Statement: [{ Effect: "Allow", Action: "fc:InvokeFunction", Resource }] },
  } as const;
  await withCloud({ code: { echo: ECHO, other: ECHO } }, { roles }, async (cloud) => {
    const client = fc2(cloud, cloud.keys.assume("worker", 3_600_000));
    const call = (name: string) =>
      client.post(`/functions/${name}/invocations`, "x", {}, { qualifier: "LATEST" });
    expect(await failure(call("echo"))).toBe("no error");
    expect(await failure(call("other"))).toBe("AccessDenied");
  });
});

const WAITS = `exports.handler = async (event) => {
  while (require("fs").existsSync(String(event))) await new Promise((r) => setImmediate(r));
  return "done";
};`;

test("with all its instances in use a function refuses a caller, and lets an event wait", async ({
  expect,
}) => {
  const props = { waits: "concurrencyConfig: { reservedConcurrency: 1 }" };
  await withCloud({ code: { waits: WAITS }, props }, {}, async (cloud) => {
    const gate = mkdtempSync(join(tmpdir(), "gate-"));
    const first = invoke(cloud, "waits", gate);
    await expect.poll(() => cloud.fc.instances.some(({ isBusy }) => isBusy)).toBe(true);
    expect(await failure(invoke(cloud, "waits", "no-file"))).toBe("ResourceExhausted");
    rmSync(gate, { recursive: true });
    await first;
    await submit(cloud, "waits", "one");
    await submit(cloud, "waits", "two");
    await cloud.settle({ parallel: 2 });
    const [, one, two] = cloud.fc.invocations;
    expect(cloud.fc.events).toMatchObject([
      { status: "Succeeded", attempts: 1 },
      { status: "Succeeded", attempts: 1 },
    ]);
    expect((two?.at ?? 0) - (one?.at ?? 0)).toBe(500);
  });
});

test("a crash comes after the effects and before the answer, so the event comes again", async ({
  expect,
}) => {
  const code = { counts: "let n = 0; exports.handler = async () => ({ n: ++n });" };
  await withCloud({ code }, {}, async (cloud) => {
    cloud.fc.crash({ function: "counts", when: (_, n) => n === 0 });
    await submit(cloud, "counts", "x");
    await cloud.settle();
    expect(cloud.fc.events[0]).toMatchObject({ status: "Succeeded", attempts: 2 });
    expect(cloud.fc.invocations.map(({ error }) => error)).toEqual(["UnhandledInvocationError", undefined]);
    expect(cloud.fc.invocations[1]?.result).toBe('{"n":1}');
  });
});

test("an event is delivered twice when the test asks for it", async ({ expect }) => {
  await withCloud({ code: { echo: ECHO } }, {}, async (cloud) => {
    cloud.fc.duplicate(({ payload }) => payload === "twice");
    await submit(cloud, "echo", "twice");
    await submit(cloud, "echo", "once");
    await cloud.settle();
    expect(cloud.fc.invocations.map(({ payload }) => payload)).toEqual(["twice", "once", "twice"]);
  });
});

test("a call that crashes its caller ends the instance that made it", async ({ expect }) => {
  const code = {
    writes: `${SIGNED}
    exports.handler = async (event, { credentials }) => {
      const headers = signed("PUT", "k", credentials);
      const { status } = await fetch(process.env.OSS + "/box/k", { method: "PUT", headers });
      return { status };
    };`,
  };
  const props = { writes: OSS_PROPS };
  await withCloud({ code, props }, { env: ({ oss }) => ({ OSS: oss }) }, async (cloud) => {
    cloud.oss.createBucket("box");
    cloud.faults.add({ product: "oss", action: "PutObject", kind: "crash", when: (_, n) => n === 0 });
    await submit(cloud, "writes", "x");
    await cloud.settle();
    expect(cloud.oss.find("box", "k")).toBeDefined();
    expect(cloud.fc.invocations.map(({ result }) => result)).toEqual([
      expect.stringContaining("Process exited unexpectedly"),
      '{"status":200}',
    ]);
  });
});

test("cost is counted per function and hour, rounded up to whole units", async ({ expect }) => {
  await withCloud({ code: { echo: ECHO, other: ECHO } }, {}, async (cloud) => {
    await invoke(cloud, "echo", "x");
    await invoke(cloud, "echo", "x");
    await invoke(cloud, "other", "x");
    expect(cloud.fc.cost.cu).toBe(2);
    await cloud.settle({ forMs: 3_600_000 });
    await invoke(cloud, "echo", "x");
    expect(cloud.fc.cost).toEqual({ cu: 3, cny: 3 * 0.00011 });
  });
});
