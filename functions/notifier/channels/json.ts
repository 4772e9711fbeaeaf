/** Plain JSON: the whole notification. With a secret it is signed like requests to the webhook: `<seconds>\n<body>`, hex. */
import { hmac } from "../../../shared/hmac.ts";
import { JSON_HEADERS, type ChannelFormat } from "./format.ts";

export const json: ChannelFormat = {
  message({ url, secret }, { title, replies, log, notification }, now) {
    const body = JSON.stringify({ v: 1, title, ...notification, log, ...replies });
    if (secret === undefined) return { url, headers: JSON_HEADERS, body };
    const timestamp = String(Math.floor(now / 1000));
    const signature = `v1=${hmac(secret, `${timestamp}\n${body}`)}`;
    const headers = { ...JSON_HEADERS, "x-kiln-timestamp": timestamp, "x-kiln-signature": signature };
    return { url, headers, body };
  },
};
