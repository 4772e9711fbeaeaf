import { test } from "vitest";
import { type Cloud, MODEL } from "../cloud/index.ts";
import { fc2 } from "./clients.ts";
import { withCloud } from "./fixture.ts";
import { OSS_PROPS, SIGNED } from "./signed-code.ts";
import { json, known } from "../support/known.ts";

/** Asks for what its event names, side by side, and says when each request ended and how, in ms of its own clock. */
const ASKS = `${SIGNED}
const http = require("node:http");
const { setTimeout: sleep } = require("node:timers/promises");
const ask = (path, ms, credentials) => new Promise((resolve) => {
  const signal = ms === null ? undefined : AbortSignal.timeout(ms);
  http.get(process.env.OSS + "/box/" + path, { signal, headers: signed("GET", path, credentials) }, (answer) => {
    answer.on("data", () => {}).on("error", () => {}).on("end", () => resolve(answer.statusCode));
  }).on("error", () => {});
  signal?.addEventListener("abort", () => resolve(signal.reason.name));
});
exports.handler = async (event, { credentials }) => {
  const from = Date.now();
  const rows = [];
  for (const step of JSON.parse(event)) {
    if (typeof step === "number") { await sleep(step); continue; }
    await Promise.all(Object.entries(step).map(async ([path, ms]) => {
      const how = await ask(path, ms, credentials);
      rows.push([path, how, Date.now() - from]);
    }));
  }
  return rows;
};`;
const PROPS =
  `timeout: 300\n${OSS_PROPS}\n` +
  "asyncInvokeConfig: { maxAsyncRetryAttempts: 0, maxAsyncEventAgeInSeconds: 3600 }";
const CALL = MODEL.cloudCallMs;

type Step = number | Readonly<Record<string, number | null>>;

/** A function that asks for objects of which some are never sent, or never end. */
const live = <T>(work: (cloud: Cloud) => Promise<T>, seed = 1): Promise<T> =>
  withCloud(
    { code: { asks: ASKS }, props: { asks: PROPS } },
    { fc: { inline: true }, seed, env: ({ oss }) => ({ OSS: oss }) },
    (cloud) => {
      cloud.oss.createBucket("box");
      for (const kind of ["hang", "drip"] as const) {
        cloud.faults.add({
          product: "oss",
          action: "GetObject",
          kind,
          when: ({ key }) => key?.startsWith(kind) === true,
        });
      }
      return work(cloud);
    },
  );

async function submit(cloud: Cloud, ...steps: readonly Step[]): Promise<void> {
  const headers = { "x-fc-invocation-type": "Async" };
  await fc2(cloud).post("/functions/asks/invocations", JSON.stringify(steps), headers);
}

const rowsOf = (cloud: Cloud) => cloud.fc.invocations.map(({ result }) => json<unknown[]>(result));

test("a call without an answer lasts until its limit in the cloud's time, and costs no real time", async ({
  expect,
}) => {
  await live(async (cloud) => {
    const since = performance.now();
    const start = cloud.time.now();
    const seen: number[] = [];
    cloud.time.after(15_000, { label: "look" }, () => void seen.push(cloud.fc.invocations.length));
    await submit(cloud, { hang: 20_000 }, 5000, { drip: 20_000 });
    await cloud.settle();
    // Of each limit, the model counts one call's time apart.
    expect(rowsOf(cloud)).toEqual([
      [
        ["hang", "TimeoutError", 20_000 - CALL],
        ["drip", "TimeoutError", 45_000 - 2 * CALL],
      ],
    ]);
    expect(seen).toEqual([0]);
    expect(cloud.fc.invocations[0]?.durationMs).toBe(45_000 + MODEL.invocationMs + MODEL.coldStartMs);
    expect(cloud.time.now() - start).toBeGreaterThan(44_000);
    await expect.poll(() => cloud.unanswered()).toBe(0);
    expect(performance.now() - since).toBeLessThan(15_000);
  });
});

test("limits end in the order of their instants, and answered calls do not wait for them", async ({
  expect,
}) => {
  await live(async (cloud) => {
    await submit(cloud, { hang1: 30_000, hang2: 10_000, drip3: 20_000, answered: 5000 });
    await cloud.settle();
    expect(rowsOf(cloud)).toEqual([
      [
        ["answered", 404, 0],
        ["hang2", "TimeoutError", expect.closeTo(10_000, -3)],
        ["drip3", "TimeoutError", expect.closeTo(20_000, -3)],
        ["hang1", "TimeoutError", expect.closeTo(30_000, -3)],
      ],
    ]);
  });
});

test("without a limit the function times out, in the cloud's time too, and its event is over", async ({
  expect,
}) => {
  await live(async (cloud) => {
    const start = cloud.time.now();
    await submit(cloud, { hang: null });
    await submit(cloud, { hang: 400_000 });
    await cloud.settle();
    for (const run of cloud.fc.invocations) {
      expect(run).toMatchObject({ durationMs: 300_000, error: "UnhandledInvocationError" });
    }
    expect(cloud.fc.events.map(({ status }) => status)).toEqual(["Failed", "Failed"]);
    expect(cloud.time.now() - start).toBeLessThan(301_000);
    await expect.poll(() => cloud.unanswered()).toBe(0);
  });
});

test("a client that holds the clock gets its answer when the call of the function has reached its limit", async ({
  expect,
}) => {
  await live(async (cloud) => {
    const ask = (steps: readonly Step[]) =>
      cloud.time.hold(fc2(cloud).post("/functions/asks/invocations", JSON.stringify(steps)));
    const both = Promise.all([ask([{ hang: 20_000 }]), ask([{ drip: 10_000 }])]);
    await cloud.settle({ forMs: 60_000 });
    const rows = (await both).map(({ data }) => json(known<string>(data)));
    expect(rows).toEqual([
      [["hang", "TimeoutError", 20_000 - CALL]],
      [["drip", "TimeoutError", 10_000 - CALL]],
    ]);
  });
});

test("hung calls of several invocations give the same history for the same seed", async ({ expect }) => {
  const run = () =>
    live(async (cloud) => {
      for (const ms of [20_000, 10_000, 15_000]) {
        await submit(cloud, { hang: ms, other: 1000 }, { drip: ms }, { other: 1000 });
      }
      await cloud.settle();
      return [cloud.snapshot(), cloud.fc.invocations.map(({ durationMs, logs }) => [durationMs, logs])];
    }, 7);
  expect(await run()).toEqual(await run());
});
