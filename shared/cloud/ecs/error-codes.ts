/** The error codes of ECS, one more table behind retry.ts; see ../error-codes.ts for the sections. */
import { change, compensate, done, LAUNCHES, wait, type CodeRow } from "../error-codes.ts";

const OTHER_TOKEN =
  "The client token was used before with other parameters; this is a fault in Kiln, please report it.";
const TOP_UP = "The account has too little balance or open bills: top it up.";
const OTHER_DISK =
  "The type or the zone does not take disks of this category: name another category, type or zone.";

export const ECS_CODES: readonly CodeRow[] = [
  // [idem] The first request with this token is still under way.
  ...wait({
    LastTokenProcessing: "The first request with this token is still in progress; Kiln asks again.",
    IdempotentProcessing: "The first request with this token is still in progress; Kiln asks again.",
    "OperationConflict*": "Another operation on the same resource is in progress; Kiln retries afterwards.",
    "InvalidOperation.Conflict":
      "Another operation on the same resource is in progress; Kiln retries afterwards.",
    "OperationDenied.CreatingConflict": "Another creation is in progress; Kiln retries afterwards.",
    "Operation.Conflict": "Another operation on the same resource is in progress; Kiln retries afterwards.",
  }),
  // [launch] DryRun: the good answer to a rehearsal comes as an error.
  ...done({
    DryRunOperation: "All checks passed; nothing was done, as asked.",
    "DRYRUN.SUCCESS": "All checks passed; nothing was done, as asked.",
  }),

  // [state] Needs a look first: the instance may already be where it should be, or on its way.
  ...wait({
    "IncorrectInstanceStatus*": "The instance is in a state that does not allow this; read it, then decide.",
    InstanceNotReady: "The instance is still being prepared; Kiln retries.",
  }),
  ...compensate({
    InstanceLockedForSecurity: "The instance is locked for security reasons: clear the lock in the console.",
    InstanceExpired: "The subscription of the instance has ended: renew or release it.",
    InstanceExpiredOrInArrears: "The instance has expired or its bills are open: pay or release it.",
    DiskInArrears: "Bills for the disk are open: pay them.",
    "InvalidOperation.DeletionProtection": "Deletion protection is on: switch it off first.",
    ChargeTypeViolation: "A subscription runs; only pay-as-you-go instances can be released or timed.",
    "DependencyViolation*": "A load balancer or route still uses the instance: take it out there first.",
    "InvalidOperation.EniLinked": "A network interface is attached: detach it first.",
    "InvalidInstanceId.NotSupport": "This kind of instance does not support the operation.",
    "HibernationConfigured.InstanceOperationForbidden":
      "The instance is set up for hibernation, which rules this out: use one without.",
  }),
  ...change({
    "OperationDenied.SpotPriceLowerThanPublicPrice":
      "The spot price rose above the limit: raise the limit or take another type.",
  }),
  ...wait(
    { IncorrectInstanceStatus: "The instance must be Running or Stopped; Kiln retries until it is." },
    "CreateImage",
  ),
  ...compensate(
    {
      OperationDenied:
        "No image can be made of this: it takes exactly one system disk, not encrypted; choose another source.",
      MissingParameter: "Nothing to make the image from: name an instance, a snapshot or disks.",
    },
    "CreateImage",
  ),
  // Gone is success, for everything that deletes.
  ...done({ "InvalidInstanceId.NotFound": "The instance is gone already." }, "DeleteInstance"),
  ...change(
    {
      "InvalidInstanceId*":
        "One of the instances is gone, so none was released: name only those that are there.",
    },
    "DeleteInstances",
  ),
  ...done({ "InvalidImageId.NotFound": "The image is gone already." }, "DeleteImage", "CancelCopyImage"),
  ...done({ "InvalidSnapshotId.NotFound": "The snapshot is gone already." }, "DeleteSnapshot"),
  ...done({ "InvalidTaskId.NotFound": "The task is gone already." }, "CancelTask"),
  ...done(
    {
      "OperationDenied*": "The task is over; there is nothing to cancel.",
      "InvalidTask.NotSupported": "The task cannot be cancelled (any more); read how it ended.",
    },
    "CancelTask",
  ),
  ...done(
    { AllocatedAlready: "The instance has a public address already; read it." },
    "AllocatePublicIpAddress",
  ),
  ...done({ IncorrectImageStatus: "The copy is finished; there is nothing to cancel." }, "CancelCopyImage"),
  ...done(
    {
      "ImageStatus.NotAvailable": "The image is not in use as Available, so there is nothing to deprecate.",
      "ImageStatus.NotDeprecated": "The image is not deprecated, so there is nothing to bring back.",
    },
    "ModifyImageAttribute",
  ),

  // [launch], StartInstance(s) and ModifyInstanceSpec: no capacity at this moment.
  ...change({
    "OperationDenied.NoStock": "The zone has no stock of this type: another zone or type may have.",
    ResourceNotAvailable: "The zone cannot offer this resource now: take another zone or type.",
    "Zone.NotOnSale": "The zone is closed for new instances: take another.",
  }).map((row) => ({ ...row, capacity: true as const })),
  // [launch] Zones, types, quotas: another choice may work, with a new token (a failure is replayed for the old).
  ...change({
    "Zone.NotOpen": "The zone is not open to this account: take another.",
    "InvalidInstanceType.*": "The type cannot be had like this here: take another type or zone.",
    "InvalidResourceType.NotSupported": "The type is not offered in this zone: take another type or zone.",
    "InstanceType.Offline": "The type is not sold any more: take another.",
    "InvalidSpotPriceLimit.LowerThanPublicPrice":
      "The spot limit is below the price: raise it or take another type.",
    "QuotaExceed.*":
      "A quota of the account is used up: release something or raise the quota in Quota Center.",
    "QuotaExceeded*":
      "A quota of the account is used up: release something or raise the quota in Quota Center.",
    "QuotaExceed.AfterpayInstance":
      "The quota of pay-as-you-go instances is used up: raise it or release some.",
    "QuotaExceed.ElasticQuota": "The vCPU quota of this type is used up: raise it or take another type.",
    "QuotaExceed.PostPaidDisk": "The quota of pay-as-you-go disks is used up: raise it or release some.",
    "QuotaExceeded.PrivateIpAddress": "The vSwitch has too few free addresses: take another vSwitch.",
    SecurityGroupInstanceLimitExceed: "The security group is full: take another.",
    "InvalidOperation.PublicIpAddressNoStock": "No public addresses are left in this zone: take another.",
    ImageNotSupportInstanceType: "The image does not run on this type: take another type.",
  }),
  // [launch] Disks go with type and zone; the vSwitch decides the zone.
  ...change({
    "InvalidSystemDiskCategory.*": OTHER_DISK,
    "InvalidDataDiskCategory.*": OTHER_DISK,
    "InvalidDiskCategory.Mismatch": OTHER_DISK,
    "InvalidDiskCategory.ValueNotSupported": OTHER_DISK,
    "InvalidDiskCategory.NotSupported": OTHER_DISK,
    "InvalidPerformanceLevel.ValueNotSupported": OTHER_DISK,
    "InvalidInstanceType.NotSupportDiskCategory": OTHER_DISK,
    CategoryNotSupported: OTHER_DISK,
    "OperationDenied.ZoneSystemCategoryNotMatch": OTHER_DISK,
    "OperationDenied.CloudSSDNotSupported": OTHER_DISK,
    "InvalidDataDiskSize.*":
      "A data disk has a size its category does not have here: take another size, category or zone.",
    "OperationDenied.ZoneNotAllowed": "The zone takes no new instances of this account: take another.",
    "InvalidVpcZone.NotSupported": "The VPC has no room in this zone: take a vSwitch of another zone.",
    "OperationDenied.NoVlan": "The zone has no network left for this vSwitch: take another vSwitch.",
    IncorrectVSwitchStatus: "The vSwitch is being changed: take another, or this one later.",
    "InvalidVSwitchId.IpInvalid": "The vSwitch has no such free address: take another vSwitch or address.",
    "InvalidVSwitchId.IpNotEnough": "The vSwitch has too few free addresses: take another vSwitch.",
  }),
  ...change(
    {
      "InvalidParameter*":
        "A parameter is out of range, perhaps for this type or zone only: take another, or look at the message.",
      OperationDenied: "This launch is not possible like this, often for its type or zone: take another.",
      "InvalidUserData.NotSupported": "The type takes no user data: take another type, or none.",
      "InvalidParameter.Conflict":
        "Two of the parameters do not go together, often image and type: take another type, or look at the message.",
      "InvalidParameter.Mismatch":
        "Security group, vSwitch and zone do not belong together: they must share VPC and zone.",
      "InvalidSecurityGroupId.VPCMismatch": "The security group belongs to another VPC than the vSwitch.",
    },
    ...LAUNCHES,
  ),
  ...compensate(
    {
      IncorrectImageStatus: "The image is not Available: launch from another.",
      "InvalidMarketImage*": "The image of the marketplace does not exist (any more): take another.",
      "QuotaExceed.BuyImage": "The image is from the marketplace and not bought: buy it, or take another.",
      "DependencyViolation.WindowsInstance": "Windows takes no key pair: use a password.",
      "InvalidParameter.KMSKeyId*":
        "The key is not in this region, or ECS may not use it: check its id and policy.",
      "InvalidParameter.Encrypted.KmsNotEnabled":
        "The Key Management Service is not activated: activate it once.",
      "InvalidPassword.*": "Not a password of the cloud: 8 to 30 characters of three kinds.",
    },
    ...LAUNCHES,
  ),
  ...wait({
    "OperationDenied.ResourceControl": "Throttled by the cloud; Kiln retries.",
    NodeControllerUnavailable: "The machines of the zone are not reachable for a moment; Kiln retries.",
    IncorrectVpcStatus: "The VPC is being changed; Kiln retries afterwards.",
  }),
  ...wait(
    {
      "InvalidInstanceStatus.NotStopped": "The instance is not stopped yet; Kiln retries afterwards.",
      "InvalidStatus.ValueNotSupported": "The instance is not stopped yet; Kiln retries afterwards.",
    },
    "ModifyInstanceSpec",
  ),
  ...compensate({
    OperationDenied:
      "The cloud does not allow this with this resource; its message says which rule is in the way.",
    "OperationDenied.ImageNotValid": "The image is disabled or deleted: launch from another.",
    "InvalidImageId.NotFound": "There is no such image in this region: check the id, or copy the image here.",
    "InvalidImageFamily.MissingAvailableImage":
      "The family has no Available image in this region: bake and promote one, or bring a deprecated one back.",
    "InvalidImageFamily.Malformed":
      "Not a family name: 2 to 128 letters, digits, `:`, `_` and `-`, a letter first, not `aliyun` or `acs:`.",
    ImageNotSupportCloudInit:
      "The image has no cloud-init, so user data cannot be used: take another image or none.",
    "InvalidSystemDiskSize.*": "The system disk has a size its category does not have here: take another.",
    "InvalidSystemDiskSize.LessThanImageSize": "The system disk is smaller than the image: make it larger.",
    "InvalidMinAmount.Malformed": "The least number to launch must be between 1 and 100.",
    "InvalidMaxAmount.Malformed": "The number to launch must be between 1 and 100.",
    "InvalidParam.Amount": "The number to launch must be between 1 and 100.",
    "InvalidAutoReleaseTime.*":
      "The release time must be half an hour to three years ahead, like 2030-01-31T08:00:00Z.",
    "InvalidUserData.*": "The user data is too long (32 KB before Base64) or not possible for this type.",
    "InvalidLaunchTemplate.NotFound": "There is no such launch template in this region: check id or name.",
    "InvalidLaunchTemplateVersion.NotFound": "The launch template has no such version: check the number.",
    LaunchTemplateVersionLimitExceed:
      "The launch template has 30 versions: delete those that are not needed in the console.",
    "InvalidVSwitchId.NotFound": "There is no such vSwitch in this region: check the id.",
    "InvalidZoneId.NotFound": "There is no such zone in this region: check the id.",
    "InvalidSecurityGroupId.NotFound": "There is no such security group in this region: check the id.",
    "InvalidRegionId.NotFound": "There is no such region: check its id, such as cn-hangzhou.",
    "InvalidInstanceId.NotFound":
      "There is no such instance in this region; it may have been released meanwhile.",
    "InvalidInstanceName.Malformed": "Not an instance name: 2 to 128 letters, digits, `:`, `_`, `.` and `-`.",
    "InvalidHostName.Malformed":
      "Not a host name: 2 to 64 letters, digits, `.` and `-` (Windows: to 15, without dots).",
    HOSTNAME_ILLEGAL: "Not a host name: 2 to 64 letters, digits, `.` and `-` (Windows: to 15, without dots).",
    "InvalidParams.*": "With the number appended the name gets too long: shorten it.",
    "InvalidRamRole.NotFound": "There is no such RAM role: check the name.",
    "InvalidRamRole.NotEcsRole": "ECS may not take the RAM role: let its trust policy name ecs.aliyuncs.com.",
    PaymentMethodNotFound: "The account has no way to pay: add one in the console.",
    InvalidPayMethod: "The account has no way to pay: add one in the console.",
    "SecurityRisk.*": "The way to pay has to be verified: follow the link in the cloud's mail.",
    "InvalidInstance.UnPaidOrder": "An order of the account is not paid: pay or cancel it.",
    RegionUnauthorized: "The account may not use this region: ask the cloud's support to open it.",
    "UnexpectedImageFamily.ImageIdSupplied":
      "Image and family were both given, perhaps one of them by a launch template: take it out there.",
    "InvalidKeyPairName.NotFound": "There is no such key pair in this region: check the name.",
    "Account.Arrearage": TOP_UP,
    InsufficientBalance: TOP_UP,
    "InvalidAccountStatus.NotEnoughBalance": TOP_UP,
    "AccountForbidden.CreateOrder": TOP_UP,
  }),

  // [image] CreateImage and its kin.
  ...wait({
    "InvalidSnapshotId.NotReady": "The snapshot is not finished; Kiln retries afterwards.",
    SnapshotNotReady: "The snapshot is not finished; Kiln retries afterwards.",
    "IncorrectDiskStatus.CreatingSnapshot":
      "Another snapshot of the disk is in progress; Kiln retries afterwards.",
    DISK_HAS_CREATING_SNAPSHOT: "Another snapshot of the disk is in progress; Kiln retries afterwards.",
    "IncorrectDiskStatus.Transferring": "The disk is being moved; Kiln retries afterwards.",
    "QuotaExceed.ConcurrentSnapshotQuota": "Too many snapshots at the same time; Kiln retries.",
    "TooManySnapshot.Unfinished": "Too many snapshots at the same time; Kiln retries.",
    "InvalidStatus.ImageIsCreating": "The image is still being created; Kiln retries afterwards.",
    "OperationDenied.ImageCopying": "The image is being copied; Kiln retries afterwards.",
    ImageIsImporting: "The image is being imported: cancel the task, or it is repeated afterwards.",
    ImageIsExporting: "The image is being exported; Kiln retries afterwards.",
  }),
  ...wait({ IncorrectImageStatus: "The image is not Available yet; Kiln retries afterwards." }, "CopyImage"),
  ...compensate({
    "InvalidSnapshotId.NotFound": "There is no such snapshot in this region: check the id.",
    "InvalidSnapshot.TooOld": "Snapshots made before 2013-07-15 cannot become images: take a new one.",
    "InvalidSystemSnapshot.Missing": "The snapshot the system disk came from is deleted: use another source.",
    "OperationDenied.InvalidSnapshotCategory":
      "Snapshots of this category cannot become images: take a standard one.",
    "InvalidDiskCategory.CreateImage": "Disks of this category cannot become images: use another category.",
    "IncorrectInstanceStatus.NeedRestart":
      "A disk was attached while the instance was stopped: restart it first.",
    IncorrectDiskStatus: "The disk is not in a usable state: check that it is in use and its bills are paid.",
    "IncorrectDiskStatus.Invalid": "The disk's device state is broken: restart the instance, then try again.",
    "IncorrectDiskStatus.Never*": "The disk was never attached, so there is nothing to keep: attach it once.",
    "InvalidImageName.Malformed":
      "Not an image name: 2 to 128 letters, digits, `.`, `:`, `_` and `-`, a letter first.",
    "InvalidImageName.Duplicated":
      "An image of this name exists in the region: choose another name or delete it.",
    "InvalidDescription.Malformed": "The description must have 2 to 256 characters and not begin like a URL.",
    "InvalidImageVersion.Malformed": "Not an image version, or the snapshot may not be used: check both.",
    "InvalidArchitecture.Malformed": "The architecture must be x86_64, i386 or arm64.",
    "InvalidPlatform.Malformed": "Not a platform the cloud knows: check it against its list.",
    "InvalidBootMode.NotSupport": "The boot mode does not fit the image: BIOS, UEFI or UEFI-Preferred.",
    "InvalidDevice.Malformed":
      "Not a device name: /dev/xvda for the system disk, /dev/xvdb to /dev/xvdz for data.",
    "InvalidDevice.InUse": "Two disks have the same device name: give each its own.",
    "InvalidSize.ValueNotSupported":
      "The disk size is out of range: 5 to 2000 GiB, and not below the snapshot's.",
    "InvalidParameter.AllEmpty": "Nothing to make the image from: name an instance, a snapshot or disks.",
    "InvalidResourceGroup.NotFound": "There is no such resource group: check the id.",
    "InvalidAccountStatus.SnapshotServiceUnavailable":
      "The snapshot service is not activated: activate it once in the console.",
    SnapshotCreatedImage: "An image is made of the snapshot: delete the image first.",
    SnapshotCreatedDisk: "A disk is made of the snapshot: delete it by force, or the disk first.",
    NoSetRoletoECSServiceAccount:
      "ECS may not read the bucket: create the role AliyunECSImageImportDefaultRole.",
    "ImageQuotaExceed.ImageFamily": "The family is full (100 images): delete old ones.",
    "ImageQuotaFull.ImageFamily": "The family is full (100 images): delete old ones.",
    ImageFamilyQuotaExceed: "The region has its 100 families: empty one, or use one that exists.",
    ImageFamilyQuotaFull: "The region has its 100 families: empty one, or use one that exists.",
    ImageUseShared: "The image is shared with other accounts: take it back from them first.",
    ImageUsingByInstance: "Instances run from the image: release them first, or delete it by force.",
    ImageIsPublic: "The image is public: unpublish it first.",
    "OperationDenied.InvalidImageStatus": "A deprecated image cannot be shared: bring it back first.",
    "InvalidOperation.ServiceKeyEncryptedImageUnsupported":
      "An image that the service key encrypts cannot be shared: name a key of yours under encrypt, and bake again.",
    "SourceRegion.NotFound": "There is no such region to copy from: check its id.",
    "DestinationRegion.NotFound": "There is no such region to copy to: check its id.",
    IncorrectDestinationRegion: "An image cannot be copied to this region: check its id.",
    RegionNotSupportCopy: "The region does not take copies: choose another.",
    "OperationDenied.SameRegionOnly": "A shared image can only be copied inside its region.",
    "InvalidAccount.*": "There is no such account to share with: check its number.",
  }),
  ...change({
    "QuotaExceed.Image": "The image quota is used up: delete old images or raise it in Quota Center.",
    "QuotaExceed.Snapshot": "The snapshot quota is used up: delete old snapshots.",
    "QuotaExceed.ShareImage*": "The image is shared as often as it may be: unshare it from another account.",
  }),

  // [idem] Four spellings of one mistake.
  ...compensate({
    IdempotentParameterMismatch: OTHER_TOKEN,
    IdempotenceParamNotMatch: OTHER_TOKEN,
    "InvalidIdempotenceParameter.Mismatch": OTHER_TOKEN,
    "InvalidParamter.Conflict": OTHER_TOKEN,
    "InvalidClientToken.*": "The client token is malformed; this is a fault in Kiln, please report it.",
  }),

  // [assistant]
  ...wait({
    "InvalidInstance.NotMatch": "The agent on the instance cannot take commands yet; Kiln retries.",
    ClientNeedUpgrade: "The agent on the instance is updating itself; Kiln retries.",
  }),
  ...compensate({
    "CmdContent.ExceedLimit": "The script is longer than 24 KB in Base64: shorten it, or fetch parts of it.",
    "CmdCount.ExceedQuota": "The region has all the commands it may have: delete old ones.",
    "Invocation.ExceedQuota": "The daily quota of commands is used up: raise it in Quota Center.",
    "InvalidInstance.NotFound":
      "There is no such instance in this region; it may have been released meanwhile.",
  }),

  // [tag]
  ...compensate({
    "InvalidTagKey.*":
      "Not a tag key: up to 128 characters, not empty, not beginning like `aliyun`, `acs:` or a URL.",
    "InvalidTagValue.*": "Not a tag value: up to 128 characters, not beginning like a URL.",
    "Duplicate.TagKey": "The same tag key twice: use each once.",
    "TagKey.Duplication": "The same tag key twice, upper and lower case counted as one: use each once.",
    "QuotaExceed.Tags": "More than 20 tags: use fewer.",
  }),
];
