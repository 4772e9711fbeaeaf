/** The specification of an ephemeral instance, and the RunInstances parameters it becomes. Pure. */
import { joinReasons } from "../budget.ts";
import { dataDisksOf, withCategory } from "../cloud/launch-disks.ts";
import { withHints } from "../cloud/retry.ts";
import { hours } from "../duration.ts";
import { offeringsOf, type Offering } from "../offerings.ts";
import { ownTags, ROLE, TAG, type Owner } from "../tags.ts";
import type { Envelope } from "../workflow/envelope.ts";

/** The roles of ephemeral instances. */
export type EphemeralRole = typeof ROLE.builder | typeof ROLE.tester;

/** An instance to launch, by the first offering that works. */
export interface InstanceSpec {
  readonly role: EphemeralRole;
  readonly imageId: string;
  readonly instanceTypes: readonly string[];
  readonly vSwitchIds: readonly string[];
  readonly spot: { readonly wanted: boolean; readonly maxPricePerHour?: number };
  /** The cloud releases the instance after this, whatever happens to its run. */
  readonly expireAfterMs: number;
  /** RunInstances parameters, by API name, that every offering shares; see `instanceParams`. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
}

interface Disk {
  readonly sizeGb?: number;
  readonly category?: string;
  readonly performanceLevel?: string;
  readonly snapshotId?: string;
  readonly device?: string;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

/** The part of a recipe that shapes its builder and its test instance. */
export interface InstanceShape {
  readonly securityGroupId: string;
  readonly systemDisk?: Disk;
  readonly dataDisks?: readonly Disk[];
  /** Devices of the data disks the image brings. */
  readonly imageDataDisks?: readonly string[];
  readonly internetMbps?: number;
  readonly ramRole?: string;
  readonly userData?: string;
}

/** The `params` of a specification. No key pair and no password: commands come through Cloud Assistant. */
export function instanceParams(
  shape: InstanceShape,
  resourceGroupId?: string,
): Readonly<Record<string, unknown>> {
  const { systemDisk = {}, dataDisks = [], imageDataDisks = [], internetMbps = 0, ramRole, userData } = shape;
  const cipher = cipherOf(systemDisk);
  const data = dataDisksOf(dataDisks.map(dataDisk), imageDataDisks).map((disk) => ({ ...cipher, ...disk }));
  return {
    SecurityGroupId: shape.securityGroupId,
    SystemDisk: withCategory({
      // RunInstances, SystemDisk.Size: a string, unlike DataDisk.N.Size.
      ...(systemDisk.sizeGb !== undefined && { Size: String(systemDisk.sizeGb) }),
      ...categoryOf(systemDisk),
      ...cipher,
    }),
    ...(data.length > 0 && { DataDisk: data }),
    ...(internetMbps > 0 && { InternetMaxBandwidthOut: internetMbps }),
    ...(ramRole !== undefined && { RamRoleName: ramRole }),
    ...(userData !== undefined && { UserData: Buffer.from(userData).toString("base64") }),
    ...(resourceGroupId !== undefined && { ResourceGroupId: resourceGroupId }),
  };
}

/** Deleted with the instance: nothing temporary may outlive it. */
const dataDisk = (disk: Disk): Readonly<Record<string, unknown>> => ({
  DeleteWithInstance: true,
  ...(disk.sizeGb !== undefined && { Size: disk.sizeGb }),
  ...categoryOf(disk),
  ...cipherOf(disk),
  ...(disk.snapshotId !== undefined && { SnapshotId: disk.snapshotId }),
  ...(disk.device !== undefined && { Device: disk.device }),
});

const categoryOf = ({ category, performanceLevel }: Disk): Readonly<Record<string, unknown>> => ({
  ...(category !== undefined && { Category: category }),
  ...(performanceLevel !== undefined && { PerformanceLevel: performanceLevel }),
});

const cipherOf = ({ encrypted, kmsKeyId }: Disk): Readonly<Record<string, unknown>> => ({
  ...(encrypted && { Encrypted: true, ...(kmsKeyId !== undefined && { KMSKeyId: kmsKeyId }) }),
});

/** The offerings of a specification; spot first where it is wanted. */
export const specOfferings = ({ instanceTypes, vSwitchIds, spot }: InstanceSpec): readonly Offering[] =>
  instanceTypes.length === 0 || vSwitchIds.length === 0
    ? []
    : offeringsOf({ payments: spot.wanted ? ["spot", "onDemand"] : ["onDemand"], instanceTypes, vSwitchIds });

/** Where a parameter of the launch stands in the recipe. A test instance takes what `test` does not say from the builder. */
export const recipeFields = ({ role }: InstanceSpec): Readonly<Record<string, string>> => {
  const at = role === ROLE.builder ? "source.builder" : "test";
  return {
    VSwitchId: `${at}.vSwitchIds`,
    SecurityGroupId: `${at}.securityGroupId`,
    InstanceType: `${at}.instanceTypes`,
    Category: `${at}.systemDisk or dataDisks`,
    SnapshotId: "source.builder.dataDisks",
    RamRoleName: "source.builder.ramRole",
    ResourceGroupId: "image.resourceGroupId",
    ...(role === ROLE.builder && { ImageId: "source.builder.image" }),
  };
};

/** The message when no offering worked; `refusals` says of each why. */
export const noInstance = ({ role }: InstanceSpec, refusals: readonly string[]): string =>
  `could not launch a ${role}: ${joinReasons(withHints(refusals)) || "the recipe names no instance type and vSwitch"}`;

/** RunInstances, AutoReleaseTime: at least 30 minutes ahead. A launch may be retried for 20. */
export const EXPIRY_MIN_MS = hours(1);

/** RunInstances parameters of one offering, the same in every delivery of `event`, as its client token demands. */
export function launchParams(
  { run, phaseStartedAt }: Pick<Envelope, "run" | "phaseStartedAt">,
  spec: InstanceSpec,
  { instanceType, vSwitchId, payment }: Offering,
  owner: Owner,
): Readonly<Record<string, unknown>> {
  const releaseAt = phaseStartedAt + Math.max(spec.expireAfterMs, EXPIRY_MIN_MS);
  const tags = ownTags(owner, { ...spec.tags, [TAG.run]: run, [TAG.role]: spec.role });
  return {
    ...spec.params,
    InstanceType: instanceType,
    VSwitchId: vSwitchId,
    ...(payment === "spot" && spotParams(spec.spot.maxPricePerHour)),
    ImageId: spec.imageId,
    Amount: 1,
    InstanceName: `kiln-${run}`,
    AutoReleaseTime: new Date(releaseAt).toISOString().replace(/:\d\d\.\d+Z$/, ":00Z"),
    Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

const spotParams = (maxPricePerHour: number | undefined) =>
  maxPricePerHour === undefined
    ? { SpotStrategy: "SpotAsPriceGo" }
    : { SpotStrategy: "SpotWithPriceLimit", SpotPriceLimit: maxPricePerHour };
