/** The objects of OSS as other products see them: their changes start functions, and one may be the code of one. */

/** One change of an object. */
export interface StoreEvent {
  /** `ObjectCreated:PutObject`, without the `oss:` of rule names. */
  readonly name: string;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly deltaSize: number;
  readonly etag: string;
  readonly at: number;
  readonly requestId: string;
}

/** Reports every successful change of an object once, after it is made. */
export interface ObjectEvents {
  subscribe(subscriber: (event: StoreEvent) => void): void;
}

/** The buckets of the account, and those of other products that it may use. */
export interface Objects extends ObjectEvents {
  hasBucket(name: string): boolean;
  find(bucket: string, key: string): { readonly body: Buffer } | undefined;
  /** Makes a bucket that belongs to another product: no list shows it, and only sessions of `role` may use it. */
  createForeignBucket(name: string, role: string): void;
}
