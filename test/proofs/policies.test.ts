/** Policies are neither wider than the code needs (a sample of `npm run policies`) nor wider than the deployment. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { rolesOf } from "../../deploy/policies.ts";
import { evaluate } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { type Deployment, PLACE, readRoles, SECOND } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";

const launch = async (kiln: Deployment) => {
  await kiln.upload("fleets/web.yaml", fleetText());
  return [await scaleOut(kiln, { count: 1 })];
};
const bake = (kiln: Deployment) => bakeAndPromote(kiln, recipeText({ test: { skip: true } }));

test.for([
  ["scale-out ecs:RunInstances", launch],
  ["scale-out ecs:ListTagResources", launch],
  ["bake-image ecs:DescribeCloudAssistantStatus", bake],
  ["promote-family ecs:ModifyImageAttribute", bake],
] as const)(
  "without %s its run does not get done, with it it does",
  async ([taken, story], { deploy, expect }) => {
    const states = async (roles: ReturnType<typeof readRoles>) =>
      (await story(await deploy({ roles }))).map(({ state }) => state);
    expect(await states(readRoles(PLACE, taken))).toContain("failed");
    expect(new Set(await states(readRoles()))).toEqual(new Set(["done"]));
  },
);

test("each function has a role of its own", ({ expect }) => {
  const folders = readdirSync(join(import.meta.dirname, "../../functions"));
  const parts = rolesOf(PLACE).map(({ part }) => part);
  expect(parts.toSorted()).toEqual([...folders, "oss-events"].toSorted());
});

test("no role of a stage reads, writes or invokes anything of another stage or bucket, or without a stage", ({
  expect,
}) => {
  const { account, region } = PLACE;
  const fn = (prefix: string, name: string) => `acs:fc:${region}:${account}:functions/${prefix}-${name}`;
  const object = (bucket: string, key: string) => `acs:oss:*:${account}:${bucket}/${key}`;
  const keys = ["runs/x.jsonl", "locks/x", "recipes/web.yaml", "open/x", "stock/x", "disks/web/d.vhd"];
  const resourcesOf = (prefix: string, bucket: string) => [
    ...readdirSync(join(import.meta.dirname, "../../functions")).map((name) => fn(prefix, name)),
    ...keys.map((key) => object(bucket, key)),
    `acs:oss:*:${account}:${bucket}`,
  ];
  const actions = [
    "fc:InvokeFunction",
    "oss:GetObject",
    "oss:PutObject",
    "oss:DeleteObject",
    "oss:ListObjects",
  ];
  const allowed = (place: typeof PLACE, resources: readonly string[]) =>
    rolesOf(place).flatMap(({ name, policy }) =>
      resources.flatMap((resource) =>
        actions.flatMap((action) =>
          evaluate(policy, action, resource, {}) === "allow" ? [`${name} ${action} ${resource}`] : [],
        ),
      ),
    );
  const [own, dev] = [resourcesOf("kiln", PLACE.bucket), resourcesOf("kiln-dev", SECOND.bucket)];
  expect(allowed(PLACE, own).length).toBeGreaterThan(30);
  expect(allowed(PLACE, [...dev, ...resourcesOf("kiln-dev2", `${PLACE.bucket}-2`)])).toEqual([]);
  expect(allowed(SECOND, [...own, ...resourcesOf("kiln-dev2", `${SECOND.bucket}2`)])).toEqual([]);
});
