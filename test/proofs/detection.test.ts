/** The check of an image by the cloud itself (`image.detection`). */
import { test } from "../support/deploy.ts";
import { quickRelease } from "../support/recipes.ts";
import { imagesIn, HOME, served, tagOf } from "../support/world.ts";

const DETECTED = { image: { detection: "Standard" } };
const NVME = { name: "Nvme", value: "NotSupported", riskCode: "NVMe.NotInstalled" } as const;

test("an image with a high risk fails its test, is in no family, and the reason names the risk", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1, DETECTED);
  expect(first.promotion).toMatchObject({ state: "done" });
  kiln.cloud.world.riskNextImage({ ...NVME, riskLevel: "High" });
  const { promotion, imageId } = await quickRelease(kiln, 2, DETECTED);
  expect(promotion).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(
      new RegExp(`^the cloud's check of ${imageId} .*: Nvme NVMe\\.NotInstalled; correct`),
    ),
  });
  expect([served(kiln), tagOf(kiln, imageId, "kiln:gate")]).toEqual([first.imageId, "failed"]);
});

test("a medium risk and an image without a check fail nothing", async ({ kiln, expect }) => {
  kiln.cloud.world.riskNextImage({ ...NVME, riskLevel: "Medium" });
  const { promotion } = await quickRelease(kiln, 1, DETECTED);
  const plain = await quickRelease(kiln, 2);
  expect([promotion?.state, plain.promotion?.state]).toEqual(["done", "done"]);
  expect(imagesIn(kiln, HOME)).toHaveLength(2);
});
