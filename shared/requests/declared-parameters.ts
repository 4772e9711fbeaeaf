/** The parameters that a recipe declares (PARAM-4), apart from the names that are reserved, which few phases need. Pure. */
import * as z from "zod/mini";
import type { Step } from "../documents/recipe-steps.ts";

/** A parameter as a recipe declares it. One with neither a default nor a secret of the deployment is required. */
interface Declared {
  readonly default?: string;
  readonly pattern?: string;
  /** The name in KILN_SECRETS of a value that no caller gives and nothing holds. */
  readonly fromEnv?: string;
  /** The patterns of components that use this parameter of a recipe, once the recipe is expanded. */
  readonly rules?: readonly { readonly component: string; readonly pattern: string }[];
}
export type Declarations = Readonly<Record<string, Declared>>;

const maybe = z.exactOptional(z.string());
const Rule = z.strictObject({ component: z.string(), pattern: z.string() });
/** Declarations as events and the index of documents carry them. */
export const Declarations: z.ZodMiniType<Declarations> = z.record(
  z.string(),
  z.strictObject({
    default: maybe,
    pattern: maybe,
    fromEnv: maybe,
    rules: z.exactOptional(z.array(Rule)),
  }),
);

/** The longest value that is compared with a pattern, in characters (PATTERN-1). */
export const PATTERN_VALUE_MAX = 100;

/** Why a value does not fit its declaration, as the rest of a sentence; it does not quote the value. */
export function valueProblem({ pattern, rules = [] }: Declared, value: string): string | undefined {
  const own = pattern === undefined ? undefined : patternMismatch(pattern, value);
  if (own !== undefined) return own;
  const broken = rules.find((rule) => patternMismatch(rule.pattern, value) !== undefined);
  return broken && `${patternMismatch(broken.pattern, value)}, the pattern of component ${broken.component}`;
}

function patternMismatch(pattern: string, value: string): string | undefined {
  if (value.length > PATTERN_VALUE_MAX)
    return `must have at most ${PATTERN_VALUE_MAX} characters, because it has a pattern`;
  return new RegExp(pattern).test(value) ? undefined : `must match ${pattern}`;
}

type Values = Readonly<Record<string, string>>;

/** Why these values are none of the declared ones, each as `parameters.NAME: …` (PARAM-4). */
export function declaredProblems(declared: Declarations, given: Values): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const one = Object.hasOwn(declared, name) ? declared[name] : undefined;
    const problem =
      one === undefined
        ? `is not declared; the recipe has ${Object.keys(declared).join(", ") || "no parameters"}`
        : one.fromEnv === undefined
          ? valueProblem(one, value)
          : "is a secret of the deployment (fromEnv); leave it out";
    return problem === undefined ? [] : [`parameters.${name}: ${problem}`];
  });
}

/** Names of required parameters without a value. */
export const missingIn = (declared: Declarations, given: Values): readonly string[] =>
  Object.entries(declared).flatMap(([name, one]) =>
    one.default === undefined && one.fromEnv === undefined && !Object.hasOwn(given, name) ? [name] : [],
  );

export const missingProblem = (name: string): string =>
  `parameters.${name}: is required, because the recipe gives it no default; add it to the request`;

/** A command with variables beside those of its recipe; a step of another kind as it is. */
export const withVariables = <S extends Step>(step: S, variables: Values): S =>
  "command" in step ? { ...step, environment: { ...variables, ...step.environment } } : step;
