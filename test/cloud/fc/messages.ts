/** What the host and the thread of a function instance say to each other. */

/** What differs between two instances of the same code. */
export interface StartData {
  /** The cloud's clock, see time.ts. */
  readonly shared: SharedArrayBuffer;
  /** The whole environment. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface InstanceData extends StartData {
  readonly codePath: string;
  /** `index.handler` */
  readonly handler: string;
  /** What V8 made of the code in an earlier instance, see compiled.ts. */
  readonly compiled: Uint8Array | undefined;
}

/** The documented context, without what cannot be sent to a thread (logger). */
export interface ContextData {
  readonly requestId: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken: string;
  };
  readonly function: {
    readonly name: string;
    readonly handler: string;
    /** MB */
    readonly memory: number;
    /** Seconds */
    readonly timeout: number;
  };
  readonly service: {
    readonly name: string;
    readonly logProject: string;
    readonly logStore: string;
    readonly qualifier: string;
    readonly versionId: string;
  };
  readonly region: string;
  readonly accountId: string;
  readonly tracing: {
    readonly openTracingSpanContext: string;
    readonly jaegerEndpoint: string;
    readonly openTracingSpanBaggages: Readonly<Record<string, string>>;
  };
}

export interface InvokeMessage {
  readonly event: Uint8Array;
  readonly context: ContextData;
}

export type HostMessage =
  | ({ readonly kind: "invoke" } & InvokeMessage)
  /** The sleep of the running invocation is over. */
  | { readonly kind: "wake" }
  /** Become a new instance of the same code, see threads.ts. */
  | ({ readonly kind: "restart" } & StartData);

export type ErrorType = "UnhandledInvocationError" | "HandledInvocationError";

export type InstanceMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "log"; readonly text: string }
  | { readonly kind: "compiled"; readonly data: Uint8Array }
  /** The running invocation does nothing for so many milliseconds of the cloud's time. */
  | { readonly kind: "sleep"; readonly ms: number }
  /** The code could not be loaded, or has no such handler. */
  | { readonly kind: "broken"; readonly body: string }
  | { readonly kind: "answer"; readonly body: Uint8Array; readonly errorType?: ErrorType };
