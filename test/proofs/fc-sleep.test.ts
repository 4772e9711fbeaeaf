import { setTimeout as reallySleep } from "node:timers/promises";
import { test } from "vitest";
import { type Cloud, MODEL } from "../cloud/index.ts";
import { fc2 } from "../contract/clients.ts";
import { withCloud } from "../contract/fixture.ts";
import { json } from "../support/known.ts";

/** Sleeps for the seconds of its event, one number after the other, and says when it was awake. */
const SLEEPS = `const { setTimeout: sleep } = require("node:timers/promises");
exports.handler = async (event) => {
  const awake = [Date.now()];
  for (const seconds of JSON.parse(event)) {
    await sleep(seconds * 1000);
    awake.push(Date.now());
  }
  return awake;
};`;
const ECHO = "exports.handler = async () => Date.now();";
const LONG = "timeout: 600\nasyncInvokeConfig: { maxAsyncRetryAttempts: 0, maxAsyncEventAgeInSeconds: 3600 }";
const COLD_MS = MODEL.invocationMs + MODEL.coldStartMs;

const post = (cloud: Cloud, name: string, payload: unknown, headers: object = {}) =>
  fc2(cloud).post(`/functions/${name}/invocations`, JSON.stringify(payload), headers);

const submit = (cloud: Cloud, name: string, payload: unknown, delayS = 0) =>
  post(cloud, name, payload, {
    "x-fc-invocation-type": "Async",
    ...(delayS > 0 && { "x-fc-async-delay": String(delayS) }),
  });

/** When each invocation was awake, in seconds after `start`, in the order they ended. */
const awakeOf = (cloud: Cloud, start: number) =>
  cloud.fc.invocations.map(({ function: name, result }) => {
    const at = json<number | number[]>(result);
    return [name, ...[at].flat().map((one) => Math.floor((one - start) / 1000))];
  });

test("an invocation sleeps by the cloud's clock, and the world goes on while it does", async ({ expect }) => {
  const props = { sleeps: LONG };
  await withCloud({ code: { sleeps: SLEEPS, echo: ECHO }, props }, {}, async (cloud) => {
    const start = cloud.time.now();
    const realStart = performance.now();
    await submit(cloud, "sleeps", [240, 60]);
    cloud.time.after(100_000, { label: "later" }, async () => {
      await submit(cloud, "echo", 0);
    });
    await cloud.settle();
    expect(awakeOf(cloud, start)).toEqual([
      ["echo", 100],
      ["sleeps", 0, 240, 300],
    ]);
    expect(cloud.fc.invocations[1]?.durationMs).toBe(COLD_MS + 300_000);
    expect(performance.now() - realStart).toBeLessThan(20_000);
  });
});

test("several sleep at once and wake in the order of their instants, the same way every time", async ({
  expect,
}) => {
  const live = () =>
    withCloud({ code: { sleeps: SLEEPS }, props: { sleeps: LONG } }, {}, async (cloud) => {
      const start = cloud.time.now();
      for (const seconds of [[50], [30, 30], [10]]) await submit(cloud, "sleeps", seconds);
      await cloud.settle();
      expect(awakeOf(cloud, start)).toEqual([
        ["sleeps", 0, 10],
        ["sleeps", 0, 50],
        ["sleeps", 0, 30, 60],
      ]);
      return cloud.snapshot();
    });
  const once = await live();
  expect(await live()).toEqual(once);
});

test("the timeout of its function ends an invocation in its sleep, and the event is tried again", async ({
  expect,
}) => {
  const props = {
    sleeps: "timeout: 100\nasyncInvokeConfig: { maxAsyncRetryAttempts: 1, maxAsyncEventAgeInSeconds: 3600 }",
  };
  await withCloud({ code: { sleeps: SLEEPS }, props }, {}, async (cloud) => {
    await submit(cloud, "sleeps", [60, 60]);
    await cloud.settle();
    const [first, second] = cloud.fc.invocations;
    expect(first).toMatchObject({ durationMs: 100_000, error: "UnhandledInvocationError" });
    expect(first?.result).toContain("timed out after 100 seconds");
    expect(second).toMatchObject({ callIndex: 2, coldStart: true, durationMs: 100_000 });
    // The first ended a timeout after its begin, less what it was awake by the model; its retry follows a minute later.
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBe(100_000 - COLD_MS + 60_000);
    expect(cloud.fc.events[0]).toMatchObject({ status: "Failed", attempts: 2 });
    await submit(cloud, "sleeps", [60]);
    await cloud.settle();
    expect(cloud.fc.events[1]?.status).toBe("Succeeded");
  });
});

test("a sleeping invocation keeps its instance, and neither real time nor a half-settled world ends it", async ({
  expect,
}) => {
  const props = { sleeps: `${LONG}\nconcurrencyConfig: { reservedConcurrency: 1 }` };
  await withCloud({ code: { sleeps: SLEEPS }, props }, { fc: { hangMs: 300 } }, async (cloud) => {
    const start = cloud.time.now();
    await submit(cloud, "sleeps", [90]);
    await submit(cloud, "sleeps", []);
    await cloud.settle({ forMs: 30_000 });
    expect(cloud.fc.instances).toMatchObject([{ isBusy: true }]);
    await reallySleep(600);
    await cloud.settle();
    expect(awakeOf(cloud, start)).toEqual([
      ["sleeps", 0, 90],
      // Refused at 0.01 s, then again and again with doubled waits.
      ["sleeps", 127],
    ]);
  });
});

test("a caller that waits for a sleeping function gets its answer when the world goes on", async ({
  expect,
}) => {
  const web =
    "timeout: 600\ntriggers: [{ triggerName: w, triggerType: http, triggerConfig: { authType: anonymous, methods: [GET] } }]";
  const code = { sleeps: SLEEPS, web: SLEEPS.replace("JSON.parse(event)", "[45]") };
  await withCloud({ code, props: { sleeps: LONG, web } }, {}, async (cloud) => {
    const start = cloud.time.now();
    const asked = Promise.all([
      post(cloud, "sleeps", [30]),
      fetch(cloud.urls.http["web"] ?? "").then((answer) => answer.json()),
    ]);
    const asleep = (): number => cloud.time.ahead().filter(({ label }) => label === "wake up").length;
    // Threads start slowly on a busy machine.
    await expect.poll(asleep, { timeout: 15_000 }).toBe(2);
    await cloud.settle();
    const [{ data }, page] = await asked;
    expect(json(String(data))).toEqual([start, start + 30_000]);
    expect(page).toEqual([start, start + 45_000]);
  });
});

test("limits of calls stay real: a timer with a signal, and the global setTimeout", async ({ expect }) => {
  const code = {
    limits: `const { setTimeout: sleep } = require("node:timers/promises");
      exports.handler = async () => {
        const from = Date.now();
        await sleep(20, undefined, { signal: new AbortController().signal });
        await new Promise((resolve) => setTimeout(resolve, 20));
        return Date.now() - from;
      };`,
    both: `const { setTimeout: sleep } = require("node:timers/promises");
      exports.handler = () => Promise.all([sleep(1000), sleep(2000)]);`,
  };
  await withCloud({ code }, {}, async (cloud) => {
    expect((await post(cloud, "limits", 0)).data).toBe("0");
    const asked = post(cloud, "both", 0);
    await cloud.settle({ forMs: 5000 });
    const { data } = await asked;
    expect(data).toMatchObject({ errorMessage: expect.stringContaining("one sleep at a time") });
  });
});

test("a sleep that its handler did not wait for ends with the answer", async ({ expect }) => {
  const code = {
    leaves: `const { setTimeout: sleep } = require("node:timers/promises");
      let woken = 0;
      exports.handler = async () => { const before = woken; void sleep(1000).then(() => woken++); return before; };`,
  };
  await withCloud({ code }, {}, async (cloud) => {
    for (let i = 0; i < 2; i++) {
      expect((await post(cloud, "leaves", 0)).data).toBe("0");
      await cloud.settle({ forMs: 60_000 });
    }
    expect(cloud.time.ahead()).toEqual([]);
  });
});

test("where time stands still, a function that a client waits for sleeps for itself alone", async ({
  expect,
}) => {
  for (const inline of [true, false]) {
    const options = { waitsAlone: true, fc: { inline } };
    await withCloud({ code: { sleeps: SLEEPS }, props: { sleeps: LONG } }, options, async (cloud) => {
      const start = cloud.time.now();
      for (const seconds of [[60, 5], [1]]) {
        const answer = await post(cloud, "sleeps", seconds);
        const awake = json<number[]>(String(answer.data));
        const passed = seconds.map((_, index) =>
          seconds.slice(0, index + 1).reduce((sum, one) => sum + one, 0),
        );
        expect(awake.map((at) => (at - start) / 1000)).toEqual([0, ...passed]);
      }
      expect(cloud.time.now()).toBe(start);
      expect(cloud.fc.invocations[0]?.durationMs).toBe(COLD_MS + 65_000);
    });
  }
});
