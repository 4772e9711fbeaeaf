/** The orders that the doctor gives to its probe, and the answers. Both sides read these types. */

/** A call on the bucket, made as Kiln makes it. */
interface BucketOrder {
  readonly kind: "bucket";
  readonly action: string;
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A call of another product, in the words of the official core client. */
interface ApiOrder {
  readonly kind: "api";
  readonly product: "ecs" | "cms" | "ess" | "fc";
  readonly region?: string;
  /** `$OpenApiUtil.Params` */
  readonly params: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An event for the probe itself, sent as a function of Kiln sends it. */
interface DeliverOrder {
  readonly kind: "deliver";
  readonly signature: "fc" | "acs3";
  readonly payload: string;
  readonly delayMs: number;
  readonly taskId: string;
}

export type Order = BucketOrder | ApiOrder | DeliverOrder;

/** The result of an order. */
export interface Reply {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The cloud's code for a refusal, "" for none. */
  readonly code: string;
  /** The cloud's words, or the body of an answer of the bucket. */
  readonly text: string;
  /** The body of an answer of another product. */
  readonly body?: unknown;
  /** Warnings that were logged on the way. */
  readonly warnings?: readonly string[];
}

/** Payload of a waiting invocation: the orders are carried out one after the other. */
export interface Errand {
  /** The id of the examination. */
  readonly of: string;
  readonly orders: readonly Order[];
}

/** Answer to an `Errand`. */
export interface Report {
  readonly replies: readonly Reply[];
  /** The context that the platform gave to the invocation. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly versions: { readonly node: string };
  /** Minutes that local time differs from UTC. */
  readonly zoneMinutes: number;
  /** The part whose role the probe has now. */
  readonly part: string;
  /** The number of this errand among those of the same instance of the function, from 1. */
  readonly served: number;
  /** The time there, epoch milliseconds. */
  readonly at: number;
}

/** A note for the probe to take down when it arrives; `fail` makes it fail after that. */
export interface Note {
  readonly note: string;
  readonly fail?: boolean;
  readonly pad?: string;
}

/** An arrival as it lies in the bucket, under `<folder>arrivals/<note>/`. */
export interface Arrival {
  readonly at: number;
  /** The payload as it arrived; without `pad`. */
  readonly payload: unknown;
  readonly bytes: number;
}
