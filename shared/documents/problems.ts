/** Turns each issue of a schema into one sentence: place, rule, value, and what to do. */
import type * as z from "zod/mini";
import type { Place, Problem } from "../errors.ts";
import type { PlaceOf } from "./places.ts";
import type { Help } from "./explanations.ts";
import { plain, visible } from "./characters.ts";
import { HIDDEN, mayRecord, namesSecret, quote, quoteName, withoutMarks } from "./quotes.ts";
import { EMPTY, isScalar } from "./sentences.ts";
import { meantKeys, type Retry, type Unknown } from "./misspelt.ts";
import { editDistance, nearest, simplify } from "./spelling.ts";

type Issue = z.core.$ZodIssue;

/** One line for each unknown key: `problemsOf` pairs them with the keys again. */
export function unknownKeys(
  keys: readonly string[],
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>>,
): string {
  return keys.map((key) => explained(key, known, elsewhere) ?? unknownKey(key, known)).join("\n");
}

/** The explanation of a key, also in another style: `imageId` for `ImageId`, unless that is the style of a known one. */
function explained(
  key: string,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>>,
): string | undefined {
  if (Object.hasOwn(elsewhere, key)) return elsewhere[key];
  const isSame = (other: string): boolean => simplify(other) === simplify(key);
  const like = known.some(isSame) ? undefined : Object.keys(elsewhere).find(isSame);
  return like === undefined ? undefined : elsewhere[like];
}

function unknownKey(key: string, known: readonly string[]): string {
  if (key === "<<") return "is not known: merge keys are not supported; write the values out";
  // A request spells nested fields as SystemDisk.Size and Tag.1.Key.
  const dotted = key.split(".")[0] ?? "";
  if (dotted !== key && known.includes(dotted))
    return `is not known; nest it as a map or list under ${dotted}:`;
  const [head = "", ...behind] = key.split(":");
  if (behind.length > 0 && known.includes(head))
    return `is not known: a space is missing behind the colon; write ${quoteName(head)}: ${quote(behind.join(":"))}`;
  // A map of one key leaves no choice.
  const near = known.length === 1 ? known[0] : nearest(key, known);
  if (near !== undefined) return `is not known; did you mean ${near}?`;
  return `is not known; known here are ${known.join(", ")}`;
}

/** Says more about a problem than its schema. */
interface Say {
  readonly help?: Help | undefined;
  readonly placeOf?: PlaceOf;
  /** The text of an entry of a list, as it is written. */
  readonly writtenAt?: (path: readonly PropertyKey[]) => string | undefined;
  /** Where in a text an offset of it stands. */
  readonly placeIn?: (path: readonly PropertyKey[], text: string, offset: number) => Place | undefined;
  /** A value as it is written: data that was parsed has lost zeros. */
  readonly sourceAt?: (path: readonly PropertyKey[]) => string | undefined;
  /** Of the document without its empty keys: those of them that it needs. */
  readonly missing?: readonly Issue[];
  readonly retry?: Retry;
}

/** The issues of one parse, each with its path and its value. Every mistake is listed once. */
export function problemsOf(given: readonly Issue[], input: unknown, say: Say = {}): Problem[] {
  const unknownIn = (all: readonly Issue[]) =>
    new Map(
      all.map((issue) => [issue, issue.code === "unrecognized_keys" ? unknownOf(issue, input, say) : []]),
    );
  const own = unknownIn(given);
  const meant = say.retry === undefined ? undefined : meantKeys(own, input, say.retry);
  const below = meant?.below ?? [];
  const issues = [...given, ...below];
  const unknown = new Map([...(meant?.unknown ?? own), ...unknownIn(below)]);
  const ofKind = new Set(
    issues.filter(({ code }) => code === "invalid_type").map(({ path }) => path.join(".")),
  );
  // A rule about the length of a list means nothing for a text.
  const isOwn = ({ code, path }: Issue): boolean => !code.startsWith("too_") || !ofKind.has(path.join("."));
  // A place that a misspelt key is meant for is not missing as well.
  const keys = [...unknown.values()].flat().map(remedyOf);
  const isExplained = (issue: Issue): boolean =>
    meant?.explained.has(issue) === true ||
    (LACKS.test(issue.message) && keys.some((key) => explains(key, issue)));
  const problems = issues
    .filter(isOwn)
    .filter(isFirst)
    .flatMap((issue) => {
      if (issue.code !== "unrecognized_keys") return isExplained(issue) ? [] : [problem(issue, input, say)];
      return (unknown.get(issue) ?? []).map(({ path, message }) => ({
        path: render(path, input),
        message,
        place: say.placeOf?.(path, "key"),
      }));
    });
  // Of what its author wants to be without nothing else is said.
  const unwanted = new Set(
    problems.flatMap(({ path, message }) => (message.endsWith(LEAVE_OUT) ? [path] : [])),
  );
  return problems.filter(({ path, message }) => message.endsWith(LEAVE_OUT) || !unwanted.has(path));
}

const LEAVE_OUT = "; leave it out";

/** A value that breaks two limits has one mistake. */
const isFirst = ({ code, path }: Issue, index: number, all: readonly Issue[]): boolean =>
  code === "custom" ||
  code === "unrecognized_keys" ||
  !all.slice(0, index).some((one) => one.code !== "unrecognized_keys" && samePath(one.path, path));

const samePath = (a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean =>
  a.length === b.length && a.every((segment, index) => segment === b[index]);

function unknownOf(
  issue: Issue & { readonly code: "unrecognized_keys" },
  input: unknown,
  { help }: Say,
): readonly Unknown[] {
  const sentences = issue.message.split("\n");
  const written = Object(issue.path.reduce(descend, input));
  return issue.keys.map((key, index) => {
    const plain = sentences[index] ?? "is not known";
    const said = help?.key(key, plain, written[key]) ?? plain;
    const near = /; did you mean ([^?]+)\?$/.exec(withoutMarks(said))?.[1] ?? "";
    const message = Object.hasOwn(written, near) ? besides(key, near) : withTop(said, input);
    return { path: [...issue.path, key], message };
  });
}

/** The message for a key that looks like one that is set: it is that key, misspelt, or it means something else. */
const besides = (key: string, near: string): string =>
  editDistance(simplify(key), simplify(near)) <= 2
    ? `is not known, and ${near} is already set; keep one of the two`
    : "is not known; schemas/README.md lists the keys";

const AT_TOP = ": at the top";

/** A key that stands at the top already needs no writing. */
function withTop(said: string, input: unknown): string {
  const key = said.endsWith(AT_TOP)
    ? said.slice(said.lastIndexOf(" ", said.length - AT_TOP.length) + 1, -AT_TOP.length)
    : "";
  return Object.hasOwn(Object(input), key) ? said.replace(/write [^;]*$/, "remove it") : said;
}

/** `did you mean max?`, `write it under launch:`, `write family: web`, `write instanceTypes`. */
const KEYS_IN = /[\p{L}\w]+(?=[:?])|^[\p{L}\w]+$/gu;

const LACKS = /^(?:is missing|needs |must have exactly one of .* has (?:0|none)|must have at least one of )/;

/** What a sentence on an unknown key says of the keys that are meant. */
function remedyOf({ path, message }: Unknown) {
  const [, remedy = ""] = /(?:did you mean|; write) (.*)$/u.exec(withoutMarks(message)) ?? [];
  const around = remedy.endsWith(AT_TOP) ? [] : path.slice(0, -1);
  return { path, around, meant: remedy.match(KEYS_IN) ?? [] };
}

/** Whether something is lacking only because its key stands elsewhere: one mistake is not listed twice. */
function explains(
  { path, around, meant }: ReturnType<typeof remedyOf>,
  { path: at, message }: Issue,
): boolean {
  if (around.some((segment, index) => at[index] !== segment)) return false;
  // In a map without any of its keys the unknown one was meant as one of them.
  if (at.length === around.length && message.startsWith("must have")) return true;
  // A merge key may bring all that is missing.
  if (path.at(-1) === "<<") return true;
  return meant.some((word) => at[around.length] === word || words(message).includes(word));
}

const words = (message: string): readonly string[] => message.match(/[\p{L}\w]+/gu) ?? [];

function problem(issue: Issue, input: unknown, say: Say): Problem {
  const { path } = issue;
  const { placeOf } = say;
  const isKey = issue.code === "invalid_key";
  const value = isKey ? undefined : asWritten(path.reduce(descend, input), path, say);
  const missing = isEmpty(issue, input) ? missingAt(path, say) : undefined;
  const message = isEmpty(issue, input) ? emptySentence(missing, path, say) : withValue(issue, value, say);
  return {
    path: render(path, input),
    message,
    place: inText(issue, value, say) ?? placeOf?.(path, isKey ? "key" : "value") ?? placeOf?.(nearOf(issue)),
  };
}

/** One value may stand for a list of one. */
const missingAt = (path: readonly PropertyKey[], { missing }: Say): Issue | undefined =>
  missing?.find((one) => samePath(one.path, path.at(-1) === 0 ? path.slice(0, -1) : path));

/** Of a key with nothing behind it; `missing` is the issue of a document that needs it. */
function emptySentence(missing: Issue | undefined, path: readonly PropertyKey[], say: Say): string {
  // `{ A：b }` is one key.
  const odd = say.help?.key(String(path.at(-1)), "is not known");
  if (odd?.includes("full-width ：")) return odd.replace("is not known: it ", "");
  return missing === undefined
    ? EMPTY
    : withValue(missing, undefined, say).replace(/^is missing/, "has no value");
}

/** A list whose numbers are as they are written. */
const asWritten = (value: unknown, path: readonly PropertyKey[], { sourceAt }: Say): unknown =>
  Array.isArray(value)
    ? value.map((one: unknown, index) =>
        typeof one === "number" ? (sourceAt?.([...path, index]) ?? one) : one,
      )
    : value;

/** The sentence of an issue with the value that it is about, and what to write instead. */
function withValue(issue: Issue, value: unknown, say: Say): string {
  const { help, sourceAt, placeOf } = say;
  const { path, message } = issue;
  const isHidden = isSecret(path);
  const mark = mayRecord(path, value) ? quoteName : quote;
  // Of a long text the marked line says more than its beginning.
  const isPart = offsetOf(issue) !== undefined && String(value).includes("\n");
  const shown =
    isScalar(value) && !isHidden && !isPart ? ` (it is ${mark(shorten(value, () => sourceAt?.(path)))})` : "";
  // The value follows the rule, before the remedy.
  const [rule = "", ...remedy] = message.split("; ");
  const written = (): string | undefined => (isHidden ? undefined : say.writtenAt?.(path));
  const advice = help?.advice(issue, toldOf(value, issue, placeOf?.(path)), { written, retry: say.retry });
  const endings = advice === undefined ? remedy : [advice];
  return [`${rule}${shown}`, ...endings].join("; ");
}

/** A value as advice may read it: nothing secret, and a line break for a text of several lines, which no line shows as it is. */
function toldOf(value: unknown, { path, message }: Issue, place: Place | undefined): unknown {
  if (isSecret(path)) return message === "must be a map of keys and values" ? [] : undefined;
  const isLong =
    typeof value === "string" && (value.includes("\n") || value.length > (place?.length ?? value.length));
  return isLong ? "\n" : value;
}

/** Whether a key has nothing behind it that its schema could look at. */
const isEmpty = ({ code, path }: Issue, input: unknown): boolean =>
  code !== "custom" && path.length > 0 && path.reduce(descend, input) === null;

/** Of a finding about a part of a text. */
function offsetOf(issue: Issue): number | undefined {
  const offset: unknown = issue.code === "custom" ? issue.params?.["offset"] : undefined;
  return typeof offset === "number" ? offset : undefined;
}

function inText(issue: Issue, value: unknown, { placeIn }: Say): Place | undefined {
  const offset = offsetOf(issue);
  return offset === undefined || typeof value !== "string" ? undefined : placeIn?.(issue.path, value, offset);
}

/** As a finding says it; at the very top, where nothing stands, else. */
function nearOf(issue: Issue): readonly string[] {
  const near: unknown = issue.code === "custom" ? issue.params?.["near"] : undefined;
  return Array.isArray(near) ? near.map(String) : [];
}

/** A field that takes one value or a list has an index in its path only where a list was written; so have short forms. */
function descend(value: unknown, segment: PropertyKey): unknown {
  if (typeof segment === "number") return Array.isArray(value) ? value[segment] : value;
  if (isScalar(value)) return value;
  return typeof value === "object" && value !== null ? Reflect.get(value, segment) : undefined;
}

function render(path: readonly PropertyKey[], input: unknown): string {
  let text = "";
  let value = input;
  let isBelow = false;
  for (const segment of path) {
    if (typeof segment !== "number") text += `${text === "" ? "" : "."}${shownKey(segment, isBelow)}`;
    else if (Array.isArray(value)) text += `[${segment}]`;
    value = descend(value, segment);
    isBelow ||= namesSecret(String(segment));
  }
  return text;
}

/** `sizeGb`, `Ipv6Address`, `Tag.1.Key`. With more digits a key looks like a secret. */
const FIELD =
  /^(?:(?!(?:[^.\d]*\d){3})[\p{L}_$-][\p{L}\d_$-]{0,39}|\d{1,4})(?:\.(?:(?!(?:[^.\d]*\d){3})[\p{L}_-][\p{L}\d_-]{0,39}|\d{1,4})){0,9}$/u;

/**
 * A key below one that names secrets is shown when it can be the name of a variable; a key may hold its value, or a whole
 * command.
 */
function shownKey(key: PropertyKey, isBelowSecret: boolean): string {
  const [head = "", value] = String(key).split(/(?=[：=])/);
  if (value !== undefined && (isBelowSecret || namesSecret(head)))
    return `${shownKey(head, isBelowSecret)}：${HIDDEN}`;
  if (isBelowSecret) return /^(?:[A-Za-z_]\w*|.{0,5})$/.test(head) ? visible(head) : HIDDEN;
  return key === "" ? '""' : withoutCommand(String(key));
}

/** Marks all of a key but the name that it begins with. */
function withoutCommand(key: string): string {
  if (FIELD.test(plain(key))) return visible(key);
  const [name = ""] = /^[^：=]*[：=]/.exec(key) ?? [];
  const kept = FIELD.test(name.slice(0, -1)) ? name : "";
  return `${kept}${quote(visible(key.slice(kept.length)))}`;
}

function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some((segment) => namesSecret(String(segment)));
}

const SHOWN_LENGTH = 80;

function shorten(value: string | number | boolean, source: () => string | undefined): string {
  if (typeof value !== "string") return source() ?? String(value);
  const cut = value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value;
  return visible(JSON.stringify(cut));
}
