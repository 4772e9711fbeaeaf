/**
 * Security groups and their rules. Nothing crosses the network of the simulated machines, so rules are kept and shown
 * only. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createsecuritygroup
 */
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import { pageByNumber, usesTokens } from "../../core/paging.ts";
import { invalid, type Params } from "../../core/params.ts";
import { COMMON_TOKENS, matches, NOTHING } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { toMinute } from "../instant.ts";
import type { SecurityGroup, SecurityRule } from "../records.ts";

export const CreateSecurityGroup: EcsAction = {
  tokens: COMMON_TOKENS,
  run: ({ world, params, regionId }) => {
    const vpcId = params.text("VpcId");
    const vpc = vpcId === undefined ? undefined : world.vpcs.get(vpcId);
    const isMissing = vpcId !== undefined && vpc?.regionId !== regionId;
    refuseIf(isMissing, 404, "InvalidVpcId.NotFound", "Specified VPC does not exist.");
    // Without a VPC it is a group of the classic network.
    refuseIf(
      vpcId === undefined && !world.account.classicNetwork,
      403,
      "InvalidVpcId.NotFound",
      "The account has no classic network, so a VpcId is needed.",
    );
    const tags = params.tags();
    const securityGroupId = world.kernel.id("sg-");
    world.securityGroups.set(securityGroupId, {
      securityGroupId,
      regionId,
      vpcId: vpcId ?? "",
      name: params.text("SecurityGroupName") ?? "",
      description: params.text("Description") ?? "",
      createdAt: world.now(),
      rules: [],
    });
    world.tags.put("securitygroup", securityGroupId, tags);
    return { SecurityGroupId: securityGroupId };
  },
};

export const DeleteSecurityGroup: EcsAction = {
  run: (call) => {
    const { world } = call;
    const { securityGroupId } = needGroup(call);
    const isUsed = [...world.instances.values()].some(({ securityGroupIds }) =>
      securityGroupIds.includes(securityGroupId),
    );
    refuseIf(
      isUsed,
      403,
      "DependencyViolation",
      "There is still instance(s) in the specified security group.",
    );
    world.securityGroups.delete(securityGroupId);
    world.tags.remove("securitygroup", securityGroupId);
    return NOTHING;
  },
};

const authorize = (direction: SecurityRule["direction"]): EcsAction => ({
  tokens: COMMON_TOKENS,
  run: (call) => {
    const group = needGroup(call);
    const several = call.params.structs("Permissions");
    const asked = several.length > 0 ? several : [call.params];
    const rules = asked.map((each) => readRule(each, direction));
    // A rule that exists already is not added twice.
    const isNew = (rule: SecurityRule): boolean => !group.rules.some((own) => matches(own, rule));
    group.rules.push(...rules.filter(isNew));
    return NOTHING;
  },
});

export const AuthorizeSecurityGroup = authorize("ingress");
export const AuthorizeSecurityGroupEgress = authorize("egress");

function readRule(params: Params, direction: SecurityRule["direction"]): SecurityRule {
  const protocol = params.need("IpProtocol").toLowerCase();
  const ports = params.need("PortRange");
  const isKnown = ["tcp", "udp", "icmp", "gre", "all"].includes(protocol);
  if (!isKnown) throw invalid("IpProtocol", "InvalidIpProtocol.ValueNotSupported");
  if (!/^(-1\/-1|\d{1,5}\/\d{1,5})$/.test(ports)) throw invalid("PortRange", "InvalidPortRange.Malformed");
  const [ownCidr, ownGroup] =
    direction === "ingress" ? ["SourceCidrIp", "SourceGroupId"] : ["DestCidrIp", "DestGroupId"];
  const peer = params.text(ownCidr) ?? params.text(ownGroup);
  refuseIf(peer === undefined, 400, "MissingParameter", `The parameter ${ownCidr} or ${ownGroup} is needed.`);
  return {
    direction,
    protocol,
    ports,
    peer: peer ?? "",
    policy: params.text("Policy")?.toLowerCase() ?? "accept",
    priority: params.int("Priority", { min: 1, max: 100 }) ?? 1,
  };
}

export const DescribeSecurityGroupAttribute: EcsAction = {
  run: (call) => {
    const { securityGroupId, name, description, vpcId, regionId, rules } = needGroup(call);
    const wanted = call.params.oneOf("Direction", ["egress", "ingress", "all"]) ?? "all";
    return {
      RegionId: regionId,
      SecurityGroupId: securityGroupId,
      SecurityGroupName: name,
      Description: description,
      VpcId: vpcId,
      InnerAccessPolicy: "Accept",
      Permissions: {
        Permission: rules
          .filter(({ direction }) => wanted === "all" || direction === wanted)
          .map((rule) => ({
            Direction: rule.direction,
            IpProtocol: rule.protocol.toUpperCase(),
            PortRange: rule.ports,
            Policy: rule.policy === "drop" ? "Drop" : "Accept",
            Priority: String(rule.priority),
            ...peerOf(rule),
          })),
      },
    };
  },
};

function peerOf({ direction, peer }: SecurityRule) {
  const side = direction === "ingress" ? "Source" : "Dest";
  return { [`${side}${peer.startsWith("sg-") ? "GroupId" : "CidrIp"}`]: peer };
}

export const DescribeSecurityGroups: EcsAction = {
  run: ({ world, params, regionId }) => {
    const ids = params.jsonList("SecurityGroupIds");
    const wanted = {
      regionId,
      securityGroupId: params.text("SecurityGroupId"),
      name: params.text("SecurityGroupName"),
      vpcId: params.text("VpcId"),
    };
    const tagged = world.tags.filter("securitygroup", params.tagFilters());
    const found = [...world.securityGroups.values()].filter(
      (each) =>
        matches(each, wanted) &&
        (ids?.includes(each.securityGroupId) ?? true) &&
        (tagged?.has(each.securityGroupId) ?? true),
    );
    // An account has few of them: one page holds them all in either dialect.
    const page = pageByNumber(params, found, { max: 100, usual: usesTokens(params) ? 100 : 10 });
    return {
      RegionId: regionId,
      SecurityGroups: {
        SecurityGroup: page.items.map((each) => ({
          SecurityGroupId: each.securityGroupId,
          SecurityGroupName: each.name,
          SecurityGroupType: "normal",
          VpcId: each.vpcId,
          Description: each.description,
          CreationTime: toMinute(each.createdAt),
        })),
      },
      NextToken: "",
      ...page.members,
    };
  },
};

function needGroup({ world, params, regionId }: Call): SecurityGroup {
  const group = world.securityGroups.get(params.need("SecurityGroupId"));
  if (group?.regionId === regionId) return group;
  throw new CloudFault(
    404,
    "InvalidSecurityGroupId.NotFound",
    "The specified SecurityGroupId does not exist.",
  );
}
