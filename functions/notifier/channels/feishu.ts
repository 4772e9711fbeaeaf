/**
 * Feishu, custom bot: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. With "signature
 * verification" the body carries Base64 of HMAC-SHA256 over nothing, with `<seconds>\n<secret>` as key.
 */
import { hmac } from "../../../shared/hmac.ts";
import type { Action } from "./content.ts";
import { JSON_HEADERS, refusalByCode, type ChannelFormat } from "./format.ts";

export const feishu: ChannelFormat = {
  message({ url, secret }, { title, lines, actions }, now) {
    const text = [title, ...lines, ...actions.flatMap(shown)].join("\n");
    const timestamp = String(Math.floor(now / 1000));
    const signature =
      secret === undefined ? {} : { timestamp, sign: hmac(`${timestamp}\n${secret}`, "", "base64") };
    const body = JSON.stringify({ ...signature, msg_type: "text", content: { text } });
    return { url, headers: JSON_HEADERS, body };
  },
  // A malformed message, an unknown robot, and its signature, address and keyword.
  refusal: refusalByCode(["code", "StatusCode"], [9499, 19_001, 19_021, 19_022, 19_024]),
};

/** A command has a line for itself, so that it can be copied whole. */
const shown = (action: Action): string[] =>
  "url" in action ? [`${action.label}: ${action.url}`] : [`${action.label}:`, action.command];
