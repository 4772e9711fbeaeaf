/** The channels of a document that cannot be parsed: read as far as it can be guessed. Pure. */
import { CHANNELS_MAX } from "../../../shared/budget.ts";
import { NAME } from "../../../shared/names.ts";
import { FLEET_EVENTS, RECIPE_EVENTS } from "../../../shared/notifications/notification.ts";

const NAMES = new RegExp(`(?<![\\w-])${NAME}(?![\\w-])`, "g");
/** Words of the list that are no names. */
const WORDS = new Set(["channel", "events", "url"]);
const EVENTS = new Set<string>([...RECIPE_EVENTS, ...FLEET_EVENTS]);

/** `notify` at the top of a text: names behind it and in the lines below, up to the next key at the top. */
export function channelsIn(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(?:^|\s)#.*$/, ""));
  const begin = lines.findIndex((line) => /^["']?notify["']?\s*[:：]/.test(line));
  if (begin < 0) return jsonChannels(text);
  const rest = lines.slice(begin + 1);
  const end = rest.findIndex((line) => /^[^\s\-\]}]/.test(line));
  const block = [lines[begin]?.replace(/^.*?[:：]/, "") ?? "", ...(end < 0 ? rest : rest.slice(0, end))];
  return namesIn(block.join("\n"));
}

/** The same in a document on few lines. */
const jsonChannels = (text: string): readonly string[] =>
  namesIn(/"notify"\s*:\s*(\[[^\]]*\]|"[^"]*")/.exec(text)?.[1] ?? "");

function namesIn(block: string): readonly string[] {
  // Events of a channel: `events: [failed]`, `events: failed` or a list on lines of its own.
  const without = block.replaceAll(/["']?events["']?\s*[:：]\s*(?:\[[^\]]*\]|\w+)?/g, " ");
  const names = (without.match(NAMES) ?? []).filter((name) => !WORDS.has(name) && !EVENTS.has(name));
  return [...new Set(names)].slice(0, CHANNELS_MAX);
}
