/** Launch templates and scaling configurations that cannot be changed, and versions of templates. */
import {
  addConfiguration,
  configurationImageOf,
  richTemplate,
  templateParams,
  versionsOf,
} from "../support/consumers.ts";
import { night, retentionNight, uploaded } from "../support/bakes.ts";
import { bakedImages, unchanging } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import { PLACE } from "../support/deployment.ts";
import { shown } from "../support/family.ts";
import { quickRelease, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";

test("a consumer that cannot be changed is reported, fails nothing, and is tried again each night until it can be", async ({
  kiln,
  expect,
}) => {
  const home = await richTemplate(kiln);
  await quickRelease(kiln, 1);
  addConfiguration(kiln, "asc-family", { imageFamily: "web" });
  const consumers = ["asc-late", home, "asc-family"];
  const { promotion, imageId } = await quickRelease(kiln, 2, unchanging(kiln, { consumers }));
  expect(promotion).toMatchObject({ state: "done" });
  expect(promotion?.result?.["notUpdated"]).toEqual([
    expect.stringMatching(/there is no scaling configuration asc-late in cn-hangzhou/),
    expect.stringMatching(/asc-family in cn-hangzhou names image family web/),
  ]);
  expect(templateParams(kiln, home)["ImageId"]).toBe(imageId);

  addConfiguration(kiln, "asc-late", { imageId: "m-old" });
  expect((await night(kiln))?.result?.["note"]).toMatch(/whose consumers were not all updated/);
  expect(configurationImageOf(kiln, "asc-late")).toBe(imageId);
  const fewer = { description: "number 2", ...unchanging(kiln, { consumers: ["asc-late", home] }) };
  expect((await uploaded(kiln, recipeText(fewer)))?.result?.["note"]).toMatch(
    /whose consumers were not all updated/,
  );
  expect((await night(kiln))?.result?.["delivers"]).toBeUndefined();
  expect(bakedImages(kiln)).toBe(2);
});

test("a consumer that a rollback could not change is tried again each night until it can be, and the undo still finds the rollback", async ({
  kiln,
  expect,
}) => {
  const promote = { consumers: ["asc-late"] };
  const first = await quickRelease(kiln, 1, { promote });
  const second = await quickRelease(kiln, 2, { promote });
  const back = await request(kiln, "/families/web/rollback", { to: "previous" });
  expect(back.result?.["notUpdated"]).toEqual(expect.arrayContaining([expect.stringContaining("asc-late")]));
  await retentionNight(kiln);
  expect(kiln.records("rollback")).toHaveLength(2);
  addConfiguration(kiln, "asc-late", { imageId: second.imageId });
  await retentionNight(kiln);
  expect(configurationImageOf(kiln, "asc-late")).toBe(first.imageId);
  await retentionNight(kiln);
  expect(kiln.records("rollback")).toHaveLength(3);
  const undone = await request(kiln, "/families/web/rollback", { undo: true });
  expect(undone.state).toBe("done");
  expect(configurationImageOf(kiln, "asc-late")).toBe(second.imageId);
  expect((await shown(kiln)).hold).toBeUndefined();
});

test("a template keeps the changes of its users and few versions of Kiln, and no version that lost something is used", async ({
  kiln,
  expect,
}) => {
  const id = await richTemplate(kiln);
  const given = { LaunchTemplateId: id, ImageId: "m-old" };
  const promote = { consumers: [id] };
  for (const n of [1, 2]) await quickRelease(kiln, n, { promote });
  expect(versionsOf(kiln, id)).toEqual([1, 2, 3]);
  await kiln.ecs("CreateLaunchTemplateVersion", { ...given, InstanceType: "ecs.c7.large" });
  await kiln.ecs("ModifyLaunchTemplateDefaultVersion", { LaunchTemplateId: id, DefaultVersionNumber: 4 });
  for (const n of [3, 4, 5]) await quickRelease(kiln, n, { promote });
  expect(templateParams(kiln, id)).toMatchObject({ InstanceType: "ecs.c7.large" });
  // Those of users stay.
  expect(versionsOf(kiln, id)).toEqual([1, 4, 5, 6, 7]);

  const { imageId } = await quickRelease(kiln, 6, unchanging(kiln, {}));
  const description = `Kiln ${PLACE.bucket} ${imageId} of version 7`;
  await kiln.ecs("CreateLaunchTemplateVersion", {
    ...given,
    ImageId: imageId,
    VersionDescription: description,
  });
  const asked = await uploaded(kiln, recipeText({ description: "number 6", ...unchanging(kiln, promote) }));
  expect(kiln.record(String(asked?.result?.["promotion"]))?.result?.["notUpdated"]).toEqual([
    expect.stringMatching(
      /version 8 of \S+ in cn-hangzhou differs from its default version 7 in InstanceType/,
    ),
  ]);
  expect(templateParams(kiln, id)["ImageId"]).not.toBe(imageId);
});
