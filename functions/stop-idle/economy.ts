/**
 * What a stop with StopCharging gives and takes. Pure. Source: economical mode of pay-as-you-go instances.
 *
 * E1. Not everything stops being charged; the call succeeds all the same, so it is asked before.
 * E2. vCPU, memory and the fixed public address go back to the cloud; an EIP and the private address stay.
 */
import type { Instance } from "../../shared/cloud/instance.ts";

/** Families with local disks or persistent memory; `gn5` alone, since `gn5i` has neither. */
const LOCAL = /^ecs\.(?:(?:ebm)?[id]\d|gn5[-.]|(?:ebm)?re6p)/;
/** Families that save up CPU credits and lose them. */
const BURSTABLE = /^ecs\.t\d/;

/** Why stopping would save nothing; undefined when it would. */
export function chargedAnyway({ chargeType, type, vSwitchId }: Instance): string | undefined {
  if (chargeType === "PrePaid") return "a subscription is paid for either way";
  if (LOCAL.test(type)) return `${type} has local disks or memory and goes on being charged when stopped`;
  if (vSwitchId === "") return "in the classic network it goes on being charged when stopped";
  return undefined;
}

/** The public address that a stop would give away. */
export const addressAtRisk = ({ publicIps, elasticIp }: Instance): string | undefined =>
  publicIps.find((address) => address !== elasticIp);

/** What is lost for good by such a stop, in words. */
export function losses(instance: Instance): string[] {
  const address = addressAtRisk(instance);
  return [
    ...(address === undefined ? [] : [`loses its public address ${address}`]),
    ...(BURSTABLE.test(instance.type) ? ["loses its saved CPU credits"] : []),
  ];
}
