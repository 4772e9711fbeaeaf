/** Instances by id, by filter or by tag, in either dialect of paging. */
import { CloudFault } from "../../core/kernel.ts";
import type { Call, EcsAction } from "../action.ts";
import { stopIfDry } from "../action.ts";
import { instanceView } from "../instance-view.ts";
import { fromMinute } from "../instant.ts";
import { inOrder, pageByNumber, pageByToken, usesTokens } from "../../core/paging.ts";
import { invalid } from "../../core/params.ts";
import type { Params } from "../../core/params.ts";
import type { Instance } from "../records.ts";

type Keep = (instance: Instance) => boolean;

export const DescribeInstances: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const keep = filterOf(call);
    const candidates = candidatesOf(call);
    stopIfDry(params);
    if (usesTokens(params)) {
      const { items, nextToken } = pageByToken(params, candidates, keep);
      return {
        Instances: { Instance: items.map((instance) => instanceView(world, instance)) },
        NextToken: nextToken,
        PageNumber: 0,
        PageSize: 0,
        TotalCount: 0,
      };
    }
    const page = pageByNumber(params, [...candidates].filter(keep), { max: 100 });
    return {
      Instances: { Instance: page.items.map((instance) => instanceView(world, instance)) },
      NextToken: "",
      ...page.members,
    };
  },
};

/** Ids or tags name few instances: then the others are not even looked at. */
function candidatesOf({ world, params }: Call): Iterable<Instance> {
  const ids = params.jsonList("InstanceIds");
  const tagged = world.tags.filter("instance", params.tagFilters());
  if (ids === undefined && tagged === undefined) return world.instances.values();
  const chosen = ids === undefined ? [...tagged!] : ids.filter((id) => tagged?.has(id) ?? true);
  return inOrder(chosen.flatMap((id) => world.instances.get(id) ?? []));
}

function filterOf({ params, regionId }: Call): Keep {
  const keeps: Keep[] = [(instance) => instance.regionId === regionId];
  const equal = (name: string, read: (instance: Instance) => string | undefined): void => {
    const wanted = params.text(name);
    if (wanted !== undefined) keeps.push((instance) => read(instance) === wanted);
  };
  const status = params.oneOf(
    "Status",
    ["Pending", "Running", "Starting", "Stopping", "Stopped"],
    "InvalidStatus.NotFound",
    404,
  );
  if (status !== undefined) keeps.push((instance) => instance.status === status);
  equal("ImageId", (instance) => instance.imageId);
  equal("InstanceType", (instance) => instance.type.id);
  equal("InstanceTypeFamily", (instance) => instance.type.family);
  equal("VpcId", (instance) => instance.vpcId);
  equal("VSwitchId", (instance) => instance.vSwitchId);
  equal("ZoneId", (instance) => instance.zoneId);
  equal("KeyPairName", (instance) => instance.keyPairName);
  equal("InternetChargeType", (instance) => instance.internetChargeType);
  equal("InstanceNetworkType", () => "vpc");
  const charge = params.oneOf(
    "InstanceChargeType",
    ["PostPaid", "PrePaid"],
    "InvalidInstanceChargeType.NotFound",
    404,
  );
  if (charge !== undefined) keeps.push((instance) => instance.chargeType === charge);
  const name = params.text("InstanceName");
  if (name !== undefined) keeps.push(byName(name));
  keeps.push(...byLists(params), ...byTime(params));
  return (instance) => keeps.every((keep) => keep(instance));
}

function byLists(params: Params): Keep[] {
  const keeps: Keep[] = [];
  const group = params.text("SecurityGroupId");
  if (group !== undefined) keeps.push((instance) => instance.securityGroupIds.includes(group));
  const lock = params.text("LockReason");
  if (lock !== undefined) keeps.push((instance) => instance.locks.some((each) => each.reason === lock));
  const inside = params.jsonList("PrivateIpAddresses");
  if (inside !== undefined) keeps.push(({ privateIp }) => inside.includes(privateIp));
  const outside = params.jsonList("PublicIpAddresses");
  if (outside !== undefined) keeps.push(({ publicIp = "" }) => outside.includes(publicIp));
  return keeps;
}

function byName(wanted: string): Keep {
  if (!wanted.includes("*")) return (instance) => instance.name === wanted;
  const parts = wanted.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const pattern = new RegExp(`^${parts.join(".*")}$`);
  return (instance) => pattern.test(instance.name);
}

/** `Filter.1.Key=CreationStartTime`; instants here have no seconds. */
function byTime(params: Params): Keep[] {
  return params.structs("Filter").map((filter) => {
    const key = filter.oneOf("Key", [
      "CreationStartTime",
      "CreationEndTime",
      "ExpiredStartTime",
      "ExpiredEndTime",
    ]);
    const at = fromMinute(filter.text("Value") ?? "");
    if (key === undefined || at === undefined) throw invalid("Filter");
    const read = (instance: Instance): number =>
      key.startsWith("Creation") ? instance.createdAt : (instance.expiresAt ?? Number.POSITIVE_INFINITY);
    return key.endsWith("StartTime")
      ? (instance): boolean => read(instance) >= at
      : (instance): boolean => read(instance) <= at;
  });
}

/** The cheapest poll: status alone. Up to 100 ids, but at most 50 rows a page. */
export const DescribeInstanceStatus: EcsAction = {
  run: ({ world, params, regionId }) => {
    const ids = params.list("InstanceId");
    if (ids.length > 100)
      throw new CloudFault(
        400,
        "InvalidParameter.TooManyInstanceIds",
        "The number of InstanceId exceeds the limit.",
      );
    const zoneId = params.text("ZoneId");
    const all =
      ids.length === 0 ? [...world.instances.values()] : ids.flatMap((id) => world.instances.get(id) ?? []);
    const found = all.filter(
      (each) => each.regionId === regionId && (zoneId === undefined || each.zoneId === zoneId),
    );
    const page = pageByNumber(params, found, { max: 50 });
    return {
      InstanceStatuses: {
        InstanceStatus: page.items.map((each) => ({ InstanceId: each.instanceId, Status: each.status })),
      },
      ...page.members,
    };
  },
};
