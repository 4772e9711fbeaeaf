/** WeCom, group robot: https://developer.work.weixin.qq.com/document/path/91770. Signs nothing: its address is the key. */
import { fitted, JSON_HEADERS, refusalByCode, type ChannelFormat } from "./format.ts";
import { markdown } from "./markdown.ts";

/** The limit of a markdown message, UTF-8. */
const CONTENT_MAX_BYTES = 4096;

export const wecom: ChannelFormat = {
  message({ url }, compose) {
    const content = fitted(
      compose,
      (given) => markdown(given, "\n"),
      (text) => Buffer.byteLength(text) <= CONTENT_MAX_BYTES,
    );
    const body = JSON.stringify({ msgtype: "markdown", markdown: { content } });
    return { url, headers: JSON_HEADERS, body };
  },
  // An address of no robot or of another account, an address of the network that is not allowed, and its message: the list of
  // all codes, https://developer.work.weixin.qq.com/document/path/90313. A busy system (-1) and too many messages a minute (45009, 45033) go away.
  refusal: refusalByCode(
    ["errcode"],
    [93_000, 93_004, 93_008, 40_001, 60_020, 40_008, 40_058, 44_004, 45_002],
  ),
};
