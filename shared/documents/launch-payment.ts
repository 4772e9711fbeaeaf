/** How instances are paid for: pay-as-you-go, spot or subscription, under the names of RunInstances. */
import * as z from "zod/mini";
import { finding, price, rule, type Finding } from "./fields.ts";
import { hasTemplate } from "./launch-network.ts";

// RunInstances.Period and AutoRenewPeriod for each PeriodUnit, document 001.
const PERIODS = { Week: [1, 2, 3, 4], Month: [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 36, 48, 60] } as const;
const RENEWALS = { Week: [1, 2, 3], Month: [1, 2, 3, 6, 12, 24, 36, 48, 60] } as const;

export const paymentShape = {
  // No defaults here: a value that is sent overrules a launch template (withPayment).
  InstanceChargeType: z.exactOptional(z.enum(["PostPaid", "PrePaid"])),
  Period: z.exactOptional(z.number()),
  PeriodUnit: z.exactOptional(z.enum(["Week", "Month"])),
  AutoRenew: z.exactOptional(z.boolean()),
  AutoRenewPeriod: z.exactOptional(z.number()),
  AutoPay: z.exactOptional(z.boolean()),
  SpotStrategy: z.exactOptional(z.enum(["NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"])),
  SpotPriceLimit: z.exactOptional(price()),
  SpotDuration: z.exactOptional(z.literal([0, 1])),
  SpotInterruptionBehavior: z.exactOptional(z.enum(["Terminate", "Stop"])),
  CreditSpecification: z.exactOptional(z.enum(["Standard", "Unlimited"])),
  DeletionProtection: z.exactOptional(z.boolean()),
};
type Payment = z.infer<z.ZodMiniObject<typeof paymentShape, z.core.$strict>>;
type Launch = Payment & { readonly DedicatedHostId?: string; readonly Tenancy?: string };

/** The payment of a launch without a template that leaves it out; RunInstances has the same defaults. */
export const PAYMENT = { InstanceChargeType: "PostPaid", SpotStrategy: "NoSpot" } as const;

/** Whether a document asks for spot instances. */
export const asksForSpot = ({
  SpotStrategy = PAYMENT.SpotStrategy,
}: Pick<Payment, "SpotStrategy">): boolean => SpotStrategy !== "NoSpot";

/** The same where a launch template may ask for them. */
export const mayBeSpot = (
  launch: Pick<Payment, "SpotStrategy"> & Parameters<typeof hasTemplate>[0],
): boolean => (launch.SpotStrategy === undefined ? hasTemplate(launch) : asksForSpot(launch));

const SUBSCRIPTION_ONLY = ["Period", "PeriodUnit", "AutoRenew", "AutoRenewPeriod", "AutoPay"] as const;

const isSubscription = ({ InstanceChargeType }: Payment): boolean => InstanceChargeType === "PrePaid";

function subscriptionFindings(launch: Payment): Finding[] {
  if (!isSubscription(launch)) {
    const message = "must be used with InstanceChargeType: PrePaid; remove it for pay-as-you-go";
    return SUBSCRIPTION_ONLY.flatMap((key) => finding(key in launch, [key], message));
  }
  return [
    ...finding(asksForSpot(launch), ["SpotStrategy"], "must be NoSpot for a subscription"),
    ...finding(
      launch.DeletionProtection === true,
      ["DeletionProtection"],
      "must be used with pay-as-you-go only; a subscription is not released before its end",
    ),
  ];
}

function periodFindings(launch: Payment): Finding[] {
  if (!isSubscription(launch)) return [];
  const { Period: period, PeriodUnit: unit = "Month" } = launch;
  const periods: readonly number[] = PERIODS[unit];
  return [
    ...finding(
      period === undefined,
      ["Period"],
      `is missing; a subscription needs one of ${periods.join(", ")} (PeriodUnit ${unit})`,
    ),
    ...finding(
      period !== undefined && !periods.includes(period),
      ["Period"],
      `must be one of ${periods.join(", ")} with PeriodUnit ${unit}`,
    ),
  ];
}

function renewalFindings(launch: Payment): Finding[] {
  if (!isSubscription(launch)) return [];
  const { AutoRenewPeriod: renewal, PeriodUnit: unit = "Month" } = launch;
  const renewals: readonly number[] = RENEWALS[unit];
  return [
    ...finding(
      renewal !== undefined && launch.AutoRenew !== true,
      ["AutoRenewPeriod"],
      "must be used with AutoRenew: true",
    ),
    ...finding(
      renewal !== undefined && !renewals.includes(renewal),
      ["AutoRenewPeriod"],
      `must be one of ${renewals.join(", ")} with PeriodUnit ${unit}`,
    ),
  ];
}

function priceFindings({ SpotStrategy: strategy, SpotPriceLimit: limit }: Launch): Finding[] {
  const limited = strategy === "SpotWithPriceLimit";
  return [
    ...finding(
      limited && limit === undefined,
      ["SpotPriceLimit"],
      "is missing; SpotWithPriceLimit needs the highest price an hour",
    ),
    ...finding(
      !limited && limit !== undefined,
      ["SpotPriceLimit"],
      "must be used with SpotStrategy: SpotWithPriceLimit",
    ),
  ];
}

function spotFindings(launch: Launch): Finding[] {
  const dedicated = launch.DedicatedHostId !== undefined || launch.Tenancy === "host";
  const noSpot = (["SpotDuration", "SpotInterruptionBehavior"] as const).filter((key) => key in launch);
  return [
    ...noSpot.flatMap((key) =>
      finding(!asksForSpot(launch), [key], "must be used with a SpotStrategy other than NoSpot"),
    ),
    ...finding(asksForSpot(launch) && dedicated, ["SpotStrategy"], "must be NoSpot on a dedicated host"),
  ];
}

export const paymentRules = [
  rule<Launch>(["InstanceChargeType", "SpotStrategy"], subscriptionFindings),
  rule<Launch>(["InstanceChargeType", "Period", "PeriodUnit"], periodFindings),
  rule<Launch>(["InstanceChargeType", "AutoRenew", "AutoRenewPeriod", "PeriodUnit"], renewalFindings),
  rule<Launch>(["SpotStrategy", "SpotPriceLimit"], priceFindings),
  rule<Launch>(["SpotStrategy"], spotFindings),
];
