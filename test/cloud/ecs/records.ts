/** What the world holds, as plain data. Instants are epoch milliseconds, sizes GiB unless the name says otherwise. */
import type { GuestDisk } from "../machine/disk.ts";
import type { Architecture } from "../machine/machine.ts";

export type { Architecture } from "../machine/machine.ts";

export type InstanceStatus = "Pending" | "Starting" | "Running" | "Stopping" | "Stopped";
export type ImageStatus =
  | "Creating"
  | "Waiting"
  | "Available"
  | "UnAvailable"
  | "CreateFailed"
  | "Deprecated";

export interface InstanceType {
  readonly id: string;
  readonly family: string;
  readonly cpu: number;
  readonly memoryGb: number;
  readonly architecture: Architecture;
  /** CNY per hour, pay-as-you-go. */
  readonly hourlyPrice: number;
  readonly burstable: boolean;
  /** Types with local disks keep billing while stopped. */
  readonly localDisks: boolean;
  /** Disks it takes, system and data alike. */
  readonly diskCategories: readonly string[];
}

export interface VSwitch {
  readonly vSwitchId: string;
  readonly vpcId: string;
  readonly regionId: string;
  readonly zoneId: string;
  readonly name: string;
  readonly cidr: string;
  readonly taken: Set<string>;
  status: "Pending" | "Available";
}

export interface Vpc {
  readonly vpcId: string;
  readonly regionId: string;
  readonly name: string;
  readonly description: string;
  readonly cidr: string;
  readonly routerId: string;
  readonly createdAt: number;
  status: "Pending" | "Available";
}

export interface Eip {
  readonly allocationId: string;
  readonly regionId: string;
  readonly address: string;
  /** Mbit/s. */
  readonly bandwidth: number;
  readonly chargeType: string;
  readonly allocatedAt: number;
  instanceId: string | undefined;
  status: "Available" | "Associating" | "InUse" | "Unassociating";
}

export interface SecurityRule {
  readonly direction: "ingress" | "egress";
  readonly protocol: string;
  readonly ports: string;
  /** An address block or another group. */
  readonly peer: string;
  readonly policy: string;
  readonly priority: number;
}

export interface SecurityGroup {
  readonly securityGroupId: string;
  readonly regionId: string;
  /** Empty in the classic network. */
  readonly vpcId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  readonly rules: SecurityRule[];
}

export interface Instance {
  readonly instanceId: string;
  /** Counts up over the world's life; pages continue from it. */
  readonly seq: number;
  readonly regionId: string;
  readonly zoneId: string;
  readonly vpcId: string;
  readonly vSwitchId: string;
  readonly privateIp: string;
  readonly eniId: string;
  readonly macAddress: string;
  createdAt: number;
  type: InstanceType;
  readonly chargeType: "PostPaid" | "PrePaid";
  readonly expiresAt: number | undefined;
  readonly spot: {
    readonly strategy: string;
    readonly durationHours: number;
    readonly behavior: string;
    readonly priceLimit: number | undefined;
  };
  readonly internetChargeType: string;
  readonly bandwidthIn: number;
  readonly bandwidthOut: number;
  readonly ramRoleName: string | undefined;
  readonly resourceGroupId: string;
  readonly httpTokens: string;
  readonly httpEndpoint: string;
  readonly creditSpecification: string | undefined;
  /** Starts by itself once created (RunInstances) or stays Stopped (CreateInstance). */
  readonly autoStart: boolean;
  imageId: string;
  name: string;
  hostName: string;
  description: string;
  status: InstanceStatus;
  /** Counts up with every change of status; a due event of an older turn does nothing. */
  turn: number;
  startedAt: number | undefined;
  /** When it last left Running; metrics have no points from then on. */
  readonly runs: { from: number; to: number | undefined }[];
  stoppedMode: "KeepCharging" | "StopCharging" | "Not-applicable";
  /** Whether it occupies stock: not while stopped economically. */
  holdsStock: boolean;
  publicIp: string | undefined;
  autoReleaseAt: number | undefined;
  deletionProtection: boolean;
  recyclable: boolean;
  securityGroupIds: string[];
  keyPairName: string | undefined;
  userData: string;
  diskIds: string[];
  locks: { reason: string; message: string }[];
  /** What runs inside right now; undefined unless the machine is up. */
  guest:
    | {
        readonly active: Set<string>;
        readonly failed: Set<string>;
        agentOnlineAt: number;
        cloudInit: "running" | "done" | "error";
      }
    | undefined;
  /** When the agent sent its last heartbeat, in this boot or an earlier one. */
  heartbeatAt: number | undefined;
  /** The account's own words for the guest: first boot reads them. */
  bootCount: number;
  invocationCount: number;
  lastInvokedAt: number | undefined;
}

/** The condition of a disk that prevents a snapshot. */
export type DiskCondition = "invalid" | "transferring" | "unusable" | "orphaned" | "failing";

export interface Disk {
  readonly diskId: string;
  readonly seq: number;
  readonly regionId: string;
  readonly zoneId: string;
  readonly type: "system" | "data";
  category: string;
  readonly performanceLevel: string | undefined;
  readonly sizeGb: number;
  readonly createdAt: number;
  readonly device: string;
  readonly name: string;
  /** The key that encrypts it, "" for the service key of the region; undefined: not encrypted. */
  readonly key: string | undefined;
  readonly sourceSnapshotId: string | undefined;
  readonly imageId: string | undefined;
  readonly content: GuestDisk;
  deleteWithInstance: boolean;
  condition?: DiskCondition | undefined;
  instanceId: string | undefined;
  attachedAt: number | undefined;
  status: "In_use" | "Available" | "Creating";
}

export interface Snapshot {
  /** The common kind is `standard`. */
  category: string;
  isFromMarketplace: boolean;
  readonly snapshotId: string;
  readonly seq: number;
  readonly regionId: string;
  readonly name: string;
  readonly description: string;
  createdAt: number;
  readonly sourceDiskId: string;
  readonly sourceDiskType: "system" | "data";
  readonly sourceDiskSizeGb: number;
  /** The key that encrypts it, "" for the service key of the region; undefined: not encrypted. */
  readonly key: string | undefined;
  readonly retentionDays: number | undefined;
  readonly architecture: Architecture;
  readonly osName: string;
  readonly content: GuestDisk;
  readonly durationMs: number;
  status: "progressing" | "accomplished" | "failed";
  /** Images made of it; it cannot be deleted before them. */
  readonly imageIds: Set<string>;
}

export interface ImageDisk {
  readonly device: string;
  readonly type: "system" | "data";
  readonly sizeGb: number;
  readonly snapshotId: string | undefined;
  readonly format: string;
  readonly content: GuestDisk;
  readonly ossBucket?: string;
  readonly ossObject?: string;
  /** See `Disk`. */
  readonly key?: string | undefined;
}

export interface Image {
  readonly imageId: string;
  readonly seq: number;
  readonly regionId: string;
  readonly ownerAlias: "self" | "system" | "others" | "marketplace";
  readonly ownerId: string;
  createdAt: number;
  readonly architecture: Architecture;
  readonly osName: string;
  osType: "linux" | "windows";
  readonly platform: string;
  readonly version: string;
  readonly isCopied: boolean;
  readonly resourceGroupId: string;
  readonly copiedFrom: { readonly regionId: string; readonly imageId: string } | undefined;
  readonly disks: readonly ImageDisk[];
  readonly durationMs: number;
  name: string;
  family: string;
  description: string;
  status: ImageStatus;
  bootMode: string;
  imdsSupport: string;
  isPublic: boolean;
  importing: boolean;
  /** When work on it began; undefined while it waits its turn. */
  startedAt: number | undefined;
  /** Why it is CreateFailed; nothing on the wire says it. */
  failure: string | undefined;
  /** Whether instances can be made of it. */
  isUsable: boolean;
  /** Account id → instant of sharing. */
  readonly sharedWith: Map<string, number>;
  /** Of an image that the cloud checks itself (DetectionStrategy): what it will find. */
  detection?: readonly DetectedItem[];
}

/** DescribeImages, DetectionOptions.Items.Item; without a level there is no risk. */
export interface DetectedItem {
  readonly name: string;
  readonly value: string;
  readonly riskLevel?: "High" | "Medium";
  readonly riskCode?: string;
}

export interface Task {
  readonly taskId: string;
  readonly seq: number;
  readonly regionId: string;
  readonly action: string;
  readonly resourceId: string;
  readonly createdAt: number;
  readonly durationMs: number;
  status: "Processing" | "Finished" | "Failed";
  finishedAt: number | undefined;
  error: { code: string; message: string } | undefined;
}

/** An image template, which names the image that builds begin with. */
export interface ImagePipeline {
  readonly imagePipelineId: string;
  /** The order of the list. */
  readonly seq: number;
  readonly regionId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly baseImageType: string;
  /** The id of an image, or the name of a family. */
  readonly baseImage: string | undefined;
}

export interface LaunchTemplate {
  readonly templateId: string;
  readonly regionId: string;
  readonly name: string;
  readonly createdAt: number;
  modifiedAt: number;
  defaultVersion: number;
  readonly versions: TemplateVersion[];
}

export interface TemplateVersion {
  readonly number: number;
  readonly createdAt: number;
  readonly description: string;
  /** The parameters as they were given, flat; they are checked only at launch. */
  readonly params: Readonly<Record<string, string>>;
}

/** One thing that happened to an instance and outlives it. */
export interface SystemEvent {
  readonly eventId: string;
  readonly regionId: string;
  readonly instanceId: string;
  readonly type: string;
  readonly at: number;
  readonly reason: string;
}
