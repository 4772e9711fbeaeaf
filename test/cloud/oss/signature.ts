/** OSS signatures, V1 (HMAC-SHA1) and V4 (HMAC-SHA256), in headers and in presigned URLs. */
import { createHmac } from "node:crypto";
import { CloudFault, type WireRequest } from "../core/kernel.ts";
import { encode, header, sha256Hex, type Signed } from "../core/signatures.ts";
import { type OssAddress, readAddress } from "./address.ts";

/** Parameters that are part of what V1 signs (help.aliyun.com, "Include signatures in the Authorization header"). */
const SUB_RESOURCES = new Set(
  (
    "acl uploads location cors logging website referer lifecycle delete append tagging objectMeta uploadId " +
    "partNumber security-token position img style styleName replication replicationProgress bucketInfo " +
    "replicationLocation cname comp qos live status vod startTime endTime symlink x-oss-process restore " +
    "x-oss-traffic-limit versions versioning versionId encryption stat policy inventory inventoryId " +
    "continuation-token worm wormId wormExtend requestPayment callback callback-var asyncFetch sequential " +
    "regionList transferAcceleration metaQuery objectInfo resourceGroup x-oss-async-process policyStatus " +
    "response-content-type response-content-language response-expires response-cache-control " +
    "response-content-disposition response-content-encoding"
  ).split(" "),
);

/** Reads whichever of the four OSS forms the request carries; undefined when it is anonymous. */
export function readOssSignature(request: WireRequest): Signed | undefined {
  const address = readAddress(request);
  const query = new Map(address.query);
  const authorization = header(request, "authorization");
  if (authorization.startsWith("OSS4-")) return v4Header(request, address, authorization);
  if (query.get("x-oss-signature-version") === "OSS4-HMAC-SHA256")
    return v4Presigned(request, address, query);
  if (authorization !== "") return v1Header(request, address, authorization);
  return query.has("OSSAccessKeyId") ? v1Presigned(request, address, query) : undefined;
}

const malformed = (text: string): CloudFault =>
  new CloudFault(400, "InvalidArgument", `Cannot read the signature: ${text}`);

const hmacSha1 = (secret: string, text: string): string =>
  createHmac("sha1", secret).update(text).digest("base64");

function v1Header(request: WireRequest, address: OssAddress, authorization: string): Signed {
  const [keyId, given] = /^OSS ([^:]+):(\S+)$/.exec(authorization)?.slice(1) ?? [];
  if (!keyId || !given) throw malformed(authorization);
  const date = header(request, "x-oss-date") || header(request, "date");
  const token = header(request, "x-oss-security-token");
  return {
    scheme: "OSS1",
    keyId,
    ...(token && { token }),
    at: Date.parse(date),
    given,
    stringsToSign: v1Strings(request, address, date),
    sign: hmacSha1,
  };
}

function v1Presigned(request: WireRequest, address: OssAddress, query: Map<string, string>): Signed {
  const expires = query.get("Expires") ?? "";
  const token = query.get("security-token");
  if (!/^\d+$/.test(expires) || !query.has("Signature")) throw malformed("Expires or Signature is missing");
  return {
    scheme: "OSS1",
    keyId: query.get("OSSAccessKeyId") ?? "",
    ...(token && { token }),
    expiresAt: Number(expires) * 1000,
    given: query.get("Signature") ?? "",
    stringsToSign: v1Strings(request, address, expires),
    sign: hmacSha1,
  };
}

function v1Strings(request: WireRequest, { bucket, key, query }: OssAddress, date: string): string[] {
  const head = [request.method, header(request, "content-md5"), header(request, "content-type"), date];
  const ossHeaders = Object.keys(request.headers)
    .filter((name) => name.startsWith("x-oss-"))
    .toSorted()
    .map((name) => `${name}:${header(request, name)}`);
  const subResources = query
    .filter(([name]) => SUB_RESOURCES.has(name))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`))
    .toSorted()
    .join("&");
  const tail = subResources === "" ? "" : `?${subResources}`;
  const resources = bucket === undefined ? ["/"] : [`/${bucket}/${key ?? ""}`];
  // An old official client leaves the slash out when it calls the bucket itself.
  if (bucket !== undefined && key === undefined) resources.push(`/${bucket}`);
  return resources.map((resource) => [...head, ...ossHeaders, `${resource}${tail}`].join("\n"));
}

function v4Header(request: WireRequest, address: OssAddress, authorization: string): Signed {
  const [credential, , additional, given] =
    /^OSS4-HMAC-SHA256 Credential=([^,]+),\s*(AdditionalHeaders=([^,]*),\s*)?Signature=(\w+)$/
      .exec(authorization)
      ?.slice(1) ?? [];
  if (!credential || !given) throw malformed(authorization);
  const token = header(request, "x-oss-security-token");
  return v4(request, address, {
    credential,
    given,
    token,
    additional: additional ?? "",
    date: header(request, "x-oss-date"),
  });
}

function v4Presigned(request: WireRequest, address: OssAddress, query: Map<string, string>): Signed {
  const date = query.get("x-oss-date") ?? "";
  const signed = v4(request, address, {
    credential: query.get("x-oss-credential") ?? "",
    given: query.get("x-oss-signature") ?? "",
    token: query.get("x-oss-security-token") ?? "",
    additional: query.get("x-oss-additional-headers") ?? "",
    date,
  });
  const { at = Number.NaN, ...rest } = signed;
  return { ...rest, expiresAt: at + Number(query.get("x-oss-expires") ?? Number.NaN) * 1000 };
}

interface V4Fields {
  readonly credential: string;
  readonly given: string;
  readonly token: string;
  readonly additional: string;
  /** `yyyymmddThhmmssZ` */
  readonly date: string;
}

function readCredential(text: string) {
  const [keyId = "", day = "", region = "", product = "", terminator = ""] = text.split("/");
  return { keyId, day, region, product, terminator };
}

function v4(request: WireRequest, address: OssAddress, fields: V4Fields): Signed {
  const { keyId, day, region, product, terminator } = readCredential(fields.credential);
  const [year, month, dayOfMonth, hours, minutes, seconds] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(fields.date)?.slice(1) ?? [];
  if (!year || !fields.date.startsWith(day) || terminator !== "aliyun_v4_request") {
    throw malformed(`credential ${fields.credential}, date ${fields.date}`);
  }
  // `?acl` and `?acl=` are one request line and two canonical forms: clients do both.
  const canonicals = ["", "="].map((empty) => canonicalV4(request, address, fields.additional, empty));
  const scope = `${day}/${region}/${product}/aliyun_v4_request`;
  return {
    scheme: "OSS4",
    keyId,
    ...(fields.token && { token: fields.token }),
    at: Date.parse(`${year}-${month}-${dayOfMonth}T${hours}:${minutes}:${seconds}Z`),
    given: fields.given,
    stringsToSign: [...new Set(canonicals)].map(
      (text) => `OSS4-HMAC-SHA256\n${fields.date}\n${scope}\n${sha256Hex(text)}`,
    ),
    canonicalRequest: canonicals[0] ?? "",
    sign: (secret, text) => hmac(signingKey(secret, scope), text).toString("hex"),
  };
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** Of the newest sessions: a key signs many requests in a row. */
const signingKeys = new Map<string, Buffer>();
const SIGNING_KEYS_MAX = 64;

function signingKey(secret: string, scope: string): Buffer {
  const known = signingKeys.get(`${secret} ${scope}`);
  if (known !== undefined) return known;
  const key = scope.split("/").reduce(hmac, Buffer.from(`aliyun_v4${secret}`));
  if (signingKeys.size >= SIGNING_KEYS_MAX) signingKeys.clear();
  signingKeys.set(`${secret} ${scope}`, key);
  return key;
}

/** @param empty what follows the name of a parameter without a value. */
function canonicalV4(
  request: WireRequest,
  { bucket, key, query }: OssAddress,
  additional: string,
  empty: string,
): string {
  const names = additional.split(";").filter((name) => name !== "");
  const headers = Object.keys(request.headers)
    .filter((name) => name.startsWith("x-oss-") || name === "content-type" || name === "content-md5")
    .concat(names)
    .toSorted();
  return [
    request.method,
    `/${bucket === undefined ? "" : `${bucket}/`}${key ?? ""}`.split("/").map(encode).join("/"),
    query
      .filter(([name]) => name !== "x-oss-signature")
      .map(([name, value]) => `${encode(name)}${value === "" ? empty : `=${encode(value)}`}`)
      .toSorted()
      .join("&"),
    [...new Set(headers)].map((name) => `${name}:${header(request, name)}\n`).join(""),
    names.toSorted().join(";"),
    header(request, "x-oss-content-sha256") || "UNSIGNED-PAYLOAD",
  ].join("\n");
}
