/**
 * Puts parameters in the cloud's spelling into the official request models.
 * The models know every parameter and its type, so a misspelt or mistyped one is found here and not ignored there.
 */
import { ConfigError } from "../errors.ts";

type Wire = Readonly<Record<string, unknown>>;

/** Loads the module of a request class, `() => import("…/StopInstanceRequest.js")`: each costs cold start. */
export type RequestSource = () => Promise<unknown>;

/** The common part of the generated request classes: wire names and types by property. */
interface RequestModel {
  new (map?: Record<string, unknown>): { toMap(): Record<string, unknown> };
  names(): Record<string, string>;
  types(): Record<string, unknown>;
}

/**
 * `params` as the official model sends them, checked member by member.
 * `RegionId` is left out where the action does not take one.
 * @throws ConfigError naming the member that the action does not have, or whose type is wrong.
 */
export async function toWire(source: RequestSource, action: string, params: Wire): Promise<Wire> {
  const module = await source();
  const model = isWire(module) ? module[`${action}Request`] : undefined;
  if (!isModel(model))
    throw new ConfigError(`${action} has no official request class under the name it was given`);
  const regional = Object.values(model.names()).includes("RegionId");
  const given = regional ? params : { ...params, RegionId: undefined };
  return new model(toMembers(model, given, action)).toMap();
}

function toMembers(model: RequestModel, params: Wire, path: string): Record<string, unknown> {
  const members = new Map(Object.entries(model.names()).map(([member, name]) => [name, member]));
  const types = model.types();
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(
    given.map(([name, value]) => {
      const member = members.get(name);
      if (member === undefined) throw new ConfigError(`${path} has no parameter ${name}; check its spelling`);
      return [member, toMember(types[member], value, `${path}.${name}`)];
    }),
  );
}

function toMember(type: unknown, value: unknown, path: string): unknown {
  if (isModel(type)) {
    if (!isWire(value)) throw mistyped(path, "an object", value);
    return toMembers(type, value, path);
  }
  if (isWire(type) && "type" in type)
    return type["type"] === "array" ? toList(type["itemType"], value, path) : value;
  // SystemDisk.Size is a string in RunInstances and a number elsewhere: a number is welcome in both.
  if (type === "string" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (typeof type === "string" && typeof value !== type && type !== "any") throw mistyped(path, type, value);
  return value;
}

function toList(itemType: unknown, value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw mistyped(path, "a list", value);
  return value.map((item: unknown, index) => toMember(itemType, item, `${path}.${index + 1}`));
}

const isWire = (value: unknown): value is Wire =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isModel(type: unknown): type is RequestModel {
  return typeof type === "function" && "names" in type && "types" in type;
}

function mistyped(path: string, wanted: string, value: unknown): ConfigError {
  return new ConfigError(`${path} must be ${wanted}, not ${Array.isArray(value) ? "a list" : typeof value}`);
}
