/** The members that an answer may hold, by the official SDK of ECS. A member it does not know would work here and not in the cloud. */
import { createRequire } from "node:module";
import { known } from "../support/known.ts";

const require = createRequire(import.meta.url);

interface ListType {
  readonly type: "array" | "map";
  readonly itemType?: Type;
}
type Type = string | ModelClass | ListType;

interface ModelClass {
  names(): Readonly<Record<string, string>>;
  types(): Readonly<Record<string, Type>>;
}

const isModel = (type: Type | undefined): type is ModelClass => typeof type === "function";
const isList = (type: Type | undefined): type is ListType => typeof type === "object";
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Paths of the members of an answer to `action` that its response class does not have. */
export function foreignMembers(action: string, answer: unknown): string[] {
  // The SDK writes one word of the cloud's in its own way.
  const name = `${action.replace("VSwitch", "Vswitch")}ResponseBody`;
  const models = known<Readonly<Record<string, unknown>>>(
    require(`@alicloud/ecs20140526/dist/models/${name}.js`),
  );
  return foreign(known<Type>(models[name]), answer, action);
}

function foreign(type: Type | undefined, value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const item = isList(type) ? type.itemType : undefined;
    return value.flatMap((one: unknown, index) => foreign(item, one, `${path}.${index}`));
  }
  if (!isRecord(value) || !isModel(type)) return [];
  const [names, types] = [type.names(), type.types()];
  return Object.entries(value).flatMap(([member, inner]) => {
    const own = Object.keys(names).find((key) => names[key] === member);
    return own === undefined ? [`${path}.${member}`] : foreign(types[own], inner, `${path}.${member}`);
  });
}
