/** Variables that are in the cloud and not in the environment: kept, unless `--unset` removes them (DEPLOY-2). */
import { nearest } from "../shared/documents/spelling.ts";
import type { Environment } from "./config.ts";
import { DOMAIN_VARIABLE } from "./domains.ts";
import type { LiveFunction } from "./functions.ts";
import type { Declared } from "./manifest.ts";

/** Reasons to refuse `--unset`: of a variable that is set, or that no function has. */
export function unsetProblems(
  environment: Environment,
  unset: readonly string[],
  declared: readonly Declared[],
): readonly string[] {
  const known = [...new Set(declared.flatMap((one) => Object.keys(one.environment))), DOMAIN_VARIABLE];
  return unset.flatMap((name) => {
    if (environment[name] !== undefined) return [`--unset ${name}, but ${name} is set; keep one of the two`];
    if (known.includes(name)) return [];
    const near = nearest(name, known);
    return [
      `--unset ${name}, but no function has such a variable; ${near === undefined ? `there are ${known.join(", ")}` : `write ${near}`}`,
    ];
  });
}

/** Variables of s.yaml that are empty here and set there. */
export function keptVariables(
  declared: readonly Declared[],
  live: readonly LiveFunction[],
  unset: readonly string[],
): Environment {
  const kept: Record<string, string> = {};
  for (const { functionName, environmentVariables } of live) {
    const wanted = declared.find(({ name }) => name === functionName)?.environment ?? {};
    for (const [name, value] of Object.entries(environmentVariables))
      if (wanted[name] === "" && value !== "" && !unset.includes(name)) kept[name] = value;
  }
  return kept;
}

export const withKept = (variables: Environment, kept: Environment): Environment =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value || (kept[name] ?? "")]));
