/** The messages between the host and the sandbox of a function instance, and what a sandbox is. */
import type { FunctionDefinition } from "../core/functions.ts";

/** The differences between two instances of the same code. */
export interface StartData {
  /** The cloud's clock, see time.ts. */
  readonly shared: SharedArrayBuffer;
  /** By how much its own clock is fast. */
  readonly skewMs: number;
  /** The whole environment. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface InstanceData extends StartData {
  readonly codePath: string;
  /** `index.handler` */
  readonly handler: string;
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
  /** The sleep of the running invocation is over. Its clock goes on by what passed for it alone, `aloneMs`. */
  | { readonly kind: "wake"; readonly aloneMs: number };

export type ErrorType = "UnhandledInvocationError" | "HandledInvocationError";

export type InstanceMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "log"; readonly text: string }
  /** The running invocation does nothing for so many milliseconds of the cloud's time. */
  | { readonly kind: "sleep"; readonly ms: number }
  /** The code could not be loaded, or has no such handler. */
  | { readonly kind: "broken"; readonly body: string }
  | { readonly kind: "answer"; readonly body: Uint8Array; readonly errorType?: ErrorType };

/** The end of a sandbox that nothing asked for. `text` is for the log. */
export interface SandboxEnd {
  readonly kind: "exit" | "out of memory";
  readonly text?: string;
}

/** Where the code of one instance runs. */
export interface Sandbox {
  send(message: HostMessage): void;
  /** A request on this connection is never answered; sandboxes inside this process wait for it in the cloud's time. */
  keptBack?(connection: string): void;
  /** Ends it at once: from now on its code has no effect. */
  end(): Promise<void>;
}

/** Loads the code of a function into a new sandbox; `ready` or `broken` follows. */
export type StartSandbox = (
  definition: FunctionDefinition,
  start: StartData,
  listener: (message: InstanceMessage | SandboxEnd) => void,
) => Promise<Sandbox>;
