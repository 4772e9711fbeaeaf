/** Where instances are put and how they are reached, under the names of RunInstances. */
import * as z from "zod/mini";
import { closed, finding, type Finding, oneLine, oneOrMany, rule, text, whole } from "./fields.ts";
import { description, securityGroupId, vSwitchId } from "./names.ts";

/** RunInstances.InternetMaxBandwidthOut, and the inbound default up to 10 Mbit/s. */
const MAX_MBPS = 100;
const SMALL_MBPS = 10;
/** RunInstances.Ipv6Address.N and Ipv6AddressCount. */
const MAX_IPV6 = 10;
/** NetworkInterface.N.SecondaryPrivateIpAddressCount. */
const MAX_SECONDARY_IPS = 49;

const ipv4 = () => z.ipv4("must be an IPv4 address");
const ipv6s = () => z.array(z.ipv6("must be an IPv6 address")).check(z.minLength(1), z.maxLength(MAX_IPV6));
const securityGroups = () => z.array(securityGroupId()).check(z.minLength(1));
const count = () => whole(1, 4096);

const interfaceShape = {
  InstanceType: z._default(z.enum(["Primary", "Secondary"]), "Secondary"),
  VSwitchId: z.exactOptional(vSwitchId()),
  SecurityGroupId: z.exactOptional(securityGroupId()),
  SecurityGroupIds: z.exactOptional(securityGroups()),
  PrimaryIpAddress: z.exactOptional(ipv4()),
  SecondaryPrivateIpAddressCount: z.exactOptional(whole(1, MAX_SECONDARY_IPS)),
  Ipv6Address: z.exactOptional(ipv6s()),
  Ipv6AddressCount: z.exactOptional(whole(1, MAX_IPV6)),
  NetworkInterfaceId: z.exactOptional(text(/^eni-/, "be the id of a network interface, eni-…")),
  NetworkInterfaceName: z.exactOptional(
    text(/^[\p{L}\p{N}:_.-]{2,128}$/u, "be 2 to 128 letters, digits, : _ . and -"),
  ),
  Description: z.exactOptional(description()),
  NetworkInterfaceTrafficMode: z.exactOptional(z.enum(["Standard", "HighPerformance"])),
  NetworkCardIndex: z.exactOptional(whole(0, 64)),
  QueueNumber: z.exactOptional(count()),
  QueuePairNumber: z.exactOptional(count()),
  RxQueueSize: z.exactOptional(whole(1, 65_536)),
  TxQueueSize: z.exactOptional(whole(1, 65_536)),
  SourceDestCheck: z.exactOptional(z.boolean()),
  DeleteOnRelease: z.exactOptional(z.boolean()),
};
export type NetworkInterface = z.infer<z.ZodMiniObject<typeof interfaceShape, z.core.$strict>>;

function interfaceFindings(card: NetworkInterface): Finding[] {
  const primary = card.InstanceType === "Primary";
  return [...placeFindings(card, primary), ...ipv6Findings(card, primary)];
}

function placeFindings(card: NetworkInterface, primary: boolean): Finding[] {
  return [
    ...finding(
      "SecurityGroupId" in card && "SecurityGroupIds" in card,
      ["SecurityGroupIds"],
      "must not be used with SecurityGroupId; keep one of the two",
    ),
    ...finding(
      primary && !card.VSwitchId,
      ["VSwitchId"],
      "is missing; a Primary interface needs its vSwitch",
    ),
    ...finding(
      primary && !card.SecurityGroupId && !card.SecurityGroupIds,
      ["SecurityGroupId"],
      "is missing; a Primary interface needs SecurityGroupId or SecurityGroupIds",
    ),
    ...finding(
      primary && (card.NetworkCardIndex ?? 0) !== 0,
      ["NetworkCardIndex"],
      "must be 0 for a Primary interface",
    ),
  ];
}

function ipv6Findings(card: NetworkInterface, primary: boolean): Finding[] {
  const ipv6 = (["Ipv6Address", "Ipv6AddressCount"] as const).filter((key) => key in card);
  // An existing interface brings everything with it.
  const made = Object.keys(card).filter(
    (key) => !["InstanceType", "NetworkInterfaceId", "DeleteOnRelease"].includes(key),
  );
  return [
    ...ipv6.flatMap((key) => finding(!primary, [key], "must be used with InstanceType: Primary")),
    ...finding(
      ipv6.length > 1,
      ["Ipv6AddressCount"],
      "must not be used with Ipv6Address; keep one of the two",
    ),
    ...finding(
      primary && card.NetworkInterfaceId !== undefined,
      ["NetworkInterfaceId"],
      "must be used with InstanceType: Secondary",
    ),
    ...finding(
      card.NetworkInterfaceId !== undefined && made.length > 0,
      ["NetworkInterfaceId"],
      `must stand alone, an existing interface cannot be changed; remove ${made.join(", ")}`,
    ),
  ];
}

const NetworkInterfaces = z
  .array(closed(interfaceShape).check(rule<NetworkInterface>(["*"], interfaceFindings)))
  .check(
    z.minLength(1),
    rule<NetworkInterface[]>(["*"], (cards) =>
      finding(
        cards.filter((card) => card.InstanceType === "Primary").length > 1,
        [],
        "must have at most one Primary interface",
      ),
    ),
  );

export const networkShape = {
  VSwitchId: z._default(oneOrMany(vSwitchId()), []),
  ZoneId: z.exactOptional(text(/^[a-z]{2}-[a-z0-9-]+$/, "be the id of a zone, like cn-hangzhou-h")),
  SecurityGroupId: z.exactOptional(securityGroupId()),
  SecurityGroupIds: z.exactOptional(securityGroups()),
  PrivateIpAddress: z.exactOptional(ipv4()),
  Ipv6Address: z.exactOptional(ipv6s()),
  Ipv6AddressCount: z.exactOptional(whole(1, MAX_IPV6)),
  InternetChargeType: z.exactOptional(z.enum(["PayByTraffic", "PayByBandwidth"])),
  InternetMaxBandwidthIn: z.exactOptional(whole(1, MAX_MBPS * 2)),
  // No default: a value that is sent overrules a launch template, and 0 would take its bandwidth away.
  InternetMaxBandwidthOut: z.exactOptional(whole(0, MAX_MBPS)),
  NetworkInterface: z.exactOptional(NetworkInterfaces),
  NetworkInterfaceQueueNumber: z.exactOptional(count()),
  NetworkOptions: z.exactOptional(
    closed({
      EnableJumboFrame: z.exactOptional(z.boolean()),
      EnableNetworkEncryption: z.exactOptional(z.boolean()),
      BandwidthWeighting: z.exactOptional(oneLine(1, 128)),
    }),
  ),
  PrivateDnsNameOptions: z.exactOptional(
    closed({
      HostnameType: z.exactOptional(z.enum(["Custom", "IpBased", "InstanceIdBased"])),
      EnableInstanceIdDnsARecord: z.exactOptional(z.boolean()),
      EnableInstanceIdDnsAAAARecord: z.exactOptional(z.boolean()),
      EnableIpDnsARecord: z.exactOptional(z.boolean()),
      EnableIpDnsPtrRecord: z.exactOptional(z.boolean()),
    }),
  ),
};
type Network = z.infer<z.ZodMiniObject<typeof networkShape, z.core.$strict>>;
type Launch = Network & { readonly LaunchTemplateId?: string; readonly LaunchTemplateName?: string };

const MOVED: readonly (readonly [keyof Network, string])[] = [
  ["VSwitchId", "VSwitchId"],
  ["SecurityGroupId", "SecurityGroupId"],
  ["SecurityGroupIds", "SecurityGroupIds"],
  ["PrivateIpAddress", "PrimaryIpAddress"],
  ["Ipv6Address", "Ipv6Address"],
  ["Ipv6AddressCount", "Ipv6AddressCount"],
  ["NetworkInterfaceQueueNumber", "QueueNumber"],
];

const xor = (one: keyof Network, other: keyof Network) =>
  rule<Launch>([one, other], (launch) =>
    finding(one in launch && other in launch, [other], `must not be used with ${one}; keep one of the two`),
  );

/** Where an instance goes must be said, unless a template or the primary interface says it. */
function missingFindings(launch: Launch): Finding[] {
  if (hasTemplate(launch) || hasPrimary(launch)) return [];
  const grouped = "SecurityGroupId" in launch || "SecurityGroupIds" in launch;
  return [
    ...finding(!grouped, ["SecurityGroupId"], "is missing; write SecurityGroupId or SecurityGroupIds"),
    ...finding(
      launch.VSwitchId.length === 0,
      ["VSwitchId"],
      "is missing; write a vSwitch or a list of them, tried in order",
    ),
  ];
}

/** A primary interface decides the place and addresses of an instance. */
function primaryFindings(launch: Launch): Finding[] {
  if (!hasPrimary(launch)) return [];
  return MOVED.flatMap(([key, there]) => {
    const value = launch[key];
    const given = Array.isArray(value) ? value.length > 0 : value !== undefined;
    return finding(given, [key], `must be written as ${there} of the Primary NetworkInterface`);
  });
}

function addressFindings(launch: Launch): Finding[] {
  const { VSwitchId, ZoneId, PrivateIpAddress } = launch;
  const several = VSwitchId.length > 1;
  return [
    ...finding(
      several && ZoneId !== undefined,
      ["ZoneId"],
      "must not be used with several vSwitches, each is in a zone of its own; remove it",
    ),
    ...finding(
      several && PrivateIpAddress !== undefined,
      ["PrivateIpAddress"],
      "must be used with one VSwitchId, whose range it is in",
    ),
  ];
}

function bandwidthFindings({
  InternetMaxBandwidthIn: inbound = 0,
  InternetMaxBandwidthOut: outbound = 0,
}: Launch) {
  const most = Math.max(SMALL_MBPS, outbound);
  const message = `must be at most ${most} Mbit/s with InternetMaxBandwidthOut ${outbound}`;
  return finding(inbound > most, ["InternetMaxBandwidthIn"], message);
}

export function hasTemplate(launch: { LaunchTemplateId?: string; LaunchTemplateName?: string }): boolean {
  return launch.LaunchTemplateId !== undefined || launch.LaunchTemplateName !== undefined;
}

function hasPrimary({ NetworkInterface: cards = [] }: Launch): boolean {
  return cards.some((card) => card.InstanceType === "Primary");
}

export const networkRules = [
  xor("SecurityGroupId", "SecurityGroupIds"),
  xor("Ipv6Address", "Ipv6AddressCount"),
  rule<Launch>(["VSwitchId", "NetworkInterface", "LaunchTemplateId", "LaunchTemplateName"], missingFindings),
  rule<Launch>(["NetworkInterface", ...MOVED.map(([key]) => key)], primaryFindings),
  rule<Launch>(["VSwitchId", "ZoneId", "PrivateIpAddress"], addressFindings),
  rule<Launch>(["InternetMaxBandwidthIn", "InternetMaxBandwidthOut"], bandwidthFindings),
];
