/**
 * Feishu, custom bot: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. With "signature
 * verification" the body carries Base64 of HMAC-SHA256 over nothing, with `<seconds>\n<secret>` as key.
 */
import { hmac } from "../../../shared/hmac.ts";
import { JSON_HEADERS, refusalByCode, type ChannelFormat } from "./format.ts";

export const feishu: ChannelFormat = {
  message({ url, secret }, { title, lines, actions, links }, now) {
    const run = links.run === undefined ? [] : [links.run];
    const text = [title, ...lines, ...actions.map((link) => `${link.label}: ${link.url}`), ...run].join("\n");
    const timestamp = String(Math.floor(now / 1000));
    const signature =
      secret === undefined ? {} : { timestamp, sign: hmac(`${timestamp}\n${secret}`, "", "base64") };
    const body = JSON.stringify({ ...signature, msg_type: "text", content: { text } });
    return { url, headers: JSON_HEADERS, body };
  },
  refusal: refusalByCode("code", "StatusCode"),
};
