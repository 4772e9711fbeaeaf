/** The replacement for a value that a rule refuses, as far as the value shows it. */
import { formatDuration, parseDuration } from "../duration.ts";
import type * as z from "zod/mini";
import { nameOf, oddIn, plain } from "./characters.ts";
import { meantBy } from "./synonyms.ts";
import { quote, quoteKey } from "./quotes.ts";
import {
  containing,
  idAdvice,
  listOf,
  mapAdvice,
  numberLike,
  singleAdvice,
  truthOf,
} from "./replacements.ts";

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
  if (typeof value === "number") return `${value} with its unit behind it, s, m, h or d`;
  if (typeof value !== "string") return undefined;
  const text = plain(value)
    .trim()
    .replace(/^(\d+):(\d\d):(\d\d)$/, "$1h$2m$3s")
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

/** The end of a message: what to write instead. */
export function adviceFor(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  const { message, path } = issue;
  const key = String(path.at(-1) ?? "");
  if (MISSING.test(message) && Object.hasOwn(EXAMPLES, key)) return EXAMPLES[key];
  return message.includes("; ") ? betterAdvice(message, value) : plainAdvice(issue, value);
}

/** Of a message that has a remedy already. */
function betterAdvice(message: string, value: unknown): string | undefined {
  if (message.includes("; did you mean")) return oddAdvice(value);
  if (message.startsWith("must be true;")) return truthOf(value) === "true" ? "write true" : undefined;
  return undefined;
}

function plainAdvice(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  const { message, path } = issue;
  const key = String(path.at(-1) ?? "");
  if (message.startsWith(DURATION)) {
    const like = durationLike(value);
    return like && `write ${like}`;
  }
  if (message === "must be a list") return listOf(key, value);
  return valueAdvice(message, value, key) ?? otherAdvice(issue, value, key);
}

function otherAdvice(issue: z.core.$ZodIssue, value: unknown, key: string): string | undefined {
  const { message } = issue;
  if (message === "must be a map of keys and values")
    return issue.path.length === 0
      ? "begin each line at the top with a key, such as family: web; see examples/"
      : mapAdvice(key, value);
  return idAdvice(message, value) ?? wordFor(issue, value);
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
  if (odd !== undefined) return oddKey(key, odd);
  const known = message.startsWith(KNOWN) ? message.slice(KNOWN.length).split(", ") : [];
  const near = meantBy(key, known);
  return near === undefined ? message : `is not known; did you mean ${near}?`;
}

function oddKey(key: string, odd: string): string {
  const meant = plain(key).trim();
  if (key.startsWith(odd) && plain(odd).trim() === "")
    return `is not known: it begins with ${nameOf(odd)}; write ${quoteKey(meant)}: behind ordinary spaces, or none`;
  const [, word = "", value] = /^([^:]*)(?::\s*(.+))?$/.exec(meant) ?? [];
  const remedy = value === undefined ? quoteKey(word) : `${quoteKey(word)}: ${quote(value)}`;
  return `is not known: it holds ${nameOf(odd)}${oddIn(word) === undefined ? `; write ${remedy}` : ""}`;
}

function valueAdvice(message: string, value: unknown, key: string): string | undefined {
  if (message === "must be text") return singleAdvice(value);
  return kindAdvice(message, value, key) ?? oddAdvice(value);
}

/** Characters that look like others make a value that looks right. */
function oddAdvice(value: unknown): string | undefined {
  const odd = typeof value === "string" ? oddIn(value) : undefined;
  return odd && `it holds ${nameOf(odd)}`;
}

function kindAdvice(message: string, value: unknown, key: string): string | undefined {
  if (message === "must be true or false") return truthAdvice(value);
  if (/^must be a (?:whole )?number$/.test(message)) return numberAdvice(value);
  const [, percent] =
    /^\s*<?=?\s*([\d.]+)\s*%?\s*$/.exec(typeof value === "string" ? plain(value) : "") ?? [];
  return percent !== undefined && key !== "cap" && message.startsWith("must be a map")
    ? numberAdvice(percent)
    : undefined;
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
