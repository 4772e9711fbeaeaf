/**
 * The whole list of error classes. Catch sites switch on `kind`, never on message text.
 */
import { redactedShort } from "./redact.ts";

/** How to go on after a refusal; shared/cloud/retry.ts decides it. */
export type ErrorKind =
  /** Repeat the same request later, with the same token: the outcome is open or the cloud is busy. */
  | "wait"
  /** It will never work like this, but may in another zone, type or quota: new request, new token. */
  | "change"
  /** The requested state is already there (or the resource already gone). */
  | "done"
  /** An operator has to act; the message says how. */
  | "give-up";

export type CloudProduct = "ecs" | "cms" | "ess" | "fc" | "oss";

interface CloudErrorParts {
  readonly product: CloudProduct;
  readonly action: string;
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly requestId: string;
  readonly kind: ErrorKind;
  /** See `isCapacity`. */
  readonly capacity?: boolean;
  /** Kiln has no words of its own for the code. */
  readonly unlisted?: boolean;
  /** The cloud's own words. */
  readonly said: string;
  /** The meaning, and what to do next. */
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
  readonly capacity: boolean;
  readonly hint: string;
  /** For a list of refusals: the code, with the cloud's words where Kiln has none. */
  short: string;
  /** The parameter that the code is about, in the cloud's spelling, and the value that was sent. */
  refused?: { readonly parameter: string; readonly value: string };
  constructor(parts: CloudErrorParts, options?: ErrorOptions) {
    const {
      product,
      action,
      code,
      status,
      requestId,
      kind,
      capacity = false,
      unlisted = false,
      said,
      hint,
    } = parts;
    const where = requestId === "" ? "" : ` (request ${requestId})`;
    super(`${product} ${action} answered ${code}${where}: ${said} ${hint}`.trim(), options);
    this.product = product;
    this.action = action;
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.kind = kind;
    this.capacity = capacity;
    this.hint = hint;
    this.short = unlisted && said !== "" ? `${code} (${said})` : code;
  }

  /** Says in the messages where the value stands in the user's document. `fields` are by parameter. */
  in(fields: Readonly<Record<string, string>>): this {
    const { parameter = "", value = "" } = this.refused ?? {};
    const field = fields[parameter];
    if (field === undefined) return this;
    // The messages say it from now on.
    delete this.refused;
    this.message = `${field} ${value}: ${this.message}`;
    this.short = `${this.short} (${field} ${value})`;
    return this;
  }
}

/** An event that cannot be read or may not be sent; repeating it changes nothing. */
export class EventError extends Error {
  override readonly name = "EventError";
}

/** A read that does not show yet what an earlier phase has written: the phase looks again. */
export class UnseenError extends Error {
  override readonly name = "UnseenError";
}

/** A place in the text of a document; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** Characters, within the line. */
  readonly length: number;
}

/** One thing wrong in a document a user wrote. `path` like `launch.disks[0].sizeGb`, empty for the document as a whole. */
export interface Problem {
  readonly path: string;
  readonly message: string;
  readonly place?: Place | undefined;
}

/** Of a document with more problems the message shows the first: it ends up in events and chats. */
const PROBLEMS_SHOWN = 20;
/** Longest line of the message, in characters; keys and lists of known keys may be long. */
const LINE_MAX = 400;

/** The line of a problem and its path, as far as they are known. */
function whereOf(path: string, place: Place | undefined): string {
  const line = place === undefined ? [] : [`line ${place.line}`];
  return [...line, ...(path === "" ? [] : [path])].join(", ") || "(document)";
}

/** A recipe or fleet document with everything that is wrong in it, not only the first thing. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
  readonly problems: readonly Problem[];
  constructor(document: string, problems: readonly Problem[], options?: ErrorOptions) {
    const lines = problems
      .slice(0, PROBLEMS_SHOWN)
      .map(({ path, message, place }) => `${whereOf(path, place)}: ${message}`)
      .map((line) => redactedShort(line, LINE_MAX));
    const more = problems.length - lines.length;
    const list = more > 0 ? [...lines, `and ${more} more`] : lines;
    const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
    super(`${document} has ${count}:${list.map((line) => `\n  ${line}`).join("")}`, options);
    this.problems = problems;
  }
}

/** The function's own settings are wrong: environment variables, role, durations. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The permanent refusal in `error`. @throws everything else: a retry may cure it, or it is a fault in Kiln. */
export function permanent(error: unknown): CloudError {
  if (!(error instanceof CloudError) || error.kind === "wait") throw error;
  return error;
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether the cloud has no capacity for this type and zone at this moment. Quotas and addresses are not capacity. */
export const isCapacity = (error: unknown): boolean => error instanceof CloudError && error.capacity;
