/**
 * From the parameters of RunInstances or CreateInstance to a checked plan: form first, then what is named,
 * then how it fits together. Money, quota and stock come last, in launch.ts.
 *
 * LAUNCH-SPEC-1. Parameters of the call win over a template's; a template's value cannot be blanked.
 * LAUNCH-SPEC-2. An ImageId, from wherever, excludes an ImageFamily.
 */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import type { Principal } from "../core/kernel.ts";
import { readResourceGroup } from "./action.ts";
import { readDisks } from "./launch-disks.ts";
import type { DiskPlan } from "./launch-disks.ts";
import { readNetwork } from "./launch-network.ts";
import type { NetworkPlan } from "./launch-network.ts";
import { checkAutoRelease } from "./auto-release.ts";
import { checkHostName, checkInstanceName } from "./names.ts";
import { invalid } from "../core/params.ts";
import type { Params, Tag } from "../core/params.ts";
import type { Image, InstanceType } from "./records.ts";
import type { World } from "./world.ts";

/** User data may be 32 KiB before base64. Source: RunInstances. */
const MAX_USER_DATA_BYTES = 32 * 1024;

export interface LaunchSpec {
  readonly regionId: string;
  readonly image: Image;
  readonly type: InstanceType;
  readonly network: NetworkPlan;
  readonly disks: readonly DiskPlan[];
  readonly amount: number;
  readonly minAmount: number;
  readonly name: string | undefined;
  readonly hostName: string | undefined;
  readonly hostNames: readonly string[];
  readonly uniqueSuffix: boolean;
  readonly description: string;
  readonly tags: readonly Tag[];
  readonly userData: string;
  readonly autoReleaseAt: number | undefined;
  readonly prePaidMonths: number | undefined;
  readonly autoPay: boolean;
  readonly spot: {
    readonly strategy: string;
    readonly durationHours: number;
    readonly behavior: string;
    readonly priceLimit: number | undefined;
  };
  readonly deletionProtection: boolean;
  readonly keyPairName: string | undefined;
  readonly ramRoleName: string | undefined;
  readonly resourceGroupId: string;
  readonly creditSpecification: string | undefined;
  readonly httpTokens: string;
  readonly httpEndpoint: string;
  readonly autoStart: boolean;
  readonly dryRun: boolean;
}

interface LaunchCall {
  readonly world: World;
  readonly principal: Principal;
  readonly regionId: string;
  readonly params: Params;
}

/**
 * @param autoStart whether the call is RunInstances, which takes amounts and starts what it launches.
 * @throws CloudFault with the code the RunInstances and CreateInstance tables give.
 */
export function readLaunch(
  { world, principal, regionId, params }: LaunchCall,
  autoStart: boolean,
): LaunchSpec {
  const amounts = readAmounts(params, autoStart);
  const names = readNames(params, amounts.amount);
  const lifetime = readLifetime(world, params, autoStart);
  checkPassword(params);
  const tags = params.tags();
  const userData = readUserData(params);
  const image = readImage(world, regionId, params);
  const type = readType(world, params, image);
  const network = readNetwork(world, regionId, params, amounts.amount);
  return {
    regionId,
    image,
    type,
    network,
    disks: readDisks(world, { regionId, zoneId: network.vSwitch.zoneId, type }, params, image),
    ...amounts,
    ...names,
    description: params.text("Description") ?? "",
    tags,
    userData,
    ...lifetime,
    spot: readSpot(params),
    deletionProtection: params.bool("DeletionProtection") ?? false,
    keyPairName: readKeyPair(world, params),
    ramRoleName: readRole(world, principal, params, network),
    resourceGroupId: readResourceGroup({ world, params }),
    creditSpecification: readCredit(params, type),
    httpTokens: params.oneOf("HttpTokens", ["optional", "required"]) ?? "optional",
    httpEndpoint: params.oneOf("HttpEndpoint", ["enabled", "disabled"]) ?? "enabled",
    autoStart,
    dryRun: params.bool("DryRun") ?? false,
  };
}

function readCredit(params: Params, { burstable }: InstanceType): string | undefined {
  const usual = burstable ? "Standard" : undefined;
  return params.oneOf("CreditSpecification", ["Standard", "Unlimited"]) ?? usual;
}

function readAmounts(params: Params, autoStart: boolean): Pick<LaunchSpec, "amount" | "minAmount"> {
  const range = { min: 1, max: 100, code: "InvalidParam.Amount", status: 403 };
  const amount = autoStart ? (params.int("Amount", range) ?? 1) : 1;
  const minAmount = params.int("MinAmount", { min: 1, max: amount, code: "InvalidMinAmount.Malformed" });
  return { amount, minAmount: minAmount ?? amount };
}

type Names = Pick<LaunchSpec, "name" | "hostName" | "hostNames" | "uniqueSuffix">;

function readNames(params: Params, amount: number): Names {
  const uniqueSuffix = (params.bool("UniqueSuffix") ?? false) && amount > 1;
  const [name, hostName] = [params.text("InstanceName"), params.text("HostName")];
  checkInstanceName(name, uniqueSuffix);
  checkHostName(hostName, uniqueSuffix);
  const hostNames = params.list("HostNames");
  if (hostNames.length > 0 && hostName !== undefined) throw invalid("HostNames", "InvalidParameter.Conflict");
  for (const each of hostNames) checkHostName(each, false);
  return { name, hostName, hostNames, uniqueSuffix };
}

type Lifetime = Pick<LaunchSpec, "prePaidMonths" | "autoPay" | "autoReleaseAt">;

function readLifetime(world: World, params: Params, autoStart: boolean): Lifetime {
  const prePaidMonths = readPeriod(params);
  const autoReleaseAt = autoStart ? checkAutoRelease(params.text("AutoReleaseTime"), world.now()) : undefined;
  if (autoReleaseAt !== undefined && prePaidMonths !== undefined) {
    throw new CloudFault(403, "ChargeTypeViolation", "AutoReleaseTime is for pay-as-you-go instances only.");
  }
  return { prePaidMonths, autoPay: params.bool("AutoPay") ?? true, autoReleaseAt };
}

function readImage(world: World, regionId: string, params: Params): Image {
  const [imageId, family] = [params.text("ImageId"), params.text("ImageFamily")];
  if (imageId !== undefined && family !== undefined) {
    throw new CloudFault(
      400,
      "UnexpectedImageFamily.ImageIdSupplied",
      "The input parameter ImageFamily must be null when image id is set.",
    );
  }
  if (family !== undefined) {
    const newest = world.imaging.newestOf(regionId, family);
    if (newest !== undefined) return newest;
    throw new CloudFault(
      403,
      "InvalidImageFamily.MissingAvailableImage",
      "There is no available image related to the specified image family.",
    );
  }
  if (imageId === undefined)
    throw new CloudFault(
      400,
      "MissingParameter",
      "The input parameter ImageId that is mandatory for processing this request is not supplied.",
    );
  const image = world.image(regionId, imageId);
  if (image === undefined)
    throw new CloudFault(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
  if (image.status === "UnAvailable" || image.status === "CreateFailed") {
    throw new CloudFault(
      403,
      "OperationDenied.ImageNotValid",
      "The specified Image is disabled or is deleted.",
    );
  }
  // A deprecated image still launches by its id.
  if ((image.status !== "Available" && image.status !== "Deprecated") || !image.isUsable) {
    throw new CloudFault(403, "OperationDenied", "The image is not available.");
  }
  return image;
}

function readType(world: World, params: Params, image: Image): InstanceType {
  const id = params.text("InstanceType");
  if (id === undefined)
    throw new CloudFault(
      400,
      "MissingParameter",
      "The input parameter InstanceType that is mandatory for processing this request is not supplied.",
    );
  const type = world.types.get(id);
  if (type === undefined) {
    throw new CloudFault(
      400,
      "InvalidInstanceType.ValueNotSupported",
      "The specified InstanceType does not exist or beyond the permitted range.",
    );
  }
  if (
    type.architecture !== image.architecture &&
    !(type.architecture === "x86_64" && image.architecture === "i386")
  ) {
    throw new CloudFault(
      403,
      "ImageNotSupportInstanceType",
      "The specified image does not support the specified instance type.",
    );
  }
  return type;
}

function readPeriod(params: Params): number | undefined {
  const chargeType = params.oneOf(
    "InstanceChargeType",
    ["PostPaid", "PrePaid"],
    "InvalidInstanceChargeType.NotFound",
    404,
  );
  if (chargeType !== "PrePaid") return undefined;
  const unit = params.oneOf("PeriodUnit", ["Week", "Month"], "InvalidPeriodUnit") ?? "Month";
  const period = params.int("Period", { code: "InvalidPeriod" });
  if (period === undefined)
    throw new CloudFault(
      400,
      "MissingParameter",
      "The input parameter Period that is mandatory for processing this request is not supplied.",
    );
  const allowed = unit === "Week" ? [1, 2, 3, 4] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36, 48, 60];
  if (!allowed.includes(period)) throw invalid("Period", "InvalidPeriod");
  return unit === "Week" ? (period * 7) / 30 : period;
}

function readSpot(params: Params): LaunchSpec["spot"] {
  const strategy =
    params.oneOf("SpotStrategy", ["NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"], "InvalidSpotStrategy") ??
    "NoSpot";
  // A limit is in force with this strategy only; some clients send 0.0000 with every launch.
  // https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-runinstances (SpotPriceLimit)
  const limit = strategy === "SpotWithPriceLimit" ? params.text("SpotPriceLimit") : undefined;
  if (limit !== undefined && !/^\d+(\.\d{0,3}0*)?$/.test(limit))
    throw invalid("SpotPriceLimit", "InvalidSpotPriceLimit");
  return {
    strategy,
    durationHours: params.int("SpotDuration", { min: 0, max: 1, code: "InvalidSpotDuration" }) ?? 1,
    behavior: params.oneOf("SpotInterruptionBehavior", ["Terminate", "Stop"]) ?? "Terminate",
    priceLimit: limit === undefined ? undefined : Number(limit),
  };
}

/** @throws CloudFault 400 InvalidUserData.NotSupported, 400 InvalidUserData.SizeExceeded. */
export function readUserData(params: Params): string {
  const encoded = params.text("UserData");
  if (encoded === undefined) return "";
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) {
    throw new CloudFault(
      400,
      "InvalidUserData.NotSupported",
      "The specified parameter UserData is not base64.",
    );
  }
  if (Buffer.from(encoded, "base64").length > MAX_USER_DATA_BYTES) {
    throw new CloudFault(
      400,
      "InvalidUserData.SizeExceeded",
      "The specified parameter UserData exceeds the size.",
    );
  }
  return encoded;
}

function checkPassword(params: Params): void {
  const password = params.text("Password");
  if (password === undefined) return;
  if (params.bool("PasswordInherit")) throw invalid("PasswordInherit", "InvalidParameter.Conflict");
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[()`~!@#$%^&*\-_+=|{}[\]:;'<>,.?/]/];
  if (
    password.length < 8 ||
    password.length > 30 ||
    classes.filter((kind) => kind.test(password)).length < 3
  ) {
    throw invalid("Password", "InvalidPassword.Malformed");
  }
}

function readKeyPair(world: World, params: Params): string | undefined {
  const name = params.text("KeyPairName");
  if (name !== undefined && !world.keyPairs.has(name)) {
    throw new CloudFault(404, "InvalidKeyPairName.NotFound", "The specified KeyPairName does not exist.");
  }
  return name;
}

function readRole(
  world: World,
  principal: Principal,
  params: Params,
  { vSwitch }: NetworkPlan,
): string | undefined {
  const name = params.text("RamRoleName");
  if (name === undefined) return undefined;
  refuseIf(
    vSwitch.vpcId === "",
    403,
    "InvalidNetworkType.MismatchRamRole",
    "Ram role cannot be applied to instances of Classic network type.",
  );
  const { kernel } = world;
  if (!kernel.allows(principal, "ram:PassRole", `acs:ram::${kernel.accountId}:role/${name}`)) {
    throw new CloudFault(
      403,
      "InvalidUser.PassRoleForbidden",
      "The RAM user does not have permission to pass a role.",
    );
  }
  refuseIf(
    !kernel.mayHaveRole(name),
    404,
    "InvalidRamRole.NotFound",
    "The specified RamRoleName does not exist.",
  );
  refuseIf(
    kernel.trusts(name, "ecs.aliyuncs.com") === false,
    401,
    "InvalidRamRole.NotEcsRole",
    "The specified ram role is not authorized for ecs, please check your role policy.",
  );
  return name;
}
