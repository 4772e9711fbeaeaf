/**
 * Names of images and of their families (CreateImage, DescribeImageFromFamily):
 * IMAGE-NAME-1. 2–128 characters, a letter or a Chinese character first.
 * IMAGE-NAME-2. Letters, Chinese characters, digits, `:`, `_` and `-`. ImportImage, CopyImage and ModifyImageAttribute
 *     document the period, CreateImage and the names of families do not.
 *     https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createimage
 * IMAGE-NAME-3. No http:// or https://.
 * IMAGE-NAME-4. A family, and the name of an imported image, does not start with aliyun or acs:.
 */
import { isWord } from "./quotes.ts";

/** The first character of a name, in a set of a pattern. */
export const LETTER = "A-Za-z\\p{Script=Han}";
const FORM = new RegExp(`^[${LETTER}][${LETTER}0-9:_-]{1,127}$`, "u");

/** The first rule this image name breaks, completed with the rule's own words, or undefined. */
export function imageNameProblem(name: string, imported = false): string | undefined {
  if (/https?:\/\//i.test(name)) return "must not contain http:// or https://";
  if (imported && isReserved(name)) return "must not start with aliyun or acs: when an image is imported";
  if (name.length < 2 || name.length > 128) return `must be 2 to 128 characters, has ${name.length}`;
  if (FORM.test(imported ? name.replaceAll(".", "-") : name)) return undefined;
  if (FORM.test(name.replaceAll(".", "-")))
    return "must not hold a period, which CreateImage alone does not take; write - instead, or the version as image.version";
  return "must start with a letter or a Chinese character and hold only those, digits, : _ and -";
}

/** The first rule this family name breaks, or undefined. */
export function familyProblem(family: string): string | undefined {
  if (isReserved(family)) return "must not start with aliyun or acs:, which are the cloud's own";
  return family.includes(".") ? "must not hold a period; write - instead" : imageNameProblem(family);
}

function isReserved(name: string): boolean {
  return /^(aliyun|acs:)/i.test(name);
}

/** The placeholders of a name template; parameters of the recipe come in addition. */
const PLACEHOLDERS = ["recipe", "date", "time", "serial"] as const;
export const NAME_PLACEHOLDERS: readonly string[] = PLACEHOLDERS;
export const DEFAULT_IMAGE_NAME = "{recipe}-{date}-{serial}";

/** Long enough that two bakes of one recipe on one day differ, short enough to read aloud. */
const SERIAL_LENGTH = 8;

type Values = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{([A-Za-z]\w*)\}/g;

/** A text with its `{NAME}` replaced; one without a value stays. */
export const filled = (template: string, values: Values): string =>
  template.replaceAll(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole,
  );

/** The tags of `image.tags` with the values of a bake, for its image and for everything that is made on the way to it. */
export function filledTags(
  { image, parameters }: { readonly image: { readonly tags: Values }; readonly parameters?: unknown },
  values: Values,
): Record<string, string> {
  const given = (text: string): string => (parameters === undefined ? text : filled(text, values));
  return Object.fromEntries(Object.entries(image.tags).map(([key, value]) => [key, given(value)]));
}

/** Names in the `{NAME}` of a text. */
export const placeholdersIn = (template: string): readonly string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);

/**
 * Fills the template: `{date}` and `{time}` are UTC of `at` (epoch ms, the run's own start, so that a
 * repeated step finds the image it made before), `{serial}` the unique end of the run's id, all others are parameters.
 */
export function renderImageName(
  template: string,
  from: { recipe: string; run: string; at: number; parameters?: Values },
): string {
  const [date = "", time = ""] = new Date(from.at).toISOString().replaceAll(/[-:]/g, "").split(/[T.]/);
  const serial = from.run.slice(from.run.lastIndexOf("-") + 1).slice(0, SERIAL_LENGTH);
  return filled(template, { ...from.parameters, recipe: from.recipe, date, time, serial });
}

/** The parameters of a recipe, as far as fields need to know them. */
type Declared = Readonly<Record<string, { readonly fromEnv?: string }>>;

/** Why a field must not hold `{name}`. `others` are known besides the parameters. */
export function fieldProblem(
  name: string,
  declared: Declared,
  others: readonly string[],
): string | undefined {
  if (others.includes(name)) return undefined;
  if (!Object.hasOwn(declared, name)) {
    const shown = shownPart(`{${name}}`);
    const known = [...others, ...Object.keys(declared).filter((one) => declared[one]?.fromEnv === undefined)];
    if (known.length === 0)
      return `must not hold ${shown}, which is no parameter; declare it under parameters:`;
    return `must use only ${known.map((one) => `{${one}}`).join(", ")}, has ${shown}`;
  }
  return declared[name]?.fromEnv === undefined
    ? undefined
    : `must not hold {${name}}, which is a secret; remove it`;
}

export interface NameRules {
  readonly imported?: boolean;
  readonly parameters?: Declared;
  /** A value of each parameter. */
  readonly samples?: Values;
}

/** The problem of a template for this recipe, checked on a complete name. */
export function templateProblem(
  template: string,
  recipe: string,
  { imported = false, parameters, samples = {} }: NameRules = {},
): string | undefined {
  if (parameters === undefined) {
    const strange = template.match(/\{[^}]*\}?/g)?.find((part) => !isPlaceholder(part));
    if (strange !== undefined)
      return `must use only {recipe}, {date}, {time} and {serial}, has ${shownPart(strange)}`;
  } else {
    const [unknown] = placeholdersIn(template).flatMap(
      (name) => fieldProblem(name, parameters, PLACEHOLDERS) ?? [],
    );
    if (unknown !== undefined) return unknown;
  }
  const problem = sampleProblem(template, recipe, imported, samples);
  if (problem !== undefined) return problem;
  // Names are unique in an account and region: without a serial the second bake could not be named.
  if (!template.includes("{serial}") && !(template.includes("{date}") && template.includes("{time}"))) {
    return "must hold {serial}, or {date} and {time}: image names are unique in a region";
  }
  return undefined;
}

/** The problem of the first image's name. */
function sampleProblem(
  template: string,
  recipe: string,
  imported: boolean,
  samples: Values,
): string | undefined {
  const run = `bake-${recipe}-20260101-0123456789ab`;
  const sample = renderImageName(template, { recipe, run, at: 0, parameters: samples });
  const problem = imageNameProblem(sample, imported);
  return problem === undefined
    ? undefined
    : `${problem}${isWord(sample) ? ` (it becomes ${JSON.stringify(sample)})` : ""}`;
}

/** A part of a name in braces; a command may stand there, too. */
const shownPart = (part: string): string => (/^\{\w{0,40}\}?$/.test(part) ? part : "another part in braces");

function isPlaceholder(part: string): boolean {
  return PLACEHOLDERS.some((name) => part === `{${name}}`);
}
