/** Launch templates and scaling configurations that a recipe names. */
import {
  addConfiguration,
  configurationImageOf,
  richTemplate,
  templateParams,
  versionsOf,
} from "../support/consumers.ts";
import { ABROAD } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import { quickRelease } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { imagesIn } from "../support/world.ts";

test("a promotion gives its consumers the image and changes nothing else of them, and a rollback takes it back", async ({
  kiln,
  expect,
}) => {
  const [home, abroad] = [await richTemplate(kiln), await richTemplate(kiln, ABROAD)];
  const before = templateParams(kiln, home);
  addConfiguration(kiln, "asc-1", { imageId: "m-old" });
  const promote = { regions: [ABROAD], consumers: [home, { id: abroad, region: ABROAD }, "asc-1"] };
  const now = () => [
    templateParams(kiln, home)["ImageId"],
    templateParams(kiln, abroad)["ImageId"],
    configurationImageOf(kiln, "asc-1"),
  ];
  const first = await quickRelease(kiln, 1, { promote });
  expect(first.promotion?.result).not.toHaveProperty("notUpdated");
  const copyOf = (n: number) => imagesIn(kiln, ABROAD)[n]?.imageId;
  expect(now()).toEqual([first.imageId, copyOf(0), first.imageId]);
  expect(templateParams(kiln, home)).toEqual({ ...before, ImageId: first.imageId });

  const second = await quickRelease(kiln, 2, { promote });
  expect(now()).toEqual([second.imageId, copyOf(1), second.imageId]);
  const planned = await request(kiln, "/families/web/rollback", { to: "previous", dryRun: true });
  expect(planned.result?.["wouldUpdate"]).toHaveLength(3);
  const versions = versionsOf(kiln, home);
  const back = await request(kiln, "/families/web/rollback", { to: "previous" });
  expect(back).toMatchObject({ state: "done", result: { imageId: first.imageId } });
  expect(now()).toEqual([first.imageId, copyOf(0), first.imageId]);
  // A version with that image is there.
  expect(versionsOf(kiln, home)).toEqual(versions);
});
