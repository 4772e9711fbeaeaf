/**
 * DingTalk, custom robot: https://open.dingtalk.com/document/robots/custom-robot-access. With "additional signature"
 * the URL carries Base64 of HMAC-SHA256 over `<ms>\n<secret>`, with the secret as key.
 */
import { hmac } from "../../../shared/hmac.ts";
import type { Action } from "./content.ts";
import { JSON_HEADERS, refusalByCode, type ChannelFormat } from "./format.ts";

export const dingtalk: ChannelFormat = {
  message({ url, secret }, { title, lines, actions }, now) {
    const text = [`### ${title}`, ...lines, ...actions.flatMap(shown)].join("\n\n");
    const signed = new URL(url);
    if (secret !== undefined) {
      signed.searchParams.set("timestamp", String(now));
      signed.searchParams.set("sign", hmac(secret, `${now}\n${secret}`, "base64"));
    }
    const body = JSON.stringify({ msgtype: "markdown", markdown: { title, text } });
    return { url: signed.href, headers: JSON_HEADERS, body };
  },
  // An unknown or disabled robot, a keyword, signature or address that its security settings do not accept, and its content.
  refusal: refusalByCode(
    ["errcode"],
    [300_001, 300_005, 310_000, 400_013, 400_101, 400_102, 400_105, 40_035, 43_004],
  ),
};

/** A quote, because DingTalk has no blocks of code, and a pasted backtick would mean something to the shell. */
const shown = (action: Action): string[] =>
  "url" in action ? [`[${action.label}](${action.url})`] : [`**${action.label}**`, `> ${action.command}`];
