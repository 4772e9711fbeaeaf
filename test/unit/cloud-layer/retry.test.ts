import * as fc from "fast-check";
import { test } from "vitest";
import { isCapacity, type ErrorKind } from "../../../shared/errors.ts";
import { ECS_CODES } from "../../../shared/cloud/ecs/error-codes.ts";
import { CODES } from "../../../shared/cloud/error-codes.ts";
import "../../../shared/cloud/ecs/actions.ts";
import { cloudError } from "../../../shared/cloud/refusal.ts";
import { isCapacityCode, isDryRunSuccess, judge, waitMs } from "../../../shared/cloud/retry.ts";

const ALL = [...CODES, ...ECS_CODES];

const kindOf = (code: string, action = "RunInstances", status = 400): string =>
  judge("ecs", action, code, status).kind;

test("the same code is judged alike whatever the HTTP status", ({ expect }) => {
  const known = fc.constantFrom(...ALL.filter(({ match }) => !match.endsWith("*")));
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

test("an unknown code is permanent with 4xx but 429, and unknown otherwise", ({ expect }) => {
  expect(kindOf("Brand.New", "StopInstance", 403)).toBe("give-up");
  for (const product of ["ecs", "oss"] as const)
    for (const action of ["RunInstances", "StopInstance", "AppendObject"])
      expect(judge(product, action, "Brand.New", 429).kind).toBe("wait");
  expect(kindOf("Brand.New", "StopInstance", 500)).toBe("wait");
  expect(kindOf("Brand.New", "StopInstance", 0)).toBe("wait");
});

test("an unknown refusal of a launch goes on to the next offering, of other calls it does not", ({
  expect,
}) => {
  for (const code of ["InvalidDiskCategory.New", "SomeZoneRule", "New.NoVlan", "Brand.New", "LackResource"]) {
    for (const action of ["RunInstances", "CreateInstance"]) {
      expect([kindOf(code, action, 400), kindOf(code, action, 403)], code).toEqual(["change", "change"]);
      expect(kindOf(code, action, 500)).toBe("wait");
    }
    expect(kindOf(code, "CreateImage", 403), code).toBe("give-up");
  }
});

test("machines of a zone that are not reachable for a moment are waited for, not avoided", ({ expect }) => {
  for (const action of ["RunInstances", "CreateInstance"])
    expect(kindOf("NodeControllerUnavailable", action, 403)).toBe("wait");
});

test("a known one does so too, whatever its kind for other calls; throttling or a disk smaller than the image is the same everywhere", ({
  expect,
}) => {
  for (const action of ["RunInstances", "CreateInstance"]) {
    const offering = /VSwitch|Zone|Category|InstanceType|DiskSize/;
    const known = ALL.filter(({ match, actions }) => offering.test(match) && actions === undefined);
    const codes = known.map(({ match }) => match.replace(/\*$/, "New"));
    expect(codes).toEqual(expect.arrayContaining(["InvalidVSwitchId.NotFound", "InvalidZoneId.NotFound"]));
    for (const code of [
      ...codes.filter((one) => !one.includes("LessThanImageSize")),
      "InvalidSystemDiskSize.ValueNotSupported",
      "InvalidParameter.VSwitchId",
      "InvalidParameter.Mismatch",
      "InvalidSecurityGroupId.VPCMismatch",
      "Forbidden.Zone",
    ])
      expect([kindOf(code, action, 403), code]).toEqual(["change", code]);
    expect(kindOf("Throttling.VSwitch", action, 429)).toBe("wait");
    expect(kindOf("MissingParameter.VSwitchId", action)).toBe("give-up");
    expect(kindOf("InvalidSystemDiskSize.LessThanImageSize", action, 404)).toBe("give-up");
  }
  expect(kindOf("InvalidVSwitchId.NotFound", "DescribeInstances", 404)).toBe("give-up");
});

test("stock, zone and quota ask for another choice, limits goes with the same one", ({ expect }) => {
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

test("no capacity is what a zone lacks at this moment, not a quota, an address or a type that is not sold", ({
  expect,
}) => {
  const actions = ["RunInstances", "CreateInstance", "StartInstance", "StartInstances"];
  const capacity = new Set(["OperationDenied.NoStock", "ResourceNotAvailable", "Zone.NotOnSale"]);
  for (const { match } of ALL) {
    const code = match.replace("*", "");
    for (const action of actions) {
      const error = cloudError({ product: "ecs", action, code, status: 403, requestId: "", said: "" });
      expect([isCapacity(error), isCapacityCode(action, code)], `${action} ${code}`).toEqual([
        capacity.has(code),
        capacity.has(code),
      ]);
    }
  }
  expect(isCapacity(new Error("OperationDenied.NoStock"))).toBe(false);
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
    fc.property(
      fc.nat(100),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (attempt, random) => {
        const next = (): number => random;
        expect(waitMs("Throttling.User", attempt, { next })).toBeGreaterThanOrEqual(60_000);
        const ms = waitMs("InternalError", attempt, { next });
        expect(ms).toBeGreaterThanOrEqual(2_500);
        expect(ms).toBeLessThanOrEqual(300_000);
      },
    ),
  );
  const middle = { next: () => 0.5 };
  expect(waitMs("InternalError", 3, middle)).toBe(2 * waitMs("InternalError", 2, middle));
});

/** The codes of a refused launch; those of CreateImage are held by test/proofs/refused-codes.test.ts. */
const LAUNCH: readonly (readonly [code: string, kind: ErrorKind, said: string])[] = [
  ["OperationDenied.NoStock", "change", "another zone or type may have"],
  ["Zone.NotOnSale", "change", "closed for new instances: take another"],
  ["Zone.NotOpen", "change", "not open to this account: take another"],
  ["InvalidInstanceType.ZoneNotSupported", "change", "take another type or zone"],
  ["InvalidInstanceType.NotSupported", "change", "take another type or zone"],
  ["InvalidInstanceType.ValueNotSupported", "change", "take another type or zone"],
  ["InvalidInstanceType.ValueUnauthorized", "change", "take another type or zone"],
  ["InvalidResourceType.NotSupported", "change", "not offered in this zone"],
  ["InstanceType.Offline", "change", "not sold any more: take another"],
  ["ResourceNotAvailable", "change", "take another zone or type"],
  ["OperationDenied.ResourceControl", "wait", "Kiln retries"],
  ["OperationDenied.ImageNotValid", "give-up", "disabled or deleted: launch from another"],
  ["OperationDenied", "change", "often for its type or zone: take another"],
  ["InvalidParameter", "change", "perhaps for this type or zone only"],
  ["InvalidParameter.NotMatch", "change", "perhaps for this type or zone only"],
  ["InvalidUserData.NotSupported", "change", "takes no user data"],
  ["IncorrectImageStatus", "give-up", "not Available: launch from another"],
  ["InvalidParameter.KMSKeyId.NotFound", "give-up", "check its id and policy"],
  ["InvalidPayMethod", "give-up", "no way to pay"],
  ["SecurityRisk.3DVerification", "give-up", "has to be verified"],
  ["InvalidInstance.UnPaidOrder", "give-up", "pay or cancel it"],
  ["InvalidPassword.Malformed", "give-up", "8 to 30 characters"],
  ["PaymentMethodNotFound", "give-up", "no way to pay"],
  ["InvalidRamRole.NotEcsRole", "give-up", "trust policy"],
  ["InvalidImageId.NotFound", "give-up", "check the id, or copy the image here"],
  ["InvalidImageFamily.MissingAvailableImage", "give-up", "bake and promote one"],
  ["ImageNotSupportInstanceType", "change", "does not run on this type: take another"],
  ["ImageNotSupportCloudInit", "give-up", "has no cloud-init"],
  ["QuotaExceed.AfterpayInstance", "change", "pay-as-you-go instances is used up: raise it"],
  ["QuotaExceed.ElasticQuota", "change", "raise it or take another type"],
  ["QuotaExceed.PostPaidDisk", "change", "pay-as-you-go disks is used up: raise it"],
  ["QuotaExceeded", "change", "raise the quota in Quota Center"],
  ["QuotaExceeded.PrivateIpAddress", "change", "take another vSwitch"],
  ["SecurityGroupInstanceLimitExceed", "change", "group is full: take another"],
  ["Account.Arrearage", "give-up", "top it up"],
  ["InvalidAccountStatus.NotEnoughBalance", "give-up", "top it up"],
  ["InsufficientBalance", "give-up", "top it up"],
  ["InvalidSpotPriceLimit.LowerThanPublicPrice", "change", "raise it or take another type"],
  ["InvalidSystemDiskSize.LessThanImageSize", "give-up", "smaller than the image: make it larger"],
  ["InvalidLaunchTemplate.NotFound", "give-up", "check id or name"],
  ["InvalidLaunchTemplateVersion.NotFound", "give-up", "no such version: check the number"],
  ["InvalidVSwitchId.NotFound", "change", "no such vSwitch in this region: check the id"],
  ["InvalidZoneId.NotFound", "change", "no such zone in this region: check the id"],
  ["InvalidSecurityGroupId.NotFound", "give-up", "no such security group in this region: check the id"],
  ["InvalidParameter.Mismatch", "change", "must share VPC and zone"],
  ["InvalidMinAmount.Malformed", "give-up", "between 1 and 100"],
  ["InvalidMaxAmount.Malformed", "give-up", "between 1 and 100"],
  ["InvalidParam.Amount", "give-up", "between 1 and 100"],
  ["InvalidUserData.SizeExceeded", "give-up", "32 KB before Base64"],
  ["InvalidUserData.Forbidden", "give-up", "not possible for this type"],
  ["InvalidAutoReleaseTime.Malformed", "give-up", "half an hour to three years ahead"],
  ["InvalidTagKey.Malformed", "give-up", "up to 128 characters"],
  ["Duplicate.TagKey", "give-up", "use each once"],
  ["QuotaExceed.Tags", "give-up", "More than 20 tags: use fewer"],
  ["InvalidUser.PassRoleForbidden", "give-up", "only the RAM roles named in KILN_INSTANCE_ROLES"],
  ["InvalidRamRole.NotFound", "give-up", "no such RAM role: check the name"],
  ["DryRunOperation", "done", "nothing was done, as asked"],
];

for (const [code, kind, said] of LAUNCH) {
  test(`${code} of a launch means ${kind} and says what to do`, ({ expect }) => {
    const judged = judge("ecs", "RunInstances", code, 403);
    expect(judged.kind).toBe(kind);
    expect(judged.hint).toContain(said);
  });
}
