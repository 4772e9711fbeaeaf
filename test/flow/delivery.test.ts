/** An image that is baked is delivered again without a bake. */
import { night } from "../support/bakes.ts";
import { ABROAD, bakedImages, unchanging } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import { quickRelease } from "../support/recipes.ts";
import { imagesIn, served } from "../support/world.ts";

test("an image whose copy failed is delivered the next night without a bake, and once", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  kiln.cloud.world.failNextCopy(ABROAD, "storage error");
  const { promotion, imageId } = await quickRelease(kiln, 2, unchanging(kiln, { regions: [ABROAD] }));
  expect(promotion?.state).toBe("failed");
  expect(served(kiln)).toBe(first.imageId);

  const delivered = await night(kiln);
  expect(delivered).toMatchObject({ state: "done", result: { skipped: true, delivers: imageId } });
  expect(delivered?.result?.["note"]).toMatch(/whose promotion promote-web-\S+ failed \(the copy .* ended/);
  const again = kiln.record(String(delivered?.result?.["promotion"]));
  expect(again).toMatchObject({ state: "done", result: { again: delivered?.result?.["note"] } });
  expect([served(kiln), served(kiln, ABROAD)]).toEqual([imageId, imagesIn(kiln, ABROAD)[0]?.imageId]);
  expect((await night(kiln))?.result?.["delivers"]).toBeUndefined();
  expect(bakedImages(kiln)).toBe(2);
});
