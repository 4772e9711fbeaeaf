/** Parameters that a recipe declares: from the request to the image and its test, and from there to later bakes. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { leaks } from "../support/leaks.ts";
import { recipeText } from "../support/recipes.ts";
import { accepted, answered, ended, request } from "../support/runs.ts";
import { ownImages, served, tagOf } from "../support/world.ts";

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

const NIGHT = { v: 1, request: "bake", recipe: "web" };
/** The image that a bake makes is promoted; both are over. */
async function bakedBy(kiln: Deployment, body: object) {
  const bake = await ended(kiln, (await accepted(kiln, BAKE, body)).run);
  const promotion = await ended(kiln, String(bake.result?.["promotion"]));
  return { bake, promotion, imageId: String(bake.result?.["imageId"]) };
}

/** As the timer nightly asks. */
async function night(kiln: Deployment) {
  const known = new Set(kiln.records("bake").map(({ run }) => run));
  const payload = JSON.stringify(NIGHT);
  const triggerTime = new Date(kiln.cloud.time.now()).toISOString();
  await kiln.invoke("kiln-bake-image", { triggerName: "nightly", triggerTime, payload });
  await kiln.cloud.settle({ forMs: hours(1) });
  const bake = kiln.records("bake").find(({ run }) => !known.has(run));
  return bake ?? expectRun();
}

function expectRun(): never {
  throw new Error("the night baked nothing");
}

const releaseIn = ({ cloud }: Deployment, imageId: string): string | undefined => {
  const image = cloud.world.images.get(`cn-hangzhou:${imageId}`);
  return cloud.world.snapshots.get(image?.disks[0]?.snapshotId ?? "")?.content.files.get("/etc/release");
};

/** The recipe is uploaded, and the bake of the upload is over. */
async function uploaded(kiln: Deployment, text: string) {
  const before = kiln.records("bake").length;
  await kiln.upload("recipes/web.yaml", text);
  await kiln.cloud.settle({ until: () => kiln.records("bake").length > before, forMs: hours(1) });
  await kiln.cloud.settle({ forMs: hours(1) });
  return kiln.records("bake").at(-1);
}

test("values reach provisioning, tests, name, version, description and tags, and later bakes keep them", async ({
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

  // A night with nothing new, a night with another recipe, an upload of another default.
  expect((await night(kiln)).result).toMatchObject({
    skipped: true,
    note: expect.stringMatching(/^nothing changed/),
  });
  const upload = await uploaded(kiln, recipeText({ ...changes, provision: [...changes.provision, "true"] }));
  expect(upload?.result).toMatchObject({ parameters: { RELEASE: "v42", app_tier: "front" } });
  const other = { ...parameters, RELEASE: { default: "v1", pattern: "^v" }, app_tier: { default: "back" } };
  const again = await uploaded(kiln, recipeText({ ...changes, parameters: other }));
  expect(again?.result).toMatchObject({ parameters: { RELEASE: "v42", app_tier: "back" } });
  expect(served(kiln)).toBe(again?.result?.["imageId"]);

  // A caller that gives none decides for the defaults.
  const { bake } = await bakedBy(kiln, {});
  expect(bake.result).toMatchObject({ parameters: { RELEASE: "v1", app_tier: "back" } });
  expect(leaks(kiln, { secrets: { SECRET } })).toEqual([]);
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
    await kiln.invoke("kiln-bake-image", { ...NIGHT, parameters: given });
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

test("what is not known is not replaced by a default: the bake is skipped and says why", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const needed = recipeText({
    ...changes,
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
  expect((await night(kiln)).result).toMatchObject({
    skipped: true,
    note: expect.stringMatching(/^the parameters that m-\w+ was baked with are not known/),
  });
  expect(imageId).not.toBe(served(kiln));
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

test("values that a recipe without parameters was baked with are kept too", async ({ kiln, expect }) => {
  const open = { provision: ["echo $RELEASE > /etc/release"], test: { skip: true } };
  await uploaded(kiln, recipeText(open));
  await request(kiln, BAKE, { parameters: { RELEASE: "v42" } });
  await kiln.cloud.settle({ forMs: minutes(20) });
  const later = await uploaded(kiln, recipeText({ ...open, provision: [...open.provision, "true"] }));
  expect(releaseIn(kiln, String(later?.result?.["imageId"]))).toBe("v42\n");
});
