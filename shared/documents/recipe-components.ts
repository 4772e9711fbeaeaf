/** `components` of a recipe: steps of components, which run before its own. */
import * as z from "zod/mini";
import { mapOf } from "../map-of.ts";
import { NAME } from "../names.ts";
import { nameProblem, ParameterName, ParameterValue } from "../requests/parameters.ts";
import { closed, finding, orEmpty, rule, short, text } from "./fields.ts";

const COMPONENTS_MAX = 20;
/** The version of a component that is the highest one when a bake begins, of those that are no pre-releases. */
export const LATEST = "latest";
/** What follows a - marks a pre-release, as in https://semver.org: it is used only where a recipe names it. */
const PRERELEASE = String.raw`-[a-z0-9]{1,20}(?:\.[a-z0-9]{1,20}){0,3}`;
const VERSION = String.raw`\d{1,6}(?:\.\d{1,6}){0,2}(?:${PRERELEASE})?`;
const USE = new RegExp(`^(${NAME})/(${VERSION}|${LATEST})$`);
const KEY = new RegExp(String.raw`^components/(${NAME})/(${VERSION})\.(?:yaml|yml|json)$`);

/** The name and the version in a key such as `components/nginx/1.2.0.yaml`; undefined for any other key. */
export function componentIn(key: string): { readonly name: string; readonly version: string } | undefined {
  const [, name, version] = KEY.exec(key) ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}

const One = short(
  (value) => (typeof value === "string" ? { use: value } : value),
  closed({
    use: text(USE, "be a component and a version, like nginx/1.2.0 or nginx/latest"),
    parameters: orEmpty(mapOf(ParameterName, ParameterValue, nameProblem("__proto__") ?? ""), {}),
  }),
);

/** A component that a recipe uses. */
export interface ComponentUse {
  readonly name: string;
  /** An exact version, or LATEST. */
  readonly version: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const useOf = ({ use, parameters }: z.infer<typeof One>): ComponentUse => {
  const [, name = "", version = ""] = USE.exec(use) ?? [];
  return { name, version, parameters };
};

export const Components = z.pipe(
  z.array(One).check(
    z.maxLength(COMPONENTS_MAX),
    rule<z.infer<typeof One>[]>([], (uses) =>
      finding(uses.length === 0, [], "must name a component; leave it out for none"),
    ),
  ),
  z.transform((uses: z.infer<typeof One>[]) => uses.map(useOf)),
);

/** The highest of these versions that is no pre-release. */
export const latestOf = (versions: readonly string[]): string | undefined =>
  versions.filter((version) => !version.includes("-")).toSorted(byVersion)[0];

/** Orders versions by their numbers, the highest first. */
function byVersion(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (right?.[index] ?? 0) - (left?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  // 1.2 and 1.2.0 are two versions.
  return b.length - a.length;
}
