/** A deployment from nothing to nothing, by the commands and the real deploy tool. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hours, minutes } from "../../shared/duration.ts";
import { expect as assert } from "vitest";
import type { Cloud } from "../cloud/index.ts";
import { withTool as test } from "../support/commands.ts";
import { deployedOn, type Deployment, hurry } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { ACCOUNT, NEW_BUCKET, type Shell } from "../support/shell.ts";
import { leftovers, ownImages } from "../support/world.ts";

const PATIENT = { timeout: 240_000 };
const CALLERS = '{"ci":{"secrets":["rehearsal-secret-0123456789"],"routes":["POST /*","GET /runs/*"]}}';

const place = {
  account: ACCOUNT,
  region: "cn-hangzhou",
  bucket: NEW_BUCKET,
  stage: "dev",
  instanceRoles: [],
};

const stage = { KILN_STAGE: "dev" };

interface Given {
  readonly cloud: Cloud;
  readonly command: Shell;
  readonly root: string;
}

/** Sets up and deploys. */
async function make({ cloud, command }: Given): Promise<void> {
  assert(await command("setup", stage)).toMatchObject({ code: 0, err: [] });
  const made = await command("deploy", { ...stage, KILN_CALLERS: CALLERS });
  assert(made.err).toEqual([]);
  assert(made.code).toBe(0);
  assert(made.out.at(-1)).toMatch(/^the webhook's URL: https?:\/\/\S+$/);
  assert([...cloud.fc.functions.keys()]).toEqual(
    "notifier janitor stop-idle scale-out promote-family bake-image webhook api"
      .split(" ")
      .map((one) => `kiln-dev-${one}`),
  );
}

/** Bakes and promotes an image. */
async function work({ cloud }: Given, kiln: Deployment): Promise<void> {
  const runs = await bakeAndPromote(kiln, recipeText({ test: { skip: true } }));
  assert(runs.map(({ state, reason }) => [state, reason])).toEqual([
    ["done", undefined],
    ["done", undefined],
  ]);
  assert(ownImages(kiln)).toMatchObject([{ family: "dev-web" }]);
  assert(cloud.fc.refusals).toEqual([]);
}

/** Deploys an s.yaml that has less. */
async function deployLess({ cloud, command, root }: Given): Promise<void> {
  // From another shell, without the callers, and with a function and a trigger less in s.yaml.
  const yaml = readFileSync(join(root, "s.yaml"), "utf8");
  writeFileSync(join(root, "s.yaml"), without(yaml));
  const again = await command("deploy", stage);
  assert([again.code, again.err]).toEqual([0, []]);
  assert(again.out).toContain("kept as they are in the cloud: KILN_CALLERS (--unset <name> removes one)");
  assert(again.out.filter((line) => line.startsWith("remove"))).toEqual([
    "remove trigger cleanup of kiln-dev-janitor",
    "remove trigger reconcile of kiln-dev-scale-out",
    "remove function kiln-dev-scale-out",
  ]);
  assert(cloud.fc.functions.has("kiln-dev-scale-out")).toBe(false);
  assert(cloud.fc.functions.get("kiln-dev-janitor")?.triggers.map(({ name }) => name)).toEqual([
    "resend",
    "check-index",
    "redelivery",
    "fleets",
    "removed-recipes",
    "documents",
  ]);
  assert(cloud.fc.functions.get("kiln-dev-webhook")?.environment["KILN_CALLERS"]).toBe(CALLERS);
}

/** Tries to remove everything while a bake runs. */
async function refuseBusy({ cloud, command }: Given, kiln: Deployment): Promise<void> {
  await kiln.upload("recipes/slow.yaml", recipeText({ provision: ["sleep 900"] }));
  await cloud.settle({ forMs: minutes(1) });
  const busy = await command("undeploy", stage);
  assert([busy.code, busy.err.length, busy.out]).toEqual([1, 1, []]);
  assert(busy.err[0]).toMatch(
    /^refused: 1 runs are at work \(bake-slow-.*\); wait for their end or cancel them, or add --force/,
  );
  await cloud.settle({ forMs: hours(4) });
}

/** Removes what was made. */
async function remove({ cloud, command }: Given, kiln: Deployment): Promise<void> {
  const planned = await command("undeploy --plan", stage);
  assert(cloud.fc.functions.size).toBe(7);
  const gone = await command("undeploy --yes", stage);
  const removals = gone.out.filter((line) => !line.startsWith("stays: "));
  assert(planned.out.filter((line) => line.startsWith("would "))).toEqual(
    removals.map((line) => `would ${line}`),
  );
  assert([cloud.fc.functions.size, cloud.ram.roles().length, cloud.ram.policies().length]).toEqual([0, 0, 0]);
  const images = ownImages(kiln).map(({ imageId }) => imageId);
  for (const id of images) assert(gone.out).toContain(`stays: image ${id}`);
  assert(gone.out.find((line) => line.startsWith("stays: bucket"))).toMatch(
    /with \d+ objects and its rules$/,
  );
  assert(leftovers(kiln)).toEqual([]);
}

/** Removes the objects too. */
async function removeAll({ cloud, command }: Given): Promise<void> {
  cloud.oss.put(NEW_BUCKET, "probe/2026-01-05/context.json", "{}");
  const all = await command("undeploy --all --yes", stage);
  assert([all.code, all.err]).toEqual([0, []]);
  assert(cloud.oss.list(NEW_BUCKET, "").map(({ key }) => key)).toEqual([
    "recipes/slow.yaml",
    "recipes/web.yaml",
  ]);
  for (const key of ["recipes/slow.yaml", "recipes/web.yaml"]) cloud.oss.delete(NEW_BUCKET, key);
  assert((await command("undeploy --all --yes", stage)).out).toContain(`delete bucket ${NEW_BUCKET}`);
  assert(cloud.oss.buckets().map(({ name }) => name)).not.toContain(NEW_BUCKET);
}

test(
  "setup and deploy make a Kiln that works with the roles of setup, and undeploy leaves what is the user's",
  PATIENT,
  async ({ cloud, command, root }) => {
    const given = { cloud, command, root };
    await make(given);
    const kiln = deployedOn(cloud, place);
    hurry(kiln);
    await work(given, kiln);
    await deployLess(given);
    await refuseBusy(given, kiln);
    await remove(given, kiln);
    await removeAll(given);
  },
);

/** s.yaml without the function scale-out and without the trigger cleanup. */
const without = (yaml: string): string =>
  yaml
    .replace(/ {2}scale-out:\n(?: {4}.*\n|\n)+/, "")
    .replace(/ {8}- triggerName: cleanup\n(?: {10}.*\n)+/, "");
