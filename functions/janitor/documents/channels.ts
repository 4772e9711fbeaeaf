/**
 * The channels of a document that is not valid, so that its author gets to know it: `notify`, and `notify` of `idle`. Those of
 * a text that can be parsed are read as they are; those of another are guessed. Pure.
 */
import { CHANNELS_MAX } from "../../../shared/budget.ts";
import { readYaml } from "../../../shared/documents/yaml.ts";
import { DocumentError } from "../../../shared/errors.ts";
import { NAME } from "../../../shared/names.ts";
import { FLEET_EVENTS, RECIPE_EVENTS } from "../../../shared/notifications/notification.ts";

const NAMES = new RegExp(`(?<![\\w-])${NAME}(?![\\w-])`, "g");
/** Words of the list that are no names. */
const WORDS = new Set("channel events url null true false".split(" "));
const EVENTS = new Set<string>([...RECIPE_EVENTS, ...FLEET_EVENTS]);

/** Names of channels, each once. */
export function channelsIn(text: string): readonly string[] {
  const written = parsed(text);
  const { notify, idle } = Object(written);
  const names = [notify, Object(idle).notify].flat().map((one: unknown) => Object(one).channel ?? one);
  const sound = names.filter((name) => typeof name === "string" && new RegExp(`^${NAME}$`).test(name));
  return [...new Set<string>(sound.length > 0 ? sound : guessed(text))].slice(0, CHANNELS_MAX);
}

/** Undefined for a text that is neither YAML nor JSON. */
function parsed(text: string): unknown {
  try {
    return readYaml("", text);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return undefined;
  }
}

const KEY = /(?<![\w-])(["']?)notify\1[ \t]*[:：]/gi;

/** Keys in the value of another one are a part of it, so that every line is read once. */
function guessed(text: string): readonly string[] {
  const plain = text.replaceAll(/(?:^|[ \t])#.*$/gm, "");
  const names: string[] = [];
  let read = 0;
  for (const { index, 0: key } of plain.matchAll(KEY)) {
    if (index < read) continue;
    const from = index + key.length;
    const end = valueEnd(plain, index, from);
    names.push(...namesIn(plain.slice(from, end)));
    read = end;
  }
  return names;
}

/**
 * Where the value behind a key ends: a list or map in brackets, a text in quotes, or the rest of the line and the lines that
 * belong to it.
 */
function valueEnd(text: string, keyAt: number, from: number): number {
  const before = text.slice(text.lastIndexOf("\n", keyAt) + 1, keyAt);
  const lineEnd = endOfLine(text, from);
  const line = text.slice(from, lineEnd);
  if (/^\s*(?:[[{]|[|>][+\d-]*\s*$|$)/.test(line)) return blockEnd(text, from, before.length);
  const quoted = /^\s*(["'])[^"']*\1/.exec(line)?.[0];
  const rest = before.trim() === "" ? line : (/^[^,}]*/.exec(line)?.[0] ?? "");
  return from + (quoted ?? rest).length;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** Where the bracket closes that a value begins with; without one, or when it does not, where the lines of the key end. */
function blockEnd(text: string, from: number, column: number): number {
  const isInBrackets = /^\s*[[{]/.test(text.slice(from, from + 200));
  const mark = /[[{}\]\n]/g;
  mark.lastIndex = from;
  let depth = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const [one] = found;
    if (one === "\n" && !isOwn(text.slice(found.index + 1, endOfLine(text, found.index + 1)), column))
      return found.index;
    if (one !== "\n") depth += one === "[" || one === "{" ? 1 : -1;
    if (isInBrackets && one !== "\n" && depth === 0) return found.index;
  }
  return text.length;
}

/** Whether a line belongs to a key in this column above. */
const isOwn = (line: string, column: number): boolean =>
  line.trim() === "" || /^\s*[-\]}]/.test(line) || line.search(/\S/) > column;

function namesIn(block: string): readonly string[] {
  // Events of a channel: `events: [failed]`, `events: failed` or a list on lines of its own.
  const without = block
    .replaceAll(/\S*:\/\/\S*/g, " ")
    .replaceAll(/["']?events["']?\s*[:：]\s*(?:\[[^[\]]*\]|\w+)?/g, " ");
  return (without.match(NAMES) ?? []).filter((name) => !WORDS.has(name) && !EVENTS.has(name));
}
