/**
 * Buckets and objects in memory.
 *
 * OSS-STORE-1. Keys are listed in the order of their UTF-8 bytes.
 * OSS-STORE-2. Every successful change tells the subscribers what happened, once, after it is done.
 */
import { createHash } from "node:crypto";
import { CloudFault, type Kernel, refuseIf } from "../core/kernel.ts";
import type { Objects, StoreEvent } from "../core/object-events.ts";

export interface StoredObject {
  readonly key: string;
  readonly body: Buffer;
  /** Bytes. */
  readonly size: number;
  /** Upper-case hex, without quotes. */
  readonly etag: string;
  /** Epoch milliseconds, whole seconds as the protocol shows them. */
  readonly lastModifiedAt: number;
  readonly contentType: string;
  /** x-oss-meta-* without the prefix, lower case. */
  readonly meta: Readonly<Record<string, string>>;
  readonly type: "Normal" | "Appendable" | "Multipart";
  /** `default` follows the bucket. */
  readonly acl: string;
}

export interface PutOptions {
  readonly contentType?: string | undefined;
  readonly meta?: Readonly<Record<string, string>> | undefined;
  /** Empty or absent: that of the bucket. */
  readonly acl?: string;
  readonly forbidOverwrite?: boolean;
  readonly type?: StoredObject["type"];
  readonly etag?: string;
  /** Part of the event name: PutObject (default), PostObject, CopyObject, AppendObject, … */
  readonly by?: string;
}

interface AppendOptions extends Pick<PutOptions, "contentType" | "meta" | "acl"> {
  readonly position?: number;
}

interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly createdAt: number;
  readonly objects: Map<string, StoredObject>;
  /** The role whose sessions alone may use it, when the bucket belongs to another product. */
  readonly foreignRole?: string;
  /** Versions are not simulated, so they can only be suspended; undefined = never asked for. */
  versioning?: "Suspended";
}

interface Change {
  readonly at: number;
  readonly bucket: string;
  readonly key: string;
  readonly before: StoredObject | undefined;
}

const sorted = (objects: Iterable<StoredObject>, prefix: string): StoredObject[] =>
  [...objects]
    .filter(({ key }) => key.startsWith(prefix))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));

const md5 = (body: Buffer): string => createHash("md5").update(body).digest("hex").toUpperCase();

/** https://www.alibabacloud.com/help/en/oss/developer-reference/putobjectacl */
const ACLS = new Set(["default", "private", "public-read", "public-read-write"]);

function checkAcl(acl: string): string {
  refuseIf(!ACLS.has(acl), 400, "InvalidArgument", "The object ACL is not one of OSS.");
  return acl;
}

const MAX_APPENDABLE_BYTES = 5 * 1024 ** 3;

/** @throws CloudFault unless `bytes` may be added at `position` to what is there. */
export function checkAppend(
  before: Pick<StoredObject, "type" | "size"> | undefined,
  position: number,
  bytes: number,
): void {
  const { type = "Appendable", size = 0 } = before ?? {};
  refuseIf(type !== "Appendable", 409, "ObjectNotAppendable", "The object is not appendable.");
  if (position !== size) {
    throw new CloudFault(409, "PositionNotEqualToLength", "Position is not equal to file length.", {
      "x-oss-next-append-position": String(size),
    });
  }
  const isTooLarge = size + bytes > MAX_APPENDABLE_BYTES;
  refuseIf(isTooLarge, 400, "EntityTooLarge", "An appendable object may have 5 GB at most.");
}

/** The objects of the account. Refusals are CloudFaults in the words of OSS. */
export class ObjectStore implements Objects {
  readonly #kernel: Kernel;
  readonly #buckets = new Map<string, Bucket>();
  /** Settings of buckets by `<bucket> <name>`: their XML. */
  readonly settings = new Map<string, string>();
  readonly #subscribers: ((event: StoreEvent) => void)[] = [];
  /** Changes that lists do not show yet, oldest first. */
  #hidden: Change[] = [];
  #listLagMs = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  subscribe(subscriber: (event: StoreEvent) => void): void {
    this.#subscribers.push(subscriber);
  }

  /** Makes a bucket, in the region of this cloud or another; harmless when it exists. @throws CloudFault for a name the cloud refuses. */
  createBucket(name: string, region = this.#kernel.region): void {
    if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
      throw new CloudFault(400, "InvalidBucketName", "The specified bucket is not valid.", {
        BucketName: name,
      });
    }
    if (this.#buckets.has(name)) return;
    this.#buckets.set(name, { name, region, createdAt: this.#kernel.time.now(), objects: new Map() });
  }

  /** The region of a bucket; undefined for one that is not there. */
  regionOf(name: string): string | undefined {
    return this.#buckets.get(name)?.region;
  }

  createForeignBucket(name: string, role: string): void {
    if (this.#buckets.has(name)) return;
    const createdAt = this.#kernel.time.now();
    const { region } = this.#kernel;
    this.#buckets.set(name, { name, region, createdAt, objects: new Map(), foreignRole: role });
  }

  /** The role whose sessions alone may use a bucket; undefined for those of the account. */
  foreignRole(name: string): string | undefined {
    return this.#buckets.get(name)?.foreignRole;
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  deleteBucket(name: string): void {
    if (this.#bucket(name).objects.size > 0) {
      throw new CloudFault(409, "BucketNotEmpty", "The bucket has objects. Please delete them first.");
    }
    this.#buckets.delete(name);
    for (const key of this.settings.keys()) if (key.startsWith(`${name} `)) this.settings.delete(key);
  }

  buckets(): { readonly name: string; readonly createdAt: number }[] {
    const own = [...this.#buckets.values()].filter(({ foreignRole }) => foreignRole === undefined);
    return own.map(({ name, createdAt }) => ({ name, createdAt }));
  }

  /** Whether versioning of a bucket is suspended. @throws CloudFault NoSuchBucket. */
  versioning(bucket: string): "Suspended" | undefined {
    return this.#bucket(bucket).versioning;
  }

  /** Once suspended, a bucket can never be without versioning again. */
  suspendVersioning(bucket: string): void {
    this.#bucket(bucket).versioning = "Suspended";
  }

  /** Stores an object whole. @throws CloudFault FileAlreadyExists when overwriting is forbidden. */
  put(bucket: string, key: string, body: Buffer | string, options: PutOptions = {}): StoredObject {
    const { objects, versioning } = this.#bucket(bucket);
    const isBad = key === "" || Buffer.byteLength(key) > 1023 || /^[/\\]/.test(key);
    refuseIf(isBad, 400, "InvalidObjectName", "The specified object is not valid.");
    const before = objects.get(key);
    // x-oss-forbid-overwrite has no effect where versioning is enabled or suspended.
    // https://www.alibabacloud.com/help/en/oss/developer-reference/putobject
    refuseIf(
      before !== undefined && options.forbidOverwrite === true && versioning === undefined,
      409,
      "FileAlreadyExists",
      "The object you specified already exists and can not be overwritten.",
    );
    const data = Buffer.from(body);
    const object = this.#objectOf(key, data, options);
    this.#hide({ bucket, key, before });
    objects.set(key, object);
    const { by = "PutObject" } = options;
    this.#tell(`ObjectCreated:${by}`, bucket, object, data.length - (before?.size ?? 0));
    return object;
  }

  /**
   * Adds to the end of an object, which must be at `position` when that is given, or creates the object. Type and
   * metadata are those of the first call. https://www.alibabacloud.com/help/en/oss/developer-reference/appendobject
   * @throws CloudFault ObjectNotAppendable, PositionNotEqualToLength, or EntityTooLarge above 5 GB.
   */
  append(bucket: string, key: string, body: Buffer | string, options: AppendOptions = {}): StoredObject {
    const before = this.#bucket(bucket).objects.get(key);
    const { position = before?.size ?? 0 } = options;
    const added = Buffer.from(body);
    checkAppend(before, position, added.length);
    const whole = Buffer.concat([before?.body ?? Buffer.alloc(0), added]);
    const { contentType, meta, acl } = before ?? options;
    // The ETag of such an object is no digest that a client could know.
    const etag = `${md5(whole).slice(0, 24)}00000000`;
    const described = { contentType, meta, ...(acl !== undefined && { acl }) };
    return this.put(bucket, key, whole, { ...described, etag, type: "Appendable", by: "AppendObject" });
  }

  /** @throws CloudFault when the object is not there, or the list is none that OSS has. */
  setAcl(bucket: string, key: string, acl: string): void {
    const object = { ...this.get(bucket, key), acl: checkAcl(acl) };
    this.#bucket(bucket).objects.set(key, object);
  }

  #objectOf(key: string, body: Buffer, options: PutOptions): StoredObject {
    const { contentType = "application/octet-stream", meta = {}, type = "Normal" } = options;
    return {
      key,
      body,
      size: body.length,
      etag: options.etag ?? md5(body),
      lastModifiedAt: Math.floor(this.#kernel.time.now() / 1000) * 1000,
      contentType,
      meta,
      type,
      acl: checkAcl(options.acl || "default"),
    };
  }

  /** @throws CloudFault NoSuchBucket or NoSuchKey. */
  get(bucket: string, key: string): StoredObject {
    const object = this.find(bucket, key);
    if (object !== undefined) return object;
    this.#bucket(bucket);
    throw new CloudFault(404, "NoSuchKey", "The specified key does not exist.", { Key: key });
  }

  /** The object, or undefined when object or bucket is not there. */
  find(bucket: string, key: string): StoredObject | undefined {
    return this.#buckets.get(bucket)?.objects.get(key);
  }

  /** Removes an object; removing what is not there succeeds, as in OSS. */
  delete(bucket: string, key: string, by = "DeleteObject"): void {
    const { objects } = this.#bucket(bucket);
    const object = objects.get(key);
    if (!objects.delete(key) || object === undefined) return;
    this.#hide({ bucket, key, before: object });
    this.#tell(`ObjectRemoved:${by}`, bucket, object, -object.size);
  }

  /** All objects under `prefix` in the order of OSS-STORE-1. */
  list(bucket: string, prefix = ""): StoredObject[] {
    return sorted(this.#bucket(bucket).objects.values(), prefix);
  }

  /** From now on clients list the objects as they were so many milliseconds ago; reading one is not affected. */
  lagLists(ms: number): void {
    this.#listLagMs = ms;
    this.#hidden = [];
  }

  /** What a client lists. */
  listed(bucket: string, prefix: string): StoredObject[] {
    const objects = new Map(this.#bucket(bucket).objects);
    const shownAt = this.#kernel.time.now() - this.#listLagMs;
    for (const change of this.#hidden.toReversed()) {
      if (change.bucket !== bucket || change.at <= shownAt) continue;
      if (change.before === undefined) objects.delete(change.key);
      else objects.set(change.key, change.before);
    }
    return sorted(objects.values(), prefix);
  }

  #hide(change: Omit<Change, "at">): void {
    if (this.#listLagMs === 0) return;
    const at = this.#kernel.time.now();
    this.#hidden = [...this.#hidden.filter((old) => old.at > at - this.#listLagMs), { ...change, at }];
  }

  /** @throws CloudFault NoSuchBucket. */
  createdAt(bucket: string): number {
    return this.#bucket(bucket).createdAt;
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket !== undefined) return bucket;
    throw new CloudFault(404, "NoSuchBucket", "The specified bucket does not exist.", { BucketName: name });
  }

  #tell(name: string, bucket: string, { key, size, etag }: StoredObject, deltaSize: number): void {
    const at = this.#kernel.time.now();
    const requestId = this.#kernel.requestId().replaceAll("-", "").slice(0, 24);
    const event = { name, bucket, key, size, deltaSize, etag, at, requestId };
    for (const subscriber of this.#subscribers) subscriber(event);
  }
}
