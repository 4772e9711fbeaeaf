import { hours, minutes, seconds } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { bakeAndPromote, recipeText, release } from "../support/recipes.ts";
import { ended, request } from "../support/runs.ts";
import { imagesIn, launchTagged, leftovers, ownImages, served, tagOf } from "../support/world.ts";

/** An instance that was set up by hand and not generalized. */
async function golden(kiln: Deployment): Promise<string> {
  const id = await launchTagged(kiln, {});
  await kiln.cloud.settle({ forMs: minutes(2) });
  return id;
}

const place = {
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
};

test("a failed test keeps the image out of its family; the reason has its name and output", async ({
  kiln,
  expect,
}) => {
  const { promotion, imageId } = await release(kiln, 1, {
    test: { commands: [{ name: "site answers", run: "echo no answer; exit 4" }] },
  });
  expect(promotion).toMatchObject({ kind: "promote", state: "failed" });
  expect(promotion?.reason).toMatch(/^"site answers" failed with exit code 4: no answer/);
  expect(served(kiln)).toBeUndefined();
  expect(ownImages(kiln).map(({ family }) => family)).toEqual([""]);
  expect(tagOf(kiln, imageId, "kiln:gate")).toBe("failed");
  expect(leftovers(kiln)).toEqual([]);
});

test("an image of an instance that was not generalized fails the image checks, with each finding and how to waive it", async ({
  kiln,
  expect,
}) => {
  const source = { instance: { id: await golden(kiln) } };
  const { promotion } = await release(kiln, 1, { source, provision: [], test: place });
  expect(promotion?.state).toBe("failed");
  expect(promotion?.reason).toMatch(
    /is not clean\. machine-id: \/etc\/machine-id came with the image .*ssh-host-keys: .*cloud-init: it remembers i-/,
  );
  expect(promotion?.reason).toContain("test.hygiene.waive: [machine-id, ssh-host-keys, cloud-init]");
  expect(served(kiln)).toBeUndefined();
  const waive = ["machine-id", "ssh-host-keys", "cloud-init"];
  const waived = await release(kiln, 2, { source, provision: [], test: { ...place, hygiene: { waive } } });
  expect(waived.promotion?.state).toBe("done");
  expect(served(kiln)).toBe(waived.imageId);
});

test("an access key in an image is found, unless the check is waived", async ({ kiln, expect }) => {
  const provision = ["mkdir -p /root/.ssh", "echo 'ssh-ed25519 AAAA operator' > /root/.ssh/authorized_keys"];
  const { promotion } = await release(kiln, 1, { provision, test: {} });
  expect(promotion?.reason).toMatch(
    /authorized-keys: \/root\/\.ssh\/authorized_keys holds 1 key\(s\); .*waive: \[authorized-keys\]/,
  );
  const waived = { provision, test: { hygiene: { waive: "authorized-keys" } } };
  expect((await release(kiln, 2, waived)).promotion?.state).toBe("done");
});

test("a builder is generalized: its image has no identity and no shell history", async ({ kiln, expect }) => {
  await release(kiln, 1, { provision: ["echo x > /root/.bash_history"], test: {} });
  const [image] = ownImages(kiln);
  const files = image?.disks[0]?.content.files;
  expect(files?.get("/etc/machine-id")).toBe("");
  expect(files?.has("/etc/ssh/ssh_host_ed25519_key")).toBe(false);
  expect(files?.has("/root/.bash_history")).toBe(false);
  expect(served(kiln)).toBe(image?.imageId);
});

test("test.timeout limits the whole image test, and the test instance is released", async ({
  kiln,
  expect,
}) => {
  const soak = { commands: ["sleep 400", "sleep 400"], timeout: "10m" };
  const { promotion } = await release(kiln, 1, { test: soak });
  expect(promotion?.reason).toMatch(
    /^the image test is not over after 10m.* \(phase watch\); test\.timeout allows 10m$/,
  );
  expect(served(kiln)).toBeUndefined();
  expect(leftovers(kiln)).toEqual([]);
});

test("a promotion of an image that a newer one supersedes fails and names the newer one", async ({
  kiln,
  expect,
}) => {
  const first = await release(kiln, 1);
  const second = await release(kiln, 2);
  const late = await request(kiln, "/families/web/promote", { recipe: "web", imageId: first.imageId });
  expect(late).toMatchObject({ state: "failed", phase: "check" });
  expect(late.reason).toContain(`${second.imageId} in family web in cn-hangzhou is newer and available`);
  expect(served(kiln)).toBe(second.imageId);
});

test("a recipe may let an older image win: the newer one is unshared and deprecated", async ({
  kiln,
  expect,
}) => {
  const first = await release(kiln, 1);
  const promote = { outranked: "deprecate", accounts: ["1000000000000001"] };
  const second = await release(kiln, 2, { promote });
  expect(imagesIn(kiln, "cn-hangzhou").at(-1)?.sharedWith.size).toBe(1);
  const back = await request(kiln, "/families/web/promote", { recipe: "web", imageId: first.imageId });
  expect(back).toMatchObject({ state: "done", result: { deprecated: [second.imageId] } });
  expect(served(kiln)).toBe(first.imageId);
  const newer = imagesIn(kiln, "cn-hangzhou").find(({ imageId }) => imageId === second.imageId);
  expect(newer).toMatchObject({ status: "Deprecated" });
  expect(newer?.sharedWith.size).toBe(0);
});

test("an operator can promote an image only into the family of its recipe, and only when it exists", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/web.yaml", recipeText({ rebake: { nightly: false } }));
  const elsewhere = await request(kiln, "/families/shop/promote", { recipe: "web", imageId: "m-none" });
  expect(elsewhere.reason).toBe("recipe web promotes to web, not to shop");
  const gone = await request(kiln, "/families/web/promote", { recipe: "web", imageId: "m-none" });
  expect(gone.reason).toBe("image m-none does not exist in cn-hangzhou");
  const lost = await kiln.call("POST", "/families/web/promote", { recipe: "shop", imageId: "m-none" });
  expect([lost.status, lost.body["error"]]).toEqual([
    404,
    expect.stringMatching(/^there is no recipes\/shop\.yaml/),
  ]);
});

test("an image has one promotion at a time: a second one names the first and changes nothing", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  const isTested = () => kiln.records("promote")[0]?.phase === "watch";
  await kiln.cloud.settle({ until: isTested, forMs: hours(2) });
  const [first] = kiln.records("promote");
  const imageId = String(kiln.records("bake")[0]?.result?.["imageId"]);
  for (const dryRun of [true, false]) {
    const second = await request(kiln, "/families/web/promote", { recipe: "web", imageId, dryRun });
    expect(second.reason).toBe(
      `image ${imageId} is under promotion by ${first?.run}; wait for its end, or cancel it`,
    );
  }
  expect((await ended(kiln, first?.run ?? "")).state).toBe("done");
  expect(served(kiln)).toBe(imageId);
});

test("a list that lags behind the tags of the image delays its promotion and fails none", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.lag(seconds(75));
  const runs = await bakeAndPromote(kiln, recipeText({ promote: { regions: ["cn-shanghai"] } }));
  expect(runs.map(({ state, reason }) => [state, reason])).toEqual([
    ["done", undefined],
    ["done", undefined],
  ]);
  expect(leftovers(kiln)).toEqual([]);
});
