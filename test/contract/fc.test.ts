import { test } from "vitest";
import { fc2 } from "./clients.ts";
import { withCloud } from "./fixture.ts";

const ECHO =
  "exports.handler = async (event, context) => ({ got: event.toString(), at: Date.now(), id: context.requestId });";

test("an asynchronous invocation with a delay runs the bundle when the delay is over, in the cloud's time", async ({
  expect,
}) => {
  await withCloud({ code: { echo: ECHO } }, {}, async (cloud) => {
    const before = cloud.time.now();
    const headers = { "x-fc-invocation-type": "Async", "x-fc-async-delay": "30" };
    const { headers: answer } = await fc2(cloud).post("/functions/echo/invocations", { a: 1 }, headers);
    await cloud.settle();
    const [run] = cloud.fc.invocations;
    expect(JSON.parse(run?.result ?? "")).toEqual({
      got: '{"a":1}',
      at: run?.at,
      id: answer["x-fc-request-id"],
    });
    expect(run?.at).toBeGreaterThanOrEqual(before + 30_000);
    expect(run?.at).toBeLessThanOrEqual(before + 32_100);
  });
});
