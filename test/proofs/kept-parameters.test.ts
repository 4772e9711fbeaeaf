/** Later bakes keep the parameters of an image, and skip when they cannot read them. */
import { minutes } from "../../shared/duration.ts";
import { bakedBy, night, releaseIn, uploaded } from "../support/bakes.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { served } from "../support/world.ts";

test("what is not known is not replaced by a default: the bake is skipped and says why", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const needed = recipeText({
    parameters: { RELEASE: {} },
    provision: ["echo $RELEASE > /etc/release"],
    test: { skip: true },
  });
  expect(await uploaded(kiln, needed)).toMatchObject({
    state: "done",
    result: {
      skipped: true,
      note: expect.stringMatching(
        /^parameter RELEASE is required, and no image has a value for it; bake recipe web by hand/,
      ),
    },
  });
  const { imageId } = await bakedBy(kiln, { parameters: { RELEASE: "v7" } });
  const changed = needed.replace("/etc/release", "/etc/release2");
  expect((await uploaded(kiln, changed))?.result).toMatchObject({ parameters: { RELEASE: "v7" } });
  for (const { key } of kiln.cloud.oss.list(BUCKET, "state/bakes/")) kiln.cloud.oss.delete(BUCKET, key);
  expect((await night(kiln))?.result).toMatchObject({
    skipped: true,
    note: expect.stringMatching(/^the parameters that m-\w+ was baked with are not known/),
  });
  expect(imageId).not.toBe(served(kiln));
});

test("values that a recipe without parameters was baked with are kept too", async ({ kiln, expect }) => {
  const open = { provision: ["echo $RELEASE > /etc/release"], test: { skip: true } };
  await uploaded(kiln, recipeText(open));
  await request(kiln, "/recipes/web/bake", { parameters: { RELEASE: "v42" } });
  await kiln.cloud.settle({ forMs: minutes(20) });
  const later = await uploaded(kiln, recipeText({ ...open, provision: [...open.provision, "true"] }));
  expect(releaseIn(kiln, String(later?.result?.["imageId"]))).toBe("v42\n");
});
