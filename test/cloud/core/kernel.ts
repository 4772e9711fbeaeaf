/**
 * What every product of the local cloud shares: who is calling, what may fail, what was called.
 * Products (ecs/, cms/, fc/, oss/) depend on this file and on time.ts, never on each other's insides.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { SignatureReader } from "./keys.ts";
import type { Policy } from "./ram.ts";
import type { Timeline } from "./time.ts";

export type Product = "ecs" | "cms" | "ess" | "fc" | "oss" | "ram" | "sts" | "bss";

/** An HTTP request as it arrived, body read whole. */
export interface WireRequest {
  readonly method: string;
  /** Path with query, exactly as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the client has gone away. */
  readonly isGone?: () => boolean;
}

/** An HTTP answer. */
export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** In place of a status: what becomes of a connection whose answer never comes. */
const silence = (kind: Fault["kind"]): WireResponse => ({
  status: kind === "hang" || kind === "late" ? -1 : kind === "drip" ? -2 : 0,
  headers: {},
  body: "",
});

/** The answer to a call whose effect has happened, as the injected fault leaves it. @param refuse writes a refusal. */
export function lostAnswer(
  { kind, fault }: Fault,
  refuse: (fault: CloudFault) => WireResponse,
): WireResponse {
  return kind === "after" && fault !== undefined ? refuse(fault) : silence(kind);
}

/** The same for a call that was refused: only silence keeps a refusal back. */
export const keptBack = (fault: Fault | undefined): WireResponse | undefined =>
  fault?.kind === "hang" || fault?.kind === "drip" || fault?.kind === "late"
    ? silence(fault.kind)
    : undefined;

/** Who signed a request: the account itself, or a session of one of its roles. */
export interface Principal {
  readonly accountId: string;
  readonly keyId: string;
  /** Role name when the key is an STS session; the account's own key may do everything. */
  readonly role?: string;
  /** Of a session of another product's role: the one policy that says what it may. */
  readonly policy?: Policy;
}

/** A refusal in the cloud's own words. Each product renders it in its own wire form. */
export class CloudFault extends Error {
  override readonly name = "CloudFault";
  readonly status: number;
  readonly code: string;
  /** Further members of the error body (AccessDeniedDetail, StringToSign, …). */
  readonly detail: Readonly<Record<string, unknown>>;
  constructor(status: number, code: string, message: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/**
 * A request of a function instance that does not run: it stands still between two invocations, or its time is over.
 * Nothing of the request happens unless the instance comes back.
 */
export class CallerAway extends Error {
  override readonly name = "CallerAway";
  /** Resolves to whether the instance runs again; never while it stands still. */
  readonly back: Promise<boolean>;
  constructor(back: Promise<boolean>) {
    super("the caller does not run");
    this.back = back;
  }
}

/** @throws CloudFault when `isRefused`. */
export function refuseIf(isRefused: boolean, status: number, code: string, message: string): void {
  if (isRefused) throw new CloudFault(status, code, message);
}

/** One line of the call log. */
export interface Call {
  readonly at: number;
  readonly product: Product;
  /** RunInstances, DescribeMetricList, InvokeFunction, PutObject, … */
  readonly action: string;
  readonly role: string | undefined;
  /** HTTP status and the cloud's code when refused. */
  readonly status: number;
  readonly code?: string;
  /** What was asked, for products whose parameters are flat; secrets left out. */
  readonly params: Readonly<Record<string, string>>;
}

type Params = Readonly<Record<string, string>>;

/** Calls that a test aims at. */
export interface Aim {
  readonly product: Product;
  /** Names of actions; every action when left out. */
  readonly action?: string | readonly string[];
  /** Which matching calls are hit, e.g. `(call, n) => n === 0`; all when left out. `n` counts matches from 0. */
  readonly when?: (params: Params, n: number) => boolean;
}

/**
 * A fault to inject into calls: `before` answers without any effect, `after` lets the effect happen
 * and loses the answer (the connection breaks), `crash` kills the calling function instance after the effect,
 * `hang` lets it happen and never answers (the connection stays open), `drip` sends an answer so slowly that it has no end,
 * `late` never answers either, and the effect of a call of ECS comes `lateMs` later.
 */
export interface Fault extends Aim {
  /** Products treat `crash` as `after`; the server ends the caller's instance besides. */
  readonly kind: "before" | "after" | "crash" | "hang" | "drip" | "late";
  /** For `late`, milliseconds of the cloud's time. Other products than ECS treat it as `hang`. */
  readonly lateMs?: number;
  /**
   * For `before`: what to answer (the cloud's 500 when left out). For `after`: what to answer instead of breaking the
   * connection. For the others: ignored.
   */
  readonly fault?: CloudFault;
}

/** What happens around calls, as if another client were at work. Each call waits for it; it may be hit by a fault too. */
export interface Interleaving extends Aim {
  /** Before the call has its effect; the caller is known and permitted. */
  readonly before?: (params: Params) => void | Promise<void>;
  /** After its effect, or its refusal, and before its answer. */
  readonly after?: (params: Params) => void | Promise<void>;
}

/** What a policy's Condition may ask about a request: `acs:Service`, `ecs:tag/env`, … */
export type Conditions = Readonly<Record<string, string>>;

/** Services of the kernel that products use; built in index.ts. */
export interface Kernel {
  readonly time: Timeline;
  readonly region: string;
  readonly accountId: string;
  /** Deterministic random number in [0, 1). */
  random(): number;
  /** A fresh id: prefix plus 20 lower-case letters and digits, deterministic per seed, never repeated. */
  id(prefix: string): string;
  /** An upper-case UUID for RequestId. */
  requestId(): string;
  /** Registers the signature scheme of a product, beside ACS3-HMAC-SHA256 that all products accept. */
  registerSignature(product: Product, reader: SignatureReader): void;
  /**
   * Who signed this request. Verifies ACS3-HMAC-SHA256, RPC 1.0 (query and form), FC V1, OSS V1 and V4.
   * @throws CloudFault with the cloud's code and, on mismatch, the string to sign.
   */
  authenticate(request: WireRequest, product: Product): Principal;
  /** @throws CloudFault 403 when the principal's role has no statement allowing `action` on `resource`. */
  authorize(principal: Principal, action: string, resource: string, conditions?: Conditions): void;
  /** Whether `principal` may, without throwing. */
  allows(principal: Principal, action: string, resource: string, conditions?: Conditions): boolean;
  /** Whether a role may be assumed by a service, such as `ecs.aliyuncs.com`; undefined for a role without a trust document. */
  trusts(role: string, service: string): boolean | undefined;
  /** Whether a role may exist. */
  mayHaveRole(role: string): boolean;
  /** Finds the injected fault for this call, if any, and lets happen what a test interleaves. Counts the matches. */
  faultFor(product: Product, action: string, params: Params): Promise<Fault | undefined>;
  record(call: Call): void;
  /** Lets machines ask for objects by URL. Undefined for a URL that is none of an object. */
  registerDownloads(
    answer: (url: string, headers: Readonly<Record<string, string>>) => WireResponse | undefined,
  ): void;
  /** The answer that a machine gets for a URL. */
  download(
    url: string,
    headers: Readonly<Record<string, string>>,
  ): { readonly status: number; readonly body: string } | undefined;
}
