/** Parameters that a recipe declares: from the request to the image and its test, and from there to later bakes. */
import { minutes } from "../../shared/duration.ts";
import { bakedBy, night, releaseIn, uploaded } from "../support/bakes.ts";
import { ABROAD } from "../support/delivery.ts";
import { test } from "../support/deploy.ts";
import { leaks } from "../support/leaks.ts";
import { quickRelease, recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";
import { ownImages, served, tagOf } from "../support/world.ts";

const tagged = {
  parameters: { RELEASE: { default: "v0", pattern: "^v" }, app_tier: { default: "front" } },
  image: { tags: { release: "{RELEASE} {app_tier}" } },
};
const BAKE = "/recipes/web/bake";
const SECRET = "npm-read-0123456789abcdef";
const secrets = { env: { KILN_SECRETS: JSON.stringify({ NPM_READ: SECRET }) } };
const parameters = {
  RELEASE: { default: "v0", pattern: "^v\\d+$" },
  app_tier: { default: "front" },
  REGISTRY: { fromEnv: "NPM_READ" },
};
const changes = {
  parameters,
  provision: ['echo "$RELEASE $app_tier ${REGISTRY:0:3}" > /etc/release; echo "with $REGISTRY"'],
  test: { commands: ['grep -q "^$RELEASE " /etc/release', "[[ -n $REGISTRY ]]"] },
  image: {
    name: "web-{RELEASE}-{serial}",
    version: "{RELEASE}",
    description: "release {RELEASE}",
    tags: { release: "{RELEASE}" },
  },
};

test("values reach provisioning, the image test, name, version, description and tags", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(secrets);
  const first = await uploaded(kiln, recipeText(changes));
  expect(first?.result).toMatchObject({ parameters: { RELEASE: "v0", app_tier: "front" } });
  const { imageId, promotion } = await bakedBy(kiln, { parameters: { RELEASE: "v42" } });
  expect(promotion.state).toBe("done");
  expect(releaseIn(kiln, imageId)).toBe("v42 front npm\n");
  expect(tagOf(kiln, imageId, "release")).toBe("v42");
  expect(ownImages(kiln).at(-1)).toMatchObject({
    name: expect.stringMatching(/^web-v42-/),
    version: "v42",
    description: "release v42",
  });
  expect(leaks(kiln, { secrets: { SECRET } })).toEqual([]);
});

test("nights and uploads keep what a caller decided, and take defaults from the recipe as it is", async ({
  kiln,
  expect,
}) => {
  const bake = async (more: object) => {
    const { imageId } = await quickRelease(kiln, 1, { ...tagged, ...more });
    return [tagOf(kiln, imageId, "release"), served(kiln) === imageId];
  };
  expect(await bake({})).toEqual(["v0 front", true]);
  const { imageId } = await bakedBy(kiln, { parameters: { RELEASE: "v42" } });
  expect(tagOf(kiln, imageId, "release")).toBe("v42 front");
  await night(kiln);
  expect(tagOf(kiln, String(served(kiln)), "release")).toBe("v42 front");
  expect(served(kiln)).not.toBe(imageId);
  const others = { RELEASE: { default: "v1", pattern: "^v" }, app_tier: { default: "back" } };
  expect(await bake({ parameters: others })).toEqual(["v42 back", true]);
  // A caller that gives none decides for the defaults.
  const defaults = await bakedBy(kiln, {});
  expect(defaults.bake.result).toMatchObject({ parameters: { RELEASE: "v1", app_tier: "back" } });
});

test("a night delivers a release whose copy failed with its values, and drops those of one that failed its test", async ({
  kiln,
  expect,
}) => {
  const tested = { commands: ["[[ $RELEASE != v43 ]]"] };
  await uploaded(kiln, recipeText({ ...tagged, promote: { regions: [ABROAD] }, test: tested }));
  kiln.cloud.world.failNextCopy(ABROAD, "storage error");
  const copy = await bakedBy(kiln, { parameters: { RELEASE: "v42" } });
  expect(copy.promotion.state).toBe("failed");
  expect((await night(kiln))?.result).toMatchObject({ delivers: copy.imageId });
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(served(kiln)).toBe(copy.imageId);
  const refused = await bakedBy(kiln, { parameters: { RELEASE: "v43" } });
  expect(tagOf(kiln, refused.imageId, "kiln:gate")).toBe("failed");
  expect((await night(kiln))?.result).toMatchObject({ parameters: { RELEASE: "v42" } });
});

test("the webhook answers 422 for a parameter that is not declared, not matched, secret or missing", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(secrets);
  await uploaded(kiln, recipeText({ ...changes, parameters: { ...parameters, NEEDED: {} } }));
  const runs = kiln.records().length;
  const answers = [
    [
      { NEEDED: "1", release: "v1" },
      /parameters\.release: is not declared; the recipe has RELEASE, app_tier, REGISTRY, NEEDED/,
    ],
    [{ NEEDED: "1", RELEASE: "42" }, /parameters\.RELEASE: must match \^v\\d\+\$/],
    [{ NEEDED: "1", REGISTRY: "x" }, /parameters\.REGISTRY: is a secret of the deployment/],
    [{ RELEASE: "v1" }, /parameters\.NEEDED: is required/],
  ] as const;
  for (const [given, error] of answers) {
    const answer = await answered(kiln, kiln.call("POST", BAKE, { parameters: given }));
    expect(answer).toMatchObject({ status: 422, body: { error: expect.stringMatching(error) } });
    expect(JSON.stringify(answer.body)).not.toContain("42");
    // Past the webhook the run refuses the same, before anything is launched.
    await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "web", parameters: given });
    await kiln.cloud.settle({ forMs: minutes(5) });
    expect(kiln.records("bake").at(-1)).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(error),
    });
  }
  expect(kiln.records().length).toBe(runs + answers.length);
  expect(ownImages(kiln)).toEqual([]);
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(0);
});

test("parameters that make a name no image can have are answered with 422, with the reason that the run would give", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const image = { name: "web-{RELEASE}-{serial}" };
  await uploaded(
    kiln,
    recipeText({ image, parameters: { RELEASE: { default: "v1" } }, test: { skip: true } }),
  );
  const runs = kiln.records("bake").length;
  for (const [RELEASE, rule] of [
    ["1.2", "must not hold a period"],
    ["a b", "must start with a letter"],
    ["x".repeat(200), "must be 2 to 128 characters"],
  ] as const) {
    const answer = await answered(kiln, kiln.call("POST", BAKE, { parameters: { RELEASE } }));
    const error = expect.stringMatching(`^image\\.name: ${rule}`);
    expect(answer, RELEASE).toMatchObject({ status: 422, body: { error } });
    await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "web", parameters: { RELEASE } });
    await kiln.cloud.settle({ forMs: minutes(5) });
    expect(kiln.records("bake").at(-1), RELEASE).toMatchObject({ state: "failed", reason: error });
  }
  expect(kiln.records("bake")).toHaveLength(runs + 3);
  for (const given of [{}, { RELEASE: "v2" }])
    expect(await answered(kiln, kiln.call("POST", BAKE, { parameters: given }))).toMatchObject({
      status: 202,
    });
});

test("a secret that the deployment does not have fails the bake before its first change", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  expect(await uploaded(kiln, recipeText(changes))).toMatchObject({
    state: "failed",
    reason: "parameters.REGISTRY: KILN_SECRETS has no NPM_READ; add it there and deploy again",
  });
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(0);
});
