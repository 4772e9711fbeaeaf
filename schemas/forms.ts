/**
 * Rules about one key that Kiln keeps in functions, as far as JSON Schema can say them: never more than the function refuses
 * (SCHEMA-1). By the path of the key, without the name of the kind.
 */
import { LETTER } from "../shared/documents/image-name.ts";
import { OWN_TAGS_MAX } from "../shared/tags.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Letters in either case: patterns of editors have no flag for it. */
const anyCase = (word: string): string =>
  word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);

const RESERVED = `(?!${anyCase("aliyun")}|${anyCase("acs")}:)`;

const FAMILY: JsonSchema = { pattern: `^${RESERVED}[${LETTER}][${LETTER}0-9:_-]{1,127}$` };

/** Tags of an image: those of Kiln and of the cloud are not for users. */
const TAGS: JsonSchema = {
  maxProperties: OWN_TAGS_MAX.image,
  propertyNames: { pattern: String.raw`^${RESERVED}(?!${anyCase("kiln")}:)[^\p{Cc}\p{Zl}\p{Zp}]{1,64}$` },
};

/** Names of variables; those that programs read by themselves are refused too. */
const PARAMETERS: JsonSchema = { propertyNames: { pattern: "^[A-Za-z][A-Za-z0-9_]*$" } };

const FIELD = "[A-Za-z0-9*,/-]+";
const CRON: JsonSchema = { pattern: String.raw`^\s*${FIELD}(?:\s+${FIELD}){4}\s*$` };

const CLOCK = String.raw`(?:[01]\d|2[0-4]):[0-5]\d`;
const HOURS: JsonSchema = { pattern: String.raw`^\S+ ${CLOCK}-${CLOCK}$` };

/** Every year is taken for a leap year. */
const DAY = String.raw`\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|[12]\d))`;
const DATES: JsonSchema = { pattern: String.raw`^${DAY}(?:\.\.${DAY})?$` };

const SOME: JsonSchema = { minProperties: 1 };
/** Exactly one of these keys. */
const oneOf = (...keys: readonly string[]): JsonSchema => ({
  oneOf: keys.map((key) => ({ required: [key], properties: { [key]: {} } })),
});
const STEP = oneOf("run", "script", "file", "reboot");

export const FORMS: Readonly<Record<string, JsonSchema>> = {
  "recipe.parameters": PARAMETERS,
  "recipe.source": { minProperties: 1, maxProperties: 1 },
  "recipe.source.builder": oneOf("image", "family"),
  "recipe.provision": STEP,
  "recipe.image.tags": TAGS,
  "recipe.family": FAMILY,
  "recipe.test.commands": STEP,
  "recipe.schedule": CRON,
  "recipe.schedule.cron": CRON,
  "component.parameters": PARAMETERS,
  "component.steps": STEP,
  "fleet.idle.signals": SOME,
  "fleet.idle.cap": SOME,
  "fleet.idle.upDuring.hours": HOURS,
  "fleet.calendar.holidays": DATES,
  "fleet.calendar.workdays": DATES,
};

/** A schema whose values of the type that a form is about have that form. */
export function formed(schema: JsonSchema, form: JsonSchema): JsonSchema {
  const { type, items, anyOf } = schema;
  const wanted = form.pattern === undefined ? "object" : "string";
  if ([type].flat().includes(wanted)) return { ...schema, ...form };
  return {
    ...schema,
    ...(items && { items: formed(items, form) }),
    ...(anyOf && { anyOf: anyOf.map((one) => formed(one, form)) }),
  };
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** The pattern of durations between two others. One with several units, such as 1h30m, is taken whatever it amounts to. */
export function durationPattern(leastMs: number, mostMs: number): string {
  const single = UNITS.flatMap(([unit, ms]) => {
    const [least, most] = [Math.ceil(leastMs / ms), Math.floor(mostMs / ms)];
    return least > most ? [] : [`0*(?:${numbers(least, most)})${unit}`];
  });
  const several = String.raw`(?=\d+[dhm]\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?`;
  return `^(?:${[...single, several].join("|")})$`;
}

/** A pattern of the whole numbers from `least` to `most`, without leading zeros. */
function numbers(least: number, most: number): string {
  const ends = new Set([most]);
  // Between two ends only the last digits differ, and each of them is any digit of a range.
  for (let ten = 10, end = upTo(least, ten); end < most; end = upTo(least, (ten *= 10))) ends.add(end);
  for (let ten = 10, end = upTo(most + 1, ten) - ten; end >= least; end = upTo(most + 1, (ten *= 10)) - ten)
    ends.add(end);
  let from = least;
  const parts: string[] = [];
  for (const to of [...ends].toSorted((a, b) => a - b)) {
    parts.push(digits(String(from), String(to)));
    from = to + 1;
  }
  return parts.join("|");
}

/** The last number that has the digits of `count` before the last ones, `ten` of which there are. */
const upTo = (count: number, ten: number): number => count - (count % ten) + ten - 1;

const digits = (from: string, to: string): string =>
  from
    .split("")
    .map((digit, at) => (digit === to[at] ? digit : `[${digit}-${to[at]}]`))
    .join("");
