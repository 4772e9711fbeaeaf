/** A notification in the markdown that DingTalk and WeCom have in common: a heading, bold, links and quotes. Pure. */
import type { Content, Part } from "./content.ts";
import { plain } from "./plain.ts";

/** @param between what begins a new line: DingTalk wants an empty one */
export const markdown = ({ title, parts }: Content, between: string): string =>
  [`### ${plain(title)}`, ...parts.flatMap(shown)].join(between);

/** A command is a quote: neither has blocks of code, and a pasted backtick would mean something to the shell. */
function shown(part: Part): string[] {
  if ("text" in part) return plain(part.text).split(/\n+/);
  return "url" in part
    ? [`[${plain(part.label)}](${part.url})`]
    : [`**${plain(part.label)}**`, `> ${part.command}`];
}
