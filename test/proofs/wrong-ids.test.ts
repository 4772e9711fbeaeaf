/** An id that the cloud refuses is named with its place in the document. */
import { ADVICE } from "../../shared/chinese/advice.ts";
import { reasonInChinese } from "../../shared/chinese/reasons.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { kilnOn } from "../support/kiln.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";

const BUILDER = {
  family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
};

const RECIPES = [
  [
    "source.builder.vSwitchIds",
    "vsw-nope",
    { vSwitchIds: ["vsw-nope"] },
    "There is no such vSwitch in this region: check the id.",
  ],
  [
    "source.builder.securityGroupId",
    "sg-nope",
    { securityGroupId: "sg-nope" },
    "There is no such security group in this region: check the id.",
  ],
  [
    "source.builder.instanceTypes",
    "ecs.g7.largee",
    { instanceTypes: ["ecs.g7.largee"] },
    "The type cannot be had like this here: take another type or zone.",
  ],
  [
    "source.builder.ramRole",
    "no-such-role",
    { ramRole: "no-such-role" },
    "Kiln may hand out only the RAM roles named in KILN_INSTANCE_ROLES: correct the name, or add it there and run npm run setup.",
  ],
  [
    "source.builder.dataDisks",
    "s-nope",
    { dataDisks: [{ snapshotId: "s-nope", sizeGb: 40 }] },
    "There is no such snapshot in this region: check the id.",
  ],
] as const;

for (const [field, value, change, hint] of RECIPES) {
  test(`${field} ${value}`, async ({ kiln, expect }) => {
    const [bake] = await bakeAndPromote(kiln, recipeText({ source: { builder: { ...BUILDER, ...change } } }));
    expect(bake?.state).toBe("failed");
    expect(bake?.reason).toContain(field);
    expect(bake?.reason).toContain(value);
    // A sentence that says what to do, in both languages, and the step after it.
    expect(bake?.reason).toContain(hint);
    expect(reasonInChinese(bake?.reason ?? "")).toContain(ADVICE[hint]);
    const why = await kilnOn(kiln, "why", "web");
    expect(why.out).toContain(`next: correct ${field}`);
    expect(why.out).toContain("push recipes/web.yaml");
  });
}

test("image.resourceGroupId and the id of a source", async ({ kiln, expect }) => {
  const [group] = await bakeAndPromote(kiln, recipeText({ image: { resourceGroupId: "rg-nope" } }));
  expect(group?.reason).toContain("image.resourceGroupId rg-nope: ");
  await kiln.upload(
    "recipes/snap.yaml",
    recipeText({ source: { snapshot: { id: "s-nope" } }, provision: [], test: {}, family: undefined }),
  );
  await kiln.cloud.settle({ forMs: hours(1) });
  const [snapshot] = kiln.records("bake-snap");
  expect(snapshot?.reason).toContain("source.snapshot.id s-nope: ");
});

test("a region, and a consumer, of the promotion", async ({ deploy, expect }) => {
  for (const [promote, said] of [
    [
      { regions: ["cn-shanghai", "cn-nowhere"] },
      /^promote\.regions cn-nowhere: ecs \w+ answered InvalidRegionId/,
    ],
    [{ consumers: ["lt-nope"] }, /^promote\.consumers: lt-nope: ecs \w+ answered InvalidLaunchTemplate/],
    [{ consumers: [{ id: "lt-nope" }] }, /^promote\.consumers: lt-nope: ecs /],
  ] as const) {
    const kiln = await deploy({});
    await bakeAndPromote(kiln, recipeText({ promote }));
    const [{ reason, result } = {}] = kiln.records("promote");
    expect(reason ?? String(result?.["notUpdated"])).toMatch(said);
    if (reason === undefined) continue;
    const why = await kilnOn(kiln, "why", "web");
    expect(why.out).toContain("next: correct promote.regions in recipes/web.yaml");
  }
});

test("a public family without acs: is recognized", async ({ kiln, expect }) => {
  const builder = { ...BUILDER, family: "alibaba_cloud_linux_3_2104_lts_x64" };
  const [bake] = await bakeAndPromote(kiln, recipeText({ source: { builder } }));
  expect(bake?.reason).toContain("write acs:alibaba_cloud_linux_3_2104_lts_x64");
});

const ONE = { VSwitchId: "vsw-hangzhou-h" };
const FLEETS = [
  ["launch.VSwitchId", "vsw-nope", { VSwitchId: "vsw-nope" }],
  ["launch.SecurityGroupId", "sg-nope", { SecurityGroupId: "sg-nope" }],
  ["launch.InstanceType", "ecs.g7.largee", { InstanceType: "ecs.g7.largee" }],
  ["launch.KeyPairName", "nope", { KeyPairName: "nope" }],
  ["launch.ResourceGroupId", "rg-nope", { ResourceGroupId: "rg-nope" }],
  ["launch.RamRoleName", "no-such-role", { RamRoleName: "no-such-role" }],
  ["launch.LaunchTemplateId", "lt-nope", { LaunchTemplateId: "lt-nope" }],
  ["launch.LaunchTemplateName", "nope-1", { LaunchTemplateName: "nope-1" }],
  ["launch.ZoneId", "cn-hangzhou-z", { ...ONE, ZoneId: "cn-hangzhou-z" }],
  ["launch.PrivateIpAddress", "10.99.0.1", { ...ONE, PrivateIpAddress: "10.99.0.1" }],
  [
    "launch.NetworkInterface.VSwitchId",
    "vsw-nope",
    {
      NetworkInterface: [
        { InstanceType: "Primary", VSwitchId: "vsw-nope", SecurityGroupId: "sg-default0001" },
      ],
      VSwitchId: undefined,
      SecurityGroupId: undefined,
    },
  ],
] as const;

test("a fleet, in a launch and in a dry run", async ({ kiln, expect }) => {
  kiln.cloud.world.publishImage("web", { imageId: "m-web-1" });
  for (const [field, value, launch] of FLEETS) {
    await kiln.upload("fleets/web.yaml", fleetText({ launch }));
    await kiln.cloud.settle({ forMs: minutes(1) });
    const run = await scaleOut(kiln, { count: 1 });
    const said = `${run.reason ?? ""} ${JSON.stringify(run.result ?? {})}`;
    expect(said, field).toContain(field);
    expect(said, field).toContain(value);
    if (/VSwitchId|InstanceType/.test(field))
      expect(said).toMatch(/; (?:There is no such vSwitch|The type cannot be had)/);
    const why = await kilnOn(kiln, "why", run.run);
    expect(why.out).toContain(
      `next: correct ${field} in fleets/web.yaml, then npm run kiln -- push fleets/web.yaml`,
    );
    const dry = await scaleOut(kiln, { count: 1, dryRun: true });
    expect(`${dry.reason} ${JSON.stringify(dry.result)}`, field).toContain(field);
  }
});
