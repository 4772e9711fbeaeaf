/** What to write instead of a value of the wrong kind: an id, a list, a map, a number with its unit, a word of a list. Pure. */
import { plain } from "./characters.ts";
import { isMap } from "./fields.ts";
import { isScalar } from "./sentences.ts";
import { quote, quoteName } from "./quotes.ts";

/** The kinds of things that ids begin with, as authors know them. */
const IDS: Readonly<Record<string, string>> = {
  vsw: "a vSwitch",
  vpc: "a VPC",
  sg: "a security group",
  i: "an instance",
  m: "an image",
  s: "a snapshot",
  d: "a disk",
  eni: "a network interface",
  rg: "a resource group",
  lt: "a launch template",
};

const ID = /(?:be the id of .*?, |be an id that starts with )([a-z]+)-/;

/** Of an id: what the value is instead, or how the id looks. */
export function idAdvice(message: string, value: unknown): string | undefined {
  const prefix = ID.exec(message)?.[1];
  if (prefix === undefined || typeof value !== "string") return undefined;
  const like = plain(value).trim().replaceAll("_", "-").toLowerCase();
  if (like !== value && new RegExp(`^${prefix}-[a-z0-9-]+$`).test(like)) return `write ${quoteName(like)}`;
  if (like.startsWith(`${prefix}-`)) return undefined;
  const given = /^([a-z]+)-[a-z0-9]/.exec(like)?.[1] ?? "";
  const other = Object.hasOwn(IDS, given) ? IDS[given] : undefined;
  const is = other === undefined ? "" : `this is the id of ${other}, `;
  return `${is}write the one that begins with ${prefix}-, as the console of ECS or VPC shows it`;
}

const COUNTED: Readonly<Record<string, (count: number) => string>> = {
  limits: (count) => `limits: { max: ${count} }`,
  size: (count) => `size: { desired: ${count} }`,
  retention: (count) => `retention: { enabled: true, keep: ${count} }`,
  systemDisk: (count) => `systemDisk: { sizeGb: ${count} }`,
  SystemDisk: (count) => `SystemDisk: { Size: ${count} }`,
};
const EXAMPLES: Readonly<Record<string, string>> = {
  image: "image: { name: … }",
  idle: "its keys below idle:, such as signals: { cpuAverage: 5 }",
  tags: "each as key: value below tags:",
  environment: "each as NAME: value below environment:",
  parameters: "each as NAME: { default: … } below parameters:",
  health: "health: { command: … } with a line of shell",
  test: "test: { commands: [ … ] }",
  signals: "each with its limit, as in signals: { cpuAverage: 5 }",
};
/** Maps that may be left to `true` or `false`. */
const SWITCHES = new Set(["spot", "wake", "rebake"]);

/** Of a value that should have keys below it. */
export function mapAdvice(key: string, value: unknown): string | undefined {
  if (value === undefined || /^\d*$/.test(key)) return undefined;
  const truth = truthOf(value);
  if (key === "encrypt" && truth !== undefined)
    return truth === "true" ? "write encrypt: true" : "leave it out, then the image is not encrypted";
  if (SWITCHES.has(key) && truth !== undefined) return `write ${key}: ${truth}`;
  const like = countAdvice(key, [value].flat());
  const example = Object.hasOwn(EXAMPLES, key) ? EXAMPLES[key] : undefined;
  return `write ${like ?? example ?? `its keys below ${key}:, as schemas/README.md lists them`}`;
}

function countAdvice(key: string, [only, ...more]: readonly unknown[]): string | undefined {
  const count = isScalar(only) && more.length === 0 ? numberLike(String(only)) : undefined;
  return count !== undefined && Object.hasOwn(COUNTED, key) ? COUNTED[key]?.(count) : undefined;
}

/** Lists of maps, with an entry as it looks. */
const OF_MAPS: Readonly<Record<string, string>> = {
  components: "components: [nginx/latest]",
  DataDisk: "DataDisk: [{ Size: 40 }]",
  dataDisks: "dataDisks: [{ sizeGb: 40 }]",
  schedule: 'schedule: [{ days: Mon-Fri, from: "08:00", to: "20:00", min: 2 }]',
  Tag: "Tag: [{ Key: team, Value: web }]",
};
/** Of a value where a list stands. */
export function listOf(key: string, value: unknown): string | undefined {
  if (Object.hasOwn(OF_MAPS, key)) return `write a list of maps, such as ${OF_MAPS[key]}`;
  if (isMap(value)) return "put - before the first key of each entry";
  const text = isScalar(value) ? plain(String(value)).trim() : "x";
  if (/^-\s*\S/.test(text)) return "write a space behind the - of each line";
  return text === "" || /^(?:[•·‣▪●*]|\d+[.)、])\s/.test(text)
    ? "begin each line with - and a space"
    : undefined;
}

/** Of a list or a map where one value stands. */
export function singleAdvice(value: unknown): string | undefined {
  if (isMap(value)) return "write one value, without keys below it";
  if (!Array.isArray(value)) return undefined;
  const [only, ...more] = value.filter((entry) => isScalar(entry)).map(String);
  if (only === undefined) return "write one value, not a list";
  return more.length === 0
    ? `write ${quote(only)}, without the brackets or the -`
    : "write one of them, not a list";
}

const UNIT = /^([\d.]+)\s*(g|gb|gib|t|tb|tib|m|mb|mbps|mbit\/s|%|个|台|cores?|cpus?|vcpus?|pcs)$/i;

/** `40GB` → 40, `0.5TB` → 512. The sentence of the key says the unit. */
export function numberLike(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const text = plain(value).trim();
  const [, count = text, unit = ""] = UNIT.exec(text) ?? [];
  const number = text === "" ? Number.NaN : Number(count) * (/^t/i.test(unit) ? 1024 : 1);
  return Number.isFinite(number) ? number : undefined;
}

const TRUTH: Readonly<Record<string, string>> = {
  yes: "true",
  on: "true",
  enabled: "true",
  "1": "true",
  no: "false",
  off: "false",
  disabled: "false",
  none: "false",
  never: "false",
  "0": "false",
  true: "true",
  false: "false",
};

/** The truth value that a word means. */
export function truthOf(value: unknown): string | undefined {
  if (!isScalar(value)) return undefined;
  const word = plain(String(value)).trim().toLowerCase();
  return Object.hasOwn(TRUTH, word) ? TRUTH[word] : undefined;
}

/** A word of a list that holds the given one as a part, the shortest: `essd` → `cloud_essd`; a number: `1` → `PL1`. */
export function containing(value: unknown, words: readonly string[]): string | undefined {
  const given = isScalar(value) ? plain(String(value)).trim().toLowerCase() : "";
  if (given === "") return undefined;
  const parts = (word: string): readonly string[] => word.split(/[_\s-]|(?<=^[a-z]+)(?=\d)/);
  const fits = words.filter((word) => {
    const lower = word.toLowerCase();
    return parts(lower).includes(given) || sameStem(lower, given);
  });
  const [shortest, ...longer] = fits.toSorted((a, b) => a.length - b.length);
  // Of words that only have a part in common none is meant more than the others.
  return longer.every((word) => word.startsWith(shortest ?? "")) ? shortest : undefined;
}

/** `stopped`, `stops` → `stop`, and `fail` → `failed`. */
const sameStem = (word: string, given: string): boolean => {
  const [short = "", long = ""] = [word, given].toSorted((a, b) => a.length - b.length);
  return long.startsWith(short) && /^(?:s|d|ed|ing|p?ped|p?ping)$/.test(long.slice(short.length));
};
