/** The secrets of builds and tests, in KILN_SECRETS by the names that `fromEnv` of parameters gives. */
import { joinReasons } from "./budget.ts";
import { readBuildSecrets } from "./config.ts";
import type { Recipe } from "./documents/recipe.ts";
import { valueProblem } from "./requests/declared-parameters.ts";
import { ok, problem, type Result } from "./result.ts";

/**
 * The secrets that a recipe names, by the name of their parameter; or what is wrong with them here. The whole
 * environment is known to `redact` from the start of an invocation.
 * @throws ConfigError for a variable that is malformed.
 */
export function buildSecrets({
  parameters = {},
}: Pick<Recipe, "parameters">): Result<Readonly<Record<string, string>>> {
  const named = Object.entries(parameters).flatMap(([name, { fromEnv }]) =>
    fromEnv === undefined ? [] : [{ name, fromEnv }],
  );
  if (named.length === 0) return ok({});
  const all = readBuildSecrets();
  const missing = named.filter(({ fromEnv }) => !Object.hasOwn(all, fromEnv) || all[fromEnv] === "");
  if (missing.length > 0)
    return problem(
      joinReasons(
        missing.map(
          ({ name, fromEnv }) =>
            `parameters.${name}: KILN_SECRETS has no ${fromEnv}; add it there and deploy again`,
        ),
      ),
    );
  for (const { name, fromEnv } of named) {
    const unsound = valueProblem(parameters[name] ?? {}, String(all[fromEnv]));
    if (unsound !== undefined)
      return problem(
        `parameters.${name}: ${fromEnv} in KILN_SECRETS ${unsound}; correct it there and deploy again`,
      );
  }
  return ok(Object.fromEntries(named.map(({ name, fromEnv }) => [name, String(all[fromEnv])])));
}
