/** Rules between the fields of a fleet. */
import { createInstanceDiskFindings, createInstanceFindings } from "./create-instance.ts";
import { finding, isMap, rule, type Finding } from "./fields.ts";
import { healthFindings } from "./health.ts";
import { asksForSpot, mayBeSpot } from "./launch-payment.ts";
import type { Written } from "./fleet-shape.ts";
import { offeringFindings, SELECTED } from "./offerings.ts";
import { refreshFindings } from "./refresh.ts";
import { scheduleFindings, sizeFindings, upDuringFindings } from "./size.ts";
import { hostNameProblem, ignoresUniqueSuffix, instanceNameProblem } from "./ordered-name.ts";

/** A subscription charges at once and cannot be given back, so it must be asked for twice. */
export function subscriptionFindings({
  launch,
  allowSubscription,
  expireAfter,
  idle,
  ladder,
}: Written): Finding[] {
  if (launch.InstanceChargeType !== "PrePaid") return [];
  // The other fields of an idle policy may be unsound.
  const { action, stoppedMode = "StopCharging" }: Partial<NonNullable<Written["idle"]>> = Object(idle);
  const what = "must not be used with a subscription, which is paid to its end; remove it";
  const idles = isMap(idle) && (action === "release" || stoppedMode === "StopCharging");
  return [
    ...finding(
      !allowSubscription,
      ["launch", "InstanceChargeType"],
      "must be PostPaid; a subscription charges the account at once, write allowSubscription: true to allow it",
    ),
    ...finding(expireAfter !== undefined, ["expireAfter"], what),
    ...finding(launch.AutoReleaseTime !== undefined, ["launch", "AutoReleaseTime"], what),
    ...finding(
      idles,
      ["idle"],
      "must have action: stop and stoppedMode: KeepCharging for a subscription, or be removed",
    ),
    ...finding(ladder?.includes("spot") ?? false, ["ladder"], what),
  ];
}

function ladderFindings({ ladder = [], launch }: Written): Finding[] {
  const spot = ladder.includes("spot");
  const wants = asksForSpot(launch);
  const isLeftToTemplate = mayBeSpot(launch) && !wants;
  return [
    ...finding(
      spot && !wants && !isLeftToTemplate,
      ["ladder"],
      "must not name spot while launch.SpotStrategy is NoSpot; set SpotAsPriceGo or SpotWithPriceLimit",
    ),
    ...finding(
      wants && ladder.length > 0 && !spot,
      ["ladder"],
      "must name spot, as launch.SpotStrategy asks for it",
    ),
    ...finding(new Set(ladder).size !== ladder.length, ["ladder"], "must name each payment once"),
  ];
}

function ladderLength({ ladder, launch }: Written): number {
  return ladder?.length ?? (mayBeSpot(launch) ? 2 : 1);
}

/** Names as the cloud takes them, with the suffix of UniqueSuffix. */
function nameFindings({ launch, os }: Written): Finding[] {
  const { InstanceName, HostName, HostNames = [], UniqueSuffix = false } = launch;
  const ignored = [InstanceName, HostName].some((name) => name !== undefined && ignoresUniqueSuffix(name));
  return [
    ...named("InstanceName", InstanceName, (name) => instanceNameProblem(name, UniqueSuffix)),
    ...named("HostName", HostName, (name) => hostNameProblem(name, os, UniqueSuffix)),
    ...HostNames.flatMap((name, index) =>
      named(["HostNames", index], name, (one) => hostNameProblem(one, os)),
    ),
    ...finding(
      UniqueSuffix && ignored,
      ["launch", "UniqueSuffix"],
      "has no effect on a name that ends with [begin,bits]; remove it, or write a suffix after the bracket",
    ),
    ...finding(
      "HostName" in launch && "HostNames" in launch,
      ["launch", "HostNames"],
      "must not be used with HostName; keep one of the two",
    ),
  ];
}

function named(
  at: string | Finding["at"],
  name: string | undefined,
  problem: (name: string) => string | undefined,
): Finding[] {
  const message = name === undefined ? undefined : problem(name);
  return message === undefined ? [] : [{ at: ["launch", ...(typeof at === "string" ? [at] : at)], message }];
}

function hostNamesFindings({ launch: { HostNames }, limits: { max } }: Written): Finding[] {
  const message = `must name every instance, limits.max is ${max}`;
  return [...finding(HostNames !== undefined && HostNames.length < max, ["launch", "HostNames"], message)];
}

function loginFindings({ launch, os, passwordFromEnv }: Written): Finding[] {
  const { KeyPairName, PasswordInherit } = launch;
  return [
    ...finding(
      passwordFromEnv !== undefined && PasswordInherit === true,
      ["passwordFromEnv"],
      "must not be used with launch.PasswordInherit; keep one of the two",
    ),
    ...finding(
      passwordFromEnv !== undefined && KeyPairName !== undefined,
      ["passwordFromEnv"],
      "must not be used with launch.KeyPairName, which switches password login off; keep one of the two",
    ),
    ...finding(
      os === "windows" && KeyPairName !== undefined,
      ["launch", "KeyPairName"],
      "has no effect on Windows; use PasswordInherit or passwordFromEnv",
    ),
  ];
}

/** An address or interface that is written down can be given to one instance only. */
function singleFindings({ launch, via, limits }: Written): Finding[] {
  const { NetworkInterface: cards = [], PrivateIpAddress, Ipv6Address } = launch;
  const many = limits.max > 1;
  const one = `must be used with limits.max: 1, which is ${limits.max}; it is for one instance`;
  const cardKeys = ["NetworkInterfaceId", "Ipv6Address"] as const;
  const fixed = PrivateIpAddress !== undefined || cards.some((card) => card.PrimaryIpAddress !== undefined);
  const secondary = cards.some((card) => card.InstanceType === "Secondary");
  return [
    ...finding(many && Ipv6Address !== undefined, ["launch", "Ipv6Address"], one),
    ...finding(
      many && via === "CreateInstance" && PrivateIpAddress !== undefined,
      ["launch", "PrivateIpAddress"],
      one,
    ),
    ...finding(
      many && fixed && secondary,
      ["launch", "NetworkInterface"],
      "must have no Secondary interface while a private address is set for several instances",
    ),
    ...cards.flatMap((card, index) =>
      cardKeys.flatMap((key) =>
        finding(many && card[key] !== undefined, ["launch", "NetworkInterface", index, key], one),
      ),
    ),
  ];
}

const keepRunningFindings = ({ idle, limits: { max } }: Written): readonly Finding[] =>
  finding(
    idle !== undefined && idle.keepRunning > max,
    ["idle", "keepRunning"],
    `must be at most limits.max, which is ${max}`,
  );

function idleFindings({ idle, launch }: Written): Finding[] {
  if (idle === undefined) return [];
  const kept = launch.Tag.some((tag) => tag.Key === idle.optOutTag);
  return [
    ...finding(
      idle.action === "release" && launch.DeletionProtection === true,
      ["idle", "action"],
      "must be stop while launch.DeletionProtection is true",
    ),
    ...finding(kept, ["idle", "optOutTag"], "must not be among launch.Tag, or every instance opts out"),
  ];
}

/** A machine that stays stopped is paid for in part; only idle checks release those beyond `limits.max`. */
function jobFindings({ onJobCompleted, idle, launch }: Written): Finding[] {
  const at = ["onJobCompleted"];
  return [
    ...finding(
      onJobCompleted === "stop" && idle === undefined,
      at,
      "must be used with idle, whose checks release stopped instances beyond limits.max; add idle, or write release",
    ),
    ...finding(
      onJobCompleted === "release" && launch.DeletionProtection === true,
      at,
      "must be stop or keep while launch.DeletionProtection is true",
    ),
    ...finding(
      onJobCompleted !== undefined && onJobCompleted !== "keep" && launch.InstanceChargeType === "PrePaid",
      at,
      "must be keep for a subscription, which is paid to its end",
    ),
  ];
}

/**
 * Costs of `cloud_auto` beyond its size. DescribePrice knows the provisioned IOPS of data disks only, and bursts are
 * billed as they happen.
 */
function unpricedFindings({ launch: { SystemDisk = {}, DataDisk = [] }, limits }: Written): Finding[] {
  if (limits.maxPricePerHour === undefined) return [];
  const message =
    "is billed apart and has no price beforehand that limits.maxPricePerHour could count; remove one of the two";
  const bursts = [SystemDisk, ...DataDisk].flatMap(({ BurstingEnabled }, n) =>
    finding(BurstingEnabled === true, [...diskAt(n), "BurstingEnabled"], message),
  );
  const hasIops = (SystemDisk.ProvisionedIops ?? 0) > 0;
  return [...bursts, ...finding(hasIops, [...diskAt(0), "ProvisionedIops"], message)];
}

/** The place of a disk among the system disk and the data disks. */
const diskAt = (n: number): Finding["at"] =>
  n === 0 ? ["launch", "SystemDisk"] : ["launch", "DataDisk", n - 1];

const viaCreate = (reads: readonly string[], find: (written: Written) => Finding[]) =>
  rule<Written>(["via", ...reads], (written) => (written.via === "CreateInstance" ? find(written) : []));

/** The rules between fields of a fleet. */
export const fleetRules = [
  rule<Written>(["launch.InstanceChargeType", "allowSubscription", "ladder"], subscriptionFindings),
  rule<Written>(
    ["launch.SpotStrategy", "launch.LaunchTemplateId", "launch.LaunchTemplateName", "ladder"],
    ladderFindings,
  ),
  rule<Written>(["launch.InstanceType", "launch.VSwitchId", "launch.SpotStrategy", "ladder"], (fleet) =>
    offeringFindings(
      fleet.launch.instance ? SELECTED : fleet.launch.InstanceType,
      fleet.launch.VSwitchId,
      ladderLength(fleet),
      ["launch", "InstanceType"],
    ),
  ),
  rule<Written>(
    ["launch.InstanceName", "launch.HostName", "launch.HostNames", "launch.UniqueSuffix", "os"],
    nameFindings,
  ),
  rule<Written>(["launch.HostNames", "limits.max"], hostNamesFindings),
  rule<Written>(["launch.KeyPairName", "launch.PasswordInherit", "os", "passwordFromEnv"], loginFindings),
  rule<Written>(
    ["launch.NetworkInterface", "launch.PrivateIpAddress", "launch.Ipv6Address", "via", "limits.max"],
    singleFindings,
  ),
  rule<Written>(["launch.SystemDisk", "launch.DataDisk", "limits.maxPricePerHour"], unpricedFindings),
  rule<Written>(["size", "schedule", "limits.max"], sizeFindings),
  // Rules that ask only what is there read no field: a mistake in it hides none of theirs.
  rule<Written>([], scheduleFindings),
  rule<Written>([], refreshFindings),
  rule<Written>([], healthFindings),
  rule<Written>(["calendar.timeZone", "idle.upDuring.timeZone"], upDuringFindings),
  rule<Written>(["idle.keepRunning", "limits.max"], keepRunningFindings),
  rule<Written>(["launch.Tag", "launch.DeletionProtection", "idle.action", "idle.optOutTag"], idleFindings),
  rule<Written>(["onJobCompleted", "launch.DeletionProtection", "launch.InstanceChargeType"], jobFindings),
  viaCreate(["launch.AutoRenewPeriod"], ({ launch }) => createInstanceFindings(launch)),
  viaCreate(["launch.SystemDisk", "launch.DataDisk"], ({ launch }) => createInstanceDiskFindings(launch)),
  rule<Written>(["launch.AutoReleaseTime", "expireAfter"], ({ launch, expireAfter }) =>
    finding(
      launch.AutoReleaseTime !== undefined && expireAfter !== undefined,
      ["launch", "AutoReleaseTime"],
      "must not be used with expireAfter; keep one of the two",
    ),
  ),
];
