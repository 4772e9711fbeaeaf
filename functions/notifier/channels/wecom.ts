/** WeCom, group robot: https://developer.work.weixin.qq.com/document/path/91770. Signs nothing: its address is the key. */
import type { Action } from "./content.ts";
import { JSON_HEADERS, refusalByCode, type ChannelFormat } from "./format.ts";

/** The limit of a markdown message, UTF-8. */
const CONTENT_MAX_BYTES = 4096;

export const wecom: ChannelFormat = {
  message({ url }, { title, lines, actions }) {
    const content = fitted([`### ${title}`, ...lines, ...actions.flatMap(shown)].join("\n"));
    return {
      url,
      headers: JSON_HEADERS,
      body: JSON.stringify({ msgtype: "markdown", markdown: { content } }),
    };
  },
  // An address of no robot, and its message. Too many messages a minute (45009) go away.
  refusal: refusalByCode(["errcode"], [93_000, 40_008, 40_058, 44_004]),
};

const shown = (action: Action): string[] =>
  "url" in action ? [`[${action.label}](${action.url})`] : [`**${action.label}**`, `> ${action.command}`];

/** A text that is too long ends early, between two characters. */
function fitted(text: string): string {
  if (Buffer.byteLength(text) <= CONTENT_MAX_BYTES) return text;
  const cut = Buffer.from(text).subarray(0, CONTENT_MAX_BYTES - 3);
  return `${new TextDecoder().decode(cut, { stream: true })}…`;
}
