/** Changes of objects: OSS reports them, and Function Compute triggers on them. */

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
