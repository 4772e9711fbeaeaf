/** What the launch call of a fleet is told, rung by rung. Pure. */
import { hours } from "../../shared/duration.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import { shiftedBy } from "../../shared/documents/ordered-name.ts";
import { TAG } from "../../shared/labels.ts";

/** One way to have an instance: a payment, a type and a vSwitch. */
export interface Rung {
  readonly name: string;
  /** Undefined where a launch template brings the type. */
  readonly instanceType: string | undefined;
  readonly payment: Fleet["ladder"][number];
  readonly params: Readonly<Record<string, unknown>>;
}

/** The ladder of a fleet: payment first, then type, then vSwitch, each in the order it is written. */
export function rungsOf({ launch, ladder }: Pick<Fleet, "launch" | "ladder">): readonly Rung[] {
  // A launch template may bring type or vSwitch itself.
  const types = launch.InstanceType.length > 0 ? launch.InstanceType : [undefined];
  const vSwitches = launch.VSwitchId.length > 0 ? launch.VSwitchId : [undefined];
  return ladder.flatMap((payment) =>
    types.flatMap((InstanceType) =>
      vSwitches.map((VSwitchId) => ({
        name: [InstanceType ?? "template", VSwitchId && `in ${VSwitchId}`, payment === "spot" && "(spot)"]
          .filter(Boolean)
          .join(" "),
        instanceType: InstanceType,
        payment,
        params: {
          ...(InstanceType !== undefined && { InstanceType }),
          ...(VSwitchId !== undefined && { VSwitchId }),
          ...(payment === "onDemand" && ON_DEMAND),
        },
      })),
    ),
  );
}

/** Takes the spot parameters of the document back. */
const ON_DEMAND = {
  SpotStrategy: "NoSpot",
  SpotPriceLimit: undefined,
  SpotDuration: undefined,
  SpotInterruptionBehavior: undefined,
} as const;

export interface LaunchRequest {
  readonly run: string;
  /** What the family served when the run began; written on the instance, so that drift can be seen. */
  readonly imageId: string;
  readonly amount: number;
  /** How many instances this run launched before: ordered names go on from there. */
  readonly launched: number;
  /** When this call was first meant to happen: the expiry counts from here, so that a repeat asks for the same. */
  readonly at: number;
  /** The host names granted to the run, where the fleet has a list of them. */
  readonly hostNames?: readonly string[];
  /** Raw bytes of user data, when the fleet has any. */
  readonly userData?: Uint8Array;
}

/** A launch call may be repeated for half an hour and must then still be half an hour ahead of its expiry. */
const EXPIRY_MIN_MS = hours(1);

/**
 * All parameters of one launch call but token and password. The family decides the image, in the cloud, at
 * the moment of the launch.
 */
export function launchParams(
  fleet: Fleet,
  rung: Rung["params"],
  request: LaunchRequest,
): Readonly<Record<string, unknown>> {
  const { InstanceType: _types, VSwitchId: _vSwitches, UserData: _userData, Tag, ...rest } = fleet.launch;
  const { amount, launched, userData } = request;
  const own = {
    [TAG.fleet]: fleet.name,
    [TAG.role]: "member",
    [TAG.run]: request.run,
    [TAG.image]: request.imageId,
  };
  const { InstanceName, HostName, HostNames } = rest;
  return {
    ...rest,
    ...rung,
    ...(InstanceName !== undefined && { InstanceName: shiftedBy(InstanceName, launched) }),
    ...(HostName !== undefined && { HostName: shiftedBy(HostName, launched) }),
    ...(HostNames !== undefined && { HostNames: namesFrom(request.hostNames, launched, amount) }),
    ImageFamily: fleet.family,
    Tag: [...Tag, ...Object.entries(own).map(([Key, Value]) => ({ Key, Value }))],
    ...(userData && { UserData: Buffer.from(userData).toString("base64") }),
    ...(fleet.via === "RunInstances" && batchParams(fleet, request)),
  };
}

/** Beyond the granted ones come replacements of lost instances, whose names are free again: from the first on. */
const namesFrom = (names: readonly string[] = [], from: number, count: number): (string | undefined)[] =>
  Array.from({ length: count }, (_, n) => names[(from + n) % names.length]);

/** CreateInstance makes one and knows none of these. */
function batchParams({ expireAfterMs }: Fleet, { amount, at }: LaunchRequest) {
  return {
    Amount: amount,
    // Fewer are welcome: what came is kept and the rest is asked for elsewhere.
    ...(amount > 1 && { MinAmount: 1 }),
    ...(expireAfterMs !== undefined && {
      AutoReleaseTime: upToTheMinute(at + Math.max(expireAfterMs, EXPIRY_MIN_MS)),
    }),
  };
}

const MINUTE_MS = 60_000;
/** The cloud cuts seconds off; never earlier than asked for. */
const upToTheMinute = (at: number): string =>
  new Date(Math.ceil(at / MINUTE_MS) * MINUTE_MS).toISOString().replace(/\.\d+Z$/, "Z");
