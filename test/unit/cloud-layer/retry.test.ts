import * as fc from "fast-check";
import { test } from "vitest";
import { CODES } from "../../../shared/cloud/error-codes.ts";
import { explain, isDryRunSuccess, judge, waitMs } from "../../../shared/cloud/retry.ts";

const kindOf = (code: string, action = "RunInstances", status = 400): string =>
  judge("ecs", action, code, status).kind;

test("the same code is judged alike whatever the HTTP status", ({ expect }) => {
  const known = fc.constantFrom(...CODES.filter(({ match }) => !match.endsWith("*")));
  fc.assert(
    fc.property(
      known,
      fc.constantFrom(200, 400, 403, 404, 409, 429, 500, 503),
      ({ match, actions }, status) => {
        const action = actions?.[0] ?? "DescribeInstances";
        expect(judge("ecs", action, match, status)).toEqual(judge("ecs", action, match, 400));
      },
    ),
  );
});

test("a code that nobody knows is for good with 4xx and open otherwise", ({ expect }) => {
  expect(kindOf("Brand.New", "RunInstances", 403)).toBe("give-up");
  expect(kindOf("Brand.New", "RunInstances", 500)).toBe("wait");
  expect(kindOf("Brand.New", "RunInstances", 0)).toBe("wait");
});

test("stock, zone and quota ask for another choice, patience goes with the same one", ({ expect }) => {
  for (const code of [
    "OperationDenied.NoStock",
    "Zone.NotOnSale",
    "Zone.NotOpen",
    "InvalidInstanceType.ZoneNotSupported",
    "InvalidInstanceType.ValueNotSupported",
    "InstanceType.Offline",
    "QuotaExceed.ElasticQuota",
    "QuotaExceeded.PrivateIpAddress",
    "InvalidOperation.PublicIpAddressNoStock",
  ]) {
    expect(kindOf(code), code).toBe("change");
  }
  for (const code of [
    "Throttling",
    "Throttling.User",
    "Throttling.Api",
    "ServiceUnavailable",
    "InternalError",
    "LastTokenProcessing",
    "IdempotentProcessing",
    "OperationConflict",
    "IncorrectInstanceStatus.Initializing",
    "QuotaExceed.ConcurrentSnapshotQuota",
    "TooManySnapshot.Unfinished",
    "InvalidSecurityToken.Expired",
    "RequestTimeoutError",
    "ECONNRESET",
    "SyntaxError",
  ]) {
    expect(kindOf(code), code).toBe("wait");
  }
});

test("gone is done for the action that deletes and an error for the others", ({ expect }) => {
  expect(kindOf("InvalidInstanceId.NotFound", "DeleteInstance")).toBe("done");
  expect(kindOf("InvalidInstanceId.NotFound", "StopInstance")).toBe("give-up");
  expect(kindOf("InvalidImageId.NotFound", "DeleteImage")).toBe("done");
  expect(kindOf("InvalidImageId.NotFound", "RunInstances")).toBe("give-up");
  // All or none: one that is gone has kept the others alive.
  expect(kindOf("InvalidInstanceId.NotFound", "DeleteInstances")).toBe("change");
});

test("a missing permission names the RAM action to allow", ({ expect }) => {
  for (const code of ["Forbidden.RAM", "NoPermission", "Forbidden"]) {
    const { kind, hint } = judge("ecs", "StopInstance", code, 403);
    expect(kind).toBe("give-up");
    expect(hint).toContain("ecs:StopInstance");
  }
  expect(judge("oss", "PutObject", "AccessDenied", 403).hint).toContain("oss:PutObject");
});

test("both spellings of a passed dry run are recognised, nothing else is", ({ expect }) => {
  expect(["DryRunOperation", "DRYRUN.SUCCESS"].every(isDryRunSuccess)).toBe(true);
  expect(isDryRunSuccess("InvalidDryRunOperation")).toBe(false);
});

test("throttling waits out the minute, other troubles back off up to five minutes and a bit", ({
  expect,
}) => {
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (tries, dice) => {
      const next = (): number => dice;
      expect(waitMs("Throttling.User", tries, { next })).toBeGreaterThanOrEqual(60_000);
      const ms = waitMs("InternalError", tries, { next });
      expect(ms).toBeGreaterThanOrEqual(2_500);
      expect(ms).toBeLessThanOrEqual(300_000);
    }),
  );
  const middle = { next: () => 0.5 };
  expect(waitMs("InternalError", 3, middle)).toBe(2 * waitMs("InternalError", 2, middle));
});

test("every code of CreateImage's table and of the launch is explained", ({ expect }) => {
  for (const code of CREATE_IMAGE) expect(explain(code, "CreateImage"), code).toMatch(/.{20}/);
  for (const code of LAUNCH) expect(explain(code, "RunInstances"), code).toMatch(/.{20}/);
  expect(explain("InvalidRegionId.NotFound", "DescribeImageFromFamily")).toContain("region");
  expect(explain("Never.Heard.Of", "CreateImage")).toBeUndefined();
});

const CREATE_IMAGE = `InvalidSnapshotId.NotFound InvalidImageName.Malformed InvalidImageName.Duplicated
InvalidDescription.Malformed InvalidImageVersion.Malformed InvalidSnapshotId.NotReady InvalidSnapshot.TooOld
OperationDenied QuotaExceed.Image InvalidParamter.Conflict InvalidInstanceId.NotFound IncorrectInstanceStatus
InstanceLockedForSecurity InvalidDevice.Malformed MissingParameter InvalidSize.ValueNotSupported InvalidDevice.InUse
InvalidDiskCategory.CreateImage InvalidAccountStatus.NotEnoughBalance InvalidAccountStatus.SnapshotServiceUnavailable
UserNotInTheWhiteList InvalidArchitecture.Malformed InvalidPlatform.Malformed InvalidParameter.AllEmpty
IncorrectDiskStatus.Invalid OperationDenied.InvalidSnapshotCategory QuotaExceed.Snapshot IncorrectDiskStatus.Transferring
IncorrectDiskStatus InvalidSystemSnapshot.Missing IncorrectDiskStatus.CreatingSnapshot InvalidResourceGroup.NotFound
InternalError`.split(/\s+/);

const LAUNCH = `OperationDenied.NoStock Zone.NotOnSale Zone.NotOpen InvalidInstanceType.ZoneNotSupported
InstanceType.Offline InvalidInstanceType.NotSupported InvalidInstanceType.ValueNotSupported
InvalidInstanceType.ValueUnauthorized ResourceNotAvailable OperationDenied.ResourceControl OperationDenied.ImageNotValid
OperationDenied InvalidImageId.NotFound ImageNotSupportInstanceType QuotaExceed.AfterpayInstance QuotaExceed.ElasticQuota
QuotaExceed.PostPaidDisk SecurityGroupInstanceLimitExceed QuotaExceeded.PrivateIpAddress QuotaExceeded Account.Arrearage
InvalidAccountStatus.NotEnoughBalance InsufficientBalance InvalidSpotPriceLimit.LowerThanPublicPrice
InvalidSystemDiskSize.LessThanImageSize InvalidLaunchTemplate.NotFound InvalidLaunchTemplateVersion.NotFound
InvalidVSwitchId.NotFound InvalidParameter.Mismatch InvalidZoneId.NotFound InvalidSecurityGroupId.NotFound
InvalidMinAmount.Malformed InvalidMaxAmount.Malformed InvalidParam.Amount InvalidUserData.SizeExceeded
InvalidUserData.Forbidden ImageNotSupportCloudInit InvalidAutoReleaseTime.Malformed InvalidTagKey.Malformed
Duplicate.TagKey QuotaExceed.Tags InvalidUser.PassRoleForbidden InvalidRamRole.NotFound InvalidResourceType.NotSupported
DryRunOperation InvalidImageFamily.MissingAvailableImage`.split(/\s+/);
