/** Refusals by Kiln and by the cloud: the message says what to do, and nothing is left half done. */
import { hours } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { leftovers, ownImages } from "../support/world.ts";

test("an invalid recipe is refused with every problem and its path, before the first change", async ({
  kiln,
  expect,
}) => {
  const [bake] = await bakeAndPromote(kiln, recipeText({ family: "aliyun-web", provison: ["true"] }));
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toContain("recipes/web.yaml has 2 problems:");
  expect(bake?.reason).toMatch(/family: .*must not start with aliyun/);
  expect(bake?.reason).toMatch(/provison: .*provision/);
  expect(kiln.cloud.callLog.count({ product: "ecs" })).toBe(0);
});

test("a base family without an available image is refused with its name and region", async ({
  kiln,
  expect,
}) => {
  const builder = {
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
  };
  const isPublic = "; a public family begins with acs:, so write acs:";
  for (const [family, advice] of [
    ["no-such-family", ""],
    ["ubuntu_22_04_x64", `${isPublic}ubuntu_22_04_x64`],
    ["ACS:ubuntu_22_04_x64", `${isPublic}ubuntu_22_04_x64`],
    ["acs:ubuntu_99_x64", ""],
    ["ubuntu_22_04_x64_20G_alibase_20260927_vhd", ""],
  ] as const) {
    const source = { builder: { ...builder, family } };
    const bakes = await bakeAndPromote(kiln, recipeText({ source }));
    expect(bakes.map(({ reason }) => reason)).toContain(
      `source.builder.family: family ${family} has no available image in cn-hangzhou; check its name, owner and region${advice}`,
    );
  }
});

test("a recipe that names a missing object is refused before a builder is launched", async ({
  kiln,
  expect,
}) => {
  const [bake] = await bakeAndPromote(kiln, recipeText({ provision: [{ script: "scripts/missing.sh" }] }));
  const missing =
    "recipe web names objects that the bucket does not have: scripts/missing.sh; upload them, then bake again";
  expect(bake?.reason).toBe(missing);
  const [tested] = await bakeAndPromote(
    kiln,
    recipeText({ test: { commands: [{ script: "scripts/missing.sh" }] } }),
  );
  expect(tested?.reason).toBe(missing);
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(0);
});

test("a command above the size limit with its environment is refused before a builder is launched, with both sizes", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("scripts/short.sh", "true\n");
  const step = { script: "scripts/short.sh", environment: { LIST: "x".repeat(18_500) } };
  const [bake] = await bakeAndPromote(kiln, recipeText({ provision: [step] }));
  expect(bake?.reason).toMatch(
    /^provision\[0\] \("scripts\/short\.sh"\) has 2\d{4} bytes as Base64 with its environment and parameters, and a command may have 24576; .* shorten the values$/,
  );
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(0);
});

test("a throttled call is retried after a minute and the run continues", async ({ kiln, expect }) => {
  kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    when: (_params, n) => n < 2,
    fault: new CloudFault(400, "Throttling.User", "Request was denied due to user flow control."),
  });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("done");
  const asked = kiln.cloud.callLog.entries({ action: "RunInstances" }).slice(0, 3);
  expect(asked.map(({ code }) => code)).toEqual(["Throttling.User", "Throttling.User", undefined]);
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(60_000);
});

test("expired credentials are replaced by the next invocation", async ({ kiln, expect }) => {
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeInstances",
    kind: "before",
    when: (_params, n) => n === 1,
    fault: new CloudFault(403, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
  });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("done");
});

test("a missing permission fails the run with the action to allow, and nothing is left", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.faults.add({
    product: "ecs",
    action: "CreateImage",
    kind: "before",
    fault: new CloudFault(403, "Forbidden.RAM", "User not authorized to operate on the specified resource."),
  });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toMatch(
    /CreateImage answered Forbidden\.RAM \(request [0-9A-F-]+\): .*ecs:CreateImage/,
  );
  expect(leftovers(kiln)).toEqual([]);
});

test("an image that fails its test does not join its family, which still serves the one before", async ({
  kiln,
  expect,
}) => {
  await bakeAndPromote(kiln, recipeText());
  const [bake, promote] = await bakeAndPromote(kiln, recipeText({ provision: ["yum install -y nginx"] }));
  expect(bake?.state).toBe("done");
  expect(promote?.reason).toMatch(/^"systemctl is-active nginx" failed with exit code 3: inactive/);
  expect(ownImages(kiln).map(({ family }) => family)).toEqual(["web", ""]);
  expect(leftovers(kiln)).toEqual([]);
});

test("after a failed image test the unchanged recipe is baked again, not skipped", async ({
  kiln,
  expect,
}) => {
  const text = recipeText({ provision: ["yum install -y nginx"] });
  const [first] = await bakeAndPromote(kiln, text);
  const [second] = await bakeAndPromote(kiln, text);
  expect(second?.result?.["skipped"]).toBeUndefined();
  const failedImage = String(first?.result?.["imageId"]);
  expect(second?.steps.find(({ phase }) => phase === "plan")?.note).toBe(
    `${failedImage} did not pass its test`,
  );
});

test("a Windows base is refused for a builder; a Windows image is tested with PowerShell", async ({
  kiln,
  expect,
}) => {
  const { world } = kiln.cloud;
  const gate = { commands: [{ run: "Get-Service nginx", environment: { TIER: "it's" } }] };
  await kiln.upload("recipes/web.yaml", recipeText({ provision: [], test: gate }));
  await kiln.cloud.settle({ until: () => ownImages(kiln).length > 0, forMs: hours(1) });
  for (const { imageId } of world.images.values()) world.makeWindows(imageId);
  await kiln.cloud.settle({ forMs: hours(1) });
  const command = world.invocations.at(-1);
  expect(command?.type).toBe("RunPowerShellScript");
  expect(command?.content).toBe("$ErrorActionPreference = 'Stop'\n$env:TIER = 'it''s'\nGet-Service nginx");
  const [bake] = await bakeAndPromote(kiln, recipeText({ description: "again" }));
  expect(bake?.reason).toMatch(/^source\.builder: \S+ is a Windows image, and builders run shell scripts;/);
});

test("CreateImage gets no architecture for a builder, so an ARM builder is not called x86_64", async ({
  kiln,
  expect,
}) => {
  const builder = {
    family: "acs:alibaba_cloud_linux_3_2104_lts_arm64",
    instanceTypes: ["ecs.g8y.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
  };
  const [bake] = await bakeAndPromote(
    kiln,
    recipeText({ source: { builder }, provision: [], family: undefined, test: undefined }),
  );
  expect(bake?.state).toBe("done");
  expect(ownImages(kiln)).toMatchObject([{ architecture: "arm64" }]);
});

test("a builder may have a role of KILN_INSTANCE_ROLES; another one is refused before the launch, and the reason says what to do", async ({
  kiln,
  expect,
}) => {
  const withRole = (ramRole: string) => {
    const { source, ...rest }: { source: { builder: object } } = JSON.parse(recipeText());
    return JSON.stringify({ ...rest, source: { builder: { ...source.builder, ramRole } } });
  };
  const [refused] = await bakeAndPromote(kiln, withRole("AdministratorRole"));
  expect(refused?.state).toBe("failed");
  expect(refused?.reason).toMatch(
    /^source\.builder\.ramRole \S+: ecs RunInstances answered InvalidUser\.PassRoleForbidden .*only the RAM roles named in KILN_INSTANCE_ROLES: correct the name, or add it there and run npm run setup\.$/,
  );
  expect(kiln.cloud.world.instances.size).toBe(0);
  expect(ownImages(kiln)).toEqual([]);
  await kiln.upload("recipes/web.yaml", withRole("kiln-builder"));
  await kiln.cloud.settle({ until: () => kiln.cloud.world.instances.size > 0, forMs: hours(1) });
  expect([...kiln.cloud.world.instances.values()]).toMatchObject([{ ramRoleName: "kiln-builder" }]);
});
