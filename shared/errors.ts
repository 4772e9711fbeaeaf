/**
 * The whole list of error classes. Catch sites switch on `kind`, never on message text.
 */

/** What a caller may do about a refusal; see shared/cloud/retry.ts for who decides it. */
export type ErrorKind =
  /** Repeat the same request later, with the same token: the outcome is open or the cloud is busy. */
  | "wait"
  /** It will never work like this, but may in another zone, type or quota: new request, new token. */
  | "change"
  /** The wished state is already there (or the thing already gone). */
  | "done"
  /** A person has to act; the message says how. */
  | "give-up";

export type CloudProduct = "ecs" | "cms" | "fc" | "oss";

interface CloudErrorParts {
  readonly product: CloudProduct;
  readonly action: string;
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly requestId: string;
  readonly kind: ErrorKind;
  /** The cloud's own words. */
  readonly said: string;
  /** What it means and what to do next. */
  readonly hint: string;
}

/** A call the cloud refused, or whose answer never came. Holds no secret: see shared/cloud/refusal.ts. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly product: CloudProduct;
  readonly action: string;
  readonly code: string;
  readonly status: number;
  readonly requestId: string;
  readonly kind: ErrorKind;
  readonly hint: string;
  constructor(parts: CloudErrorParts, options?: ErrorOptions) {
    const { product, action, code, status, requestId, kind, said, hint } = parts;
    const where = requestId === "" ? "" : ` (request ${requestId})`;
    super(`${product} ${action} answered ${code}${where}: ${said} ${hint}`.trim(), options);
    this.product = product;
    this.action = action;
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.kind = kind;
    this.hint = hint;
  }
}

/** An event that cannot be read or may not be sent; repeating it changes nothing. */
export class EventError extends Error {
  override readonly name = "EventError";
}

/** One thing wrong in a document a user wrote. `path` like `launch.disks[0].sizeGb`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** A recipe or fleet document with everything that is wrong in it, not only the first thing. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
  readonly problems: readonly Problem[];
  constructor(document: string, problems: readonly Problem[], options?: ErrorOptions) {
    const list = problems.map(({ path, message }) => `\n  ${path === "" ? "(document)" : path}: ${message}`);
    super(`${document} has ${problems.length} problem(s):${list.join("")}`, options);
    this.problems = problems;
  }
}

/** The function's own settings are wrong: environment variables, role, durations. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
