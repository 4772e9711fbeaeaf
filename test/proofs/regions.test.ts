import { ImageIn } from "../../functions/promote-family/family/deprecate.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { runKey } from "../../shared/keys.ts";
import { BUCKET } from "../support/deployment.ts";
import { logText } from "../support/records.ts";
import { accepted } from "../support/runs.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { bakeAndPromote, quickRelease, recipeText, release } from "../support/recipes.ts";
import { HOME, imagesIn, leftovers, served, tagOf } from "../support/world.ts";

const TWO = { regions: ["cn-shanghai", "cn-beijing"] };

test("a family moves in every region: copies are made, tagged, shared and verified", async ({
  kiln,
  expect,
}) => {
  const accounts = Array.from({ length: 12 }, (_, n) => `10000000000000${String(n + 10)}`);
  kiln.cloud.world.addResourceGroup("rg-web");
  const { promotion, imageId } = await quickRelease(kiln, 1, {
    promote: { ...TWO, accounts },
    image: { tags: { team: "web" }, resourceGroupId: "rg-web" },
  });
  expect(promotion?.state).toBe("done");
  const regions = ImageIn.parse(promotion?.result?.["regions"]);
  expect(Object.keys(regions).toSorted()).toEqual(["cn-beijing", HOME, "cn-shanghai"]);
  for (const [region, id] of Object.entries(regions)) {
    expect(served(kiln, region)).toBe(id);
    // More than the ten of one call, none dropped silently.
    expect([...(imagesIn(kiln, region)[0]?.sharedWith.keys() ?? [])].toSorted()).toEqual(accounts);
  }
  const copy = regions["cn-shanghai"] ?? "";
  expect(tagOf(kiln, copy, "team")).toBe("web");
  expect(tagOf(kiln, copy, "kiln:image")).toBe(imageId);
  for (const key of ["base", "input-recipe", "input-objects", "input-parameters", "by", "gate"])
    expect(tagOf(kiln, copy, `kiln:${key}`)).toBe(tagOf(kiln, imageId, `kiln:${key}`));
  expect(tagOf(kiln, copy, "kiln:promotion")).toBeUndefined();
  expect(kiln.cloud.world.image("cn-shanghai", copy)?.resourceGroupId).toBe("rg-web");
});

for (const regionId of [HOME, "cn-beijing"])
  test(`a promotion ends when its family answers with the image in every region, ${regionId} last`, async ({
    kiln,
    expect,
  }) => {
    const { cloud } = kiln;
    const serves = () => [HOME, ...TWO.regions].map((region) => served(kiln, region));
    // After the last join and before the last look, the family answers with another image for a while.
    const late = cloud.faults.interleave({
      product: "ecs",
      action: "DescribeImageFromFamily",
      when: (params) => params["ImageFamily"] === "web" && params["RegionId"] === regionId,
      before: () => {
        late();
        cloud.world.publishImage("web", { imageId: "m-other", regionId });
        cloud.time.after(minutes(2), { label: "the family answers" }, () =>
          cloud.world.deprecateImage("m-other"),
        );
      },
    });
    await kiln.upload(
      "recipes/web.yaml",
      recipeText({ promote: TWO, test: { skip: true }, rebake: { nightly: false } }),
    );
    const isDone = () => kiln.records("promote")[0]?.state === "done";
    await cloud.settle({ until: isDone, forMs: hours(3) });
    const regions = ImageIn.parse(kiln.records("promote")[0]?.result?.["regions"]);
    expect(serves()).toEqual([HOME, ...TWO.regions].map((region) => regions[region]));
    expect(cloud.world.image(regionId, "m-other")?.status).toBe("Deprecated");
  });

test("one copy fails: no region moves, the other copy is deleted, and the record says why", async ({
  kiln,
  expect,
}) => {
  const before = await quickRelease(kiln, 1);
  kiln.cloud.world.failNextCopy("cn-beijing", "storage error");
  const { promotion, imageId } = await quickRelease(kiln, 2, { promote: TWO });
  expect(promotion?.state).toBe("failed");
  expect(promotion?.reason).toMatch(
    /^the copy m-\w+ in cn-beijing ended CreateFailed, so no region moves\. No region moved\.$/,
  );
  expect(served(kiln)).toBe(before.imageId);
  expect(imagesIn(kiln, "cn-shanghai")).toEqual([]);
  expect(imagesIn(kiln, "cn-beijing")).toEqual([]);
  const home = imagesIn(kiln, HOME).find((image) => image.imageId === imageId);
  expect(home).toMatchObject({ family: "", status: "Available" });
  expect(tagOf(kiln, imageId, "kiln:promotion")).toBe(`failed ${promotion?.run}`);
  expect(leftovers(kiln)).toEqual([]);
});

test("a region that refuses to join undoes those that joined before it", async ({ kiln, expect }) => {
  const before = await quickRelease(kiln, 1, { promote: TWO });
  const old = served(kiln, "cn-beijing");
  // The home region joins last; both copies have joined by then.
  kiln.cloud.faults.add({
    product: "ecs",
    action: "ModifyImageAttribute",
    kind: "before",
    fault: new CloudFault(400, "ImageQuotaFull.ImageFamily", "The image family has too many images."),
    when: ({ RegionId, ImageFamily }) => RegionId === HOME && ImageFamily === "web",
  });
  const { promotion } = await quickRelease(kiln, 2, { promote: TWO });
  expect(promotion?.state).toBe("failed");
  expect(promotion?.reason).toMatch(
    /ImageQuotaFull\.ImageFamily.*Moved in cn-beijing, cn-shanghai and undone; web answers: /s,
  );
  expect(served(kiln)).toBe(before.imageId);
  expect(served(kiln, "cn-beijing")).toBe(old);
  expect(imagesIn(kiln, "cn-shanghai")).toHaveLength(1);
});

test("an image that was deprecated for a promotion is restored when the promotion is undone", async ({
  kiln,
  expect,
}) => {
  const accounts = ["1000000000000001"];
  // Built: the same recipe uploaded again makes no third image.
  const bare = { provision: [], test: { skip: true } };
  await release(kiln, 1, { ...bare, promote: { accounts } });
  const second = await release(kiln, 2, { ...bare, promote: { accounts } });
  const first = imagesIn(kiln, HOME)[0]?.imageId ?? "";
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({
      description: "number 2",
      provision: [],
      test: { skip: true },
      promote: { accounts, outranked: "deprecate" },
      rebake: { nightly: false },
    }),
  );
  await kiln.cloud.settle({ forMs: hours(1) });
  const stop = kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeImageFromFamily",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "denied"),
    when: (_params, n) => n === 0,
  });
  const { status, body } = await kiln.call("POST", "/families/web/promote", {
    recipe: "web",
    imageId: first,
  });
  expect(status).toBe(202);
  await kiln.cloud.settle({ forMs: hours(1) });
  stop();
  expect(kiln.record(String(body["run"]))?.state).toBe("failed");
  const newer = imagesIn(kiln, HOME).find(({ imageId }) => imageId === second.imageId);
  expect(newer?.status).toBe("Available");
  expect([...(newer?.sharedWith.keys() ?? [])]).toEqual(accounts);
  expect(served(kiln)).toBe(second.imageId);
});

test("an account the cloud does not know is named with its place, and nothing moves", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.faults.add({
    product: "ecs",
    action: "ModifyImageSharePermission",
    kind: "before",
    fault: new CloudFault(404, "InvalidAccount.NotFound", "The specified account does not exist."),
    when: (params) => Object.values(params).includes("9999999999999999"),
  });
  const accounts = ["1000000000000001", "9999999999999999", "1000000000000003"];
  const { promotion, imageId } = await quickRelease(kiln, 1, { promote: { accounts } });
  expect(promotion?.reason).toMatch(
    /^promote\.accounts\[1\]: the cloud knows no account 9999999999999999; correct its number/,
  );
  expect(served(kiln)).toBeUndefined();
  const image = imagesIn(kiln, HOME).find((own) => own.imageId === imageId);
  expect(image?.sharedWith.size).toBe(0);
});

test("at most five copies into a region are made at once", async ({ kiln, expect }) => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  let most = 0;
  const look = (): void => {
    const under = imagesIn(kiln, "cn-shanghai").filter(({ status }) => status !== "Available");
    most = Math.max(most, under.length);
    kiln.cloud.time.after(1_000, { label: "look", background: true }, look);
  };
  look();
  for (const name of names) {
    const recipe = recipeText({
      family: `f-${name}`,
      promote: { regions: ["cn-shanghai"] },
      provision: [],
      test: { skip: true },
    });
    await kiln.upload(`recipes/${name}.yaml`, recipe);
  }
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(names.map((name) => served(kiln, "cn-shanghai", `f-${name}`)).every(Boolean)).toBe(true);
  expect(most).toBe(5);
});

test("duplicates of every event and a crash right after each change still move each region once", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.fc.duplicate(({ function: name }) => name.endsWith("promote-family"));
  for (const action of ["CopyImage", "ModifyImageSharePermission", "ModifyImageAttribute"]) {
    kiln.cloud.faults.add({ product: "ecs", action, kind: "crash", when: (_params, n) => n % 2 === 0 });
  }
  const { promotion } = await quickRelease(kiln, 1, { promote: { ...TWO, accounts: ["1000000000000001"] } });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(promotion?.state).toBe("done");
  for (const region of [HOME, ...TWO.regions]) expect(imagesIn(kiln, region)).toHaveLength(1);
  expect(leftovers(kiln)).toEqual([]);
});

test("a join that happened while its run was cancelled is undone, although no event noted it", async ({
  kiln,
  expect,
}) => {
  const first = await quickRelease(kiln, 1);
  const plain = { provision: [], family: undefined, test: undefined };
  const [bake] = await bakeAndPromote(kiln, recipeText(plain), "other");
  const imageId = String(bake?.result?.["imageId"]);
  await kiln.ecs("ModifyImageAttribute", { ImageId: imageId, ImageFamily: "web" });
  expect(served(kiln)).toBe(imageId);
  const run = "promote-web-20260105-0123456789ab";
  // As the first phase of the promotion tags it.
  const status = { "Tag.1.Key": "kiln:promotion", "Tag.1.Value": `waiting ${run}` };
  await kiln.ecs("TagResources", { ResourceType: "image", "ResourceId.1": imageId, ...status });
  const document = parseRecipe("web", recipeText({ test: { skip: true } }));
  const input = {
    recipe: "web",
    imageId,
    family: "web",
    document,
    image: { createdAt: 0, osType: "linux", dataDisks: [] },
    testStartedAt: 0,
  };
  const progress = { copies: {}, adopted: [], members: [], joined: [], deprecated: [] };
  const at = kiln.cloud.time.now();
  const log = logText({}, { kind: "next", phase: "join", at, due: at, input, set: { progress } });
  kiln.cloud.oss.append(BUCKET, runKey(run), log);
  await accepted(kiln, `/runs/${run}/cancel`, {});
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(kiln.record(run)?.state).toBe("cancelled");
  expect(served(kiln)).toBe(first.imageId);
  expect(kiln.record(run)?.reason).toBe(
    `cancelled by ci. Moved in cn-hangzhou and undone; web answers: cn-hangzhou ${first.imageId}`,
  );
});
