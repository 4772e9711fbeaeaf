import { afterAll, beforeAll, beforeEach, test } from "vitest";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { type CloudProcess, startProcess } from "../support/cloud-process.ts";
import { type Foreign, foreignProgram } from "../support/foreign.ts";
import { json } from "../support/known.ts";

const FUNCTION = "kiln-janitor";

let cloud: CloudProcess;
let program: Foreign;
let count = 0;

beforeAll(async () => {
  cloud = await startProcess(["--speed", "0"]);
  program = foreignProgram(cloud);
}, 60_000);
afterAll(() => cloud.end());
beforeEach(async () => void (await cloud.post("heal", {})));

interface Task {
  readonly status: string;
  readonly alreadyRetriedTimes: number;
  readonly startedTime: number;
  readonly events: readonly { readonly status: string; readonly timestamp: number }[];
}

/** Sends an event to the janitor that finds nothing to do. */
async function submit(delayMs = 0, taskId = `task-${++count}`): Promise<string> {
  await program.fc.post(`/functions/${FUNCTION}/invocations`, '{"v":1,"request":"resend"}', {
    "x-fc-invocation-type": "Async",
    "x-fc-async-task-id": taskId,
    ...(delayMs > 0 && { "x-fc-async-delay": String(delayMs / 1000) }),
  });
  return taskId;
}

/** The fate of an event after so much time: its status, its further runs, and when the first one began. */
async function fateOf(taskId: string, forMs: number) {
  await cloud.settle(forMs);
  const { data } = await program.fc.get(`/functions/${FUNCTION}/async-tasks/${taskId}`);
  const { status, alreadyRetriedTimes: retries, startedTime, events } = json<Task>(JSON.stringify(data));
  const runAt = events.find((event) => event.status === "Running")?.timestamp ?? Number.NaN;
  return { status, retries, waitedMs: runAt - startedTime };
}

const GOOD = { status: "Succeeded", retries: 0, waitedMs: 10 };

test("an event is delivered twice, late, or never, and the next one is not", async ({ expect }) => {
  expect(await fateOf(await submit(), seconds(5))).toEqual(GOOD);
  await cloud.post("duplicate", { function: FUNCTION, afterMs: 2000 });
  const twice = await submit();
  expect(await fateOf(twice, seconds(1))).toEqual(GOOD);
  expect(await fateOf(twice, seconds(5))).toEqual({ ...GOOD, retries: 1 });
  await cloud.post("delay", { function: FUNCTION, byMs: seconds(30) });
  expect(await fateOf(await submit(), seconds(40))).toEqual({ ...GOOD, waitedMs: 30_010 });
  await cloud.post("lose", { function: FUNCTION });
  expect(await fateOf(await submit(), hours(1))).toMatchObject({ status: "Enqueued" });
  expect(await fateOf(await submit(), seconds(5))).toEqual(GOOD);
});

test("the platform has no instance, fails, or does not deliver for a while", async ({ expect }) => {
  await cloud.post("obstruct", { function: FUNCTION, status: 429, times: 2 });
  expect(await fateOf(await submit(), seconds(10))).toEqual({ ...GOOD, waitedMs: 1510 });
  await cloud.post("obstruct", { function: FUNCTION, status: 500 });
  expect(await fateOf(await submit(), seconds(10))).toMatchObject({ status: "Failed" });
  await cloud.post("pause", { ms: seconds(30) });
  expect(await fateOf(await submit(), seconds(40))).toEqual({ ...GOOD, waitedMs: 30_000 });
});

test("an invocation ends before its answer, and is tried again", async ({ expect }) => {
  await cloud.post("crash", { function: FUNCTION });
  expect(await fateOf(await submit(), minutes(4))).toEqual({ ...GOOD, retries: 1 });
});

test("what is asked for without an end goes on until it is healed", async ({ expect }) => {
  await cloud.post("lose", { function: FUNCTION, times: null });
  for (const _ of [1, 2, 3]) {
    expect(await fateOf(await submit(), seconds(5))).toMatchObject({ status: "Enqueued" });
  }
  await cloud.post("heal", {});
  expect(await fateOf(await submit(), seconds(5))).toEqual(GOOD);
});

test("delays and task ids are kept or not", async ({ expect }) => {
  expect((await fateOf(await submit(seconds(60)), minutes(2))).waitedMs).toBeGreaterThanOrEqual(60_000);
  await cloud.post("platform", { delayFactor: 0, taskIds: { rememberedMs: 0 } });
  expect(await fateOf(await submit(seconds(60)), minutes(2))).toEqual(GOOD);
  await submit(0, "again");
  await cloud.settle(1000);
  await submit(0, "again");
  await cloud.post("heal", {});
  await expect(submit(0, "again")).rejects.toMatchObject({
    message: expect.stringContaining("already exists"),
  });
});

test("an instance with a clock that is wrong by too much is refused by every product", async ({ expect }) => {
  await cloud.post("platform", { skewMs: hours(1) });
  // The instance in use has the right clock until it is gone.
  await cloud.post("crash", { function: FUNCTION });
  const task = await submit();
  expect(await fateOf(task, seconds(30))).toMatchObject({ status: "Retrying" });
  expect(await fateOf(task, seconds(60))).toMatchObject({ status: "Retrying", retries: 1 });
});
