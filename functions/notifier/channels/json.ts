/** Plain JSON: the whole notification. With a secret it is signed like requests to the webhook: `<seconds>\n<body>`, hex. */
import { hmac } from "../../../shared/hmac.ts";
import { dingtalk } from "./dingtalk.ts";
import { feishu } from "./feishu.ts";
import { JSON_HEADERS, objectIn, shortened, type ChannelFormat } from "./format.ts";
import { slack } from "./slack.ts";
import { wecom } from "./wecom.ts";

export const json: ChannelFormat = {
  message({ url, secret }, compose, now) {
    const { title, replies, log, notification } = compose();
    const body = JSON.stringify({ v: 1, title, ...notification, log, ...replies });
    if (secret === undefined) return { url, headers: JSON_HEADERS, body };
    const timestamp = String(Math.floor(now / 1000));
    const signature = `v1=${hmac(secret, `${timestamp}\n${body}`)}`;
    const headers = { ...JSON_HEADERS, "x-kiln-timestamp": timestamp, "x-kiln-signature": signature };
    return { url, headers, body, signatures: [signature] };
  },
  refusal(body) {
    const answer = objectIn(body) ?? {};
    const isRefused =
      [answer["ok"], answer["success"]].includes(false) ||
      saysError(answer["error"]) ||
      isNo(answer["errcode"]) ||
      isNo(answer["code"]);
    return isRefused ? { problem: shortened(body), permanent: isPermanent(body) } : undefined;
  },
};

/** Whether it is the answer of a chat to a message in another form than its own: sent again, it is refused again. */
const isPermanent = (body: string): boolean =>
  [dingtalk, feishu, wecom, slack].some(({ refusal }) => refusal(body)?.permanent === true);

const saysError = (error: unknown): boolean =>
  error !== undefined && ![null, false, "", 0, "0"].some((none) => none === error);

/** Receivers of one's own often answer the status of HTTP, and robots 0; as a text, a word such as ok as well. */
function isNo(code: unknown): boolean {
  if (typeof code === "string" && /^(?:ok|success|succeeded|)$/i.test(code.trim())) return false;
  if (typeof code !== "string" && typeof code !== "number") return false;
  const number = Number(code);
  return number !== 0 && !(number >= 200 && number <= 299);
}
