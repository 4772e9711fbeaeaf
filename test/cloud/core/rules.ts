/** Building blocks of the manifest's schema: every refusal says what is wrong and what to do. */
import * as z from "zod/mini";

interface RawIssue {
  readonly input?: unknown;
}

/** Every key any object of the schema knows, for suggestions. */
export const KNOWN_KEYS = new Set<string>();

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

/** A refusal of the form `is 5, not a text — quote it`. */
const refusal = (what: string, todo: string) => ({
  error: ({ input }: RawIssue): string =>
    `${input === undefined ? "is missing" : `is ${show(input)}, not ${what}`} — ${todo}`,
});

/** An object that knows its keys. */
export function strict<T extends z.core.$ZodShape>(shape: T): z.ZodMiniObject<T, z.core.$strict> {
  for (const key of Object.keys(shape)) KNOWN_KEYS.add(key);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "invalid_type"
        ? refusal("an object", "write its keys below it, indented").error(issue)
        : undefined,
  });
}

export const text = (
  what: string,
  todo: string,
  test: RegExp | ((value: string) => boolean) = () => true,
): z.ZodMiniString<string> =>
  z
    .string(refusal(what, todo))
    .check(
      z.refine((value) => (test instanceof RegExp ? test.test(value) : test(value)), refusal(what, todo)),
    );

export const number = (
  what: string,
  todo: string,
  test: (value: number) => boolean,
): z.ZodMiniNumber<number> => z.number(refusal(what, todo)).check(z.refine(test, refusal(what, todo)));

/** A whole number within limits, the limits named in the refusal. */
export const whole = (from: number, to: number, todo: string): z.ZodMiniNumber<number> =>
  number(`a whole number from ${from} to ${to}`, todo, (n) => Number.isInteger(n) && n >= from && n <= to);

export const flag = (todo: string): z.ZodMiniBoolean<boolean> => z.boolean(refusal("true or false", todo));

export const oneOf = <const T extends readonly string[]>(
  values: T,
  todo: string,
): z.ZodMiniEnum<{ [K in T[number]]: K }> => z.enum(values, refusal(`one of ${values.join(", ")}`, todo));

export const list = <T extends z.ZodMiniType>(item: T, what: string): z.ZodMiniArray<T> =>
  z.array(item, refusal(what, "write it as a list"));
