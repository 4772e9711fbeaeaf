import { sizeKey } from "../../shared/keys.ts";
import { days, hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { notified } from "../support/notified.ts";
import { quickRelease, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { HOME, imagesIn, launchTagged, leftovers, served, tagOf } from "../support/world.ts";

const timed = test.extend({ timers: ["retention"] });

const RETENTION = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" };
const keptFor = (keep: number) => ({ rebake: { nightly: false }, retention: { ...RETENTION, keep } });
const kept = keptFor(1);
type Kiln = Parameters<typeof imagesIn>[0];

/** Three releases, old enough to be deleted. */
async function threeOld(kiln: Kiln, changes = {}): Promise<string[]> {
  const ids: string[] = [];
  for (const n of [1, 2, 3]) ids.push((await quickRelease(kiln, n, { ...kept, ...changes })).imageId);
  await grow(kiln);
  return ids;
}

/** Makes all own images ten days older. */
async function grow({ cloud }: Kiln): Promise<void> {
  cloud.world.ageImages(days(10));
  await cloud.settle({ forMs: 1000 });
}

const planOf = (kiln: Kiln, key: unknown): string[] =>
  (kiln.cloud.oss.get("kiln-1234567890123456", String(key))?.body.toString() ?? "")
    .trim()
    .split("\n")
    .slice(1);
const retire = (kiln: Kiln, body = {}) => request(kiln, "/recipes/web/retire", body);
const DELETES = ["DeleteImage", "DeleteSnapshot"];
const changes = (kiln: Kiln) => {
  const { images, snapshots, tags } = kiln.cloud.world;
  const own = [...images.values()].map(({ imageId, status }) => [imageId, status, tags.of("image", imageId)]);
  return [own, [...snapshots.keys()]];
};

test("a dry run writes its verdict on each image with a reason, and changes nothing", async ({
  kiln,
  expect,
}) => {
  const [first = "", second = "", third = ""] = await threeOld(kiln);
  const before = changes(kiln);
  const dry = await retire(kiln, { dryRun: true });
  expect(dry.result).toMatchObject({ dryRun: true, keep: 2, mark: 1 });
  expect(planOf(kiln, dry.result?.["plan"]).map((line) => line.split(/\s{2,}/))).toEqual([
    ["keep", third, expect.any(String), HOME, "it is what the family serves"],
    ["keep", second, expect.any(String), HOME, "a rollback would go back to it"],
    ["mark", first, expect.any(String), HOME, "nothing needs it; it is deleted after 2h"],
  ]);
  expect(changes(kiln)).toEqual(before);
});

test("an old image is tagged, waits, is looked up again and deleted, and then its snapshots", async ({
  kiln,
  expect,
}) => {
  const [first = "", second, third] = await threeOld(kiln);
  expect((await retire(kiln)).result).toMatchObject({ marked: 1 });
  expect(tagOf(kiln, first, "kiln:retire-at")).toBeDefined();
  expect((await retire(kiln)).result).toMatchObject({ wait: 1 });
  expect(imagesIn(kiln, HOME).map(({ imageId }) => imageId)).toEqual([first, second, third]);
  await kiln.cloud.settle({ forMs: hours(3) });
  expect((await retire(kiln)).result).toMatchObject({ deleted: 1 });
  expect(imagesIn(kiln, HOME).map(({ imageId }) => imageId)).toEqual([second, third]);
  expect(leftovers(kiln)).toEqual([]);
});

test("a stopped instance, an old template version or a document that names an image keeps it", async ({
  kiln,
  expect,
}) => {
  const ids: string[] = [];
  for (const n of [1, 2, 3, 4, 5]) ids.push((await quickRelease(kiln, n, kept)).imageId);
  const [byInstance = "", byTemplate = "", byDocument = ""] = ids;
  const launched = await launchTagged(kiln, {}, { ImageId: byInstance });
  await kiln.cloud.settle({ forMs: hours(1) });
  kiln.cloud.world.stop(launched);
  await kiln.cloud.settle({ forMs: hours(1) });
  await kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName: "web", ImageId: byTemplate });
  await kiln.ecs("CreateLaunchTemplateVersion", {
    LaunchTemplateName: "web",
    ImageId: ids[4],
    DefaultVersion: true,
  });
  await kiln.upload("fleets/old.yaml", `launch: {imageId: ${byDocument}}`);
  await grow(kiln);
  const dry = await retire(kiln, { dryRun: true });
  const plan = planOf(kiln, dry.result?.["plan"]);
  const why = (id: string) => plan.find((line) => line.includes(id));
  expect(why(byInstance)).toMatch(/^keep .*it is needed by instance i-\w+ \(Stopped\)$/);
  expect(why(byTemplate)).toMatch(/^keep .*it is needed by launch template web version 1$/);
  expect(why(byDocument)).toMatch(/^keep .*it is needed by document fleets\/old\.yaml$/);
});

test("an image that is used again after it was tagged loses its tag", async ({ kiln, expect }) => {
  const [first = ""] = await threeOld(kiln);
  await retire(kiln);
  await kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName: "web", ImageId: first });
  await kiln.cloud.settle({ forMs: hours(3) });
  expect((await retire(kiln)).result).toMatchObject({ unmarked: 1 });
  expect(tagOf(kiln, first, "kiln:retire-at")).toBeUndefined();
  expect(kiln.cloud.callLog.count({ action: DELETES })).toBe(0);
});

test("one refused lookup deletes nothing", async ({ kiln, expect }) => {
  await threeOld(kiln);
  await retire(kiln);
  await kiln.cloud.settle({ forMs: hours(3) });
  for (const action of [
    "DescribeLaunchTemplates",
    "DescribeImagePipelines",
    "DescribeInstances",
    "DescribeImageFromFamily",
  ]) {
    const stop = kiln.cloud.faults.add({
      product: "ecs",
      action,
      kind: "before",
      fault: new CloudFault(403, "Forbidden.RAM", "denied"),
    });
    const { state, reason } = await retire(kiln);
    expect([state, reason]).toEqual(["failed", expect.stringContaining("Forbidden.RAM")]);
    stop();
  }
  expect(kiln.cloud.callLog.count({ action: DELETES })).toBe(0);
});

test("each image is looked up again right before its deletion", async ({ kiln, expect }) => {
  const [first = ""] = await threeOld(kiln);
  await retire(kiln);
  await kiln.cloud.settle({ forMs: hours(3) });
  const { body } = await kiln.call("POST", "/recipes/web/retire", {});
  const run = String(body["run"]);
  await kiln.cloud.settle({ until: () => kiln.record(run)?.phase === "retire", forMs: hours(1) });
  await kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName: "web", ImageId: first });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.record(run)).toMatchObject({ state: "done", result: { kept: 1 } });
  expect(kiln.record(run)?.steps.map(({ note }) => note)).toContain(
    `${first} stays: it is needed by launch template web version 1`,
  );
  expect(kiln.cloud.callLog.count({ action: DELETES })).toBe(0);
});

test("an image that is used between the lookup and the deletion stays: nothing is forced", async ({
  kiln,
  expect,
}) => {
  const [first = ""] = await threeOld(kiln);
  await retire(kiln);
  await kiln.cloud.settle({ forMs: hours(3) });
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DeleteImage",
    kind: "before",
    fault: new CloudFault(403, "ImageUsingByInstance", "in use"),
  });
  expect((await retire(kiln)).result).toMatchObject({ refused: 1 });
  expect(imagesIn(kiln, HOME).map(({ imageId }) => imageId)).toContain(first);
  const deletes = kiln.cloud.callLog.entries({ action: "DeleteImage" });
  expect(deletes.every(({ params }) => params["Force"] !== "true")).toBe(true);
});

test("copies in other regions are deleted like the image itself", async ({ kiln, expect }) => {
  await threeOld(kiln, { promote: { regions: ["cn-shanghai"] } });
  await retire(kiln);
  await kiln.cloud.settle({ forMs: hours(3) });
  expect((await retire(kiln)).result).toMatchObject({ deleted: 2 });
  expect(imagesIn(kiln, "cn-shanghai").map(({ imageId }) => imageId)).toContain(served(kiln, "cn-shanghai"));
  expect(imagesIn(kiln, "cn-shanghai")).toHaveLength(2);
});

timed(
  "the nightly timer starts retention for every recipe that enables it, and for no other",
  async ({ kiln, expect }) => {
    await kiln.upload("recipes/web.yaml", recipeText({ ...kept, provision: [], test: { skip: true } }));
    await kiln.upload("recipes/shop.yaml", recipeText({ family: "shop", rebake: { nightly: false } }));
    await kiln.cloud.settle({ until: () => kiln.records("retire").length > 0, forMs: days(2) });
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(kiln.records("retire").map(({ subject, state, by }) => [subject, state, by])).toEqual([
      ["web", "done", "timer:retention"],
    ]);
  },
);

test("an image that a former family of its recipe still serves stays", async ({ kiln, expect }) => {
  const [first = "", second = "", third = ""] = await threeOld(kiln);
  for (const ImageId of [first, second]) {
    await kiln.ecs("ModifyImageAttribute", { ImageId, ImageFamily: "web-before" });
  }
  const dry = await retire(kiln, { dryRun: true });
  const plan = planOf(kiln, dry.result?.["plan"]).map((line) => line.split(/\s{2,}/));
  expect(plan.map(([action, imageId, , , why]) => [action, imageId, why])).toEqual([
    ["keep", third, "it is what the family serves"],
    ["keep", second, "it is needed by family web-before, which serves it"],
    ["mark", first, expect.stringMatching(/^nothing needs it/)],
  ]);
});

notified(
  "images of a recipe without a family are deleted too, and announced before",
  async ({ kiln, channel, expect }) => {
    const recipe = { ...kept, family: undefined, test: undefined, notify: [{ channel: "ops" }] };
    const [first = "", second = "", third = ""] = await threeOld(kiln, recipe);
    await kiln.ecs("TagResources", {
      ResourceType: "image",
      "ResourceId.1": first,
      "Tag.1.Key": "kiln:keep",
      "Tag.1.Value": "always",
    });
    expect((await retire(kiln)).result).toMatchObject({ marked: 1 });
    const announced = channel.posted.filter(({ body }) => body.kind === "retiring");
    expect(announced.map(({ body }) => JSON.stringify(body))).toEqual([expect.stringContaining(second)]);
    await kiln.cloud.settle({ forMs: hours(3) });
    expect((await retire(kiln)).result).toMatchObject({ deleted: 1 });
    expect(imagesIn(kiln, HOME).map(({ imageId }) => imageId)).toEqual([first, third]);
    expect(channel.posted.filter(({ body }) => body.kind === "retiring")).toHaveLength(1);
  },
);

for (const kind of ["after", "crash", "hang", "late"] as const)
  notified(
    `an image whose tag has no answer is announced before it is deleted: ${kind}`,
    async ({ kiln, channel, expect }) => {
      const [first = "", second = ""] = await threeOld(kiln, { ...keptFor(2), notify: ["ops"] });
      kiln.cloud.faults.add({
        product: "ecs",
        action: "TagResources",
        kind,
        lateMs: minutes(1),
        when: (params, n) => JSON.stringify(params).includes("kiln:retire-at") && n === 0,
      });
      expect((await retire(kiln)).state).toBe("done");
      expect(tagOf(kiln, first, "kiln:retire-at")).toBeDefined();
      const announced = channel.posted.filter(({ body }) => body.kind === "retiring");
      expect(announced.map(({ body }) => body["images"])).toEqual([[first]]);
      expect(tagOf(kiln, second, "kiln:retire-at")).toBeUndefined();
    },
  );

const named = (index: number, more: object) => ({
  regionId: HOME,
  scalingConfigurationId: `asc-${index}`,
  scalingGroupId: "asg-1",
  lifecycleState: "Inactive" as const,
  ...more,
});

test("an image that a scaling configuration names, by id or by name, active or not, is kept", async ({
  kiln,
  expect,
}) => {
  const [first = "", second = ""] = await threeOld(kiln);
  await quickRelease(kiln, 4, kept);
  await grow(kiln);
  const name = imagesIn(kiln, HOME).find(({ imageId }) => imageId === second)?.name ?? "none";
  const { configurations } = kiln.cloud.scaling;
  // More than one page, the last of which counts.
  for (let index = 0; index < 60; index++) configurations.push(named(index, { imageFamily: "web" }));
  configurations.push(named(60, { imageId: first }), named(61, { imageName: name }));
  const plan = planOf(kiln, (await retire(kiln, { dryRun: true })).result?.["plan"]);
  const reasonOf = (imageId: string) => plan.find((line) => line.includes(imageId));
  expect(reasonOf(first)).toMatch(/^keep .*scaling configuration asc-60 of asg-1/);
  expect(reasonOf(second)).toMatch(/^keep .*scaling configuration asc-61 of asg-1/);
  configurations.length = 0;
  expect((await retire(kiln)).result).toMatchObject({ marked: 2 });
});

test("an image that an image pipeline begins with is kept, wherever in the list it is", async ({
  kiln,
  expect,
}) => {
  const [first = "", second = ""] = await threeOld(kiln);
  await quickRelease(kiln, 4, kept);
  await grow(kiln);
  // A family needs the image it serves, which is kept anyway.
  const family = { RegionId: HOME, BaseImageType: "IMAGE_FAMILY", BaseImage: second };
  for (let index = 0; index < 110; index++) await kiln.ecs("CreateImagePipeline", family);
  await kiln.ecs("CreateImagePipeline", { RegionId: HOME, BaseImageType: "IMAGE", BaseImage: first });
  const plan = planOf(kiln, (await retire(kiln, { dryRun: true })).result?.["plan"]);
  const reasonOf = (imageId: string) => plan.find((line) => line.includes(imageId));
  expect(reasonOf(first)).toMatch(/^keep .*image pipeline ip-/);
  expect(reasonOf(second)).not.toMatch(/^keep/);
});

test("an image that a fleet launches instead of one that was rolled back is kept", async ({
  kiln,
  expect,
}) => {
  const [first = "", second = ""] = await threeOld(kiln);
  await quickRelease(kiln, 4, kept);
  await grow(kiln);
  const held = { bad: "m-bad", use: first, at: 0, run: "refresh-shop-20260105-0123456789ab", why: "a probe" };
  const line = { at: 0, run: held.run, by: "ci", act: "refresh", state: { held } };
  await kiln.upload(sizeKey("shop"), `${JSON.stringify(line)}\n`);
  const plan = planOf(kiln, (await retire(kiln, { dryRun: true })).result?.["plan"]);
  const reasonOf = (imageId: string) => plan.find((one) => one.includes(imageId));
  expect(reasonOf(first)).toMatch(/^keep .*fleet shop, which launches it instead of m-bad/);
  expect(reasonOf(second)).not.toMatch(/^keep/);
});

test("nothing is marked while scaling configurations cannot be listed", async ({ kiln, expect }) => {
  await threeOld(kiln);
  kiln.cloud.faults.add({
    product: "ess",
    action: "DescribeScalingConfigurations",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "User not authorized to operate on the specified resource."),
  });
  const refused = await retire(kiln);
  expect([refused.state, refused.reason]).toEqual([
    "failed",
    expect.stringContaining("ess:DescribeScalingConfigurations"),
  ]);
  const marked = imagesIn(kiln, HOME).filter(({ imageId }) => tagOf(kiln, imageId, "kiln:retire-at"));
  expect(marked).toEqual([]);
});
