/** Operations on one object. */
import { createHash } from "node:crypto";
import { CloudFault } from "../core/kernel.ts";
import { decode } from "../core/signatures.ts";
import { empty, type Operation, type OssRequest, xml } from "./operation.ts";
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
    "content-md5": createHash("md5").update(object.body).digest("base64"),
    "x-oss-object-type": object.type,
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

/** The bytes that a Range header names. Undefined, and so the whole object, when it cannot be satisfied. */
function rangeOf(text: string, size: number): { start: number; end: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(text) ?? [];
  if (from === undefined || to === undefined || from + to === "") return undefined;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  return start > end || start >= size ? undefined : { start, end };
}

const get: Operation = (request, { store }) => {
  const object = read(request, store, request.bucket, request.key);
  if (isUnchanged(request, object)) return empty(304, { etag: quoted(object.etag) });
  const headers = describe(object);
  for (const [name, value] of request.query) {
    if (name.startsWith("response-")) headers[name.slice("response-".length)] = value;
  }
  const size = object.body.length;
  const range = rangeOf(request.header("range"), size);
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

const append: Operation = (request, { store }) => {
  const { bucket, key, query, body } = request;
  const before = store.find(bucket, key);
  if (before !== undefined && before.type !== "Appendable") {
    throw new CloudFault(409, "ObjectNotAppendable", "The object is not appendable.");
  }
  const length = before?.body.length ?? 0;
  if (Number(query.get("position") ?? Number.NaN) !== length) {
    throw new CloudFault(409, "PositionNotEqualToLength", "Position is not equal to file length.", {
      "x-oss-next-append-position": String(length),
    });
  }
  const whole = Buffer.concat([before?.body ?? Buffer.alloc(0), body]);
  const options = { ...readPutOptions(request), type: "Appendable", by: "AppendObject" } as const;
  const object = store.put(bucket, key, whole, options);
  return empty(200, { etag: quoted(object.etag), "x-oss-next-append-position": String(whole.length) });
};

const copy: Operation = (request, { store }) => {
  const { bucket, key, header, demand } = request;
  const path = decode(header("x-oss-copy-source")).replace(/^\//, "");
  const slash = path.indexOf("/");
  const [fromBucket, fromKey] = [path.slice(0, slash), path.slice(slash + 1)];
  demand("oss:GetObject", fromBucket, fromKey);
  const source = read(request, store, fromBucket, fromKey);
  const replaces = header("x-oss-metadata-directive") === "REPLACE";
  const described = replaces
    ? readPutOptions(request)
    : { contentType: source.contentType, meta: source.meta };
  const forbidOverwrite = header("x-oss-forbid-overwrite") === "true";
  const object = store.put(bucket, key, source.body, { ...described, forbidOverwrite, by: "CopyObject" });
  return xml(
    document("CopyObjectResult", {
      ETag: quoted(object.etag),
      LastModified: new Date(object.lastModifiedAt).toISOString(),
    }),
  );
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
  DeleteObject: remove,
};
