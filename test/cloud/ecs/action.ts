/** What an ECS action is made of, and the look-ups all of them share. */
import { CloudFault } from "../core/kernel.ts";
import type { Principal } from "../core/kernel.ts";
import type { JsonObject } from "../core/rpc.ts";
import type { TokenRules } from "../core/rpc-tokens.ts";
import type { Params } from "../core/params.ts";
import type { Image, Instance } from "./records.ts";
import type { ObjectLookup } from "./objects.ts";
import type { World } from "./world.ts";

export interface Call {
  readonly world: World;
  readonly objects: ObjectLookup;
  readonly principal: Principal;
  readonly params: Params;
  /** The region asked for, or the home region where the action has no RegionId. */
  readonly regionId: string;
  /** Whether the caller named a region: then nothing of another region is found. */
  readonly isRegional: boolean;
}

export interface EcsAction {
  /** Whether RegionId must be there; `none` where the action has no such parameter. */
  readonly region?: "required" | "optional" | "none";
  /** Status of InvalidRegionId.NotFound where it is not 404. */
  readonly regionStatus?: number;
  readonly tokens?: TokenRules;
  readonly run: (call: Call) => JsonObject;
}

/** The common spelling; actions with their own have their own. */
export const COMMON_TOKENS: TokenRules = {
  mismatch: [400, "IdempotentParameterMismatch"],
  malformed: [400, "InvalidClientToken.ValueNotSupported"],
};

export const NOTHING: JsonObject = {};

/** Whether a record has the wanted values. A value that is undefined was not asked for. */
export function matches<T extends object>(record: T, wanted: Partial<Record<keyof T, unknown>>): boolean {
  return Object.entries(wanted).every(
    ([name, value]) => value === undefined || Reflect.get(record, name) === value,
  );
}

/** @throws CloudFault 404 InvalidInstanceId.NotFound. */
export function needInstance(call: Call, name = "InstanceId"): Instance {
  return findInstance(call, call.params.need(name));
}

export function findInstance(call: Call, instanceId: string): Instance {
  const instance = call.world.instances.get(instanceId);
  if (instance === undefined || (call.isRegional && instance.regionId !== call.regionId)) {
    throw new CloudFault(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
  }
  return instance;
}

/** The resource group of what is made; "" is the account's default. @throws CloudFault 404. */
export function readResourceGroup({ world, params }: Pick<Call, "world" | "params">): string {
  const id = params.text("ResourceGroupId") ?? "";
  if (id === "" || world.resourceGroups.has(id)) return id;
  throw new CloudFault(
    404,
    "InvalidResourceGroup.NotFound",
    "The ResourceGroup provided does not exist in our records.",
  );
}

/** @throws CloudFault 404 InvalidImageId.NotFound. */
export function needImage(call: Call): Image {
  const image = call.world.image(call.regionId, call.params.need("ImageId"));
  if (image === undefined)
    throw new CloudFault(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
  return image;
}

/** Refuses with DryRunOperation, which is what success looks like here, when only a check was asked for. */
export function stopIfDry(params: Params): void {
  if (params.bool("DryRun")) {
    throw new CloudFault(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.");
  }
}

export function incorrectStatus(status = 403, whose = "resource"): CloudFault {
  return new CloudFault(
    status,
    "IncorrectInstanceStatus",
    `The current status of the ${whose} does not support this operation.`,
  );
}

/** @throws CloudFault 403 (400 for CreateImage) InstanceLockedForSecurity. */
export function refuseLocked(instance: Instance, status = 403): void {
  if (instance.locks.some((lock) => lock.reason === "security")) {
    throw new CloudFault(
      status,
      "InstanceLockedForSecurity",
      "The specified operation is denied as your instance is locked for security reasons.",
    );
  }
}
