/**
 * Feishu, custom bot: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. With "signature
 * verification" the body carries Base64 of HMAC-SHA256 over nothing, with `<seconds>\n<secret>` as key. A message of kind post
 * says of each piece whether it is a text, a link or a mention.
 */
import { hmac } from "../../../shared/hmac.ts";
import type { Content, Part } from "./content.ts";
import { fitted, JSON_HEADERS, refusalByCode, type ChannelFormat } from "./format.ts";
import { plain } from "./plain.ts";

/** A request has at most 20 KB; the signature and the rest of its body take less than the difference. */
const POST_MAX_BYTES = 19_000;

const PERMANENT = [9499, 10_003, 19_001, 19_002, 19_021, 19_022, 19_024];

export const feishu: ChannelFormat = {
  message({ url, secret }, compose, now) {
    const timestamp = String(Math.floor(now / 1000));
    const sign = secret === undefined ? undefined : hmac(`${timestamp}\n${secret}`, "", "base64");
    const post = fitted(compose, postOf, (text) => Buffer.byteLength(text) <= POST_MAX_BYTES);
    const content = `{"post":{"zh_cn":${post}}}`;
    const head = JSON.stringify({ ...(sign && { timestamp, sign }), msg_type: "post" }).slice(0, -1);
    const body = `${head},"content":${content}}`;
    return { url, headers: JSON_HEADERS, body, signatures: sign === undefined ? [] : [sign] };
  },
  // A malformed message, an unknown robot, and its signature, address and keyword. Too many messages (11232, or 9499, which
  // means a malformed message as well) go away: they come with status 400, https://github.com/ccfos/nightingale/issues/1437.
  refusal(body, otherwise) {
    const refused = refusalByCode(["code", "StatusCode"], PERMANENT)(body, otherwise);
    return refused && { ...refused, permanent: refused.permanent && !/too many/i.test(body) };
  },
};

const postOf = ({ title, parts }: Content): string =>
  JSON.stringify({ title: plain(title), content: parts.flatMap(lines) });

const piece = (text: string) => [{ tag: "text", text }];

/** A command has a line for itself, so that it can be copied whole. */
function lines(part: Part): (readonly object[])[] {
  if ("text" in part) return [piece(plain(part.text))];
  return "url" in part
    ? [[{ tag: "a", text: plain(part.label), href: part.url }]]
    : [piece(plain(part.label)), piece(part.command)];
}
