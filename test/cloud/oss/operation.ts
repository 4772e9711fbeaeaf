/** What every OSS operation gets and gives, and how a request finds its operation's name. */
import type { Kernel, WireRequest, WireResponse } from "../core/kernel.ts";
import type { ObjectStore } from "./store.ts";

/** A request, addressed and authenticated. `bucket` and `key` are "" when the request has none. */
export interface OssRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly header: (name: string) => string;
  readonly body: Buffer;
  readonly wire: WireRequest;
  /** Whether the caller may do `action` on an object; throws the cloud's 403 when not. */
  readonly demand: (action: string, bucket: string, key: string) => void;
  /** Whether the caller may know which keys `bucket` has. */
  readonly mayList: (bucket: string) => boolean;
}

interface Oss {
  readonly kernel: Kernel;
  readonly store: ObjectStore;
}

export type Operation = (request: OssRequest, oss: Oss) => WireResponse;

export const empty = (status: number, headers: Record<string, string> = {}): WireResponse => ({
  status,
  headers,
  body: "",
});

export const xml = (body: string, headers: Record<string, string> = {}): WireResponse => ({
  status: 200,
  headers: { "content-type": "application/xml", ...headers },
  body,
});

export const OWNER = { ID: "owner", DisplayName: "owner" };

/** Parameters that select an operation of their own, in the order they are looked for. */
const SUB_RESOURCES =
  "delete append uploads uploadId acl location bucketInfo objectMeta lifecycle versioning publicAccessBlock overwriteConfig worm encryption".split(
    " ",
  );
/** Known to OSS and not to the local cloud: answering as if they were not there would be a lie. */
const NOT_HERE =
  "cors logging website referer policy versions tagging replication inventory symlink restore stat versionId".split(
    " ",
  );

/** The operation's name as OSS calls it; undefined when the local cloud does not have it. */
export function operationName({ method, bucket, key, query, header }: OssRequest): string | undefined {
  // AppendObject refuses a version by itself.
  if (NOT_HERE.some((name) => query.has(name)) && !query.has("append")) return undefined;
  const sub = SUB_RESOURCES.find((name) => query.has(name));
  if (bucket === "") return method === "GET" ? "ListBuckets" : undefined;
  const level = key === "" ? "bucket" : "object";
  if (level === "object" && sub === undefined && method === "PUT" && header("x-oss-copy-source") !== "") {
    return "CopyObject";
  }
  return ROUTES[`${method} ${level}${sub === undefined ? "" : ` ${sub}`}`];
}

const ROUTES: Readonly<Record<string, string>> = {
  "GET bucket": "ListObjects",
  "GET bucket acl": "GetBucketAcl",
  "GET bucket location": "GetBucketLocation",
  "GET bucket bucketInfo": "GetBucketInfo",
  "GET bucket lifecycle": "GetBucketLifecycle",
  "PUT bucket lifecycle": "PutBucketLifecycle",
  "DELETE bucket lifecycle": "DeleteBucketLifecycle",
  "GET bucket publicAccessBlock": "GetBucketPublicAccessBlock",
  "PUT bucket publicAccessBlock": "PutBucketPublicAccessBlock",
  "DELETE bucket publicAccessBlock": "DeleteBucketPublicAccessBlock",
  "GET bucket versioning": "GetBucketVersioning",
  "PUT bucket versioning": "PutBucketVersioning",
  "GET bucket overwriteConfig": "GetBucketOverwriteConfig",
  "GET bucket worm": "GetBucketWorm",
  "GET bucket encryption": "GetBucketEncryption",
  "PUT bucket": "PutBucket",
  "DELETE bucket": "DeleteBucket",
  "POST bucket delete": "DeleteMultipleObjects",
  "GET object": "GetObject",
  "HEAD object": "HeadObject",
  "HEAD object objectMeta": "GetObjectMeta",
  "PUT object": "PutObject",
  "PUT object acl": "PutObjectAcl",
  "GET object acl": "GetObjectAcl",
  "DELETE object": "DeleteObject",
  "POST object append": "AppendObject",
  "POST object uploads": "InitiateMultipartUpload",
  "PUT object uploadId": "UploadPart",
  "POST object uploadId": "CompleteMultipartUpload",
  "DELETE object uploadId": "AbortMultipartUpload",
  "GET object uploadId": "ListParts",
};

/** RAM action per operation, when it is not `oss:<operation>`. */
export const RAM_ACTIONS: Readonly<Record<string, string>> = {
  ListBuckets: "oss:ListBuckets",
  HeadObject: "oss:GetObject",
  GetObjectMeta: "oss:GetObject",
  CopyObject: "oss:PutObject",
  AppendObject: "oss:PutObject",
  InitiateMultipartUpload: "oss:PutObject",
  UploadPart: "oss:PutObject",
  CompleteMultipartUpload: "oss:PutObject",
};
