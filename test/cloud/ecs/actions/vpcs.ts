/**
 * The VPC calls that ECS still answers to: older clients make their network with them.
 * Source: the last VPC pages of the ECS API, CreateVpc to DeleteVSwitch.
 */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import { pageByNumber } from "../../core/paging.ts";
import { COMMON_TOKENS, NOTHING } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { toMinute } from "../instant.ts";
import { rangeOf } from "../network.ts";
import type { Vpc } from "../records.ts";

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

export const CreateVpc: EcsAction = {
  tokens: COMMON_TOKENS,
  run: ({ world, params, regionId }) => {
    const cidr = params.text("CidrBlock") ?? "172.16.0.0/12";
    refuseIf(!isVpcBlock(cidr), 400, "InvalidCidrBlock.Malformed", "Specified CIDR block is not valid.");
    const { kernel } = world;
    const vpc: Vpc = {
      vpcId: kernel.id("vpc-"),
      regionId,
      name: params.text("VpcName") ?? "",
      description: params.text("Description") ?? "",
      cidr,
      routerId: kernel.id("vrt-"),
      createdAt: world.now(),
      status: "Pending",
    };
    world.vpcs.set(vpc.vpcId, vpc);
    kernel.time.after(world.delays.networkMs, { label: `${vpc.vpcId} available` }, () => {
      vpc.status = "Available";
    });
    return { VpcId: vpc.vpcId, VRouterId: vpc.routerId, RouteTableId: kernel.id("vtb-") };
  },
};

const isVpcBlock = (cidr: string): boolean => {
  const own = rangeOf(cidr);
  if (own === undefined || own.bits < 8 || own.bits > 28) return false;
  return PRIVATE.some((block) => isInside(own, rangeOf(block)));
};

type Range = ReturnType<typeof rangeOf>;

const isInside = (inner: Range, outer: Range): boolean =>
  inner !== undefined && outer !== undefined && inner.start >= outer.start && inner.end <= outer.end;

export const DescribeVpcs: EcsAction = {
  run: ({ world, params, regionId }) => {
    const ids = params.text("VpcId")?.split(",");
    const isDefault = params.bool("IsDefault") ?? false;
    const found = [...world.vpcs.values()].filter(
      (vpc) => vpc.regionId === regionId && !isDefault && (ids?.includes(vpc.vpcId) ?? true),
    );
    const page = pageByNumber(params, found, { max: 50 });
    const switchesOf = (vpcId: string): string[] =>
      [...world.vSwitches.values()].filter((each) => each.vpcId === vpcId).map(({ vSwitchId }) => vSwitchId);
    return {
      Vpcs: {
        Vpc: page.items.map((vpc) => ({
          VpcId: vpc.vpcId,
          VpcName: vpc.name,
          Description: vpc.description,
          CidrBlock: vpc.cidr,
          RegionId: vpc.regionId,
          Status: vpc.status,
          IsDefault: false,
          VRouterId: vpc.routerId,
          UserCidrs: { UserCidr: [] },
          VSwitchIds: { VSwitchId: switchesOf(vpc.vpcId) },
          CreationTime: toMinute(vpc.createdAt),
        })),
      },
      ...page.members,
    };
  },
};

export const DeleteVpc: EcsAction = {
  region: "optional",
  run: (call) => {
    const { world } = call;
    const { vpcId } = needVpc(call);
    const uses = (all: Iterable<{ readonly vpcId: string }>): boolean =>
      [...all].some((each) => each.vpcId === vpcId);
    refuseIf(
      uses(world.vSwitches.values()),
      400,
      "DependencyViolation.VSwitch",
      "Specified object has dependent resources.",
    );
    refuseIf(
      uses(world.securityGroups.values()),
      400,
      "DependencyViolation.SecurityGroup",
      "Specified object has dependent resources.",
    );
    world.vpcs.delete(vpcId);
    return NOTHING;
  },
};

export const CreateVSwitch: EcsAction = {
  region: "optional",
  tokens: COMMON_TOKENS,
  run: (call) => {
    const { world, params } = call;
    const vpc = needVpc(call);
    const [zoneId, cidr] = [params.need("ZoneId"), params.need("CidrBlock")];
    checkPlace(call, vpc, zoneId);
    checkBlock(call, vpc, cidr);
    const vSwitchId = world.kernel.id("vsw-");
    const name = params.text("VSwitchName") ?? "";
    const made = {
      vSwitchId,
      vpcId: vpc.vpcId,
      regionId: vpc.regionId,
      zoneId,
      name,
      cidr,
      taken: new Set<string>(),
    };
    world.vSwitches.set(vSwitchId, { ...made, status: "Pending" });
    world.kernel.time.after(world.delays.networkMs, { label: `${vSwitchId} available` }, () => {
      const vSwitch = world.vSwitches.get(vSwitchId);
      if (vSwitch !== undefined) vSwitch.status = "Available";
    });
    return { VSwitchId: vSwitchId };
  },
};

function checkPlace({ world }: Call, { regionId, status }: Vpc, zoneId: string): void {
  refuseIf(
    !world.regions.get(regionId)?.zones.includes(zoneId),
    404,
    "InvalidZoneId.NotFound",
    "Specified zone does not exist.",
  );
  refuseIf(
    status !== "Available",
    400,
    "IncorrectVpcStatus",
    "Current VPC status does not support this operation.",
  );
}

function checkBlock({ world }: Call, { vpcId, cidr: whole }: Vpc, cidr: string): void {
  const own = rangeOf(cidr);
  const isGood = own !== undefined && own.bits >= 16 && own.bits <= 29 && isInside(own, rangeOf(whole));
  refuseIf(!isGood, 400, "InvalidCidrBlock.Malformed", "Specified CIDR block is not valid.");
  const others = [...world.vSwitches.values()].filter((each) => each.vpcId === vpcId);
  const overlaps = others.some((each) => {
    const other = rangeOf(each.cidr);
    return own && other && own.start <= other.end && other.start <= own.end;
  });
  refuseIf(overlaps, 400, "InvalidCidrBlock.Overlapped", "Specified CIDR block is overlapped.");
}

export const DeleteVSwitch: EcsAction = {
  region: "optional",
  run: ({ world, params }) => {
    const vSwitchId = params.need("VSwitchId");
    const vSwitch = world.vSwitches.get(vSwitchId);
    if (vSwitch === undefined)
      throw new CloudFault(404, "InvalidVSwitchId.NotFound", "Specified virtual switch does not exist.");
    const isUsed = [...world.instances.values()].some((instance) => instance.vSwitchId === vSwitchId);
    refuseIf(isUsed, 400, "DependencyViolation", "Specified object has dependent resources.");
    world.vSwitches.delete(vSwitchId);
    return NOTHING;
  },
};

function needVpc({ world, params, regionId, isRegional }: Call): Vpc {
  const vpc = world.vpcs.get(params.need("VpcId"));
  if (vpc !== undefined && (!isRegional || vpc.regionId === regionId)) return vpc;
  throw new CloudFault(404, "InvalidVpcId.NotFound", "Specified VPC does not exist.");
}
