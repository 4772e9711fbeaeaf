/** What can be changed or asked about one instance: attributes, automatic release, public address. */
import { CloudFault } from "../../core/kernel.ts";
import { checkAutoRelease } from "../auto-release.ts";
import { NOTHING, incorrectStatus, needInstance } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { attributeView } from "../instance-view.ts";
import { readUserData } from "../launch-spec.ts";
import { checkDescription, checkHostName } from "../names.ts";
import { freshPublicIp } from "../network.ts";
import { invalid } from "../../core/params.ts";
import type { Instance } from "../records.ts";

export const ModifyInstanceAttribute: EcsAction = {
  region: "optional",
  run: (call) => {
    const { params } = call;
    const instance = needInstance(call);
    const words = readWords(call, instance);
    if (params.has("Password") && instance.status === "Starting") throw incorrectStatus();
    const groups = readGroups(call, instance.vpcId);
    const protection = params.bool("DeletionProtection");
    if (protection === true && instance.chargeType === "PrePaid") {
      throw new CloudFault(
        403,
        "InvalidOperation.DeletionProtection",
        "Deletion protection is for pay-as-you-go instances only.",
      );
    }
    Object.assign(instance, words);
    // New user data is shown after a restart, but it does not run again.
    if (params.has("UserData")) instance.userData = readUserData(params);
    instance.deletionProtection = protection ?? instance.deletionProtection;
    instance.recyclable = params.bool("Recyclable") ?? instance.recyclable;
    if (groups.length > 0) instance.securityGroupIds = groups;
    return NOTHING;
  },
};

function readWords(
  { params }: Call,
  instance: Instance,
): Pick<Instance, "name" | "hostName" | "description"> {
  const {
    name = instance.name,
    hostName,
    description,
  } = {
    name: params.text("InstanceName"),
    hostName: params.text("HostName"),
    description: params.text("Description"),
  };
  if (params.has("InstanceName") && !/^\p{L}[\p{L}\d:_.-]{1,127}$/u.test(name))
    throw invalid("InstanceName", "InvalidInstanceName.Malformed");
  checkHostName(hostName, false);
  checkDescription(description);
  const isYoung = instance.status === "Pending" || instance.status === "Starting";
  if (hostName !== undefined && isYoung) throw incorrectStatus();
  return {
    name,
    hostName: hostName ?? instance.hostName,
    description: description ?? instance.description,
  };
}

export const ModifyInstanceAutoReleaseTime: EcsAction = {
  region: "optional",
  run: ({ world, params }) => {
    const instance = world.instances.get(params.need("InstanceId"));
    // Not InvalidInstanceId.NotFound, unlike everywhere else.
    if (instance === undefined)
      throw new CloudFault(404, "NoSuchResource", "The specified resource is not found.");
    const at = checkAutoRelease(params.text("AutoReleaseTime"), world.now());
    if (instance.chargeType === "PrePaid") {
      throw new CloudFault(
        403,
        "ChargeTypeViolation",
        "The operation is not permitted due to charge type of the instance.",
      );
    }
    world.life.releaseAt(instance, at);
    return NOTHING;
  },
};

export const AllocatePublicIpAddress: EcsAction = {
  region: "optional",
  run: (call) => {
    const instance = needInstance(call);
    if (instance.status !== "Running" && instance.status !== "Stopped") throw incorrectStatus();
    if (instance.bandwidthOut === 0) {
      throw new CloudFault(
        403,
        "InvalidInternetMaxBandwidthOut.ValueNotSupported",
        "The bandwidth of the instance must be above 0 to have a public address.",
      );
    }
    // The remarks say that an address it already has is answered again; the table has AllocatedAlready.
    instance.publicIp ??= freshPublicIp(call.world.kernel);
    return { IpAddress: instance.publicIp };
  },
};

export const DescribeInstanceAttribute: EcsAction = {
  region: "optional",
  run: (call) => attributeView(call.world, needInstance(call)),
};

function readGroups({ world, params, regionId }: Call, vpcId: string): string[] {
  const ids = params.list("SecurityGroupIds");
  for (const id of ids) {
    const group = world.securityGroups.get(id);
    if (group === undefined || group.regionId !== regionId) {
      throw new CloudFault(
        404,
        "InvalidSecurityGroupId.NotFound",
        "The specified SecurityGroupId does not exist.",
      );
    }
    if (group.vpcId !== vpcId)
      throw new CloudFault(403, "InvalidInstanceId.NotSupported", "The security group is in another VPC.");
  }
  return ids;
}
