/**
 * DingTalk, custom robot: https://open.dingtalk.com/document/robots/custom-robot-access. With "additional signature"
 * the URL carries Base64 of HMAC-SHA256 over `<ms>\n<secret>`, with the secret as key. Only the field `at` mentions users.
 */
import { hmac } from "../../../shared/hmac.ts";
import { bytesInJson, fitted, JSON_HEADERS, refusalByCode, type ChannelFormat } from "./format.ts";
import { markdown } from "./markdown.ts";
import { plain } from "./plain.ts";

/** A message has at most 20,000 bytes; the rest of its body and the title take less than the difference. */
const TEXT_MAX_BYTES = 18_000;

export const dingtalk: ChannelFormat = {
  message({ url, secret }, compose, now) {
    const text = fitted(
      compose,
      (content) => markdown(content, "\n\n"),
      (given) => bytesInJson(given) <= TEXT_MAX_BYTES,
    );
    const signed = new URL(url);
    if (secret !== undefined) {
      signed.searchParams.set("timestamp", String(now));
      signed.searchParams.set("sign", hmac(secret, `${now}\n${secret}`, "base64"));
    }
    const title = plain(compose().title);
    const body = JSON.stringify({ msgtype: "markdown", markdown: { title, text } });
    return { url: signed.href, headers: JSON_HEADERS, body };
  },
  // An unknown or disabled robot or group, a keyword, signature or address that its security settings do not accept, and
  // its content or length. A busy system (-1) and too many messages a minute (130101, 410100) go away.
  refusal: refusalByCode(
    ["errcode"],
    [
      300_001, 300_005, 310_000, 400_013, 400_101, 400_102, 400_105, 400_106, 430_101, 430_102, 430_103,
      430_104, 460_101, 40_035, 43_004,
    ],
  ),
};
