/** A function as the platform knows it: what a manifest or the API says, with units in the names. */

export interface TimerTrigger {
  readonly kind: "timer";
  readonly name: string;
  readonly description: string;
  /** `@every 5m`, or six fields with seconds first, `CRON_TZ=Zone ` before them when not UTC. */
  readonly cron: string;
  readonly enabled: boolean;
  readonly payload: string;
}

export interface OssTrigger {
  readonly kind: "oss";
  readonly name: string;
  readonly description: string;
  readonly bucket: string;
  /** With the `oss:` prefix, `*` at the end allowed. */
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
  /** Name of the role OSS takes to invoke the function. */
  readonly role: string;
}

export interface HttpTrigger {
  readonly kind: "http";
  readonly name: string;
  readonly description: string;
  readonly auth: "anonymous" | "function";
  readonly methods: readonly string[];
  readonly disableInternet: boolean;
}

export type Trigger = TimerTrigger | OssTrigger | HttpTrigger;

/** Where the platform keeps what a function writes. */
export interface LogConfig {
  readonly project: string;
  readonly logstore: string;
  readonly enableRequestMetrics?: boolean | undefined;
  readonly enableInstanceMetrics?: boolean | undefined;
  readonly logBeginRule?: "None" | "DefaultRegex" | undefined;
}

export interface VpcConfig {
  readonly vpcId: string;
  readonly vSwitchIds: readonly string[];
  readonly securityGroupId: string;
}

export interface FunctionDefinition {
  readonly name: string;
  readonly description: string;
  /** Absolute path of the folder with index.js or index.mjs. */
  readonly codePath: string;
  /** `index.handler` */
  readonly handler: string;
  readonly runtime: "nodejs16" | "nodejs18" | "nodejs20";
  readonly vcpu: number;
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly internetAccess: boolean;
  /** Without one nothing that the function writes is kept. */
  readonly logConfig?: LogConfig;
  /** Kept and shown; networks are not simulated. */
  readonly vpcConfig?: VpcConfig;
  /** Name of the execution role; without one the credentials of an invocation are empty. */
  readonly role?: string;
  /** Whether the settings of asynchronous invocation were set, or are the platform's defaults. */
  readonly hasAsyncConfig: boolean;
  readonly asyncTask: boolean;
  readonly maxRetries: number;
  readonly maxAgeMs: number;
  /** Names of functions. */
  readonly onSuccess?: string;
  readonly onFailure?: string;
  readonly reservedConcurrency?: number;
  /** A domain of a manifest that routes to the function. */
  readonly customDomain?: { readonly domainName: string; readonly protocol: string; readonly path: string };
  /** Id of a published version; LATEST has none. */
  readonly version?: string;
  readonly triggers: readonly Trigger[];
}

/** Defaults of the platform for what a manifest leaves out (facts of the API, not of the deploy tool). */
export const DEFAULTS = {
  vcpu: 0.35,
  memoryMb: 512,
  diskMb: 512,
  timeoutMs: 3000,
  maxRetries: 3,
  maxAgeMs: 86_400_000,
} as const;

/** Payload limits in bytes; larger is HTTP 400 EntityTooLarge. */
export const MAX_SYNC_BYTES = 32 * 1024 * 1024;
export const MAX_ASYNC_BYTES = 128 * 1024;
