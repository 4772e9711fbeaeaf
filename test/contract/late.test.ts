import { setTimeout as reallySleep } from "node:timers/promises";
import { test } from "vitest";
import { minutes } from "../../shared/duration.ts";
import { launchTagged } from "../support/world.ts";
import { deployKiln } from "../support/deployment.ts";
import { fc2 } from "./clients.ts";
import { withCloud } from "./fixture.ts";
import { SIGNED } from "./signed-code.ts";

test("a launch that is never answered happens all the same, later; one with its token then finds what is there", async ({
  expect,
}) => {
  const kiln = await deployKiln();
  const { cloud } = kiln;
  const ClientToken = "one-and-the-same";
  const stop = cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "late", lateMs: minutes(4) });
  const lost = launchTagged(kiln, {}, { ClientToken }).catch(() => "no answer");
  while (cloud.unanswered() === 0) await new Promise((resolve) => setImmediate(resolve));
  stop();
  await cloud.settle({ forMs: minutes(3) });
  expect(cloud.world.launched).toBe(0);
  await cloud.settle({ forMs: minutes(2) });
  const [launched] = cloud.world.instances.keys();
  expect(cloud.world.launched).toBe(1);
  expect(await launchTagged(kiln, {}, { ClientToken })).toBe(launched);
  expect(cloud.world.launched).toBe(1);
  await kiln.close();
  expect(await lost).toBe("no answer");
});

/** Calls that the handler does not wait for, and a sleep past its time limit. */
const LATE = `${SIGNED}
const { setTimeout: sleep } = require("node:timers/promises");
const put = (key, credentials) => fetch(process.env.OSS + "/box/" + key, { method: "PUT", headers: signed("PUT", key, credentials) });
exports.handler = async (_, { credentials }) => {
  for (let n = 0; n < 5; n++) put("early" + n, credentials).catch(() => {});
  await sleep(5000);
  await put("late", credentials);
};`;

for (const inline of [true, false]) {
  test(`a call that is under way at the time limit has an effect before it or none: inline ${inline}`, async ({
    expect,
  }) => {
    const props = {
      late: "timeout: 2\nasyncInvokeConfig: { maxAsyncRetryAttempts: 0, maxAsyncEventAgeInSeconds: 60 }\nenvironmentVariables: { OSS: \"${env('OSS')}\" }",
    };
    const env = ({ oss }: { readonly oss: string }) => ({ OSS: oss });
    await withCloud({ code: { late: LATE }, props }, { env, fc: { inline } }, async (cloud) => {
      cloud.oss.createBucket("box");
      await fc2(cloud).post("/functions/late/invocations", "", { "x-fc-invocation-type": "Async" });
      await cloud.settle();
      const [run] = cloud.fc.invocations;
      expect(run).toMatchObject({ durationMs: 2000, error: "UnhandledInvocationError" });
      const before = cloud.oss.list("box").map(({ key }) => key);
      expect(before).not.toContain("late");
      await cloud.settle({ forMs: minutes(10) });
      await reallySleep(50);
      expect(cloud.oss.list("box").map(({ key }) => key)).toEqual(before);
    });
  });
}
