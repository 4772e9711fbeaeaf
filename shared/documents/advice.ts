/** The replacement for a value that a rule refuses, as far as the value shows it. */
import { formatDuration, parseDuration } from "../duration.ts";
import type * as z from "zod/mini";
import { nameOf, oddIn, plain } from "./characters.ts";
import { isMap } from "./fields.ts";
import { meantBy } from "./synonyms.ts";
import { parseUpWindow } from "./up-hours.ts";
import { quote, quoteKey, quoteName } from "./quotes.ts";
import {
  commandOf,
  containing,
  idAdvice,
  listOf,
  mapAdvice,
  numberLike,
  separated,
  singleAdvice,
  truthOf,
} from "./replacements.ts";
import { shellSlip } from "./shell-slips.ts";
import { quoted } from "./written.ts";

const DURATION = "must be a duration";

/** Words and units of other notations, in the order of `1w2d3h4m5s`. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:w|wk|weeks?|周|星期)$/i, 604_800_000],
  [/^(?:d|days?|天|日)$/i, 86_400_000],
  [/^(?:h|hrs?|hours?|小时|时)$/i, 3_600_000],
  [/^(?:m|mins?|minutes?|分钟|分)$/i, 60_000],
  [/^(?:s|secs?|seconds?|秒|秒钟)$/i, 1_000],
  [/^(?:ms|millis|毫秒)$/i, 1],
];

/** `20min`, `1.5 hours`, `PT20M`, `2小时` → `20m`, `1h30m`, `20m`, `2h`. */
export function durationLike(value: unknown): string | undefined {
  if (typeof value === "number" && value <= 0) return undefined;
  if (typeof value === "number") return `${value}m for minutes or ${value}s for seconds`;
  if (typeof value !== "string") return undefined;
  const text = plain(value)
    .trim()
    .replace(/^P(?:T)?(?=\d)/i, "")
    .replace(/T(?=\d)/i, "");
  if (/^\d+$/.test(text)) return durationLike(Number(text));
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*(\p{L}+)\s*/gu)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text) return undefined;
  const ms = parts.map(([, count = "", unit = ""]) => {
    const factor = UNITS.find(([pattern]) => pattern.test(unit))?.[1];
    return factor === undefined ? Number.NaN : Number(count) * factor;
  });
  const sum = ms.reduce((all, one) => all + one, 0);
  return Number.isFinite(sum) && sum >= 1_000 ? formatted(sum) : undefined;
}

function formatted(ms: number): string {
  const text = formatDuration(ms);
  return parseDuration(text) === ms ? text : formatDuration(Math.ceil(ms / 1000) * 1000);
}

/** Examples for keys that must be written. */
const EXAMPLES: Readonly<Record<string, string>> = {
  source:
    "write source: and below it one of builder, instance, snapshot, disks, upload; see examples/recipes/",
  limits: "write limits: { max: 10 }",
  launch: "write launch: with InstanceType, VSwitchId and SecurityGroupId below it; see examples/fleets/",
  family: "write family: and the name of the image family, such as web",
  max: "write max: 10, the most instances that run at a time",
  securityGroupId: "write securityGroupId: sg-… of the VPC of the vSwitch",
  instanceTypes: "write instanceTypes: [ecs.g7.large]",
  vSwitchIds: "write vSwitchIds: [vsw-…]",
  InstanceType: "write InstanceType: [ecs.g7.large]",
  signals: "write signals: { cpuAverage: 5 }",
  timeZone: "write timeZone: Asia/Shanghai",
  hours: "write hours: [Mon-Fri 08:00-20:00]",
  within: "write within: 2d",
  command: "write command: and a line of shell that ends with exit code 0",
  channel: "write channel: and a name of KILN_CHANNELS",
};

/** The text of an entry of a list, as it stands in the document. */
type Written = () => string | undefined;

/** The end of a message: what to write instead. */
export function adviceFor(
  issue: z.core.$ZodIssue,
  value: unknown,
  writtenAt: Written = () => undefined,
): string | undefined {
  const { message, path } = issue;
  const key = String(path.at(-1) ?? "");
  // Of `- run: { a: b }` the entry is more than the value.
  const written: Written = () => (writtenAt()?.startsWith(`${key}:`) === true ? undefined : writtenAt());
  if (MISSING.test(message) && Object.hasOwn(EXAMPLES, key)) return EXAMPLES[key];
  return (
    severalAdvice(issue, value, written) ??
    (message.includes("; ") ? betterAdvice(message, value, key, written) : plainAdvice(issue, value, written))
  );
}

/** Of a message that has a remedy already. */
function betterAdvice(message: string, value: unknown, key: string, written: Written): string | undefined {
  if (message.includes("; did you mean")) return oddAdvice(value);
  if (AS_WRITTEN.test(message)) return commandAdvice(value, written());
  if (message.startsWith("must be true;")) return truthOf(value) === "true" ? "write true" : undefined;
  if (message.startsWith("must be text; ") && typeof value === "number")
    return timeAdvice(key, String(value));
  return cutAdvice(message, written);
}

function plainAdvice(issue: z.core.$ZodIssue, value: unknown, written: Written): string | undefined {
  const { message, path } = issue;
  const key = String(path.at(-1) ?? "");
  if (AS_WRITTEN.test(message)) return commandAdvice(value, written());
  if (message.startsWith(DURATION)) {
    const like = durationLike(value);
    return like && `write ${like}`;
  }
  return (
    listAdvice(message, value, key) ?? valueAdvice(message, value, written) ?? otherAdvice(issue, value, key)
  );
}

/** Several values in the place of one, where a list may stand. */
function severalAdvice({ path, code }: z.core.$ZodIssue, value: unknown, written: Written) {
  const isEntry = typeof path.at(-1) === "number" && typeof value === "string" && code !== "custom";
  const list = isEntry && oddIn(value) === undefined ? separated(value) : undefined;
  if (list === undefined) return undefined;
  return written() === undefined ? `write ${quote(list)}` : "write each in an entry of its own";
}

function listAdvice(message: string, value: unknown, key: string): string | undefined {
  if (message === "must be a list") return listOf(key, value);
  const command = message === "must be text" && COMMANDS.has(key) ? commandOf(value) : undefined;
  return command && `write ${quote(command)}`;
}

/** Keys that hold one command. */
const COMMANDS = new Set(["run", "command", "probe"]);

function otherAdvice(issue: z.core.$ZodIssue, value: unknown, key: string): string | undefined {
  const { message } = issue;
  if (message === "must be a map of keys and values")
    return issue.path.length === 0
      ? "begin each line at the top with a key, such as family: web; see examples/"
      : mapAdvice(key, value);
  return idAdvice(message, value) ?? timeAdvice(key, value) ?? wordFor(issue, value);
}

/** `8:00`, `8` → `"08:00"`; Monday to Friday → Mon-Fri. */
function timeAdvice(key: string, value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (key === "days") return daysLike(value) && `write ${daysLike(value)}`;
  if (!/^(?:from|to|startedByHandUntil)$/.test(key)) return undefined;
  const [, hour = "", minute = "00"] = /^(\d{1,2})(?:[:.](\d{2}))?$/.exec(plain(value).trim()) ?? [];
  const isTime = hour !== "" && Number(hour) < 24 && Number(minute) < 60;
  return isTime ? `write "${hour.padStart(2, "0")}:${minute}"` : undefined;
}

/** The sentence of a schema; a rule that says more has its own remedy. */
const MISSING =
  /^is missing; write (?:text|a map of keys and values|a list|a (?:whole )?number|true or false)$/;

/** The word of a list for another tool's word. */
function wordFor(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (issue.code !== "invalid_value") return undefined;
  const words = issue.values.map(String);
  if (words.includes("promoted") && /^(?:success|succeeded|done|ok)$/i.test(String(value)))
    return "write baked for an image that is made, or promoted for one that its family serves";
  const meant = (typeof value === "string" ? meantBy(value, words) : undefined) ?? containing(value, words);
  return meant && `did you mean ${meant}?`;
}

const KNOWN = "is not known; known here are ";

/** The sentence on an unknown key, with the word or the character that explains it. */
export function keyAdvice(key: string, message: string): string {
  const odd = message.startsWith("is not known") ? oddIn(key) : undefined;
  if (odd !== undefined && key.startsWith(odd) && plain(odd).trim() === "")
    return `is not known: it begins with ${nameOf(odd)}; write ${quoteKey(plain(key).trim())}: behind ordinary spaces, or none`;
  if (odd !== undefined) {
    const [word = "", ...value] = plain(key).split(":");
    const meant = [word.trim(), ...value.map((part) => part.trim())].join(": ");
    return `is not known: it holds ${nameOf(odd)}${oddIn(meant) === undefined ? `; write ${quoteKey(meant)}` : ""}`;
  }
  const known = message.startsWith(KNOWN) ? message.slice(KNOWN.length).split(", ") : [];
  const near = meantBy(key, known);
  return near === undefined ? message : `is not known; did you mean ${near}?`;
}

function valueAdvice(message: string, value: unknown, written: Written): string | undefined {
  if (message === "must be text")
    return (isMap(value) ? colonAdvice(written()) : undefined) ?? singleAdvice(value);
  const like = typeof value === "string" ? writtenLike(message, value) : undefined;
  return (like && `write ${like}`) ?? kindAdvice(message, value) ?? oddAdvice(value);
}

/** The zones of abbreviations and cities that are no IANA names. */
const CHINA = /^(?:beijing|china|prc|cst|(?:utc|gmt)?\+0?8(?::?00)?|asia\/beijing|北京|上海|中国)/i;

function writtenLike(message: string, value: string): string | undefined {
  if (message.startsWith("must be a time zone"))
    return CHINA.test(value.trim()) ? "Asia/Shanghai" : cityZone(value);
  if (message.startsWith("must be days and hours")) return hoursLike(value);
  if (message.startsWith("must be an instance type") && /^[a-z0-9-]+\.[a-z0-9-]+$/.test(value))
    return quoteName(`ecs.${value}`);
  return undefined;
}

/** `Tokyo` → `Asia/Tokyo`. */
function cityZone(value: string): string | undefined {
  const city = value.trim().replaceAll(" ", "_").toLowerCase();
  return Intl.supportedValuesOf("timeZone").find((zone) => zone.toLowerCase().endsWith(`/${city}`));
}

/** `monday to friday` → `Mon-Fri`. */
const named = (days: string): string =>
  days
    .toLowerCase()
    .replace(/^weekdays$/, "mon-fri")
    .replaceAll(/\s+(?:to|through|–|~)\s+/g, "-")
    .replaceAll(" ", "")
    .replaceAll(/([a-z]{3})[a-z]*/g, (_, day: string) => `${day[0]?.toUpperCase()}${day.slice(1)}`)
    .replace(/^(?:Dai|Eve|All).*$/, "daily");

function daysLike(value: string): string | undefined {
  const like = named(plain(value).trim());
  return parseUpWindow(`${like} 00:00-24:00`) === undefined ? undefined : like;
}

/** `mon-fri 8-20` → `Mon-Fri 08:00-20:00`. */
function hoursLike(value: string): string | undefined {
  const match = /^([a-z, -]+?)\s*(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|~|to)\s*(\d{1,2})(?:[:.](\d{2}))?$/i.exec(
    plain(value).trim(),
  );
  const [, days = "", from = "", fromMinute = "00", to = "", toMinute = "00"] = match ?? [];
  if (days === "") return undefined;
  const like = `${named(days)} ${from.padStart(2, "0")}:${fromMinute}-${to.padStart(2, "0")}:${toMinute}`;
  return parseUpWindow(like) === undefined ? undefined : like;
}

/** Characters that look like others make a value that looks right. */
function oddAdvice(value: unknown): string | undefined {
  const odd = typeof value === "string" ? oddIn(value) : undefined;
  return odd && `it holds ${nameOf(odd)}, write ${quote(plain(String(value)).trim())}`;
}

function kindAdvice(message: string, value: unknown): string | undefined {
  if (message === "must be true or false") return truthAdvice(value);
  if (/^must be a (?:whole )?number$/.test(message)) return numberAdvice(value);
  const isPercent = typeof value === "string" && /^\s*[\d.]+\s*%\s*$/.test(plain(value));
  return isPercent ? numberAdvice(value) : undefined;
}

function truthAdvice(value: unknown): string | undefined {
  const meant = truthOf(value);
  return meant && `write ${meant}`;
}

function numberAdvice(value: unknown): string | undefined {
  if (Array.isArray(value)) return singleAdvice(value);
  const number = numberLike(value);
  if (number !== undefined) return `write ${number}, without quotes or unit`;
  return typeof value === "string" ? "write digits, such as 10" : undefined;
}

/** A command that YAML takes for something else: it is written again in quotes, from the document itself. */
const AS_WRITTEN = /^(?:a command that contains ": "|must be (?:one command|a command as text))/;

function commandAdvice(value: unknown, written: string | undefined): string | undefined {
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
