/**
 * Buying: money, quota and stock, then the instances themselves.
 *
 * CLOUD-LAUNCH-1. Without MinAmount it is all or nothing; with it, stock decides between Min and Amount.
 * CLOUD-LAUNCH-2. Ids are answered at once, Pending; the machines follow and may still fail.
 * CLOUD-LAUNCH-4. Without AutoPay an order of subscriptions is not paid; its instances stay Pending. When they are paid in
 *     the console is not simulated. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-runinstances
 * CLOUD-LAUNCH-3. Tags go to the instance, its disks and its network card alike.
 */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import { copyDisk } from "../machine/disk.ts";
import type { DiskPlan } from "./launch-disks.ts";
import type { LaunchSpec } from "./launch-spec.ts";
import { batchName } from "./names.ts";
import { checkRoom, freshMac, freshPublicIp, takeAddresses } from "./network.ts";
import type { Instance } from "./records.ts";
import type { World } from "./world.ts";

const MONTH_MS = 30 * 86_400_000;
/** A month of subscription costs about this many hours of pay-as-you-go; an estimate. */
const HOURS_PER_PREPAID_MONTH = 430;

export interface Purchase {
  readonly instances: readonly Instance[];
  readonly price: number;
  readonly orderId: string | undefined;
}

/** @throws CloudFault for money, quota or stock; 400 DryRunOperation when only asked to check. */
export function launch(world: World, spec: LaunchSpec): Purchase {
  const { type, network, image } = spec;
  const left = world.stockLeft(type.id, network.vSwitch.zoneId);
  const unitPrice = priceOf(world, spec);
  const count = Math.min(spec.amount, left);
  checkSpot(world, spec);
  const isPaid = spec.prePaidMonths === undefined || spec.autoPay;
  if (isPaid) checkMoney(world, spec, unitPrice * Math.max(count, spec.minAmount));
  checkQuota(world, type.cpu * count);
  if (left < spec.minAmount || count === 0) {
    throw new CloudFault(
      403,
      "OperationDenied.NoStock",
      "The requested resource is sold out in the specified zone; try other types of resources or other regions and zones.",
    );
  }
  checkRoom(network.vSwitch, count);
  if (spec.dryRun)
    throw new CloudFault(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.");
  countLaunches(world, count);
  const addresses = takeAddresses(network.vSwitch, count, network.privateIp);
  world.takeStock(type.id, network.vSwitch.zoneId, count);
  if (spec.prePaidMonths !== undefined && isPaid) world.account.balance -= unitPrice * count;
  const instances = addresses.map((privateIp, index) => build(world, spec, { privateIp, index, count }));
  for (const instance of instances) world.useImage(instance, image.imageId);
  // CLOUD-LAUNCH-4.
  if (isPaid) world.life.launch(instances);
  for (const instance of instances) world.life.releaseAt(instance, spec.autoReleaseAt);
  return {
    instances,
    price: Number((unitPrice * count).toFixed(3)),
    orderId: spec.prePaidMonths === undefined ? undefined : String(2e11 + world.nextSeq()),
  };
}

/** The place of an instance among those of one launch. */
interface Place {
  readonly privateIp: string;
  readonly index: number;
  readonly count: number;
}

function build(world: World, spec: LaunchSpec, place: Place): Instance {
  const instance = pendingInstance(world, spec, place);
  const { instanceId } = instance;
  world.instances.set(instanceId, instance);
  world.launched++;
  for (const plan of spec.disks) instance.diskIds.push(addDisk(world, spec, instance, plan));
  world.tags.put("instance", instanceId, spec.tags);
  world.tags.put("eni", instance.eniId, spec.tags);
  return instance;
}

function addDisk(world: World, spec: LaunchSpec, instance: Instance, plan: DiskPlan): string {
  const diskId = world.kernel.id("d-");
  const now = world.now();
  world.disks.set(diskId, {
    ...plan,
    diskId,
    seq: world.nextSeq(),
    regionId: spec.regionId,
    zoneId: instance.zoneId,
    createdAt: now,
    imageId: plan.type === "system" ? spec.image.imageId : undefined,
    content: copyDisk(plan.content),
    instanceId: instance.instanceId,
    attachedAt: now,
    status: "In_use",
  });
  world.tags.put("disk", diskId, spec.tags);
  return diskId;
}

function pendingInstance(world: World, spec: LaunchSpec, { privateIp, index, count }: Place): Instance {
  const instanceId = world.kernel.id("i-");
  const now = world.now();
  return {
    instanceId,
    seq: world.nextSeq(),
    regionId: spec.regionId,
    ...networkOf(world, spec, privateIp),
    createdAt: now,
    type: spec.type,
    ...chargeOf(spec, now),
    spot: spec.spot,
    ramRoleName: spec.ramRoleName,
    resourceGroupId: spec.resourceGroupId,
    httpTokens: spec.httpTokens,
    httpEndpoint: spec.httpEndpoint,
    creditSpecification: spec.creditSpecification,
    autoStart: spec.autoStart,
    imageId: spec.image.imageId,
    name: spec.name === undefined ? instanceId : batchName(spec.name, index, count, spec.uniqueSuffix),
    hostName: hostNameOf(spec, instanceId, index, count),
    description: spec.description,
    status: "Pending",
    turn: 0,
    startedAt: undefined,
    runs: [],
    stoppedMode: "Not-applicable",
    holdsStock: true,
    autoReleaseAt: undefined,
    deletionProtection: spec.deletionProtection,
    recyclable: false,
    keyPairName: spec.keyPairName,
    userData: spec.userData,
    diskIds: [],
    locks: [],
    ...NEVER_RUN,
  };
}

const NEVER_RUN = {
  guest: undefined,
  heartbeatAt: undefined,
  bootCount: 0,
  invocationCount: 0,
  lastInvokedAt: undefined,
} as const;

function chargeOf(
  { prePaidMonths: months }: LaunchSpec,
  now: number,
): Pick<Instance, "chargeType" | "expiresAt"> {
  if (months === undefined) return { chargeType: "PostPaid", expiresAt: undefined };
  return { chargeType: "PrePaid", expiresAt: now + months * MONTH_MS };
}

function networkOf({ kernel }: World, { network, autoStart }: LaunchSpec, privateIp: string) {
  const { vSwitch, internetChargeType, bandwidthIn, bandwidthOut, securityGroupIds } = network;
  return {
    zoneId: vSwitch.zoneId,
    vpcId: vSwitch.vpcId,
    vSwitchId: vSwitch.vSwitchId,
    privateIp,
    eniId: kernel.id("eni-"),
    macAddress: freshMac(kernel),
    internetChargeType,
    bandwidthIn,
    bandwidthOut,
    // RunInstances assigns a public address; CreateInstance does not.
    publicIp: autoStart && bandwidthOut > 0 ? freshPublicIp(kernel) : undefined,
    securityGroupIds: [...securityGroupIds],
  };
}

function hostNameOf(spec: LaunchSpec, instanceId: string, index: number, count: number): string {
  const given = spec.hostNames[index] ?? spec.hostName;
  // Without a name the cloud derives one from the instance id.
  if (given === undefined) return `iZ${instanceId.slice(2, 22)}Z`;
  return batchName(given, index, count, spec.uniqueSuffix).replace("${instance_id}", instanceId);
}

function priceOf(world: World, spec: LaunchSpec): number {
  const hourly = spec.type.hourlyPrice;
  if (spec.prePaidMonths !== undefined) return hourly * HOURS_PER_PREPAID_MONTH * spec.prePaidMonths;
  return spec.spot.strategy === "NoSpot" ? hourly : hourly * world.spotPriceShare;
}

function checkSpot(world: World, spec: LaunchSpec): void {
  const { strategy, priceLimit } = spec.spot;
  if (strategy !== "SpotWithPriceLimit" || priceLimit === undefined) return;
  if (priceLimit < spec.type.hourlyPrice * world.spotPriceShare) {
    throw new CloudFault(
      400,
      "InvalidSpotPriceLimit.LowerThanPublicPrice",
      "The specified parameter SpotPriceLimit can't be lower than current public price.",
    );
  }
}

function checkMoney(world: World, spec: LaunchSpec, price: number): void {
  const { balance, minimum, paymentMethod } = world.account;
  refuseIf(
    !paymentMethod,
    404,
    "PaymentMethodNotFound",
    "No payment method has been registered on the account.",
  );
  if (balance < 0) throw new CloudFault(400, "Account.Arrearage", "Your account has an outstanding payment.");
  const needed = spec.prePaidMonths === undefined ? minimum : price;
  if (balance < needed) {
    throw new CloudFault(
      403,
      "InvalidAccountStatus.NotEnoughBalance",
      "Your account does not have enough balance.",
    );
  }
}

function checkQuota(world: World, vcpus: number): void {
  if (!Number.isFinite(world.quotas.vcpus)) return;
  if (world.vcpusInUse() + vcpus > world.quotas.vcpus) {
    throw new CloudFault(
      403,
      "QuotaExceed.ElasticQuota",
      "The number of the specified ECS instances has exceeded the quota of the specified instance type.",
    );
  }
}

/** At most 5,000 instances a minute and account. Source: API call throttling. */
function countLaunches(world: World, count: number): void {
  const minute = Math.floor(world.now() / 60_000);
  const window = world.launchWindow;
  if (window.minute !== minute) Object.assign(window, { minute, count: 0 });
  if (window.count + count > world.quotas.launchesPerMinute) {
    throw new CloudFault(400, "Throttling", "Request was denied due to request throttling.");
  }
  window.count += count;
}
