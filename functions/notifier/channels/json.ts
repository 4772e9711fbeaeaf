/** Plain JSON: the whole notification. With a secret it is signed like requests to the webhook: `<seconds>\n<body>`, hex. */
import { hmac } from "../../../shared/hmac.ts";
import { readJson } from "../../../shared/json.ts";
import { dingtalk } from "./dingtalk.ts";
import { feishu } from "./feishu.ts";
import { JSON_HEADERS, shortened, type ChannelFormat } from "./format.ts";
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
  refusal(body, otherwise = false) {
    const answer = readJson(body) ?? body;
    const permanent = isPermanent(typeof answer === "string" ? answer : body);
    return permanent || isRefusal(answer)
      ? { problem: shortened(body), permanent: permanent || otherwise }
      : undefined;
  },
};

/** How chats, and programs that are like them, say in an answer that they did not take a message. Keys are in small letters. */
const NO: Readonly<Record<string, (value: unknown) => boolean>> = {
  err: saysError,
  ret: isNo,
  retcode: isNo,
  result: isFailure,
  ok: isFalse,
  success: isFalse,
  issuccess: isFalse,
  succeeded: isFalse,
  error: saysError,
  errors: saysError,
  errormessage: saysError,
  exception: saysError,
  fault: saysError,
  errcode: isNo,
  errorcode: isNo,
  resultcode: isNo,
  returncode: isNo,
  code: isNo,
  statuscode: isNo,
  status: (value) => isFailure(value) || (/^\d{3}$/.test(String(value)) && Number(value) >= 400),
};

/** Fields in which a gateway puts the answer of the program behind it. */
const INNER = new Set(["data", "result", "response", "baseresp"]);

function saysNo([key, value]: readonly [string, unknown]): boolean {
  const name = key.toLowerCase().replaceAll("_", "");
  const isInner = INNER.has(name) && typeof value === "object" && value !== null;
  // A code in the data of a program may be that of a thing.
  if (isInner && name === "data") return isRefusal({ ...value, code: undefined });
  return isInner ? isRefusal(value) : Object.hasOwn(NO, name) && NO[name]?.(value) === true;
}

/**
 * A page instead of an answer is the one of a login or of a proxy. Teams says in a sentence, with status 200, that it did not
 * deliver: https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
const REFUSAL_TEXT =
  /^["'\s]*(?:(?:fail|failed|failure|error)\b|<!doctype html|<html\b)|\bfailed with error\b/i;

function isRefusal(answer: unknown): boolean {
  if (typeof answer === "string") return REFUSAL_TEXT.test(answer);
  if (Array.isArray(answer)) return answer.some((one) => typeof one === "object" && isRefusal(one));
  return Object.entries(answer ?? {}).some(saysNo);
}

function isFailure(value: unknown): boolean {
  return /^(?:error|fail|failed|failure)$/i.test(String(value));
}

/** Whether it is the answer of a chat to a message in another form than its own: sent again, it is refused again. */
const isPermanent = (body: string): boolean =>
  [dingtalk, feishu, wecom, slack].some(({ refusal }) => refusal(body)?.permanent === true);

function saysError(error: unknown): boolean {
  if (typeof error === "object" && error !== null) {
    const [code] = Object.entries(error).flatMap(([key, value]) =>
      /^(?:err)?code$/i.test(key) ? [value] : [],
    );
    const isGood = (typeof code === "number" || typeof code === "string") && !isNo(code);
    return Object.keys(error).length > 0 && !isGood;
  }
  return ![undefined, null, false, 0, "", "0", "null", "false"].some((none) => none === error);
}

function isFalse(value: unknown): boolean {
  return /^(?:false|no|0)$/i.test(String(value));
}

/** Receivers of one's own often answer the status of HTTP, and robots 0; as a text, a word such as ok as well. */
function isNo(code: unknown): boolean {
  if (typeof code === "string" && /^(?:ok|success|succeeded|)$/i.test(code.trim())) return false;
  if (typeof code !== "string" && typeof code !== "number") return false;
  const number = Number(code);
  return number !== 0 && !(number >= 200 && number <= 299);
}
