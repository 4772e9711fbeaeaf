/**
 * Elastic public addresses, by the calls that ECS still answers to.
 * Source: the last EIP pages of the ECS API, AllocateEipAddress to ReleaseEipAddress.
 */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import { pageByNumber } from "../../core/paging.ts";
import { COMMON_TOKENS, incorrectStatus, matches, needInstance, NOTHING } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { toMinute } from "../instant.ts";
import { freshPublicIp } from "../network.ts";
import type { Eip } from "../records.ts";

export const AllocateEipAddress: EcsAction = {
  tokens: COMMON_TOKENS,
  run: ({ world, params, regionId }) => {
    const { kernel } = world;
    const eip: Eip = {
      allocationId: kernel.id("eip-"),
      regionId,
      address: freshPublicIp(kernel),
      bandwidth: params.int("Bandwidth", { min: 1, max: 500, code: "InvalidParameter" }) ?? 5,
      chargeType: params.oneOf("InternetChargeType", ["PayByTraffic", "PayByBandwidth"]) ?? "PayByBandwidth",
      allocatedAt: world.now(),
      instanceId: undefined,
      status: "Available",
    };
    world.eips.set(eip.allocationId, eip);
    return { AllocationId: eip.allocationId, EipAddress: eip.address };
  },
};

export const AssociateEipAddress: EcsAction = {
  region: "optional",
  run: (call) => {
    const eip = needEip(call);
    const instance = needInstance(call);
    checkStatus(eip, "Available");
    if (instance.status !== "Running" && instance.status !== "Stopped") throw incorrectStatus();
    const isDouble = instance.publicIp !== undefined || call.world.eipOf(instance.instanceId) !== undefined;
    refuseIf(isDouble, 400, "InvalidAssociation.Duplicated", "The instance already has a public address.");
    eip.instanceId = instance.instanceId;
    shift(call, eip, "Associating", "InUse");
    return NOTHING;
  },
};

export const UnassociateEipAddress: EcsAction = {
  region: "optional",
  run: (call) => {
    const eip = needEip(call);
    checkStatus(eip, "InUse");
    const isOther = eip.instanceId !== call.params.need("InstanceId");
    refuseIf(isOther, 400, "InvalidAssociation.Mismatch", "The address is bound to another instance.");
    shift(call, eip, "Unassociating", "Available");
    return NOTHING;
  },
};

export const ReleaseEipAddress: EcsAction = {
  region: "optional",
  run: (call) => {
    const eip = needEip(call);
    checkStatus(eip, "Available");
    call.world.eips.delete(eip.allocationId);
    return NOTHING;
  },
};

export const DescribeEipAddresses: EcsAction = {
  run: ({ world, params, regionId }) => {
    const wanted = {
      regionId,
      address: params.text("EipAddress"),
      status: params.oneOf("Status", ["Associating", "Unassociating", "InUse", "Available"]),
      instanceId: params.text("AssociatedInstanceId"),
    };
    const ids = params.text("AllocationId")?.split(",");
    const found = [...world.eips.values()].filter(
      (eip) => matches(eip, wanted) && (ids?.includes(eip.allocationId) ?? true),
    );
    const page = pageByNumber(params, found, { max: 100 });
    return {
      EipAddresses: {
        EipAddress: page.items.map((eip) => ({
          AllocationId: eip.allocationId,
          IpAddress: eip.address,
          RegionId: eip.regionId,
          Status: eip.status,
          InstanceId: eip.instanceId ?? "",
          InstanceType: eip.instanceId === undefined ? "" : "EcsInstance",
          Bandwidth: String(eip.bandwidth),
          EipBandwidth: String(eip.bandwidth),
          InternetChargeType: eip.chargeType,
          ChargeType: "PostPaid",
          AllocationTime: toMinute(eip.allocatedAt),
          ExpiredTime: "",
          OperationLocks: { LockReason: [] },
        })),
      },
      ...page.members,
    };
  },
};

/** Through a status that lasts a moment; void when the instance goes meanwhile. */
function shift({ world }: Call, eip: Eip, over: Eip["status"], to: Eip["status"]): void {
  eip.status = over;
  world.kernel.time.after(world.delays.networkMs, { label: `${eip.allocationId} ${to}` }, () => {
    if (eip.status !== over) return;
    eip.status = to;
    if (to === "Available") eip.instanceId = undefined;
  });
}

function needEip({ world, params }: Call): Eip {
  const eip = world.eips.get(params.need("AllocationId"));
  if (eip !== undefined) return eip;
  throw new CloudFault(404, "InvalidAllocationId.NotFound", "Specified allocation ID is not found.");
}

function checkStatus(eip: Eip, wanted: Eip["status"]): void {
  const message = "Current elastic IP status does not support this operation.";
  refuseIf(eip.status !== wanted, 400, "IncorrectEipStatus", message);
}
