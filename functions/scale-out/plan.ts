/** What RunInstances is told, rung by rung. Pure. */
import type { Fleet } from "../../shared/documents/fleet.ts";
import { TAG } from "../../shared/labels.ts";

/** One way to have an instance: a payment, a type and a zone. */
export interface Rung {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The ladder of a fleet: payment first, then type, then vSwitch, each in the order it is written. */
export function rungsOf({ launch, ladder }: Fleet): readonly Rung[] {
  // A launch template may bring type or vSwitch itself.
  const types = launch.InstanceType.length > 0 ? launch.InstanceType : [undefined];
  const vSwitches = launch.VSwitchId.length > 0 ? launch.VSwitchId : [undefined];
  return ladder.flatMap((payment) =>
    types.flatMap((InstanceType) =>
      vSwitches.map((VSwitchId) => ({
        name: [InstanceType ?? "template", VSwitchId && `in ${VSwitchId}`, payment === "spot" && "(spot)"]
          .filter(Boolean)
          .join(" "),
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
  readonly fleet: string;
  /** What the family served when the run began; written on the instance, so that drift can be seen. */
  readonly imageId: string;
  readonly amount: number;
  /** When the run began: the expiry counts from here, so that a repeat asks for exactly the same. */
  readonly at: number;
  /** Raw bytes of user data, when the fleet has any. */
  readonly userData?: Uint8Array;
}

/** All parameters of one launch call. The family decides the image, in the cloud, at the moment of the launch. */
export function launchParams(
  { launch, family, expireAfterMs }: Fleet,
  rung: Rung["params"],
  request: LaunchRequest,
): Readonly<Record<string, unknown>> {
  const { InstanceType: _types, VSwitchId: _vSwitches, UserData: _userData, Tag, ...rest } = launch;
  const own = {
    [TAG.fleet]: request.fleet,
    [TAG.role]: "member",
    [TAG.run]: request.run,
    [TAG.image]: request.imageId,
  };
  return {
    ...rest,
    ...rung,
    ImageFamily: family,
    Amount: request.amount,
    // Fewer are welcome: what came is kept and the rest is asked for elsewhere.
    ...(request.amount > 1 && { MinAmount: 1 }),
    Tag: [...Tag, ...Object.entries(own).map(([Key, Value]) => ({ Key, Value }))],
    ...(request.userData && { UserData: Buffer.from(request.userData).toString("base64") }),
    ...(expireAfterMs !== undefined && { AutoReleaseTime: toTheMinute(request.at + expireAfterMs) }),
  };
}

/** The cloud floors to the minute itself; done here, a repeat in the same run is the same to the letter. */
const toTheMinute = (at: number): string => new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, ":00Z");
