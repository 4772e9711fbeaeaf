/** Operations on a bucket and its contents as a whole. */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import { encode } from "../core/signatures.ts";
import { empty, type Operation, type OssRequest, OWNER, xml } from "./operation.ts";
import type { StoredObject } from "./store.ts";
import { contents, document, unescape } from "./xml.ts";

const iso = (at: number): string => new Date(at).toISOString();

interface Page {
  readonly objects: readonly StoredObject[];
  readonly prefixes: readonly string[];
  /** Where the next page starts; undefined at the end. */
  readonly next: string | undefined;
}

/** One page: keys after `after`, rolled up at `delimiter`; a prefix counts as one entry. */
export function paginate(
  all: readonly StoredObject[],
  options: { prefix: string; delimiter: string; after: string; limit: number },
): Page {
  const { prefix, delimiter, after, limit } = options;
  const objects: StoredObject[] = [];
  const prefixes: string[] = [];
  let last = "";
  for (const object of all) {
    const cut = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
    const entry = cut === -1 ? object.key : object.key.slice(0, cut + delimiter.length);
    const isPast = Buffer.compare(Buffer.from(entry), Buffer.from(after)) > 0;
    if (!isPast || prefixes.at(-1) === entry) continue;
    if (objects.length + prefixes.length >= limit) return { objects, prefixes, next: last };
    if (cut === -1) objects.push(object);
    else prefixes.push(entry);
    last = entry;
  }
  return { objects, prefixes, next: undefined };
}

type Naming = (text: string) => string;

/** The key after which a page of ListObjectsV2 starts. */
function afterV2(query: ReadonlyMap<string, string>): string {
  const token = query.get("continuation-token");
  if (token === undefined) return query.get("start-after") ?? "";
  return Buffer.from(token, "base64").toString("utf8");
}

const pagingV2 = ({ objects, prefixes, next }: Page, query: ReadonlyMap<string, string>) => ({
  KeyCount: objects.length + prefixes.length,
  ContinuationToken: query.get("continuation-token"),
  NextContinuationToken: next && Buffer.from(next).toString("base64"),
});

const listed = (object: StoredObject, name: Naming, withOwner: boolean) => ({
  Key: name(object.key),
  LastModified: iso(object.lastModifiedAt),
  ETag: `"${object.etag}"`,
  Type: object.type,
  Size: object.body.length,
  StorageClass: "Standard",
  ...(withOwner && { Owner: OWNER }),
});

function readLimit(query: ReadonlyMap<string, string>): number {
  const limit = Number(query.get("max-keys") ?? 100);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new CloudFault(400, "InvalidArgument", "Argument max-keys must be between 1 and 1000.");
}

const list: Operation = ({ bucket, query }, { store }) => {
  const limit = readLimit(query);
  const second = query.get("list-type") === "2";
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const after = second ? afterV2(query) : (query.get("marker") ?? "");
  const page = paginate(store.listed(bucket, prefix), { prefix, delimiter, after, limit });
  const encoding = query.get("encoding-type");
  const name: Naming = encoding === "url" ? encode : (text) => text;
  const next = page.next;
  const withOwner = !second || query.get("fetch-owner") === "true";
  return xml(
    document("ListBucketResult", {
      Name: bucket,
      Prefix: name(prefix),
      MaxKeys: limit,
      Delimiter: name(delimiter),
      EncodingType: encoding,
      IsTruncated: next !== undefined,
      ...(second ? pagingV2(page, query) : { Marker: name(after), NextMarker: next && name(next) }),
      Contents: page.objects.map((object) => listed(object, name, withOwner)),
      CommonPrefixes: page.prefixes.map((text) => ({ Prefix: name(text) })),
    }),
  );
};

const deleteMultiple: Operation = ({ bucket, body, demand }, { store }) => {
  const text = body.toString("utf8");
  const keys = contents(text, "Key").map(unescape);
  if (keys.length === 0 || keys.length > 1000) {
    throw new CloudFault(400, "MalformedXML", "The XML you provided must name 1 to 1000 objects.");
  }
  store.createdAt(bucket);
  for (const key of keys) demand("oss:DeleteObject", bucket, key);
  for (const key of keys) store.delete(bucket, key, "DeleteObjects");
  const quiet = contents(text, "Quiet")[0] === "true";
  return xml(document("DeleteResult", { Deleted: quiet ? [] : keys.map((key) => ({ Key: key })) }));
};

const listBuckets: Operation = (_, { store, kernel }) =>
  xml(
    document("ListAllMyBucketsResult", {
      Owner: OWNER,
      Buckets: {
        Bucket: store.buckets().map(({ name, createdAt }) => ({
          Name: name,
          Location: `oss-${kernel.region}`,
          CreationDate: iso(createdAt),
          StorageClass: "Standard",
        })),
      },
      IsTruncated: false,
    }),
  );

const info: Operation = ({ bucket }: OssRequest, { store, kernel }) =>
  xml(
    document("BucketInfo", {
      Bucket: {
        Name: bucket,
        CreationDate: iso(store.createdAt(bucket)),
        Location: `oss-${kernel.region}`,
        ExtranetEndpoint: `oss-${kernel.region}.aliyuncs.com`,
        StorageClass: "Standard",
        Owner: OWNER,
        AccessControlList: { Grant: "private" },
      },
    }),
  );

export const BUCKET_OPERATIONS: Readonly<Record<string, Operation>> = {
  ListBuckets: listBuckets,
  ListObjects: list,
  DeleteMultipleObjects: deleteMultiple,
  GetBucketInfo: info,
  GetBucketLocation: ({ bucket }, { store, kernel }) => {
    store.createdAt(bucket);
    return xml(
      `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint>oss-${kernel.region}</LocationConstraint>`,
    );
  },
  GetBucketAcl: ({ bucket }, { store }) => {
    store.createdAt(bucket);
    return xml(document("AccessControlPolicy", { Owner: OWNER, AccessControlList: { Grant: "private" } }));
  },
  GetBucketVersioning: ({ bucket }, { store }) =>
    xml(document("VersioningConfiguration", { Status: store.versioning(bucket) })),
  PutBucketVersioning: ({ bucket, body }, { store }) => {
    const [status] = contents(body.toString("utf8"), "Status");
    refuseIf(
      status === "Enabled",
      501,
      "NotImplemented",
      "The local cloud keeps no versions; see its README.md.",
    );
    refuseIf(status !== "Suspended", 400, "MalformedXML", "The XML you provided was not well-formed.");
    store.suspendVersioning(bucket);
    return empty(200);
  },
  PutBucket: ({ bucket }, { store }) => {
    store.createBucket(bucket);
    return empty(200);
  },
  DeleteBucket: ({ bucket }, { store }) => {
    store.deleteBucket(bucket);
    return empty(204);
  },
};
