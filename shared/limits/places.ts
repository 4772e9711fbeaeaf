/**
 * The numbered places of a fleet: instance names and host names with a number, and private addresses from the first one on. Pure.
 *
 * PLACE-1. The names and the address of an instance have the same place, counted from 0. A launch call takes places one
 *     after another, so a run gets a block of free places with its reservation.
 * PLACE-2. A stopped member keeps its place, because it may be started again.
 */
import type { Instance } from "../cloud/ecs/instance.ts";
import type { Fleet } from "../documents/fleet.ts";
import {
  ignoresUniqueSuffix,
  numbered,
  parseOrderedName,
  placeIn,
  shiftedBy,
} from "../documents/ordered-name.ts";

type Launch = Fleet["launch"];

/** The names of a launch; `UniqueSuffix` only where a name is left that the cloud has to complete. */
function namesOf({ InstanceName, HostName, UniqueSuffix }: Launch) {
  const names = {
    ...(InstanceName !== undefined && { InstanceName: numbered(InstanceName, UniqueSuffix) }),
    ...(HostName !== undefined && { HostName: numbered(HostName, UniqueSuffix) }),
  };
  const isLeft = Object.values(names).some((name) => !ignoresUniqueSuffix(name));
  return { ...names, UniqueSuffix: UniqueSuffix && isLeft ? true : undefined };
}

function addressOf({ PrivateIpAddress, NetworkInterface: cards = [] }: Launch): string | undefined {
  return (
    PrivateIpAddress ?? cards.find(({ PrimaryIpAddress }) => PrimaryIpAddress !== undefined)?.PrimaryIpAddress
  );
}

function patternsOf(launch: Launch): string[] {
  const { InstanceName = "", HostName = "" } = namesOf(launch);
  return [InstanceName, HostName].filter((name) => parseOrderedName(name) !== undefined);
}

/** Whether the instances of a fleet have places. */
export const isNumbered = (launch: Launch): boolean =>
  patternsOf(launch).length > 0 || addressOf(launch) !== undefined;

/** The places that an instance has in a fleet; its document may have changed, so there may be none or several. */
export function placesOf(launch: Launch, { name, hostName = "", privateIp }: Instance): number[] {
  const named = patternsOf(launch).flatMap((pattern) => [placeIn(pattern, name), placeIn(pattern, hostName)]);
  const first = addressOf(launch);
  const addressed =
    first !== undefined && privateIp !== undefined ? asNumber(privateIp) - asNumber(first) : -1;
  return [...new Set([...named, addressed])].filter(
    (place): place is number => place !== undefined && place >= 0,
  );
}

/** The names and addresses of a launch call whose first instance has `place`. */
export function placed(launch: Launch, place: number) {
  const { InstanceName, HostName, UniqueSuffix } = namesOf(launch);
  const { PrivateIpAddress, NetworkInterface } = launch;
  return {
    InstanceName: InstanceName && shiftedBy(InstanceName, place),
    HostName: HostName && shiftedBy(HostName, place),
    UniqueSuffix,
    PrivateIpAddress: PrivateIpAddress && addressAt(PrivateIpAddress, place),
    NetworkInterface: NetworkInterface?.map((card) => ({
      ...card,
      ...(card.PrimaryIpAddress !== undefined && {
        PrimaryIpAddress: addressAt(card.PrimaryIpAddress, place),
      }),
    })),
  };
}

/** The start of the first `size` free places in a row. */
export function freeBlock(taken: readonly number[], size: number): number {
  let start = 0;
  for (const place of taken.toSorted((a, b) => a - b)) {
    if (place >= start + size) break;
    start = Math.max(start, place + 1);
  }
  return start;
}

const asNumber = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function addressAt(first: string, place: number): string {
  const number = asNumber(first) + place;
  return [3, 2, 1, 0].map((byte) => Math.floor(number / 256 ** byte) % 256).join(".");
}
