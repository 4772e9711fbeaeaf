/** The parameter that a refusal is about: codes such as InvalidVSwitchId.NotFound name it. Pure. */

/** A parameter in the cloud's spelling and the value that was sent. */
export interface RefusedValue {
  readonly parameter: string;
  readonly value: string;
}

const NAMED = /^Invalid([A-Z][A-Za-z]*?)(?:Ids?|Name)?(?:\.|$)/;
/** Codes that are about another parameter than the one that they name. */
const OTHER: readonly (readonly [RegExp, readonly string[]])[] = [
  [/PassRole/, ["RamRoleName"]],
  [/IpInvalid/, ["PrivateIpAddress", "PrimaryIpAddress"]],
  [/DiskCategory/, ["Category"]],
];
const SUFFIXES = ["", "Id", "Ids", "Name", "Family"];

/** The first parameter of that name among those that were sent; undefined when the code names none. */
export function refusedValue(code: string, params: unknown): RefusedValue | undefined {
  const word = NAMED.exec(code)?.[1];
  if (word === undefined) return undefined;
  const names = OTHER.find(([pattern]) => pattern.test(code))?.[1];
  return find(names ?? SUFFIXES.map((suffix) => word + suffix), params);
}

function find(names: readonly string[], params: unknown): RefusedValue | undefined {
  if (typeof params !== "object" || params === null) return undefined;
  for (const [parameter, value] of Object.entries(params)) {
    if (names.includes(parameter) && isShown(value)) return { parameter, value: String(value) };
    const inner = find(names, value);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

const isShown = (value: unknown): boolean =>
  typeof value === "string" || (Array.isArray(value) && value.every((one) => typeof one === "string"));
