/** The building blocks of both documents' schemas. */
import * as z from "zod/mini";
import { isTimeZone } from "../wall-clock.ts";
import { parseDuration } from "../duration.ts";
import { NAME_PATTERN } from "../names.ts";
import { unknownKeys } from "./problems.ts";
import { quote } from "./quotes.ts";
import { shellSlips } from "./shell-slips.ts";

type Shape = z.core.$ZodLooseShape;

/**
 * A map in which every key is known. `elsewhere` explains keys that users may look for here and that
 * belong to another place.
 */
export function closed<S extends Shape>(shape: S, elsewhere: Readonly<Record<string, string>> = {}) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? unknownKeys(issue.keys, known, elsewhere) : undefined,
  });
}

/** A finding of a rule: its place, relative to the map of the rule, and the sentence. */
export interface Finding {
  readonly at: readonly (string | number)[];
  readonly message: string;
  /** The place that asks for something that is missing, where the document may have no place near it. */
  readonly near?: readonly string[];
  /** Where in a text at that place the mistake begins. */
  readonly offset?: number;
}

/**
 * A rule over several fields of one map or list. It runs whenever the fields it reads (`"*"`: all of them)
 * are sound themselves, so that one look reports every problem and no rule meets a value of a wrong type. A key with nothing
 * behind it may be any of those that a rule asks for, so rules wait for its value.
 */
export function rule<T>(
  reads: readonly string[],
  find: (value: T) => readonly Finding[],
): z.core.$ZodCheck<T> {
  const paths = reads.map((field) => (field === "*" ? [] : field.split(".")));
  // An unknown key leaves the values beside it as sound as they were.
  const blocks = ({ code, path = [], input }: z.core.$ZodRawIssue) =>
    code !== "unrecognized_keys" &&
    (path.length === 0 ||
      (input === null && path.slice(1).every((segment) => segment === 0)) ||
      paths.some((read) => overlaps(path, read)));
  return z.check<T>(
    (payload) => {
      for (const { at, message, ...params } of find(payload.value))
        payload.issues.push({
          code: "custom",
          input: payload.value,
          path: [...at],
          message,
          continue: true,
          params,
        });
    },
    { when: ({ issues }) => !issues.some(blocks) },
  );
}

function overlaps(path: readonly PropertyKey[], read: readonly string[]): boolean {
  const length = Math.min(path.length, read.length);
  return read.slice(0, length).every((segment, index) => path[index] === segment);
}

/** Says `message` at `at` when `broken`. */
export function finding(broken: boolean, at: Finding["at"], message: string): readonly Finding[] {
  return broken ? [{ at, message }] : [];
}

/** One value or a list of them; the parsed document always holds a list. */
export function oneOrMany<T extends z.core.SomeType>(item: T) {
  return z.pipe(
    z.transform((value: unknown) => (value === undefined || Array.isArray(value) ? value : [value])),
    z.array(item).check(
      z.minLength(1, "must name at least one"),
      rule<unknown[]>(["*"], (items) =>
        items.flatMap((value, index) =>
          finding(items.indexOf(value) !== index, [index], "is listed twice; keep one of them"),
        ),
      ),
    ),
  );
}

/** Lets a short form stand for a map: `true`, a number, one line of text. */
export function short<T extends z.core.$ZodType>(expand: (value: unknown) => unknown, schema: T) {
  return z.pipe(z.transform(expand), schema);
}

/**
 * A list or map that may be left out. One with nothing behind its key, as when all of its lines are comments, means the same;
 * every other key needs a value, because without one it may mean what is not written, or what is not there yet.
 */
export function orEmpty<T extends z.ZodMiniType>(
  schema: T,
  empty: readonly never[] | Readonly<Record<string, never>>,
) {
  return z.prefault(
    short((value) => (value === null ? empty : value), schema),
    empty,
  );
}

/** Text of a given form; `form` completes the sentence "must …". */
export function text(pattern: RegExp, form: string) {
  return z.string().check(z.regex(pattern, `must ${form}`));
}

/** Line breaks and other control characters: with them a name can look like another, or like two. */
export const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** One line of `least` to `most` characters. */
export function oneLine(least: number, most: number) {
  return z.string().check(
    z.minLength(least),
    z.maxLength(most),
    z.refine((value: string) => !CONTROL.test(value), "must be one line, without control characters"),
  );
}

/** A number from `least` to `most`, both included. */
export function range(least: number, most: number, unit = "") {
  const error = `must be from ${least} to ${most}${unit}`;
  return z.number().check(z.minimum(least, error), z.maximum(most, error));
}

/** A whole number from `least` to `most`, both included. */
export function whole(least: number, most: number, unit = "") {
  const error = `must be a whole number from ${least} to ${most}${unit}`;
  return z.number().check(z.int(error), z.minimum(least, error), z.maximum(most, error));
}

/** Price per hour in CNY, RunInstances.SpotPriceLimit. */
export const price = () =>
  z.number().check(z.positive("must be more than 0"), z.multipleOf(0.001, "must have at most 3 decimals"));

/** What is wrong with a text that is no duration. */
export const DURATION = "must be a duration such as 90s, 10m, 2h or 7d";

/** A duration such as 90s, 10m, 2h, 7d, between two others; the parsed document holds milliseconds. */
export function duration(least: string, most: string) {
  const [leastMs, mostMs] = [parseDuration(least), parseDuration(most)];
  return z.pipe(
    z.string({ error: ({ input }) => (input === undefined ? undefined : DURATION) }),
    z.transform((value, context) => {
      const ms = readDuration(value);
      if (ms === undefined) {
        context.issues.push(complaint(value, DURATION));
      } else if (ms < leastMs || ms > mostMs) {
        context.issues.push(complaint(value, `must be from ${least} to ${most}`));
      }
      return ms ?? 0;
    }),
  );
}

function readDuration(value: string): number | undefined {
  try {
    return parseDuration(value);
  } catch {
    return undefined;
  }
}

function complaint(input: unknown, message: string): z.core.$ZodRawIssue {
  return { code: "custom", input, message };
}

/**
 * Channels that are notified of `events`: a name, or a map with the channel and its events; one, or a list. The parsed
 * document always holds maps.
 */
export function channels<const E extends string>(events: readonly [E, ...E[]], most: number) {
  const shape = {
    channel: text(NAME_PATTERN, "be the name of a channel: lower-case letters, digits and -"),
    events: z._default(oneOrMany(z.enum(events)), [...events]),
  };
  const one = z.pipe(
    z.unknown().check(
      z.check(({ value, issues }) => {
        const [[channel, of] = ["", undefined], ...more] = isMap(value) ? Object.entries(value) : [];
        if (more.length > 0 || !Array.isArray(of) || Object.hasOwn(shape, channel)) return;
        const meant = `{ channel: ${channel}, events: [${of.join(", ")}] }`;
        const message = `must name its channel with a key; write ${quote(meant)}`;
        issues.push({ code: "custom", input: value, message, continue: false });
      }),
    ),
    short(
      (value) => (typeof value === "string" ? { channel: value } : value),
      closed(shape, {
        url: "does not belong into a document, it is a secret; name a channel whose URL is in the environment",
      }),
    ),
  );
  return short(
    (value) => (typeof value === "string" || isMap(value) ? [value] : value),
    z.array(one).check(z.maxLength(most)),
  );
}

/** The same for a document that has one kind of event: the parsed document holds the names. */
export function channelNames<const E extends string>(events: readonly [E, ...E[]], most: number) {
  const list = channels(events, most);
  const names = (value: z.output<typeof list>): string[] => value.map(({ channel }) => channel);
  return z.pipe(list, z.transform(names));
}

/** Whether a value as it is written has keys. */
export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Renames durations, written as `timeout`, to `timeoutMs`, the name with the unit. */
export function inMs<T extends object, K extends keyof T & string>(
  value: T,
  ...names: readonly K[]
): { [P in keyof T as P extends K ? `${P}Ms` : P]: T[P] } {
  const renamed = Object.entries(value).map(([name, inner]) =>
    (names as readonly string[]).includes(name) ? [`${name}Ms`, inner] : [name, inner],
  );
  return Object.fromEntries(renamed);
}

/** The slips of a command, each at its own place. */
export const slipsIn = (command: string, at: Finding["at"]): readonly Finding[] =>
  shellSlips(command).map((slip) => ({ ...slip, at, offset: slip.at }));

/** A command of Cloud Assistant. RunCommand takes 18 KB; a probe is a line. */
export const CommandLine = z.string().check(
  z.minLength(1),
  rule<string>([], (line) => slipsIn(line, [])),
  z.maxLength(1000),
  z.refine(
    (line: string) => !CONTROL.test(line.replaceAll(/[\n\t]/g, "")),
    "must have no control characters",
  ),
);

/** A zone by its IANA name. */
export const timeZone = () =>
  z.string().check(z.refine(isTimeZone, "must be a time zone by its IANA name, like Asia/Shanghai"));
