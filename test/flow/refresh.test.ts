/** A promotion replaces the members of a fleet, or is rolled back in it. */
import { test } from "../support/deploy.ts";
import { QUIET } from "../support/idle.ts";
import { reconcile, running, sized } from "../support/sized.ts";
import { imagesOf, serve } from "../support/sleepers.ts";

test("a canary whose probe fails is ended, and its image is not launched until a caller asks", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const members = await sized(kiln, {
    size: { desired: 3 },
    refresh: {
      onPromotion: "refresh",
      canary: { percent: 10, soak: "10m" },
      probe: { command: "test -e /opt/app/ready" },
    },
  });
  serve(kiln, "m-web-2");
  await reconcile(kiln);
  const [record, ...more] = kiln.records("refresh-");
  expect(more).toEqual([]);
  expect(record).toMatchObject({ state: "failed", reason: expect.stringContaining("exit code 1") });
  expect(running(kiln)).toEqual(members);
  kiln.cloud.world.remove(members[0] ?? "");
  await reconcile(kiln);
  await reconcile(kiln);
  expect(kiln.records("refresh-")).toHaveLength(1);
  expect(imagesOf(kiln, "Running")).toEqual(Array(3).fill("m-web-1"));
});
