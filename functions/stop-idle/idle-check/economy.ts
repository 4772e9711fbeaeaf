/**
 * What a stop with StopCharging saves and what it loses. Pure.
 * Economical mode: https://www.alibabacloud.com/help/en/ecs/user-guide/economical-mode
 *
 * ECONOMY-1. Some instances go on being charged although the stop succeeds, so this is decided before the stop.
 * ECONOMY-2. vCPU, memory and the fixed public address return to the cloud; an EIP and the private address stay.
 */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";

/** Families with local disks or persistent memory; `gn5` alone, since `gn5i` has neither. */
const LOCAL = /^ecs\.(?:(?:ebm)?[id]\d|gn5[-.]|(?:ebm)?re6p)/;
/** Burstable families: a stop loses their CPU credits. */
const BURSTABLE = /^ecs\.t\d/;

/** Why stopping would save nothing; undefined when it would. */
export function chargedAnyway({ chargeType, type, vSwitchId }: Instance): string | undefined {
  if (chargeType === "PrePaid") return "a subscription is paid for either way";
  if (LOCAL.test(type)) return `${type} has local disks or memory and goes on being charged when stopped`;
  if (vSwitchId === "") return "in the classic network it goes on being charged when stopped";
  return undefined;
}

/** The public address that a stop would lose. */
export const addressAtRisk = ({ publicIps, elasticIp }: Instance): string | undefined =>
  publicIps.find((address) => address !== elasticIp);

/** What such a stop loses, in words. */
export function losses(instance: Instance): string[] {
  const address = addressAtRisk(instance);
  return [
    ...(address === undefined ? [] : [`loses its public address ${address}`]),
    ...(BURSTABLE.test(instance.type) ? ["loses its saved CPU credits"] : []),
  ];
}
