/** Plain JSON: the whole notification. With a secret it is signed like requests to the webhook: `<seconds>\n<body>`, hex. */
import { hmac } from "../../../shared/hmac.ts";
import { JSON_HEADERS, objectIn, shortened, type ChannelFormat } from "./format.ts";

export const json: ChannelFormat = {
  message({ url, secret }, tell, now) {
    const { title, replies, log, notification } = tell();
    const body = JSON.stringify({ v: 1, title, ...notification, log, ...replies });
    if (secret === undefined) return { url, headers: JSON_HEADERS, body };
    const timestamp = String(Math.floor(now / 1000));
    const signature = `v1=${hmac(secret, `${timestamp}\n${body}`)}`;
    const headers = { ...JSON_HEADERS, "x-kiln-timestamp": timestamp, "x-kiln-signature": signature };
    return { url, headers, body, signatures: [signature] };
  },
  refusal(body) {
    const answer = objectIn(body);
    const isRefused = isNo(answer?.["errcode"]) || isNo(answer?.["code"]);
    return isRefused ? { problem: shortened(body), permanent: false } : undefined;
  },
};

/** Receivers of one's own often answer the status of HTTP, and robots 0. */
const isNo = (code: unknown): boolean => typeof code === "number" && code !== 0 && (code < 200 || code > 299);
