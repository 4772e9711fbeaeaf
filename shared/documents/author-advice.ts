/**
 * What authors are shown to write instead of their own text, to the letter: followed, it gives a sound document that means
 * what they wrote. Records quote no text (QUOTE-1), so only programs that show mistakes to authors load this.
 */
import type * as z from "zod/mini";
import { cronProblem } from "../schedule.ts";
import type { Source } from "./explanations.ts";
import { NAME_PATTERN } from "../names.ts";
import { adviceFor, keyAdvice } from "./advice.ts";
import { nameOf, oddIn, ordinary, plain } from "./characters.ts";
import { DURATION, isMap } from "./fields.ts";
import { quote, quoteName, withoutMarks } from "./quotes.ts";
import { listOf, numberLike, truthOf } from "./replacements.ts";
import { isScalar } from "./sentences.ts";
import { shellSlip } from "./shell-slips.ts";
import { parseUpWindow } from "./up-hours.ts";
import { ordinaryMarks } from "./wide-slips.ts";
import { asEntry, quoted } from "./written.ts";
import { attempt } from "./yaml.ts";

type Issue = z.core.$ZodIssue;
/** The text of an entry of a list, as it stands in the document. */
type Written = () => string | undefined;

/** The end of a message: what to write instead, else what records say. */
export function authorAdvice(issue: Issue, value: unknown, source: Source): string | undefined {
  const odd = typeof value === "string" && !OF_COMMAND.test(issue.message) ? oddIn(value) : undefined;
  if (odd === undefined) return soundAdvice(issue, value, source);
  const meant = ordinaryAdvice(issue, String(value), source);
  return `it holds ${nameOf(odd)}${meant === undefined ? "" : `, ${meant}`}`;
}

/** Of a command, in which such a character may be meant. */
const OF_COMMAND = /^(?:holds |begins with |stands in |has a |must be the key of one )/;

/** An advice that makes no other mistake when it is followed, else none. */
function soundAdvice(issue: Issue, value: unknown, source: Source): string | undefined {
  const key = String(issue.path.at(-1) ?? "");
  // Of `- run: { a: b }` the entry is more than the value.
  const written: Written = () =>
    source.written()?.startsWith(`${key}:`) === true ? undefined : source.written();
  const advice =
    severalAdvice(issue, value, written) ??
    commandAdvice(issue.message, value, { key, written }) ??
    noneAdvice(issue, value, source) ??
    kindAdvice(issue, value, key) ??
    timeAdvice(key, value) ??
    unitAdvice(issue, value, source) ??
    textAdvice(issue.message, value, key) ??
    adviceFor(issue, value);
  return advice && isSound(issue, advice, source) ? advice : undefined;
}

/** A text with ordinary characters in place of all others, if that is a value that may stand there, or what is advised for it. */
function ordinaryAdvice({ path }: Issue, value: string, source: Source): string | undefined {
  const isMarked = OF_COMMANDS.has(String(path.at(-1))) || /^\s*[[{［｛【]/.test(value);
  const bare = (isMarked ? ordinaryMarks(value) : plain(value)).trim();
  const word = bare.replace(/[.;,\s]+$/, "").replace(/^(["'])(.*)\1$/s, "$2");
  const texts = new Set([bare, word, word.replace(/^[[({](.*)[\])}]$/s, "$1")]);
  texts.delete("");
  const fits = [...texts].map(meantAs).find(({ meant }) => takes(path, meant, source));
  return fits === undefined ? adviceOn(path, word, source) : `write ${quote(fits.literal)}`;
}

/** A text as YAML reads it, and as it is to be written for that. */
function meantAs(text: string): { readonly meant: unknown; readonly literal: string } {
  const read = attempt(text);
  const meant = "input" in read ? read.input : text;
  return { meant, literal: typeof meant === "string" ? asEntry(meant) : text };
}

/** The advice for another text at a place. Some characters have no ordinary form, and are there again. */
function adviceOn(
  path: readonly PropertyKey[],
  text: string,
  { retry, ...source }: Source,
): string | undefined {
  if (retry === undefined || oddIn(text) !== undefined) return undefined;
  const next = retry((input) => replaced(input, path, text)).find(
    (one) => one.path.length === path.length && isBelow(path, one.path),
  );
  const again: Source = {
    ...source,
    retry: (change) => retry((input) => change(replaced(input, path, text))),
  };
  const advice = next && soundAdvice(next, text, again);
  return advice !== undefined && /^(?:write|did you mean) /.test(advice) ? advice : undefined;
}

/** The text to write, at the end of a sentence. */
const LITERAL =
  /(?:write|quoted:) (?:[\ufdd0\ufdd1]([^\ufdd2]*)\ufdd2|([\d.]+|(?:\d+[wdhms])+|"[^"]+"|\w+: \{ .* \}|\w[\w.-]*))(?:, without .*)?$/;

/** Whether the document takes what its author is advised to write. */
function isSound({ path }: Issue, advice: string, source: Source): boolean {
  const [, marked, literal = marked] = LITERAL.exec(advice) ?? [];
  if (literal === undefined || literal.includes("…")) return true;
  const read = attempt(withoutMarks(literal));
  if (!("input" in read)) return true;
  const own: unknown = isMap(read.input) ? read.input[String(path.at(-1))] : undefined;
  return takes(path, own ?? read.input, source);
}

const isBelow = (path: readonly PropertyKey[], other: readonly PropertyKey[]): boolean =>
  path.every((segment, index) => other[index] === segment);

const nameIt = (issue: Issue): string => JSON.stringify([issue.path.map(String), issue.message]);

/** Of each document once: a long one may have many mistakes. */
const issuesOf = new WeakMap<NonNullable<Source["retry"]>, ReadonlySet<string>>();

/** Whether the whole document has no other mistake with this value. @param value undefined for none */
function takes(path: readonly PropertyKey[], value: unknown, { retry }: Source): boolean {
  if (retry === undefined) return true;
  const before = issuesOf.get(retry) ?? new Set(retry((input) => input).map(nameIt));
  issuesOf.set(retry, before);
  return retry((input) => replaced(input, path, value)).every(
    (one) => !isBelow(path, one.path) && before.has(nameIt(one)),
  );
}

/** A document with another value at a path, or where a short form stands on its way. */
function replaced(input: unknown, [segment, ...rest]: readonly PropertyKey[], value: unknown): unknown {
  if (segment === undefined || (typeof segment === "number") !== Array.isArray(input)) return value;
  if (Array.isArray(input))
    return input.map((one: unknown, index) => (index === segment ? replaced(one, rest, value) : one));
  if (!isMap(input)) return value;
  const { [String(segment)]: before, ...others } = input;
  const inner = replaced(before, rest, value);
  return inner === undefined ? others : { ...input, [segment]: inner };
}

/** Keys that mean something else when they are left out, with the remedy for a word that means no. */
const WITHOUT: Readonly<Record<string, string | undefined>> = {
  test: "write test: { skip: true }",
  promote: "remove family: for an image that joins none",
  image: undefined,
  hygiene: undefined,
};

/** The truth value of a word; a number is a number. */
const wordOf = (value: unknown): string | undefined => {
  if (value === "skip") return "false";
  return /^[01]$/.test(String(value)) ? undefined : truthOf(value);
};

/** `false`, `none` and `true` where a list, a map or a text stands: no entry, no command and no channel is called like that. */
function noneAdvice(issue: Issue, value: unknown, source: Source): string | undefined {
  const { path, message } = issue;
  if (typeof value === "boolean" && message.startsWith("must be text;")) {
    const without = value ? undefined : leftOut(path, source);
    return without ?? (path.at(-1) === "command" ? "write a line of shell" : undefined);
  }
  const isOfTime = /^must (?:be a duration|have five fields)/.test(message);
  if (!isOfTime && !/^must be a (?:list|map of keys and values)$/.test(message)) return undefined;
  const truth = wordOf(value);
  if (truth === undefined) return undefined;
  if (takes(path, truth === "true", source)) return isOfTime ? `write ${truth}` : undefined;
  return truth === "true" ? switchedOn(path, source) : withoutIt(path, source);
}

function switchedOn(path: readonly PropertyKey[], source: Source): string | undefined {
  return takes(path, { enabled: true }, source)
    ? `write ${String(path.at(-1))}: { enabled: true }`
    : undefined;
}

function withoutIt(path: readonly PropertyKey[], source: Source): string | undefined {
  const key = String(path.at(-1) ?? "");
  return Object.hasOwn(WITHOUT, key) ? WITHOUT[key] : leftOut(path, source);
}

const leftOut = (path: readonly PropertyKey[], source: Source): string | undefined =>
  takes(path, undefined, source) ? "leave it out" : undefined;

/** A bare number where a duration stands: every unit with which it is one that the document takes; none says so. */
function unitAdvice({ path, message }: Issue, value: unknown, source: Source): string | undefined {
  const count = typeof value === "string" ? plain(value).trim() : String(value);
  if (!message.startsWith(DURATION) || !/^[1-9]\d*$/.test(count)) return undefined;
  const fits = UNITS.filter(([unit]) => takes(path, `${count}${unit}`, source));
  const said =
    fits.length === 1
      ? fits.map(([unit]) => `${count}${unit}`)
      : fits.map(([unit, of]) => `${count}${unit} for ${of}`);
  return fits.length === 0 ? "" : `write ${said.join(" or ")}`;
}

const UNITS = [
  ["m", "minutes"],
  ["s", "seconds"],
  ["h", "hours"],
  ["d", "days"],
] as const;

/** A command or another text that YAML reads as something else. */
function commandAdvice(
  message: string,
  value: unknown,
  { key, written }: { readonly key: string; readonly written: Written },
): string | undefined {
  if (AS_WRITTEN.test(message)) return entryAdvice(value, written());
  if (message.startsWith("holds an invisible")) return spacesAdvice(String(value));
  if (message.startsWith("has a ")) return cutAdvice(message, written);
  if (message !== "must be text") return undefined;
  if (isMap(value)) return colonAdvice(written());
  if (!COMMANDS.has(key) || !Array.isArray(value)) return undefined;
  // A program and its arguments, and no commands with spaces of their own.
  const command = /\s/.test(String(value[0])) ? undefined : commandOf(value);
  return command === undefined
    ? `write the commands on the lines below ${key}: |`
    : `write ${quote(command)}`;
}

/** Keys that hold one command. */
const COMMANDS = new Set(["run", "command", "probe"]);

/** Of a value where a list or a map stands. */
function kindAdvice({ message, path }: Issue, value: unknown, key: string): string | undefined {
  const meant =
    message === "must be a list"
      ? listLike(key, value)
      : message === "must be a map of keys and values"
        ? (tagLike(path, value) ?? releaseLike(key, value) ?? mapLike(key, value))
        : undefined;
  const [only, ...more] = message === "must be text" && Array.isArray(value) ? value : [];
  if (more.length === 0 && isScalar(only))
    return `write ${quote(asEntry(String(only)))}, without the brackets or the -`;
  return meant && `write ${quote(meant)}`;
}

/** Of a text that is almost right. */
function textAdvice(message: string, value: unknown, key: string): string | undefined {
  if (typeof value !== "string") return undefined;
  const cron = HOUR.test(message) ? ownHour(message, value).split("; ")[1] : undefined;
  if (cron !== undefined) return cron;
  const like = almost(message, value, key);
  return like && `write ${like}`;
}

function almost(message: string, value: string, key: string): string | undefined {
  if (message.startsWith("must be a time zone"))
    return CHINA.test(value.trim()) ? "Asia/Shanghai" : cityZone(value);
  if (message.startsWith("must be days and hours")) return hoursLike(value);
  if (message.startsWith("must be an instance type")) return typeLike(value);
  if (message.startsWith("must start with a letter or a Ch")) return nameLike(value, key === "name");
  if (message.startsWith("must be the path of a shell"))
    return /^(?:ba|da|k|z)?sh$/.test(value) ? `/bin/${value} -e` : undefined;
  if (message.startsWith("must have five fields")) return cronLike(value);
  if (message.startsWith("must be the name of a channel")) return channelLike(value);
  return key === "days" ? daysLike(value) : undefined;
}

/** The zones of abbreviations and cities that are no IANA names. */
const CHINA = /^(?:beijing|china|prc|cst|(?:utc|gmt)?\+0?8(?::?00)?|asia\/beijing|北京|上海|中国)/i;

/** `Tokyo` → `Asia/Tokyo`. */
function cityZone(value: string): string | undefined {
  const city = value.trim().replaceAll(" ", "_").toLowerCase();
  return Intl.supportedValuesOf("timeZone").find((zone) => zone.toLowerCase().endsWith(`/${city}`));
}

/** `8:00`, `8` → `"08:00"`. */
function timeAdvice(key: string, value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") return undefined;
  if (!/^(?:from|to|startedByHandUntil)$/.test(key)) return undefined;
  const [, hour = "", minute = "00"] = /^(\d{1,2})(?:[:.](\d{2}))?$/.exec(plain(text).trim()) ?? [];
  const isTime = hour !== "" && Number(hour) < 24 && Number(minute) < 60;
  return isTime ? `write "${hour.padStart(2, "0")}:${minute}"` : undefined;
}

const REGION = /^[a-z]{2}-[a-z]+[a-z0-9-]*$/;

/** `true`, `manual`, `1d` for an approval, a region for a promotion. */
function releaseLike(key: string, value: unknown): string | undefined {
  const truth = truthOf(value);
  const text = isScalar(value) && truth !== "false" ? String(value) : "";
  if (key === "approval" && text !== "")
    return `approval: { within: ${/^\d+[smhd]$/.test(text) ? text : "2d"} }`;
  if (key !== "promote") return undefined;
  if (truth === "true") return "promote: {}";
  return REGION.test(text) ? `promote: { regions: [${text}] }` : undefined;
}
/** The sentence on an unknown key, with the author's own hour. */
export const authorKey = (key: string, message: string, value?: unknown): string =>
  keyAdvice(key, ownHour(message, value));

/** Several values in the place of one, where a list may stand. */
function severalAdvice({ path, code }: z.core.$ZodIssue, value: unknown, written: Written) {
  const isEntry = typeof path.at(-1) === "number" && code !== "custom";
  const isChannel = path.at(-1) === "channel" && typeof path.at(-2) === "number";
  const list = (isEntry || isChannel) && typeof value === "string" ? separated(value) : undefined;
  if (list === undefined) return undefined;
  return written() === undefined ? `write ${quote(list)}` : "write each in an entry of its own";
}

/** An example's hour, for which the author's own one is written. */
const HOUR = /and five fields, such as "0 3 \* \* \*",?/;
const CRONS: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
};

/** `0 2 * * *`, `@daily`, `02:00` → the five fields. */
function cronOf(value: unknown): string | undefined {
  const text = typeof value === "string" ? plain(value).trim() : "";
  if (cronProblem(text) === undefined) return text;
  const [, hour = "", minute = ""] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour !== "") return `${Number(minute)} ${Number(hour)} * * *`;
  return Object.hasOwn(CRONS, text) ? CRONS[text] : undefined;
}

/** A sentence with the author's hour. */
function ownHour(message: string, value: unknown): string {
  const cron = cronOf(value);
  return cron === undefined ? message : message.replace(HOUR, `"${quoteName(cron)}"`);
}

/** `team=web` in a list of tags. */
function tagLike(path: readonly PropertyKey[], value: unknown): string | undefined {
  const [, tag = "", of = ""] =
    /^([^=:\s]+) *[=:] *(\S+)$/.exec(path.at(-2) === "Tag" ? String(value) : "") ?? [];
  return tag === "" ? undefined : `{ Key: ${asEntry(tag)}, Value: ${asEntry(of)} }`;
}

/** `g7.large`, `ECS-G7-LARGE` → `ecs.g7.large`. */
function typeLike(value: string): string | undefined {
  const bare = plain(value)
    .trim()
    .toLowerCase()
    .replace(/^(?:ecs[.-])+/, "");
  const [, family, size] = /^([a-z][a-z0-9-]*)[.-](\d*x?(?:large|nano|micro|small|medium))$/.exec(bare) ?? [];
  return family === undefined ? undefined : quoteName(`ecs.${family}.${size}`);
}

/** `my app；` → `my-app`; the name of an image needs a part that no other image has. */
function nameLike(value: string, isOfImage: boolean): string | undefined {
  const bare = plain(value)
    .replace(/[;,.\s]+$/, "")
    .trim()
    .replaceAll(/\s+/g, "-");
  const isUnique = !isOfImage || /\{serial\}|\{date\}.*\{time\}/.test(bare);
  const like = isUnique ? bare : `${bare}-${bare.includes("{date}") ? "{time}" : "{serial}"}`;
  return /^\p{L}[\p{L}\d:_{}-]*$/u.test(like) && like !== value ? quoteName(asEntry(like)) : undefined;
}

/** `@Ops`, `#ops` → `ops`. */
function channelLike(value: string): string | undefined {
  const like = value
    .trim()
    .toLowerCase()
    .replace(/^[@#]/, "")
    .replaceAll(/[\s_]+/g, "-");
  return NAME_PATTERN.test(like) ? quoteName(like) : undefined;
}

function cronLike(value: string): string | undefined {
  const cron = cronOf(value);
  if (cron !== undefined) return `"${quoteName(cron)}"`;
  return /^(?:daily|nightly|每[天日])$/i.test(value.trim()) ? `"0 3 * * *" for each day at 03:00` : undefined;
}

/** `monday to friday` → `Mon-Fri`. */
const named = (days: string): string =>
  days
    .toLowerCase()
    .replace(/^(?:weekdays|工作日)$/, "mon-fri")
    .replaceAll(/(?:周|星期|礼拜)([一二三四五六日天])/g, (_, day: string) => CHINESE[day] ?? "")
    .replaceAll(/[至到]/g, "-")
    .replaceAll(/\s+(?:to|through|–|~)\s+/g, "-")
    .replaceAll(" ", "")
    .replaceAll(/([a-z]{3})[a-z]*/g, (_, day: string) => `${day[0]?.toUpperCase()}${day.slice(1)}`)
    .replace(/^(?:Dai|Eve|All|每).*$/, "daily");

const CHINESE: Readonly<Record<string, string>> = {
  一: "mon",
  二: "tue",
  三: "wed",
  四: "thu",
  五: "fri",
  六: "sat",
  日: "sun",
  天: "sun",
};

function daysLike(value: string): string | undefined {
  const like = named(plain(value).trim());
  return parseUpWindow(`${like} 00:00-24:00`) === undefined ? undefined : like;
}

/** `8`, `8:30`, `6pm` → `08:00`, `08:30`, `18:00`. */
function clockOf(text: string): string {
  const [, hour = "", minute = "00", half = ""] = /^(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?$/i.exec(text) ?? [];
  const hours = half === "" ? Number(hour) : (Number(hour) % 12) + (/p/i.test(half) ? 12 : 0);
  return `${String(hours).padStart(2, "0")}:${minute}`;
}

/** `mon-fri 8-20` → `Mon-Fri 08:00-20:00`. */
function hoursLike(value: string): string | undefined {
  const match =
    /^([\p{L}, -]+?)\s*(\d[\d:.]*\s*(?:[ap]m)?)\s*(?:-|~|to|[至到])\s*(\d[\d:.]*\s*(?:[ap]m)?)$/iu.exec(
      plain(value).trim(),
    );
  const [, days = "", from = "", to = ""] = match ?? [];
  const like = `${named(days)} ${clockOf(from)}-${clockOf(to)}`;
  return parseUpWindow(like) === undefined ? undefined : like;
}

/** Odd spaces of a command, outside of its quotes. */
function spacesAdvice(value: string): string {
  let first = "";
  const meant = value.replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"|(?! )[\p{Zs}\p{Cf}]/gu, (part) => {
    if (/^["']/.test(part)) return part;
    first ||= part;
    return ordinary(part);
  });
  return `it holds ${nameOf(first)}, write ${quote(meant.trim())}`;
}

/** A command that YAML takes for something else: it is written again in quotes, from the document itself. */
const AS_WRITTEN = /^(?:a command that contains ": "|must be (?:one command|a command as text))/;

function entryAdvice(value: unknown, written: string | undefined): string | undefined {
  if (written === undefined) return undefined;
  if (Array.isArray(value) && !written.startsWith("[")) return "write one - before a command, not two";
  // `[ -f /x ]` is a test of the shell, and no list of words.
  const command = /^\[\s/.test(written) ? undefined : commandOf(value);
  return `write ${quote(command ?? quoted(written))}`;
}

/** `- echo "a #b"`: the quotes are those of the shell, so the rest is a comment. */
function cutAdvice(message: string, written: Written): string | undefined {
  const text = message.startsWith("has a ") && message.includes("not closed") ? written() : undefined;
  const isWhole = text?.includes(" #") === true && shellSlip(text) === undefined;
  return isWhole ? `" #" begins a comment; write ${quote(quoted(text))}` : undefined;
}

/** `- Host: x` is a map; whoever writes it means a text. */
const colonAdvice = (written: string | undefined): string | undefined =>
  written && `a text that contains ": " must be quoted: ${quote(quoted(written))}`;
/** The map that a short form stands for, by the key. A word alone may be anything but a command. */
const LISTED: Readonly<Record<string, (values: readonly string[]) => string | undefined>> = {
  health: ([command = "", ...more]) => {
    if (more.length > 0) return undefined;
    if (/^'?https?:\/\/\S+$/.test(command)) return `health: { command: ${asEntry(`curl -fsS ${command}`)} }`;
    return isCommand(command) ? `health: { command: ${command} }` : undefined;
  },
  test: (commands) => `test: { commands: [${commands.join(", ")}] }`,
};
const isCommand = (text: string): boolean => /^'?[\w./-]+ +\S/.test(text);

function mapLike(key: string, value: unknown): string | undefined {
  const isShare = key === "cap" && typeof value === "string" && /^\s*[\d.]+\s*%\s*$/.test(plain(value));
  if (isShare) return `cap: { percent: ${numberLike(value)} }`;
  const shown = [value].flat().flatMap((entry) => entryOf(entry) ?? []);
  const isWhole =
    shown.length === [value].flat().length &&
    (Array.isArray(value) || shown.some(isCommand) || key === "health");
  return isWhole && Object.hasOwn(LISTED, key) ? LISTED[key]?.(shown) : undefined;
}

/** A text as an entry of a list in brackets; undefined for one that is too long to be shown again, and for no text. */
function entryOf(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= SHOWN_MAX ? asEntry(value) : undefined;
}

const SHOWN_MAX = 60;

/** Lists of commands, in which commas and spaces separate nothing. */
const OF_COMMANDS = new Set(["provision", "commands", "steps"]);

/** `{ team: web }` → `Tag: [{ Key: team, Value: web }]`. */
function tagsOf(key: string, value: unknown): string | undefined {
  if (key !== "Tag" || !isMap(value)) return undefined;
  const tags = Object.entries(value).flatMap(([name, text]) =>
    isScalar(text) ? [`{ Key: ${asEntry(name)}, Value: ${asEntry(String(text))} }`] : [],
  );
  return tags.length === Object.keys(value).length ? `Tag: [${tags.join(", ")}]` : undefined;
}

/** `a, b` → `[a, b]`, of words that a list may hold; undefined for one word, and for a text. */
function separated(text: string): string | undefined {
  const words = text.split(/\s*[,;]\s*/);
  const isList = words.length > 1 && words.every((word) => /^[\w.:/-]+$/.test(word));
  return isList ? `[${words.join(", ")}]` : undefined;
}

/** `[docker, info]`, a command as a program starts it, in one line for a shell; undefined for other lists. */
function commandOf(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value.every((word) => isScalar(word))) return undefined;
  const words = value.map(String);
  if (words.length === 0 || (words.length === 1 && !/^[\w./-]+$/.test(words[0] ?? ""))) return undefined;
  return asEntry(
    words
      .map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
      .join(" "),
  );
}

/** Of a value where a list stands. */
function listLike(key: string, value: unknown): string | undefined {
  const tags = tagsOf(key, value);
  if (tags !== undefined || listOf(key, value) !== undefined || !isScalar(value)) return tags;
  return wordOf(value) === undefined ? entriesIn(key, value) : undefined;
}

function entriesIn(key: string, value: string | number | boolean): string | undefined {
  const hours = key === "hours" ? hoursLike(String(value)) : undefined;
  if (hours !== undefined) return `[${hours}]`;
  if (OF_COMMANDS.has(key)) return `[${asEntry(String(value).trim())}]`;
  if (typeof value === "number" && key === "okExitCodes") return `[${value}]`;
  const text = plain(String(value)).trim();
  // Another bucket's address names no object of this one.
  if (key === "inputs" && /^\w+:\/\//.test(text)) return undefined;
  const entry = oddIn(String(value)) === undefined ? text : text.replace(/^[[({](.*)[\])}]$/s, "$1");
  return separated(entry) ?? `[${asEntry(entry)}]`;
}
