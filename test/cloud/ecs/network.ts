/** Addresses: private ones out of a vSwitch, public ones out of the air. */
import { CloudFault } from "../core/kernel.ts";
import type { Kernel } from "../core/kernel.ts";
import type { VSwitch } from "./records.ts";

/** The cloud keeps the first address and the last three of every vSwitch for itself. */
const RESERVED_HEAD = 1;
const RESERVED_TAIL = 3;

/** How many addresses are free. */
export function freeCount(vSwitch: VSwitch): number {
  const { first, last } = bounds(vSwitch.cidr);
  return last - first + 1 - vSwitch.taken.size;
}

/**
 * Takes `count` addresses, consecutive from `wanted` when given.
 * @throws CloudFault 400 QuotaExceeded.PrivateIpAddress, 403 InvalidVSwitchId.IpInvalid, 400 InvalidIPAddress.AlreadyUsed.
 */
export function takeAddresses(vSwitch: VSwitch, count: number, wanted: string | undefined): string[] {
  const free = wanted === undefined ? nextFree(vSwitch, count) : consecutive(vSwitch, count, wanted);
  for (const address of free) vSwitch.taken.add(address);
  return free;
}

/** In the classic network, whose addresses are those of a VLAN. */
const NO_VLAN = new CloudFault(
  400,
  "OperationDenied.NoVlan",
  'The specified parameter "VlanId" is not valid or vlan has not enough IP address.',
);

/** @throws CloudFault 400 QuotaExceeded.PrivateIpAddress when the vSwitch has fewer free addresses, or 400 OperationDenied.NoVlan. */
export function checkRoom(vSwitch: VSwitch, count: number): void {
  if (freeCount(vSwitch) >= count) return;
  if (vSwitch.vpcId === "") throw NO_VLAN;
  throw new CloudFault(
    400,
    "QuotaExceeded.PrivateIpAddress",
    `The specified VSwitch ${vSwitch.vSwitchId} does not have enough IP addresses.`,
  );
}

function nextFree(vSwitch: VSwitch, count: number): string[] {
  checkRoom(vSwitch, count);
  const { first, last } = bounds(vSwitch.cidr);
  const free: string[] = [];
  // Starting behind what is taken keeps a long launch linear.
  const start = first + (vSwitch.taken.size % (last - first + 1));
  for (let offset = 0; free.length < count && offset <= last - first; offset++) {
    const number = first + ((start - first + offset) % (last - first + 1));
    const address = write(number);
    if (!vSwitch.taken.has(address)) free.push(address);
  }
  return free;
}

/** Checks that `wanted` and its followers are inside the vSwitch and free. */
export function consecutive(vSwitch: VSwitch, count: number, wanted: string): string[] {
  const { first, last } = bounds(vSwitch.cidr);
  const start = read(wanted);
  if (start === undefined || start < first || start + count - 1 > last) {
    throw new CloudFault(
      403,
      "InvalidVSwitchId.IpInvalid",
      "The specified private IP address is malformed or outside of the VSwitch.",
    );
  }
  const addresses = Array.from({ length: count }, (_, index) => write(start + index));
  if (addresses.some((address) => vSwitch.taken.has(address))) {
    throw new CloudFault(
      400,
      "InvalidIPAddress.AlreadyUsed",
      "The specified IPAddress is already used by other resource.",
    );
  }
  return addresses;
}

export function freshPublicIp(kernel: Kernel): string {
  const part = (): number => 1 + Math.floor(kernel.random() * 254);
  return `47.${96 + Math.floor(kernel.random() * 24)}.${part()}.${part()}`;
}

export function freshMac(kernel: Kernel): string {
  const part = (): string =>
    Math.floor(kernel.random() * 256)
      .toString(16)
      .padStart(2, "0");
  return `00:16:3e:${part()}:${part()}:${part()}`;
}

function bounds(cidr: string): { first: number; last: number } {
  const { start = 0, end = 0 } = { ...rangeOf(cidr) };
  return { first: start + RESERVED_HEAD, last: end - RESERVED_TAIL };
}

/** The addresses of a block, as numbers; undefined when it is none, or does not begin at its own first address. */
export function rangeOf(cidr: string): { start: number; end: number; bits: number } | undefined {
  const [base = "", length = ""] = cidr.split("/");
  const [start, bits] = [read(base), Number(length)];
  if (start === undefined || !/^\d{1,2}$/.test(length) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  return start % size === 0 ? { start, end: start + size - 1, bits } : undefined;
}

function read(address: string): number | undefined {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function write(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
