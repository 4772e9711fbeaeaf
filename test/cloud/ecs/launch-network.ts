/** Where an instance goes: vSwitch, zone, security groups, addresses. Source: RunInstances. */
import { CloudFault } from "../core/kernel.ts";
import { classicPlace } from "./classic.ts";
import { consecutive } from "./network.ts";
import { invalid } from "../core/params.ts";
import type { Params } from "../core/params.ts";
import type { VSwitch } from "./records.ts";
import type { World, ZoneClosing } from "./world.ts";

export interface NetworkPlan {
  readonly vSwitch: VSwitch;
  readonly securityGroupIds: readonly string[];
  readonly privateIp: string | undefined;
  readonly internetChargeType: string;
  readonly bandwidthIn: number;
  readonly bandwidthOut: number;
}

/** @throws CloudFault for unknown, missing or ill-matched parts of the network. */
export function readNetwork(world: World, regionId: string, params: Params, amount: number): NetworkPlan {
  const place = primary(params);
  const securityGroupIds = readGroups(place);
  const vSwitch = readVSwitch(world, regionId, place, params.text("ZoneId"));
  checkZone(world, regionId, params, vSwitch);
  for (const id of securityGroupIds) {
    const group = world.securityGroups.get(id);
    if (group === undefined || group.regionId !== regionId) {
      throw new CloudFault(
        404,
        "InvalidSecurityGroupId.NotFound",
        "The specified SecurityGroupId does not exist.",
      );
    }
    if (group.vpcId !== vSwitch.vpcId) {
      throw new CloudFault(
        400,
        "InvalidParameter.Mismatch",
        "Specified security group and virtual switch are not in the same VPC.",
      );
    }
  }
  const privateIp = place.text("PrivateIpAddress") ?? place.text("PrimaryIpAddress");
  // Checked here, taken only when everything else has been checked too.
  if (privateIp !== undefined) consecutive(vSwitch, amount, privateIp);
  const bandwidth = (name: string, max: number): number | undefined =>
    params.int(name, { min: 0, max, code: `Invalid${name}.ValueNotSupported` });
  return {
    vSwitch,
    securityGroupIds,
    privateIp,
    internetChargeType:
      params.oneOf(
        "InternetChargeType",
        ["PayByTraffic", "PayByBandwidth"],
        "InvalidInternetChargeType.ValueNotSupported",
      ) ?? "PayByTraffic",
    bandwidthIn: bandwidth("InternetMaxBandwidthIn", 200) ?? 10,
    bandwidthOut: bandwidth("InternetMaxBandwidthOut", 100) ?? 0,
  };
}

/** With a primary NetworkInterface, the instance-level network parameters must not be there. */
function primary(params: Params): Params {
  const card = params.structs("NetworkInterface").find((each) => each.text("InstanceType") === "Primary");
  if (card === undefined) return params;
  for (const name of ["VSwitchId", "SecurityGroupId", "PrivateIpAddress"]) {
    if (params.has(name)) throw invalid(name, "InvalidParameter.Conflict");
  }
  if (params.list("SecurityGroupIds").length > 0)
    throw invalid("SecurityGroupIds", "InvalidParameter.Conflict");
  return card;
}

function readGroups(place: Params): string[] {
  const [single, several] = [place.text("SecurityGroupId"), place.list("SecurityGroupIds")];
  if (single !== undefined && several.length > 0)
    throw invalid("SecurityGroupIds", "InvalidParameter.Conflict");
  const all = single === undefined ? several : [single];
  if (all.length === 0) {
    throw new CloudFault(
      400,
      "MissingParameter",
      "The input parameter SecurityGroupId that is mandatory for processing this request is not supplied.",
    );
  }
  return all;
}

function readVSwitch(world: World, regionId: string, place: Params, zoneId: string | undefined): VSwitch {
  const id = place.text("VSwitchId");
  // An instance of a VPC needs a vSwitch.
  const isClassic = readGroups(place).every((group) => world.securityGroups.get(group)?.vpcId === "");
  if (id === undefined && isClassic && world.account.classicNetwork)
    return classicPlace(world, regionId, zoneId);
  if (id === undefined) {
    throw new CloudFault(
      400,
      "MissingParameter",
      "The input parameter VSwitchId that is mandatory for processing this request is not supplied.",
    );
  }
  const vSwitch = world.vSwitches.get(id);
  if (vSwitch === undefined || vSwitch.regionId !== regionId) {
    throw new CloudFault(404, "InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist.");
  }
  if (vSwitch.status !== "Available") {
    throw new CloudFault(
      403,
      "IncorrectVSwitchStatus",
      "The current status of virtual switch does not support this operation.",
    );
  }
  return vSwitch;
}

function checkZone(world: World, regionId: string, params: Params, vSwitch: VSwitch): void {
  const zoneId = params.text("ZoneId");
  if (zoneId !== undefined && !world.regions.get(regionId)?.zones.includes(zoneId)) {
    throw new CloudFault(404, "InvalidZoneId.NotFound", "The specified ZoneId does not exist.");
  }
  if (zoneId !== undefined && zoneId !== vSwitch.zoneId) {
    throw new CloudFault(
      400,
      "InvalidParameter.Mismatch",
      "Specified virtual switch is not in the specified zone.",
    );
  }
  checkOpen(world.closedZones.get(vSwitch.zoneId));
}

/** Source: the error table of RunInstances. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-runinstances */
const CLOSED: Readonly<Record<ZoneClosing, readonly [status: number, code: string, message: string]>> = {
  "not on sale": [403, "Zone.NotOnSale", "The specified zone is not available for purchase."],
  "not allowed": [
    403,
    "OperationDenied.ZoneNotAllowed",
    "The creation of Instance to the specified Zone is not allowed.",
  ],
  "no VPC": [
    400,
    "InvalidVpcZone.NotSupported",
    "The specified operation is not allowed in the zone to which your VPC belongs, please try in other zones.",
  ],
};

function checkOpen(why: ZoneClosing | undefined): void {
  if (why !== undefined) throw new CloudFault(...CLOSED[why]);
}
