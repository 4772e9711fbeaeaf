/** Operations on one object. */
import { createHash } from "node:crypto";
import { CloudFault, refuseIf } from "../core/kernel.ts";
import { decodePath } from "./address.ts";
import { empty, type Operation, type OssRequest, OWNER, xml } from "./operation.ts";
import type { ObjectStore, PutOptions, StoredObject } from "./store.ts";
import { document } from "./xml.ts";

const quoted = (etag: string): string => `"${etag}"`;

/** Everything an object says about itself in headers. */
function describe(object: StoredObject): Record<string, string> {
  return {
    "content-type": object.contentType,
    etag: quoted(object.etag),
    "last-modified": new Date(object.lastModifiedAt).toUTCString(),
    "accept-ranges": "bytes",
    "x-oss-object-type": object.type,
    ...(object.type === "Appendable" && { "x-oss-next-append-position": String(object.size) }),
    // Of an object that was uploaded in parts OSS keeps the MD5 of none of them together.
    ...(object.type === "Normal" && {
      "content-md5": createHash("md5").update(object.body).digest("base64"),
    }),
    "x-oss-storage-class": "Standard",
    ...Object.fromEntries(Object.entries(object.meta).map(([name, value]) => [`x-oss-meta-${name}`, value])),
  };
}

/** @throws CloudFault 412; answers true when the client's copy is still good (304). */
function isUnchanged({ header }: OssRequest, object: StoredObject): boolean {
  const tags = (name: string): string[] =>
    header(name)
      .split(",")
      .map((tag) => tag.trim().replaceAll('"', ""))
      .filter((tag) => tag !== "");
  const ifMatch = tags("if-match");
  const unmodifiedSince = Date.parse(header("if-unmodified-since"));
  if ((ifMatch.length > 0 && !ifMatch.includes(object.etag)) || object.lastModifiedAt > unmodifiedSince) {
    throw new CloudFault(
      412,
      "PreconditionFailed",
      "At least one of the pre-conditions you specified did not hold.",
    );
  }
  return (
    tags("if-none-match").includes(object.etag) ||
    object.lastModifiedAt <= Date.parse(header("if-modified-since"))
  );
}

/**
 * An object to be read. Whether a key is missing is part of the listing, so who may not list is refused instead of
 * answered; no page of OSS settles this, and its relatives do it so.
 * @throws CloudFault 404 NoSuchKey or NoSuchBucket, 403 AccessDenied.
 */
function read({ mayList }: OssRequest, store: ObjectStore, bucket: string, key: string): StoredObject {
  try {
    return store.get(bucket, key);
  } catch (error) {
    if (!(error instanceof CloudFault) || error.code !== "NoSuchKey" || mayList(bucket)) throw error;
    throw new CloudFault(403, "AccessDenied", "You have no right to access this object.");
  }
}

/** First and last byte that a Range header names, which may be outside of the object; undefined when it names none. */
function parseRange(text: string, size: number): { start: number; end: number } | undefined {
  // Of several ranges OSS reads the first.
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)(?:,|$)/.exec(text) ?? [];
  if (from === "") return to === "" ? undefined : { start: size - Number(to), end: size - 1 };
  const end = to === "" ? Math.max(Number(from), size - 1) : Number(to);
  return end < Number(from) ? undefined : { start: Number(from), end };
}

/**
 * The bytes to answer; undefined is the whole object. OSS ignores a range that is not wholly within the object, and
 * answers 200, unless the request asks for the standard behaviour.
 * https://www.alibabacloud.com/help/en/oss/how-to-obtain-oss-resources-by-segmenting-http-range-requests
 * @throws CloudFault 416 InvalidRange, only when `isStandard`.
 */
export function rangeOf(text: string, size: number, isStandard: boolean): ReturnType<typeof parseRange> {
  const range = parseRange(text, size);
  if (range === undefined) return undefined;
  const [start, end] = [Math.max(0, range.start), Math.min(range.end, size - 1)];
  const isWithin = start === range.start && end === range.end && start < size;
  if (!isWithin && !isStandard) return undefined;
  refuseIf(start >= size, 416, "InvalidRange", "The requested range cannot be satisfied");
  return { start, end };
}

const get: Operation = (request, { store }) => {
  const object = read(request, store, request.bucket, request.key);
  if (isUnchanged(request, object)) return empty(304, { etag: quoted(object.etag) });
  const headers = describe(object);
  for (const [name, value] of request.query) {
    if (name.startsWith("response-")) headers[name.slice("response-".length)] = value;
  }
  const size = object.body.length;
  const range = rangeOf(request.header("range"), size, request.header("x-oss-range-behavior") === "standard");
  if (range === undefined) return { status: 200, headers, body: object.body };
  const { start, end } = range;
  headers["content-range"] = `bytes ${start}-${end}/${size}`;
  delete headers["content-md5"];
  return { status: 206, headers, body: object.body.subarray(start, end + 1) };
};

const head: Operation = (request, { store }) => {
  const object = read(request, store, request.bucket, request.key);
  if (isUnchanged(request, object)) return empty(304, { etag: quoted(object.etag) });
  return empty(200, { ...describe(object), "content-length": String(object.body.length) });
};

/** What a write carries besides its bytes. @throws CloudFault InvalidDigest when Content-MD5 does not fit. */
export function readPutOptions({ wire, header, body }: OssRequest): PutOptions {
  const md5 = header("content-md5");
  if (md5 !== "" && md5 !== createHash("md5").update(body).digest("base64")) {
    throw new CloudFault(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", {
      "Content-MD5": md5,
    });
  }
  const meta = Object.keys(wire.headers)
    .filter((name) => name.startsWith("x-oss-meta-"))
    .map((name) => [name.slice("x-oss-meta-".length), header(name)] as const);
  const contentType = header("content-type");
  return {
    ...(contentType && { contentType }),
    meta: Object.fromEntries(meta),
    acl: header("x-oss-object-acl"),
    forbidOverwrite: header("x-oss-forbid-overwrite") === "true",
  };
}

const put: Operation = (request, { store }) => {
  const object = store.put(request.bucket, request.key, request.body, readPutOptions(request));
  return empty(200, {
    etag: quoted(object.etag),
    "content-md5": createHash("md5").update(object.body).digest("base64"),
  });
};

/** @throws CloudFault when it is missing (EC 0016-00000501) or not a whole number (0016-00000502). */
function readPosition({ query }: OssRequest): number {
  const text = query.get("position");
  if (text === undefined) throw new CloudFault(400, "MissingArgument", "Missing Some Required Arguments.");
  refuseIf(!/^\d+$/.test(text), 400, "InvalidArgument", "The position is not a whole number of bytes.");
  return Number(text);
}

const append: Operation = (request, { store }) => {
  const { bucket, key, query, header, body } = request;
  const position = readPosition(request);
  refuseIf(query.has("versionId"), 400, "InvalidArgument", "AppendObject takes no versionId.");
  // Of a key that is the bucket's default the page says nothing; refusing it is the stricter reading.
  const bucketKey = /<KMSMasterKeyID>[^<]/.test(store.settings.get(`${bucket} encryption`) ?? "");
  const hasOwnKey = header("x-oss-server-side-encryption-key-id") !== "" || bucketKey;
  refuseIf(
    hasOwnKey,
    400,
    "InvalidArgument",
    "An appendable object cannot be encrypted with a key of yours.",
  );
  const isKept = /<State>(InProgress|Locked)</.test(store.settings.get(`${bucket} worm`) ?? "");
  const isProtected = isKept && store.find(bucket, key) !== undefined;
  refuseIf(isProtected, 409, "FileImmutable", "The object is protected by a retention policy.");
  const object = store.append(bucket, key, body, { position, ...readPutOptions(request) });
  return empty(200, { etag: quoted(object.etag), "x-oss-next-append-position": String(object.size) });
};

const copy: Operation = (request, { store }) => {
  const { bucket, key, header, demand } = request;
  const path = decodePath(header("x-oss-copy-source"));
  const slash = path.indexOf("/");
  const [fromBucket, fromKey] = [path.slice(0, slash), path.slice(slash + 1)];
  demand("oss:GetObject", fromBucket, fromKey);
  const source = read(request, store, fromBucket, fromKey);
  const isAppendable = source.type === "Appendable";
  refuseIf(isAppendable, 400, "OperationNotSupported", "An appendable object cannot be copied.");
  const replaces = header("x-oss-metadata-directive") === "REPLACE";
  const described = replaces
    ? readPutOptions(request)
    : { contentType: source.contentType, meta: source.meta, acl: header("x-oss-object-acl") };
  const forbidOverwrite = header("x-oss-forbid-overwrite") === "true";
  const object = store.put(bucket, key, source.body, { ...described, forbidOverwrite, by: "CopyObject" });
  return xml(
    document("CopyObjectResult", {
      ETag: quoted(object.etag),
      LastModified: new Date(object.lastModifiedAt).toISOString(),
    }),
  );
};

const putAcl: Operation = ({ bucket, key, header }, { store }) => {
  store.setAcl(bucket, key, header("x-oss-object-acl"));
  return empty(200);
};

const getAcl: Operation = (request, { store }) => {
  const { acl } = read(request, store, request.bucket, request.key);
  return xml(document("AccessControlPolicy", { Owner: OWNER, AccessControlList: { Grant: acl } }));
};

const remove: Operation = ({ bucket, key }, { store }) => {
  store.delete(bucket, key);
  return empty(204);
};

export const OBJECT_OPERATIONS: Readonly<Record<string, Operation>> = {
  GetObject: get,
  HeadObject: head,
  GetObjectMeta: head,
  PutObject: put,
  AppendObject: append,
  CopyObject: copy,
  PutObjectAcl: putAcl,
  GetObjectAcl: getAcl,
  DeleteObject: remove,
};
