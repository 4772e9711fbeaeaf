/** The surroundings of an instance that a client makes: VPC, vSwitch, security group, key pair, elastic address. */
import { createPrivateKey } from "node:crypto";
import { test } from "vitest";
import { inCloud, LAUNCH, read, type Caller } from "./ecs-caller.ts";

const ZONE = "cn-hangzhou-j";

/** A network of its own, each part once the one before is available. */
async function network({
  cloud,
  ask,
}: Caller): Promise<Record<"VpcId" | "VSwitchId" | "SecurityGroupId", string>> {
  const VpcId = read<string>(await ask("CreateVpc", { CidrBlock: "10.0.0.0/16", VpcName: "own" }), "VpcId");
  await cloud.settle();
  const block = { VpcId, ZoneId: ZONE, CidrBlock: "10.0.1.0/24" };
  const VSwitchId = read<string>(await ask("CreateVSwitch", block), "VSwitchId");
  await cloud.settle();
  const group = { VpcId, SecurityGroupName: "own", Tag: [{ Key: "by", Value: "test" }] };
  const SecurityGroupId = read<string>(await ask("CreateSecurityGroup", group), "SecurityGroupId");
  return { VpcId, VSwitchId, SecurityGroupId };
}

test("a network is made from nothing, takes an instance, and goes only in the reverse order", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask, refusal, launch } = caller;
    const { VpcId, VSwitchId, SecurityGroupId } = await network(caller);
    const vpcs = await ask("DescribeVpcs", { VpcId });
    expect(read(vpcs, "Vpcs.Vpc")).toMatchObject([
      { VpcId, CidrBlock: "10.0.0.0/16", Status: "Available", VSwitchIds: { VSwitchId: [VSwitchId] } },
    ]);
    expect(read(await ask("DescribeVpcs"), "TotalCount")).toBe(2);
    const groups = await ask("DescribeSecurityGroups", { Tag: [{ Key: "by" }] });
    expect(read(groups, "SecurityGroups.SecurityGroup")).toMatchObject([{ SecurityGroupId, VpcId }]);
    const [InstanceId = ""] = await launch({ VSwitchId, SecurityGroupId });
    await cloud.settle();
    expect(cloud.world.mustHave(InstanceId)).toMatchObject({ zoneId: ZONE, vpcId: VpcId });
    expect(cloud.world.mustHave(InstanceId).privateIp).toMatch(/^10\.0\.1\.\d+$/);
    const attempts = async () => [
      await refusal("DeleteVpc", { VpcId }),
      await refusal("DeleteVSwitch", { VSwitchId }),
      await refusal("DeleteSecurityGroup", { SecurityGroupId }),
    ];
    expect(await attempts()).toEqual([
      "400 DependencyViolation.VSwitch",
      "400 DependencyViolation",
      "403 DependencyViolation",
    ]);
    await ask("DeleteInstance", { InstanceId, Force: true });
    await cloud.settle();
    await ask("DeleteVSwitch", { VSwitchId });
    expect(await refusal("DeleteVpc", { VpcId })).toBe("400 DependencyViolation.SecurityGroup");
    await ask("DeleteSecurityGroup", { SecurityGroupId });
    await ask("DeleteVpc", { VpcId });
    expect(read(await ask("DescribeVpcs", { VpcId }), "TotalCount")).toBe(0);
  });
});

test("a part that is still being made takes nothing in, and blocks must fit and not overlap", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, refusal }) => {
    for (const CidrBlock of ["11.0.0.0/8", "10.0.0.0/7", "10.0.0.1/16", "10.0.0.0/29", "ten"])
      expect(await refusal("CreateVpc", { CidrBlock }), CidrBlock).toBe("400 InvalidCidrBlock.Malformed");
    const VpcId = read<string>(await ask("CreateVpc", { CidrBlock: "192.168.0.0/16" }), "VpcId");
    expect(read(await ask("DescribeVpcs", { VpcId }), "Vpcs.Vpc.0.Status")).toBe("Pending");
    const make = (CidrBlock: string, ZoneId = ZONE) => ({ VpcId, ZoneId, CidrBlock });
    expect(await refusal("CreateVSwitch", make("192.168.1.0/24"))).toBe("400 IncorrectVpcStatus");
    await cloud.settle();
    const VSwitchId = read(await ask("CreateVSwitch", make("192.168.1.0/24")), "VSwitchId");
    expect(await refusal("CreateVSwitch", make("192.168.1.128/25"))).toBe("400 InvalidCidrBlock.Overlapped");
    expect(await refusal("CreateVSwitch", make("10.0.0.0/24"))).toBe("400 InvalidCidrBlock.Malformed");
    expect(await refusal("CreateVSwitch", make("192.168.2.0/24", "cn-hangzhou-z"))).toBe(
      "404 InvalidZoneId.NotFound",
    );
    const group = read(await ask("CreateSecurityGroup", { VpcId }), "SecurityGroupId");
    const launch = { ...LAUNCH, VSwitchId, SecurityGroupId: group };
    expect(await refusal("RunInstances", launch)).toBe("403 IncorrectVSwitchStatus");
    await cloud.settle();
    await ask("RunInstances", launch);
    expect(await refusal("DeleteVpc", { VpcId: "vpc-none" })).toBe("404 InvalidVpcId.NotFound");
    expect(await refusal("DeleteVSwitch", { VSwitchId: "vsw-none" })).toBe("404 InvalidVSwitchId.NotFound");
    expect(await refusal("CreateSecurityGroup", { VpcId: "vpc-none" })).toBe("404 InvalidVpcId.NotFound");
  });
});

test("rules of a security group are kept once each and shown by direction", async ({ expect }) => {
  await inCloud(async ({ ask, refusal }) => {
    const group = { SecurityGroupId: LAUNCH.SecurityGroupId };
    const ssh = { ...group, IpProtocol: "tcp", PortRange: "22/22", SourceCidrIp: "0.0.0.0/0" };
    for (let n = 0; n < 2; n++) await ask("AuthorizeSecurityGroup", ssh);
    await ask("AuthorizeSecurityGroupEgress", {
      ...group,
      Permissions: [{ IpProtocol: "ALL", PortRange: "-1/-1", DestCidrIp: "0.0.0.0/0", Policy: "drop" }],
    });
    const shown = async (Direction?: string) =>
      read<unknown[]>(
        await ask("DescribeSecurityGroupAttribute", { ...group, Direction }),
        "Permissions.Permission",
      );
    expect(await shown("ingress")).toMatchObject([
      { IpProtocol: "TCP", SourceCidrIp: "0.0.0.0/0", Policy: "Accept" },
    ]);
    expect(await shown("egress")).toMatchObject([
      { IpProtocol: "ALL", DestCidrIp: "0.0.0.0/0", Policy: "Drop" },
    ]);
    expect(await shown()).toHaveLength(2);
    const code = (params: object) => refusal("AuthorizeSecurityGroup", { ...ssh, ...params });
    expect(await code({ IpProtocol: "ipx" })).toBe("400 InvalidIpProtocol.ValueNotSupported");
    expect(await code({ PortRange: "22" })).toBe("400 InvalidPortRange.Malformed");
    expect(await code({ SourceCidrIp: undefined })).toBe("400 MissingParameter");
    expect(await code({ SecurityGroupId: "sg-none" })).toBe("404 InvalidSecurityGroupId.NotFound");
  });
});

test("a key pair gives its private key once, is bound and released, and goes when it is free", async ({
  expect,
}) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const name = { KeyPairName: "packer_1" };
    const key = await ask("CreateKeyPair", { ...name, Tag: [{ Key: "a", Value: "b" }] });
    expect(createPrivateKey(read<string>(key, "PrivateKeyBody")).type).toBe("private");
    expect(await refusal("CreateKeyPair", name)).toBe("400 KeyPair.AlreadyExist");
    const [id = ""] = await launch(name);
    const [other = ""] = await launch();
    await cloud.settle();
    expect(cloud.world.mustHave(id).keyPairName).toBe("packer_1");
    const InstanceIds = JSON.stringify([id, other, "i-none"]);
    const attached = await ask("AttachKeyPair", { ...name, InstanceIds });
    expect(attached).toMatchObject({ TotalCount: "3", FailCount: "1" });
    expect(cloud.world.mustHave(other).keyPairName).toBe("packer_1");
    const KeyPairNames = JSON.stringify(["packer_1"]);
    expect(await refusal("DeleteKeyPairs", { KeyPairNames })).toBe(
      "400 InvalidParameter.KeypairAlreadyAttachedInstance",
    );
    await ask("DetachKeyPair", { ...name, InstanceIds });
    expect([id, other].map((each) => cloud.world.mustHave(each).keyPairName)).toEqual([undefined, undefined]);
    await ask("DeleteKeyPairs", { KeyPairNames });
    expect(await refusal("RunInstances", { ...LAUNCH, ...name })).toBe("404 InvalidKeyPairName.NotFound");
    expect(await refusal("AttachKeyPair", { ...name, InstanceIds })).toBe("404 InvalidKeyPairName.NotFound");
  });
});

test("an elastic address is bound to one instance at a time and survives it", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [InstanceId = ""] = await launch();
    await cloud.settle();
    const allocate = async () =>
      read<string>(await ask("AllocateEipAddress", { Bandwidth: "10" }), "AllocationId");
    const [AllocationId, spare] = [await allocate(), await allocate()];
    const shown = async () =>
      read(await ask("DescribeEipAddresses", { AllocationId }), "EipAddresses.EipAddress.0");
    const bind = { AllocationId, InstanceId };
    await ask("AssociateEipAddress", bind);
    expect(await shown()).toMatchObject({ Status: "Associating", InstanceId, Bandwidth: "10" });
    await cloud.settle();
    expect(await shown()).toMatchObject({ Status: "InUse" });
    const [seen] = read<object[]>(await ask("DescribeInstances"), "Instances.Instance");
    expect(seen).toMatchObject({ EipAddress: { AllocationId }, PublicIpAddress: { IpAddress: [] } });
    expect(await refusal("ReleaseEipAddress", { AllocationId })).toBe("400 IncorrectEipStatus");
    expect(await refusal("AssociateEipAddress", { ...bind, AllocationId: spare })).toBe(
      "400 InvalidAssociation.Duplicated",
    );
    await ask("UnassociateEipAddress", bind);
    await cloud.settle();
    expect(await shown()).toMatchObject({ Status: "Available", InstanceId: "" });
    await ask("AssociateEipAddress", bind);
    await ask("DeleteInstance", { InstanceId, Force: true });
    await cloud.settle();
    expect(await shown()).toMatchObject({ Status: "Available", InstanceId: "" });
    await ask("ReleaseEipAddress", { AllocationId });
    expect(await shown()).toBe(undefined);
    expect(await refusal("ReleaseEipAddress", { AllocationId })).toBe("404 InvalidAllocationId.NotFound");
  });
});

test("the older tag call tags one resource, by the same rules", async ({ expect }) => {
  await inCloud(async ({ cloud, ask, launch, refusal }) => {
    const [ResourceId = ""] = await launch();
    const one = { ResourceType: "instance", ResourceId };
    await ask("AddTags", { ...one, Tag: [{ Key: "a", Value: "1" }] });
    expect(cloud.world.tags.of("instance", ResourceId)).toEqual([{ key: "a", value: "1" }]);
    expect(await refusal("AddTags", { ...one, Tag: [{ Key: "acs:x", Value: "" }] })).toBe(
      "400 InvalidTagKey.Malformed",
    );
    expect(await refusal("AddTags", { ...one, ResourceId: "i-none", Tag: [{ Key: "a" }] })).toBe(
      "404 InvalidResourceId.NotFound",
    );
  });
});

/** The calls and parameters of the vendor's page on creating instances by its Python client. */
const CLASSIC = {
  ImageId: "ubuntu1404_64_40G_cloudinit_20160727.raw",
  InstanceType: "ecs.s2.large",
  IoOptimized: "optimized",
  "SystemDisk.Category": "cloud_ssd",
};

test("an account that kept the classic network creates and starts an instance without a vSwitch", async ({
  expect,
}) => {
  await inCloud(
    async ({ cloud, ask, refusal }) => {
      const SecurityGroupId = "sg-classic-cn-beijing";
      const created = { ...CLASSIC, SecurityGroupId };
      expect(await refusal("CreateInstance", created)).toBe("404 InvalidImageId.NotFound");
      cloud.world.openClassicNetwork();
      const InstanceId = read<string>(await ask("CreateInstance", created), "InstanceId");
      const detail = async () =>
        read<Record<string, unknown>>(
          await ask("DescribeInstances", { InstanceIds: JSON.stringify([InstanceId]) }),
          "Instances.Instance.0",
        );
      await cloud.settle();
      expect(await detail()).toMatchObject({
        Status: "Stopped",
        InstanceNetworkType: "classic",
        VpcAttributes: { VpcId: "", VSwitchId: "", PrivateIpAddress: { IpAddress: [] } },
      });
      expect(read(await detail(), "InnerIpAddress.IpAddress")).toHaveLength(1);
      await ask("StartInstance", { InstanceId });
      await cloud.settle();
      expect(await detail()).toMatchObject({ Status: "Running" });
      const prepaid = { ...created, Period: 1, InstanceChargeType: "PrePaid" };
      expect(await ask("CreateInstance", prepaid)).toMatchObject({ OrderId: expect.any(String) });
      expect(await refusal("CreateInstance", { ...created, RamRoleName: "web" })).toBe(
        "403 InvalidNetworkType.MismatchRamRole",
      );
      const own = { SecurityGroupId: "sg-default0001", VSwitchId: "vsw-beijing-h" };
      const inVpc = read<string>(await ask("CreateInstance", { ...CLASSIC, ...own }), "InstanceId");
      expect(cloud.world.mustHave(inVpc).vpcId).toBe("vpc-beijing");
    },
    { region: "cn-beijing" },
  );
});

test("without the classic network a vSwitch is needed", async ({ expect }) => {
  await inCloud(async ({ refusal }) => {
    expect(await refusal("RunInstances", { ...LAUNCH, VSwitchId: undefined })).toBe("400 MissingParameter");
    expect(await refusal("CreateSecurityGroup", { SecurityGroupName: "classic" })).toBe(
      "403 InvalidVpcId.NotFound",
    );
  });
});
