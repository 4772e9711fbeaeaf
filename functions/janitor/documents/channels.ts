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
const WORDS = new Set(["channel", "events", "url"]);
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

const KEY = /(?<![\w-])(["']?)notify\1[ \t]*[:：]/g;

const guessed = (text: string): readonly string[] => {
  const plain = text.replaceAll(/(?:^|[ \t])#.*$/gm, "");
  return [...plain.matchAll(KEY)].flatMap(({ index, 0: { length } }) =>
    namesIn(valueAt(plain, index, index + length)),
  );
};

/** The text behind a key: a list or map in brackets, a text in quotes, or the rest of the line and the lines that belong to it. */
function valueAt(text: string, keyAt: number, from: number): string {
  const before = text.slice(text.lastIndexOf("\n", keyAt) + 1, keyAt);
  const isAlone = before.trim() === "";
  const [line = "", ...below] = text.slice(from).split("\n");
  const isOwn = (one: string): boolean =>
    one.trim() === "" || /^\s*[-\]}]/.test(one) || (/^\s*/.exec(one)?.[0].length ?? 0) > before.length;
  const end = below.findIndex((one) => !isOwn(one));
  const block = [line, ...(end < 0 ? below : below.slice(0, end))].join("\n").trimStart();
  if (/^[[{]/.test(block)) return block.slice(0, closingAt(block));
  if (line.trim() === "") return block;
  return (/^(["'])[^"'\n]*\1/.exec(block) ?? (isAlone ? /^.*/ : /^[^,}\n]*/).exec(block))?.[0] ?? "";
}

/** Where the bracket closes that a text begins with; its end when that is missing. */
function closingAt(text: string): number {
  let depth = 0;
  for (const { index, 0: bracket } of text.matchAll(/[[{}\]]/g)) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    if (depth === 0) return index;
  }
  return text.length;
}

function namesIn(block: string): readonly string[] {
  // Events of a channel: `events: [failed]`, `events: failed` or a list on lines of its own.
  const without = block.replaceAll(/["']?events["']?\s*[:：]\s*(?:\[[^\]]*\]|\w+)?/g, " ");
  return (without.match(NAMES) ?? []).filter((name) => !WORDS.has(name) && !EVENTS.has(name));
}
