/**
 * Names of images and of their families (CreateImage, DescribeImageFromFamily):
 * IMAGE-NAME-1. 2–128 characters, a letter or a Chinese character first.
 * IMAGE-NAME-2. Letters, Chinese characters, digits, `:`, `_` and `-`. A period is in some of the cloud's own
 *     tables and missing in others, so Kiln refuses it.
 * IMAGE-NAME-3. No http:// or https://.
 * IMAGE-NAME-4. A family, and the name of an imported image, does not start with aliyun or acs:.
 */

const LETTER = "A-Za-z\\p{Script=Han}";
const FORM = new RegExp(`^[${LETTER}][${LETTER}0-9:_-]{1,127}$`, "u");

/** The first rule this image name breaks, completed with the rule's own words, or undefined. */
export function imageNameProblem(name: string, imported = false): string | undefined {
  if (/https?:\/\//i.test(name)) return "must not contain http:// or https://";
  if (imported && isReserved(name)) return "must not start with aliyun or acs: when an image is imported";
  if (name.length < 2 || name.length > 128) return `must be 2 to 128 characters, has ${name.length}`;
  if (FORM.test(name)) return undefined;
  return "must start with a letter or a Chinese character and hold only those, digits, : _ and -";
}

/** The first rule this family name breaks, or undefined. */
export function familyProblem(family: string): string | undefined {
  if (isReserved(family)) return "must not start with aliyun or acs:, which are the cloud's own";
  return imageNameProblem(family);
}

function isReserved(name: string): boolean {
  return /^(aliyun|acs:)/i.test(name);
}

/** The placeholders of a name template. */
const PLACEHOLDERS = ["recipe", "date", "time", "serial"] as const;
export const DEFAULT_IMAGE_NAME = "{recipe}-{date}-{serial}";

/** Long enough that two bakes of one recipe on one day differ, short enough to read aloud. */
const SERIAL_LENGTH = 8;

/**
 * Fills the template: `{date}` and `{time}` are UTC of `at` (epoch ms, the run's own start, so that a
 * repeated step finds the image it made before), `{serial}` the unique end of the run's id.
 */
export function renderImageName(template: string, from: { recipe: string; run: string; at: number }): string {
  const [date = "", time = ""] = new Date(from.at).toISOString().replaceAll(/[-:]/g, "").split(/[T.]/);
  const serial = from.run.slice(from.run.lastIndexOf("-") + 1).slice(0, SERIAL_LENGTH);
  const values: Readonly<Record<string, string>> = { recipe: from.recipe, date, time, serial };
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The problem of a template for this recipe, checked on a complete name. */
export function templateProblem(template: string, recipe: string, imported = false): string | undefined {
  const strange = template.match(/\{[^}]*\}?/g)?.find((part) => !isPlaceholder(part));
  if (strange !== undefined) {
    return `must use only {recipe}, {date}, {time} and {serial}, has ${strange}`;
  }
  const sample = renderImageName(template, { recipe, run: `bake-${recipe}-20260101-0123456789ab`, at: 0 });
  const problem = imageNameProblem(sample, imported);
  if (problem !== undefined) return `${problem} (it becomes ${JSON.stringify(sample)})`;
  // Names are unique in an account and region: without a serial the second bake could not be named.
  if (!template.includes("{serial}") && !(template.includes("{date}") && template.includes("{time}"))) {
    return "must hold {serial}, or {date} and {time}: image names are unique in a region";
  }
  return undefined;
}

function isPlaceholder(part: string): boolean {
  return PLACEHOLDERS.some((name) => part === `{${name}}`);
}
