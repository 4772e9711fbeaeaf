/**
 * `parameters` of a recipe: the values that a caller may choose, and secrets of the deployment.
 *
 * DECLARE-1. The name of the image, its version, description and tags hold values as `{NAME}`, like the placeholders
 *     of its name. Commands get variables and are never filled in, so `${NAME}` there is the shell's.
 * DECLARE-2. A document without `parameters` has no `{NAME}` besides the placeholders of the image's name.
 */
import * as z from "zod/mini";
import { mapOf } from "../map-of.ts";
import { valueProblem, type Declarations } from "../requests/declared-parameters.ts";
import { nameProblem, ParameterName, ParameterValue } from "../requests/parameters.ts";
import { closed, finding, isMap, rule, text, type Finding } from "./fields.ts";
import { fieldProblem, filled, NAME_PLACEHOLDERS, placeholdersIn } from "./image-name.ts";
import { description } from "./names.ts";
import { patternProblem } from "./pattern.ts";
import { Version } from "./recipe-image.ts";
import type { Step } from "./recipe-steps.ts";
import { IMAGE_TAGS, tagFindings } from "./tags.ts";

const PARAMETERS_MAX = 50;

const shape = {
  default: z.exactOptional(ParameterValue),
  pattern: z.exactOptional(z.string()),
  fromEnv: z.exactOptional(
    text(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "be a name in KILN_SECRETS: letters, digits and _"),
  ),
};
type Written = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

const One = closed(shape, {
  required: "is not known; a parameter without default: and fromEnv: is required",
}).check(
  rule<Written>(["pattern"], ({ pattern }) => {
    const message = pattern === undefined ? undefined : patternProblem(pattern);
    return message === undefined ? [] : [{ at: ["pattern"], message }];
  }),
  rule<Written>(["fromEnv", "default", "pattern"], (one) =>
    (["default", "pattern"] as const).flatMap((key) =>
      finding(
        one.fromEnv !== undefined && one[key] !== undefined,
        [key],
        "does not go with fromEnv, whose value is secret; remove one of the two",
      ),
    ),
  ),
  rule<Written>(["default", "pattern"], (one) => {
    const { default: value, pattern } = one;
    const isSound = pattern === undefined || patternProblem(pattern) === undefined;
    const message = value === undefined || !isSound ? undefined : valueProblem(one, value);
    return message === undefined ? [] : [{ at: ["default"], message }];
  }),
);

/** A value may be secret, so it is not quoted. */
const declaration = z.check(({ value, issues }) => {
  if (isMap(value) || value === null) return;
  const message = "must be a map; write the value in it, { default: … }";
  issues.push({ code: "custom", input: value, message, continue: false });
});
const Declared = z.pipe(z.unknown().check(declaration), One);

export const DeclaredParameters = mapOf(ParameterName, Declared, nameProblem("__proto__") ?? "").check(
  rule<Record<string, Written>>(["*"], (declared) => [
    ...Object.keys(declared).flatMap((name) =>
      finding(
        NAME_PLACEHOLDERS.includes(name),
        [name],
        `is a placeholder of image.name; give the parameter another name, such as ${name.toUpperCase()}`,
      ),
    ),
    ...finding(Object.keys(declared).length > PARAMETERS_MAX, [], `must be at most ${PARAMETERS_MAX}`),
  ]),
);

interface WithSteps {
  readonly parameters?: Declarations;
  readonly provision: readonly Step[];
  readonly test: { readonly commands: readonly Step[] };
}

/** A step's own variables are never replaced, so a parameter of that name would have no effect there. */
export function environmentFindings({ parameters = {}, provision, test }: WithSteps): Finding[] {
  // Steps, and the other parameters, may be unsound.
  const steps: readonly unknown[] = [provision, Object(test).commands].flat();
  const names = new Set(steps.flatMap((step) => Object.keys(Object(Object(step).environment))));
  return Object.keys(isMap(parameters) ? parameters : {}).flatMap((name) =>
    finding(
      names.has(name),
      ["parameters", name],
      "is also set under environment of a step, which a parameter does not replace; rename one of the two",
    ),
  );
}

interface WithImage {
  readonly parameters?: Declarations;
  readonly description?: string;
  readonly image: {
    readonly version?: string;
    readonly description?: string;
    readonly tags: Readonly<Record<string, string>>;
  };
}

type Field = readonly [place: readonly string[], text: string];

const fieldsOf = ({ description: whole, image }: WithImage): readonly Field[] => [
  ...(whole === undefined ? [] : [[["description"], whole] as const]),
  ...(image.version === undefined ? [] : [[["image", "version"], image.version] as const]),
  ...(image.description === undefined ? [] : [[["image", "description"], image.description] as const]),
  ...Object.entries(image.tags).map(([key, value]) => [["image", "tags", key], value] as const),
];

const RULES = { version: Version, description: description() };

/** The rule that a field breaks once it is filled in. */
function filledProblem(place: readonly string[], text: string): string | undefined {
  if (place[1] === "tags") return tagFindings(place[2] ?? "", text, IMAGE_TAGS, [])[0]?.message;
  const { error } = RULES[place.at(-1) === "version" ? "version" : "description"].safeParse(text);
  return error?.issues[0]?.message;
}

/** Placeholders that are unknown or secret (DECLARE-1), and fields that no value makes sound. */
export function templateFindings(recipe: WithImage): Finding[] {
  const { parameters } = recipe;
  const samples = samplesOf(parameters ?? {});
  return fieldsOf(recipe).flatMap(([at, written]) => {
    const [problem] =
      parameters === undefined
        ? []
        : placeholdersIn(written).flatMap((name) => fieldProblem(name, parameters, []) ?? []);
    const message =
      problem ?? filledProblem(at, parameters === undefined ? written : filled(written, samples));
    return message === undefined ? [] : [{ at, message }];
  });
}

/** A value for each parameter that a field may hold: the default, or a text as short as there is. */
export const samplesOf = (declared: Declarations): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(declared).map(([name, one]) => [name, one.default ?? "xx"]));

/** The image's fields of a recipe with these values, and the first rule that one of them breaks. */
export function filledImage(recipe: WithImage, values: Readonly<Record<string, string>>): string | undefined {
  if (recipe.parameters === undefined) return undefined;
  for (const [at, written] of fieldsOf(recipe)) {
    const problem = filledProblem(at, filled(written, values));
    if (problem !== undefined) return `${at.join(".")}: ${problem}, with the parameters of this bake`;
  }
  return undefined;
}
