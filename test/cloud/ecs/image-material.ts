/**
 * Disks and snapshots that an image can be made of, and the account that may have it made: every refusal here is one of
 * the table of CreateImage. https://help.aliyun.com/document_detail/25535.html
 */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import type { Call } from "./action.ts";
import type { Disk, DiskCondition, Snapshot } from "./records.ts";
import type { World } from "./world.ts";

const FIRST_SNAPSHOT_AT = new Date("2013-07-16T00:00:00Z").getTime();

type Refusal = readonly [status: number, code: string, message: string];

/** Accounts that may not have encrypted images get it; for others an image is encrypted as its disks are, see `keyOf`. */
const ENCRYPTED: Refusal = [
  400,
  "OperationDenied",
  "Not support creating system image from an encrypted snapshot/disk.",
];

const CONDITIONS: Readonly<Record<DiskCondition, Refusal>> = {
  // A restart of the instance cures it.
  invalid: [
    403,
    "IncorrectDiskStatus.Invalid",
    "Device status is invalid, please restart instance and try again.",
  ],
  transferring: [
    403,
    "IncorrectDiskStatus.Transferring",
    "The specified device is transferring, you can retry after the process is finished.",
  ],
  unusable: [403, "IncorrectDiskStatus", "The current disk status does not support this operation."],
  orphaned: [
    403,
    "InvalidSystemSnapshot.Missing",
    "The snapshot that the system disk was created from is missing.",
  ],
  failing: [500, "InternalError", "The process of creating snapshot has failed due to some unknown error."],
};

/** @throws CloudFault 403 when the account can have no image made. */
export function checkImageAccount({ account }: World): void {
  refuseIf(
    account.balance < 0,
    403,
    "InvalidAccountStatus.NotEnoughBalance",
    "Your account does not have enough balance.",
  );
  refuseIf(
    !account.snapshotService,
    403,
    "InvalidAccountStatus.SnapshotServiceUnavailable",
    "Snapshot service has not been opened yet.",
  );
}

/** A data disk's snapshot becomes a system disk only for some accounts. @throws CloudFault 403. */
export function checkDataAsSystem({ account }: World, snapshot: Snapshot | undefined): void {
  refuseIf(
    snapshot?.sourceDiskType === "data" && !account.dataSnapshotImages,
    403,
    "UserNotInTheWhiteList",
    "The user is not in the white list of create image by data disk snapshot.",
  );
}

/** Whether a new snapshot of the disk may begin now. @throws CloudFault. */
export function checkSnapshotable(world: World, disk: Disk): void {
  if (world.imaging.isBusy(disk.diskId)) {
    throw new CloudFault(
      403,
      "IncorrectDiskStatus.CreatingSnapshot",
      "A previous snapshot creation is in process.",
    );
  }
  if (disk.key !== undefined && disk.type === "system" && !world.account.encryptedImages)
    throw new CloudFault(...ENCRYPTED);
  // Local disks, which have no snapshots.
  refuseIf(
    /^(ephemeral|local)/.test(disk.category),
    400,
    "InvalidDiskCategory.CreateImage",
    "The specified diskCategory is not allowed to create image.",
  );
  if (disk.condition !== undefined) throw new CloudFault(...CONDITIONS[disk.condition]);
  let count = 0;
  for (const snapshot of world.snapshots.values()) if (snapshot.sourceDiskId === disk.diskId) count++;
  if (count >= world.quotas.snapshotsPerDisk)
    throw new CloudFault(403, "QuotaExceed.Snapshot", "The snapshot quota exceeds.");
}

/** A snapshot that an image can be made of. @throws CloudFault. */
export function needSnapshot({ world, regionId }: Call, snapshotId: string): Snapshot {
  const snapshot = world.snapshots.get(snapshotId);
  if (snapshot === undefined || snapshot.regionId !== regionId) {
    throw new CloudFault(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.");
  }
  if (snapshot.createdAt < FIRST_SNAPSHOT_AT) {
    throw new CloudFault(
      403,
      "InvalidSnapshot.TooOld",
      "This operation is denied because the specified snapshot by DiskDeviceMapping.n.SnapshotId or SnapshotId is created before 2013-07-15.",
    );
  }
  if (snapshot.status !== "accomplished") {
    throw new CloudFault(
      403,
      "InvalidSnapshotId.NotReady",
      "The current status of the DiskDeviceMapping.n.SnapshotId or SnapshotId does not support this operation.",
    );
  }
  checkKind(world, snapshot);
  return snapshot;
}

function checkKind({ account }: World, snapshot: Snapshot): void {
  if (snapshot.key !== undefined && snapshot.sourceDiskType === "system" && !account.encryptedImages)
    throw new CloudFault(...ENCRYPTED);
  // Only the first of the two names its rule.
  refuseIf(
    snapshot.category !== "standard",
    403,
    "OperationDenied.InvalidSnapshotCategory",
    "The category of the snapshot does not support this operation.",
  );
  refuseIf(
    snapshot.isFromMarketplace,
    403,
    "OperationDenied",
    "The specified snapshot is not allowed to create image.",
  );
}
