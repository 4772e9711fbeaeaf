import { test } from "vitest";
import { type Cloud, CloudFault, type CloudOptions } from "../cloud/index.ts";
import { fc2, openApi } from "../contract/clients.ts";
import { withCloud } from "../contract/fixture.ts";
import { json, known } from "../support/known.ts";

const ECHO = "exports.handler = async (event) => event.toString();";
const FAILS = "exports.handler = async () => { throw new Error('no'); };";
const HOUR = 3_600_000;

const tasks = (maxAgeS = 86_400): string =>
  `asyncInvokeConfig: { asyncTask: true, maxAsyncRetryAttempts: 1, maxAsyncEventAgeInSeconds: ${maxAgeS}, ` +
  "destinationConfig: { onFailure: { destination: 'acs:fc:cn-hangzhou:1234567890123456:functions/sink' } } }";

/** Two functions with task ids, and the destination of their failed events. */
const live = <T>(options: CloudOptions, work: (cloud: Cloud) => Promise<T>, props = tasks()): Promise<T> =>
  withCloud(
    {
      code: { one: ECHO, two: ECHO, fails: FAILS, sink: ECHO },
      props: { one: props, two: props, fails: props },
    },
    options,
    work,
  );

/** Submits an event and answers "accepted" or the refusal. */
async function submit(cloud: Cloud, name: string, headers: object = {}, body = "x"): Promise<string> {
  const asked = { "x-fc-invocation-type": "Async", ...headers };
  return openApi(cloud.urls.fc, cloud.accessKey, {
    style: "ROA",
    action: "InvokeFunction",
    version: "2023-03-30",
    path: `/2023-03-30/functions/${name}/invocations`,
    headers: known<Record<string, string>>(asked),
    body,
  }).then(
    () => "accepted",
    (error: unknown) => {
      const { statusCode, code } = known<{ statusCode: number; code: string }>(error);
      return `${statusCode} ${code}`;
    },
  );
}

const named = (taskId: string) => ({ "x-fc-async-task-id": taskId });
const USED = "409 StatefulAsyncInvocationAlreadyExists";

/** Events that the failure destination received, oldest first. */
const failureEvents = (cloud: Cloud) =>
  cloud.fc.invocations
    .filter((run) => run.function === "sink")
    .map(({ at, payload }) => ({
      at,
      ...json<{ requestContext: object; responseContext: object }>(payload),
    }));

const runsOf = (cloud: Cloud, name: string) => cloud.fc.invocations.filter((run) => run.function === name);

test("a task id is used for ever and per function, unless a test configures the platform otherwise", async ({
  expect,
}) => {
  const minute = 60_000;
  const answers = (taskIds: NonNullable<CloudOptions["fc"]>["taskIds"]) =>
    live({ fc: { ...(taskIds && { taskIds }) } }, async (cloud) => {
      const first = await submit(cloud, "one", named("a"));
      const again = await submit(cloud, "one", named("a"));
      const other = await submit(cloud, "two", named("a"));
      await cloud.settle({ forMs: minute });
      const later = await submit(cloud, "one", named("a"));
      const elsewhere = await submit(cloud, "one", named("their-1"));
      await cloud.settle();
      return [first, again, other, later, elsewhere, cloud.fc.invocations.length];
    });
  const ok = "accepted";
  expect(await answers(undefined)).toEqual([ok, USED, ok, USED, ok, 3]);
  expect(await answers({ rememberedMs: 0 })).toEqual([ok, ok, ok, ok, ok, 5]);
  expect(await answers({ rememberedMs: minute })).toEqual([ok, USED, ok, ok, ok, 4]);
  expect(await answers({ scope: "account" })).toEqual([ok, USED, USED, USED, ok, 2]);
  const isUsed = (id: string): boolean => id.startsWith("their-");
  expect(await answers({ isUsed })).toEqual([ok, USED, ok, USED, USED, 2]);
  expect(await answers({ isUsed, rememberedMs: 0 })).toEqual([ok, ok, ok, ok, USED, 4]);
});

test("delays are ignored or stretched from the moment a test says so", async ({ expect }) => {
  await live({}, async (cloud) => {
    const delay = { "x-fc-async-delay": "100" };
    const waits = [];
    for (const delayFactor of [1, 0, 3]) {
      cloud.fc.configure({ delayFactor });
      const askedAt = cloud.time.now();
      await submit(cloud, "one", delay);
      await cloud.settle();
      waits.push(Math.floor(((cloud.fc.invocations.at(-1)?.at ?? 0) - askedAt) / 10_000) * 10);
    }
    expect(waits).toEqual([100, 0, 300]);
  });
});

test("a storm of refusals ends when the test says so, and a conflict need not be about the task id", async ({
  expect,
}) => {
  await live({}, async (cloud) => {
    const start = cloud.time.now();
    const call = { product: "fc", action: "InvokeFunction", kind: "before" } as const;
    const isStorm = (): boolean => cloud.time.now() < start + 600_000;
    cloud.faults.add({ ...call, when: isStorm, fault: new CloudFault(429, "ResourceExhausted", "busy") });
    expect(await submit(cloud, "one")).toBe("429 ResourceExhausted");
    await cloud.settle({ forMs: 600_000 });
    expect(await submit(cloud, "one", named("a"))).toBe("accepted");
    const conflict = new CloudFault(409, "ConcurrentUpdateError", "the function is being updated");
    cloud.faults.add({ ...call, fault: conflict });
    expect(await submit(cloud, "one", named("b"))).toBe("409 ConcurrentUpdateError");
    cloud.faults.clear();
    expect(await submit(cloud, "one", named("b"))).toBe("accepted");
    await cloud.settle();
    expect(cloud.fc.invocations).toHaveLength(2);
  });
});

test("without an instance an event waits and then runs, and is given up after five hours", async ({
  expect,
}) => {
  for (const [hours, runs, failures] of [
    [1, 1, []],
    [
      9,
      0,
      [
        {
          requestContext: { condition: "FunctionResourceExhausted", approximateInvokeCount: 1 },
          responseContext: { statusCode: 429, functionError: "" },
        },
      ],
    ],
  ] as const) {
    await live({}, async (cloud) => {
      const start = cloud.time.now();
      cloud.fc.obstruct(
        ({ function: name }) => name === "one" && cloud.time.now() < start + hours * HOUR,
        429,
      );
      await submit(cloud, "one");
      await submit(cloud, "two");
      await cloud.settle();
      expect(runsOf(cloud, "one")).toHaveLength(runs);
      expect(runsOf(cloud, "two")).toHaveLength(1);
      expect(failureEvents(cloud)).toMatchObject(failures);
    });
  }
});

test("an error of the platform ends an event at once, unrun, and so does one between its retries", async ({
  expect,
}) => {
  for (const status of [500, 503] as const) {
    await live({}, async (cloud) => {
      const stop = cloud.fc.obstruct(({ function: name }) => name === "one", status);
      await submit(cloud, "one");
      await cloud.settle();
      expect(runsOf(cloud, "one")).toEqual([]);
      const failure = {
        requestContext: { condition: "FunctionResourceExhausted", approximateInvokeCount: 1 },
        responseContext: { statusCode: status, functionError: "" },
        requestPayload: "x",
        responsePayload: "",
      };
      expect(failureEvents(cloud)).toMatchObject([failure]);
      stop();
      await submit(cloud, "one");
      await cloud.settle();
      expect(runsOf(cloud, "one")).toHaveLength(1);
      cloud.fc.obstruct(
        ({ function: name }) => name === "fails" && runsOf(cloud, "fails").length === 1,
        status,
      );
      await submit(cloud, "fails");
      await cloud.settle();
      expect(runsOf(cloud, "fails")).toHaveLength(1);
      expect(failureEvents(cloud)).toMatchObject([failure, failure]);
    });
  }
});

test("a pause of the platform delays events, and those that get too old go to the failure destination", async ({
  expect,
}) => {
  for (const [maxAgeS, runs] of [
    [4 * 3600, 2],
    [2 * 3600, 1],
  ] as const) {
    await live(
      {},
      async (cloud) => {
        const start = cloud.time.now();
        cloud.fc.pause(3 * HOUR);
        await submit(cloud, "one");
        await cloud.settle({ forMs: 2 * HOUR });
        expect(cloud.fc.invocations).toEqual([]);
        await submit(cloud, "one");
        await cloud.settle();
        expect(runsOf(cloud, "one").map(({ at }) => at)).toEqual(
          [start + 3 * HOUR, start + 3 * HOUR].slice(0, runs),
        );
        const expired = {
          requestContext: { condition: "EventAgeExceeded" },
          responseContext: { functionError: "" },
        };
        expect(failureEvents(cloud)).toMatchObject([expired, expired].slice(runs));
      },
      tasks(maxAgeS),
    );
  }
});

test("a lost event was accepted and is never run", async ({ expect }) => {
  await live({}, async (cloud) => {
    cloud.fc.lose(({ function: name }) => name === "one");
    expect(await submit(cloud, "one", named("a"))).toBe("accepted");
    expect(await submit(cloud, "one", named("a"))).toBe(USED);
    await cloud.settle({ forMs: 48 * HOUR });
    expect(cloud.fc.invocations).toEqual([]);
    const { data } = await fc2(cloud).get("/functions/one/async-tasks/a");
    expect(data).toMatchObject({ status: "Enqueued" });
  });
});

/** Payload and second of every run of a function, in the order they ended. */
const timesOf = (cloud: Cloud, name: string, start: number) =>
  runsOf(cloud, name).map(({ payload, at }) => [payload, Math.floor((at - start) / 1000)]);

test("a second delivery comes when the test says so, and not when the event is too old by then", async ({
  expect,
}) => {
  await live(
    {},
    async (cloud) => {
      const start = cloud.time.now();
      cloud.fc.duplicate(({ payload }) => payload === "late", 2400_000);
      cloud.fc.duplicate(
        ({ payload }) => payload.length === 2,
        ({ payload }) => Number(payload) * 1000,
      );
      cloud.fc.duplicate(({ payload }) => payload === "too late", HOUR + 1000);
      for (const payload of ["late", "20", "10", "too late"]) await submit(cloud, "one", {}, payload);
      await cloud.settle();
      expect(timesOf(cloud, "one", start)).toEqual([
        ["late", 0],
        ["20", 0],
        ["10", 0],
        ["too late", 0],
        ["10", 10],
        ["20", 20],
        ["late", 2400],
      ]);
      expect(cloud.fc.events.map(({ status }) => status)).toEqual(Array(4).fill("Succeeded"));
      expect(failureEvents(cloud)).toEqual([]);
    },
    tasks(3600),
  );
});

test("late events are overtaken by later ones, and their age counts from submission", async ({ expect }) => {
  await live(
    {},
    async (cloud) => {
      const start = cloud.time.now();
      cloud.fc.duplicate(({ payload }) => payload === "30", 5000);
      const stop = cloud.fc.delay(
        ({ payload }) => payload !== "0",
        ({ payload }) => Number(payload) * 1000,
      );
      for (const payload of ["3601", "30", "20", "0"]) await submit(cloud, "one", {}, payload);
      stop();
      await submit(cloud, "one", {}, "40");
      await cloud.settle();
      expect(timesOf(cloud, "one", start)).toEqual([
        ["0", 0],
        ["40", 0],
        ["20", 20],
        ["30", 30],
        ["30", 35],
      ]);
      expect(failureEvents(cloud)).toMatchObject([{ requestPayload: "3601" }]);
      expect(cloud.fc.events[0]?.status).toBe("Expired");
    },
    tasks(3600),
  );
});
