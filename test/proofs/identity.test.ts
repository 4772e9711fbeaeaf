/** Two deployments in one account and region, with recipes, families and fleets of the same names. */
import { days, hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment, SECOND } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { age, IDLE, POLICY } from "../support/idle.ts";
import { bakeAndPromote, quickRelease, recipeText } from "../support/recipes.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { deploymentsIn, HOME, launchTagged, machines, served, tagOf, tagsOf } from "../support/world.ts";

const DEPLOYMENT = "kiln:deployment";
const OTHER = SECOND.bucket;

/** Ids and states of the members of one deployment. */
const membersOf = (kiln: Deployment, bucket: string): string[] =>
  machines(kiln)
    .filter(({ instanceId }) => tagsOf(kiln, instanceId)[DEPLOYMENT] === bucket)
    .map(({ instanceId, status }) => `${instanceId} ${status}`);

/** The image that the family `web` of each deployment serves. */
const bothServe = (kiln: Deployment) => ["web", "dev-web"].map((family) => served(kiln, HOME, family));

/** Gives the family `web` of both deployments an image. */
function publish({ cloud }: Deployment): void {
  const createdAt = cloud.time.now() - days(1);
  cloud.world.publishImage("web", { imageId: "m-web-1", createdAt });
  cloud.world.publishImage("dev-web", { imageId: "m-web-2", createdAt });
}

test("everything that a bake and its promotion to another region create carries the deployment", async ({
  kiln,
  expect,
}) => {
  const seen: Record<string, string | undefined> = {};
  const look = (): void => {
    Object.assign(seen, deploymentsIn(kiln));
    kiln.cloud.time.after(500, { label: "look", background: true }, look);
  };
  look();
  const promote = { regions: ["cn-shanghai"] };
  const runs = await bakeAndPromote(kiln, recipeText({ promote }));
  expect(runs.map(({ state }) => state)).toEqual(["done", "done"]);
  // A builder, a test instance, an image, its copy, and a snapshot, which is tagged when its image is available.
  const kinds = Object.keys(seen).map((id) => id.slice(0, 2));
  expect(kinds.toSorted()).toEqual(["i-", "i-", "m-", "m-", "s-"]);
  expect(new Set(Object.values({ ...seen, ...deploymentsIn(kiln) }))).toEqual(new Set([BUCKET]));
  const commands = kiln.cloud.world.invocations.map(({ invokeId }) =>
    kiln.cloud.world.tags.of("invocation", invokeId),
  );
  expect(
    commands.every((tags) => tags.some(({ key, value }) => key === DEPLOYMENT && value === BUCKET)),
  ).toBe(true);
});

test("the same recipe is baked by both: an image of the other is never what nothing changed since", async ({
  two,
  expect,
}) => {
  const [first] = two;
  const text = recipeText({ test: { skip: true } });
  for (const kiln of two) {
    const [bake, promotion] = await bakeAndPromote(kiln, text);
    expect([bake?.state, bake?.result?.["skipped"], promotion?.state]).toEqual(["done", undefined, "done"]);
    const again = await request(kiln, "/recipes/web/bake");
    expect(again.result?.["note"]).toContain(`nothing changed since ${String(bake?.result?.["imageId"])}:`);
  }
  // An image and its snapshot of each.
  const of = (bucket: string) =>
    Object.values(deploymentsIn(first)).filter((deployment) => deployment === bucket);
  expect([of(BUCKET).length, of(OTHER).length]).toEqual([2, 2]);
});

test("each fleet has its own limits and members: a launch, a wake and a stop of one leave the other alone", async ({
  two,
  expect,
}) => {
  const [first, second] = two;
  publish(first);
  const elastic = fleetText({ limits: { max: 2 }, idle: POLICY, wake: true });
  for (const kiln of two) await kiln.upload("fleets/web.yaml", elastic);
  for (const kiln of two) {
    expect((await scaleOut(kiln, { count: 2 })).result?.["count"]).toBe(2);
    expect((await scaleOut(kiln, { count: 1 })).reason).toContain("limit max 2: 2 running");
  }
  const before = membersOf(second, OTHER);
  expect([membersOf(first, BUCKET).length, before.length]).toEqual([2, 2]);
  first.cloud.world.load(
    () => true,
    () => IDLE,
  );
  // Until the metrics of the hour before are there.
  await first.cloud.settle({ forMs: minutes(16) });
  age(first, hours(5));
  const check = await accepted(first, "/fleets/web/stop", {});
  expect((await ended(first, check.run)).result).toMatchObject({ instances: 2, stop: 2 });
  expect(membersOf(first, BUCKET).every((one) => one.endsWith("Stopped"))).toBe(true);
  expect(membersOf(second, OTHER)).toEqual(before);
  // Two sleepers of the first are there, and the second wakes none of them.
  await second.upload("fleets/web.yaml", fleetText({ limits: { max: 3 }, wake: true }));
  expect((await scaleOut(second, { count: 1 })).result).toMatchObject({ launched: 1, woken: 0 });
  expect(membersOf(first, BUCKET).every((one) => one.endsWith("Stopped"))).toBe(true);
});

test("a retention of one deletes none of the other's images, whatever their families serve", async ({
  two,
  expect,
}) => {
  const [first, second] = two;
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "1h" };
  const changes = { rebake: { nightly: false }, retention };
  for (const n of [1, 2, 3]) {
    // Interleaved, in a family of each: the newest image of the account is always the second's.
    for (const [index, kiln] of two.entries()) {
      const { promotion } = await quickRelease(kiln, n, { ...changes, family: `web-${index}` });
      expect(promotion?.state).toBe("done");
    }
  }
  first.cloud.world.ageImages(days(10));
  expect((await request(first, "/recipes/web/retire")).result).toMatchObject({ marked: 1 });
  await first.cloud.settle({ forMs: hours(2) });
  expect((await request(first, "/recipes/web/retire")).result).toMatchObject({ deleted: 1 });
  const left = Object.entries(deploymentsIn(first)).filter(([id]) => id.startsWith("m-"));
  expect(left.filter(([, deployment]) => deployment === BUCKET)).toHaveLength(2);
  expect(left.filter(([, deployment]) => deployment === OTHER)).toHaveLength(3);
  expect((await request(second, "/recipes/web/retire", { dryRun: true })).result).toMatchObject({ mark: 1 });
});

test("recipes with the same family serve two families, and both are promoted and rolled back apart", async ({
  two,
  expect,
}) => {
  const [first, second] = two;
  const [old, theirs] = [await quickRelease(first, 1), await quickRelease(second, 1)];
  expect(bothServe(first)).toEqual([old.imageId, theirs.imageId]);
  const newer = await quickRelease(second, 2);
  expect(bothServe(first)).toEqual([old.imageId, newer.imageId]);
  // By its name in the documents, and by its name in records.
  for (const name of ["web", "dev-web"]) {
    expect((await request(second, `/families/${name}/rollback`, { to: "previous" })).state).toBe("done");
    expect(bothServe(first)).toEqual([old.imageId, theirs.imageId]);
    expect((await request(second, `/families/${name}/rollback`, { undo: true })).state).toBe("done");
    expect(bothServe(first)).toEqual([old.imageId, newer.imageId]);
  }
});

test("a promotion into the family of another deployment is refused with what to do, and what it serves stays", async ({
  two,
  expect,
}) => {
  const [first, second] = two;
  const theirs = await quickRelease(second, 1);
  const family = "dev-web";
  const refused = `in cn-hangzhou, family ${family} belongs to deployment ${OTHER}: ${theirs.imageId} is its image; give the recipe another family, deploy with a KILN_STAGE of its own, or hand ${theirs.imageId} over by setting its tag kiln:deployment to ${BUCKET}`;
  const { imageId, promotion } = await quickRelease(first, 1, { family });
  expect(promotion?.reason).toBe(refused);
  for (const dryRun of [true, false]) {
    const again = { recipe: "web", imageId, dryRun };
    expect((await request(first, `/families/${family}/promote`, again)).reason).toBe(refused);
  }
  expect(served(first, HOME, family)).toBe(theirs.imageId);
  // Handed over, it is a member like any other.
  await first.ecs("TagResources", {
    ResourceType: "image",
    "ResourceId.1": theirs.imageId,
    "Tag.1.Key": DEPLOYMENT,
    "Tag.1.Value": BUCKET,
  });
  const promoted = await request(first, `/families/${family}/promote`, { recipe: "web", imageId });
  expect([promoted.state, served(first, HOME, family)]).toEqual(["done", imageId]);
});

test("a base of exactly that name serves every stage, until the stage has its own", async ({
  two,
  expect,
}) => {
  const [first, second] = two;
  const base = await quickRelease(first, 1, { family: "base" });
  const onBase = (n: number) => {
    const { source, ...rest }: { source: { builder: object } } = JSON.parse(recipeText());
    const builder = { ...source.builder, family: "base" };
    return JSON.stringify({ ...rest, source: { builder }, description: `number ${n}`, test: { skip: true } });
  };
  const baseOf = async (n: number) => {
    const [bake] = await bakeAndPromote(second, onBase(n));
    expect(bake?.state).toBe("done");
    return tagOf(second, String(bake?.result?.["imageId"]), "kiln:base");
  };
  expect(await baseOf(1)).toBe(`from ${base.imageId}`);
  const own = await quickRelease(second, 2, { family: "base" });
  expect(await baseOf(3)).toBe(`from ${own.imageId}`);
});

const timed = test.extend({ timers: ["cleanup"] });

timed(
  "a cleanup leaves the other's resources alone, even when a run of the same id has ended here",
  async ({ two, expect }) => {
    const [first, second] = two;
    const [bake] = await bakeAndPromote(first, recipeText({ test: { skip: true } }));
    const run = bake?.run ?? "";
    // Timers make runs of the same id in both, and this one is still at work in the second.
    const tags = (bucket: string) => ({ "kiln:run": run, "kiln:role": "builder", [DEPLOYMENT]: bucket });
    const orphan = await launchTagged(first, tags(BUCKET));
    const busy = await launchTagged(second, tags(OTHER));
    await first.cloud.settle({ forMs: hours(2) });
    const there = [...first.cloud.world.instances.keys()];
    expect(there).not.toContain(orphan);
    expect(there).toContain(busy);
  },
);
