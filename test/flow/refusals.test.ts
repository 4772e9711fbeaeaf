/** What a person gets to read when the input, or the cloud, says no; and that nothing half-happens. */
import { hours } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/kernel.ts";
import { bakeAndPromote, leftovers, ownImages, recipeText, test } from "./fixture.ts";

test("a bad recipe is refused whole, with every problem and its path, before the first change", async ({
  kiln,
  expect,
}) => {
  const [bake] = await bakeAndPromote(kiln, recipeText({ family: "aliyun-web", provison: ["true"] }));
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toContain("web has 2 problem(s):");
  expect(bake?.reason).toMatch(/family: .*must not start with aliyun/);
  expect(bake?.reason).toMatch(/provison: .*provision/);
  expect(kiln.cloud.calls.filter(({ product }) => product === "ecs")).toEqual([]);
});

test("a recipe whose base family serves nothing says which family and region were asked", async ({
  kiln,
  expect,
}) => {
  const builder = {
    family: "no-such-family",
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
  };
  const [bake] = await bakeAndPromote(kiln, recipeText({ source: { builder } }));
  expect(bake?.reason).toBe(
    "source.builder.family: family no-such-family has no available image in cn-hangzhou; check its name, owner and region",
  );
});

test("a recipe that names an object the bucket does not have is refused before a builder is launched", async ({
  kiln,
  expect,
}) => {
  const [bake] = await bakeAndPromote(kiln, recipeText({ provision: [{ script: "scripts/missing.sh" }] }));
  expect(bake?.reason).toBe("recipe web names objects the bucket does not have: scripts/missing.sh");
  expect(kiln.cloud.calls.map(({ action }) => action)).not.toContain("RunInstances");
});

test("a script too long to be sent is refused before a builder is launched, with its size and the limit", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("scripts/long.sh", "# filler\n".repeat(2500));
  const [bake] = await bakeAndPromote(kiln, recipeText({ provision: [{ script: "scripts/long.sh" }] }));
  expect(bake?.reason).toBe(
    'provision[0] ("scripts/long.sh") has 30000 bytes as Base64 with its environment and parameters; a command may have 24576: split it, or let it fetch the rest',
  );
  expect(kiln.cloud.calls.map(({ action }) => action)).not.toContain("RunInstances");
});

test("a throttled call is repeated after the minute and the run goes on", async ({ kiln, expect }) => {
  kiln.cloud.faults.add({
    product: "ecs",
    action: "RunInstances",
    kind: "before",
    when: (_params, n) => n < 2,
    fault: new CloudFault(400, "Throttling.User", "Request was denied due to user flow control."),
  });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.state).toBe("done");
  const asked = kiln.cloud.calls.filter(({ action }) => action === "RunInstances").slice(0, 3);
  expect(asked.map(({ code }) => code)).toEqual(["Throttling.User", "Throttling.User", undefined]);
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(60_000);
});

test("credentials that expire between two calls are replaced by the next invocation", async ({
  kiln,
  expect,
}) => {
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

test("a missing permission ends the run with the action to allow, and leaves nothing", async ({
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

test("an image that fails its test stays out of its family, which goes on serving the last one", async ({
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

test("after a failed gate the same recipe is baked again, not skipped", async ({ kiln, expect }) => {
  const text = recipeText({ provision: ["yum install -y nginx"] });
  const [first] = await bakeAndPromote(kiln, text);
  const [second] = await bakeAndPromote(kiln, text);
  expect(second?.result?.["skipped"]).toBeUndefined();
  const failedImage = String(first?.result?.["imageId"]);
  expect(second?.steps.find(({ phase }) => phase === "plan")?.note).toBe(
    `${failedImage} did not pass its gate`,
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
  for (const image of world.images.values()) Object.assign(image, { osType: "windows" });
  await kiln.cloud.settle({ forMs: hours(1) });
  const command = [...world.assistant.invocations.values()].at(-1);
  expect(command?.type).toBe("RunPowerShellScript");
  expect(command?.content).toBe("$ErrorActionPreference = 'Stop'\n$env:TIER = 'it''s'\nGet-Service nginx");
  const [bake] = await bakeAndPromote(kiln, recipeText({ description: "again" }));
  expect(bake?.reason).toMatch(/^source\.builder: \S+ is a Windows image, and builders run shell scripts;/);
});

test("a builder of another architecture is not called x86_64 by default", async ({ kiln, expect }) => {
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
  const asked = kiln.cloud.calls.find(({ action }) => action === "CreateImage");
  expect(asked?.params["Architecture"]).toBeUndefined();
});

test("a builder gets a role named kiln-…; any other is refused before a machine is there, and the run says what to do", async ({
  kiln,
  expect,
}) => {
  const withRole = (ramRole: string) => {
    const { source, ...rest } = JSON.parse(recipeText()) as { source: { builder: object } };
    return JSON.stringify({ ...rest, source: { builder: { ...source.builder, ramRole } } });
  };
  const [refused] = await bakeAndPromote(kiln, withRole("AdministratorRole"));
  expect(refused?.state).toBe("failed");
  expect(refused?.reason).toMatch(
    /^ecs RunInstances answered InvalidUser\.PassRoleForbidden .*name one in source\.builder\.ramRole .*or add acs:ram::\*:role\/<name> to the ram:PassRole statement of the policy kiln-worker\.$/,
  );
  expect(kiln.cloud.world.instances.size).toBe(0);
  expect(ownImages(kiln)).toEqual([]);
  await kiln.upload("recipes/web.yaml", withRole("kiln-builder"));
  await kiln.cloud.settle({ until: () => kiln.cloud.world.instances.size > 0, forMs: hours(1) });
  expect([...kiln.cloud.world.instances.values()]).toMatchObject([{ ramRoleName: "kiln-builder" }]);
});
