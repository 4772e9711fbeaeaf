import { test } from "vitest";
import { type Cloud, CloudFault, MODEL } from "../cloud/index.ts";
import { known } from "../support/known.ts";
import { fc2, openApi } from "../contract/clients.ts";
import { type Fixture, withCloud } from "../contract/fixture.ts";
import { SIGNED } from "../contract/signed-code.ts";

const ENV = "environmentVariables: { OSS: \"${env('OSS')}\", FC: \"${env('FC')}\" }";
const env = ({ oss, fc }: { oss: string; fc: string }) => ({ OSS: oss, FC: fc });

const post = async (cloud: Cloud, name: string, payload = "", headers: object = {}) =>
  (await fc2(cloud).post(`/functions/${name}/invocations`, payload, headers)).data;
const submit = (cloud: Cloud, name: string, payload = "", headers: object = {}) =>
  post(cloud, name, payload, { "x-fc-invocation-type": "Async", ...headers });

/** `put(key)` writes an object of the bucket `box`, `submit(payload)` sends an event to the function `echo`. */
const EFFECTS = `${SIGNED}
const put = (key, credentials) =>
  fetch(process.env.OSS + "/box/" + key, { method: "PUT", headers: signed("PUT", key, credentials) });
const submit = (payload, { accessKeyId, accessKeySecret, securityToken }) => {
  const date = new Date().toUTCString();
  const path = "/2023-03-30/functions/echo/invocations";
  const own = { "x-fc-invocation-type": "Async", "x-fc-security-token": securityToken };
  const lines = Object.entries(own).map(([name, value]) => name + ":" + value);
  const text = ["POST", "", "text/plain", date, ...lines, path].join("\\n");
  const signature = createHmac("sha256", accessKeySecret).update(text).digest("base64");
  const headers = { ...own, date, "content-type": "text/plain", authorization: "FC " + accessKeyId + ":" + signature };
  return fetch(process.env.FC + path, { method: "POST", headers, body: payload });
};`;
const ECHO = "exports.handler = async (event) => event.toString();";

const written = ({ oss }: Cloud): string[] => oss.list("box").map(({ key }) => key);
const sent = ({ fc }: Cloud): string[] => fc.events.map(({ payload }) => payload.toString());

const effects = [
  { what: "objects", call: "put(String(i), credentials)", seen: written },
  { what: "events", call: "submit(String(i), credentials)", seen: (cloud: Cloud) => sent(cloud).slice(1) },
];
for (const inline of [true, false]) {
  for (const { what, call, seen } of effects) {
    test(`an invocation has no effect after its time limit: ${what}, inline ${inline}`, async ({
      expect,
    }) => {
      const code = {
        late: `${EFFECTS} exports.handler = async (event, { credentials }) => {
          for (let i = 10; i < 40; i++) await ${call};
          return "done";
        };`,
        echo: ECHO,
      };
      const props = {
        late: `timeout: 2\nasyncInvokeConfig: { maxAsyncRetryAttempts: 0, maxAsyncEventAgeInSeconds: 60 }\n${ENV}`,
      };
      await withCloud({ code, props }, { env, fc: { inline } }, async (cloud) => {
        cloud.oss.createBucket("box");
        await submit(cloud, "late");
        await cloud.settle();
        const run = cloud.fc.invocations.find((one) => one.function === "late");
        const room = Math.ceil((2000 - MODEL.invocationMs - MODEL.coldStartMs) / MODEL.cloudCallMs);
        expect(seen(cloud)).toEqual(Array.from({ length: room }, (_, index) => String(10 + index)));
        expect(run).toMatchObject({ durationMs: 2000, error: "UnhandledInvocationError" });
        expect(run?.result).toContain("timed out after 2 seconds");
        expect(cloud.fc.instances.filter((one) => one.function === "late")).toEqual([]);
      });
    });
  }

  test(`an instance stands still after its answer, until the next invocation or its end: inline ${inline}`, async ({
    expect,
  }) => {
    const code = {
      lazy: `${EFFECTS} exports.handler = async (event, { credentials }) => {
        const key = event.toString();
        setTimeout(() => put(key, credentials).catch(() => {}), 20);
        await new Promise((resolve) => setTimeout(resolve, key === "slow" ? 500 : 0));
        return "answer";
      };`,
    };
    await withCloud({ code, props: { lazy: ENV } }, { env, fc: { inline } }, async (cloud) => {
      cloud.oss.createBucket("box");
      const rest = () => new Promise((resolve) => setTimeout(resolve, 300));
      await post(cloud, "lazy", "first");
      await rest();
      expect(written(cloud)).toEqual([]);
      await post(cloud, "lazy", "slow");
      expect(written(cloud)).toEqual(["first", "slow"]);
      await post(cloud, "lazy", "last");
      await rest();
      await cloud.settle({ forMs: 301_000 });
      await post(cloud, "lazy", "other instance");
      await rest();
      expect(written(cloud)).toEqual(["first", "slow"]);
    });
  });
}

test("idle instances live three to five minutes, each as long as it happens to", async ({ expect }) => {
  const code = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`f${index}`, ECHO]));
  const warmAfter = (ms: number): Promise<number> =>
    withCloud({ code }, { fc: { inline: true } }, async (cloud) => {
      for (const name of Object.keys(code)) await post(cloud, name);
      await cloud.settle({ forMs: ms });
      for (const name of Object.keys(code)) await post(cloud, name);
      return cloud.fc.invocations.filter(({ coldStart }) => !coldStart).length;
    });
  expect(await warmAfter(180_000)).toBe(8);
  expect(await warmAfter(301_000)).toBe(0);
  const some = await warmAfter(240_000);
  expect(some).toBeGreaterThan(0);
  expect(some).toBeLessThan(8);
});

const SLEEPS = `const { setTimeout: sleep } = require("node:timers/promises");
exports.handler = async () => { await sleep(30_000); };`;

/** How many of so many events of each function run at once, at most. */
async function mostAtOnce(
  fixture: Fixture,
  accountInstances: number,
  events: number,
): Promise<Record<string, number>> {
  return withCloud(fixture, { fc: { inline: true, accountInstances, maxThreads: 100 } }, async (cloud) => {
    for (const name of Object.keys(fixture.code)) for (let i = 0; i < events; i++) await submit(cloud, name);
    const most: Record<string, number> = {};
    const look = (): boolean => {
      for (const name of Object.keys(fixture.code)) {
        const busy = cloud.fc.instances.filter((one) => one.function === name && one.isBusy).length;
        most[name] = Math.max(most[name] ?? 0, busy);
      }
      return false;
    };
    await cloud.settle({ until: look, forMs: 20_000 });
    return most;
  });
}

test("a reservation is a function's own and at most its own, and the others share what is left of the account", async ({
  expect,
}) => {
  const code = { mine: SLEEPS, other: SLEEPS };
  const props = { mine: "concurrencyConfig: { reservedConcurrency: 6 }" };
  expect(await mostAtOnce({ code, props }, 10, 12)).toEqual({ mine: 6, other: 4 });
  const { mine = 0, other = 0 } = await mostAtOnce({ code }, 10, 12);
  expect(mine + other).toBe(10);
});

test("the log service has what functions with a logConfig wrote, and nothing of the others", async ({
  expect,
}) => {
  const code = {
    kept: "exports.handler = async () => console.log('said');",
    lost: "exports.handler = async () => console.log('lost');",
  };
  const props = { kept: "logConfig: { project: p, logstore: l }" };
  await withCloud({ code, props }, {}, async (cloud) => {
    for (const name of ["kept", "lost"]) await post(cloud, name);
    const stored = cloud.fc.storedLogs("p", "l");
    expect(stored).toEqual([
      expect.stringMatching(/^FC Invoke Start/),
      "said",
      expect.stringMatching(/^FC Invoke End/),
    ]);
    expect(cloud.fc.storedLogs("", "")).toEqual([]);
    expect(cloud.fc.invocations.map(({ logs }) => logs[1])).toEqual(["said", "lost"]);
  });
});

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => known<{ code: unknown }>(error).code,
  );

test("a cloud may refuse the older signature with any code, and serve the other", async ({ expect }) => {
  await withCloud({ code: { echo: ECHO } }, {}, async (cloud) => {
    cloud.faults.add({
      product: "fc",
      action: "InvokeFunction",
      kind: "before",
      when: ({ signature }) => signature === "FC",
      fault: new CloudFault(400, "NoLongerSupported", "this signature is not served here"),
    });
    expect(await codeOf(submit(cloud, "echo"))).toBe("NoLongerSupported");
    const { statusCode } = await openApi(cloud.urls.fc, cloud.accessKey, {
      action: "InvokeFunction",
      version: "2023-03-30",
      style: "ROA",
      path: "/2023-03-30/functions/echo/invocations",
      headers: { "x-fc-invocation-type": "Async" },
      body: "x",
    });
    expect(statusCode).toBe(202);
  });
});

test("in a region without task mode no event has a task id, and none is refused for it", async ({
  expect,
}) => {
  const props = {
    echo: "asyncInvokeConfig: { asyncTask: true, maxAsyncRetryAttempts: 0, maxAsyncEventAgeInSeconds: 60 }",
  };
  await withCloud({ code: { echo: ECHO }, props }, { fc: { hasTaskMode: false } }, async (cloud) => {
    const ids = [];
    for (let i = 0; i < 2; i++) {
      const headers = { "x-fc-invocation-type": "Async", "x-fc-async-task-id": "one" };
      const answer = await fc2(cloud).post("/functions/echo/invocations", "x", headers);
      ids.push(answer.headers["x-fc-async-task-id"]);
    }
    await cloud.settle();
    expect(ids).toEqual([undefined, undefined]);
    expect(cloud.fc.invocations).toHaveLength(2);
    expect(cloud.fc.events.some(({ taskId }) => taskId === "one")).toBe(false);
  });
});

test("tasks are listed in pages and between two instants", async ({ expect }) => {
  const props = {
    echo: "asyncInvokeConfig: { asyncTask: true, maxAsyncRetryAttempts: 0, maxAsyncEventAgeInSeconds: 60 }",
  };
  await withCloud({ code: { echo: ECHO }, props }, {}, async (cloud) => {
    const begin = cloud.time.now();
    for (const id of ["a", "b", "c"]) {
      await submit(cloud, "echo", id, { "x-fc-async-task-id": id });
      await cloud.settle({ forMs: 10_000 });
    }
    const list = async (query: object) => {
      const { data } = await fc2(cloud).get("/functions/echo/async-tasks", query);
      const { tasks, nextToken } = known<{ tasks: { taskId: string }[]; nextToken?: string }>(data);
      return [tasks.map(({ taskId }) => taskId), nextToken];
    };
    expect(await list({ limit: 2 })).toEqual([["a", "b"], "c"]);
    expect(await list({ limit: 2, nextToken: "c" })).toEqual([["c"], undefined]);
    expect(await list({ sortOrderByTime: "desc", limit: 1 })).toEqual([["c"], "b"]);
    expect(await list({ startedTimeBegin: begin + 5000, startedTimeEnd: begin + 15_000 })).toEqual([
      ["b"],
      undefined,
    ]);
  });
});
