import { test } from "vitest";
import { minutes } from "../../shared/duration.ts";
import { launchTagged } from "../support/world.ts";
import { deployKiln } from "../support/deployment.ts";

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
