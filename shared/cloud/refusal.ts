/**
 * Turns whatever a call threw into a CloudError.
 *
 * REFUSAL-1. The message names action, code, request id, the cloud's words and what to do next.
 * REFUSAL-2. Neither message nor cause holds a known secret (REDACT-1) or a URL's query: SDKs put both into theirs.
 */
import { CloudError, type CloudProduct } from "../errors.ts";
import { redactShown } from "../redact.ts";
import { judge } from "./retry.ts";

interface Raised {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly requestId?: string;
  readonly data?: { readonly Message?: string; readonly message?: string };
  readonly accessDeniedDetail?: Readonly<Record<string, unknown>>;
}

/** The CloudError for something an SDK or a socket raised. */
export function refusal(product: CloudProduct, action: string, error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field is optional, whatever was thrown
  const raised = error as Raised;
  const status = raised.statusCode ?? 0;
  const code = codeOf(raised);
  const text = raised.data?.Message ?? raised.data?.message ?? raised.message ?? String(error);
  return cloudError({
    product,
    action,
    code,
    status,
    requestId: known(raised.requestId),
    said: clean(text),
    cause: cleanCause(error),
  });
}

interface Refused {
  readonly product: CloudProduct;
  readonly action: string;
  readonly code: string;
  readonly status: number;
  readonly requestId: string;
  /** Already without secrets. */
  readonly said: string;
  readonly cause?: unknown;
}

/** The cloud's words in a message, in characters. Proxies answer whole pages, and messages travel in events. */
const SAID_MAX = 1_000;

/** A CloudError with kind and hint from the table. */
export function cloudError({ cause, said: all, ...refused }: Refused): CloudError {
  const judged = judge(refused.product, refused.action, refused.code, refused.status);
  const said = all.length > SAID_MAX ? `${all.slice(0, SAID_MAX)}…` : all;
  return new CloudError({ ...refused, said, ...judged }, cause === undefined ? undefined : { cause });
}

/** The answer came, but not in a form we know: the effect may have happened, so the same token goes again. */
export function unreadable(product: CloudProduct, action: string, body: unknown, cause: unknown): CloudError {
  const { RequestId = "" } = (body ?? {}) as { RequestId?: string };
  const said = "The answer does not have the documented form.";
  return cloudError({
    product,
    action,
    code: "UnreadableAnswer",
    status: 200,
    requestId: RequestId,
    said,
    cause,
  });
}

/** REFUSAL-2: `text` without known secrets and query strings. */
export const clean = (text: string): string =>
  redactShown(text).replace(/(\/[^\s?"]*)\?[^\s"]+/g, "$1?[hidden]");

function cleanCause(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  const cause = new Error(clean(error.message));
  cause.name = error.name;
  cause.stack = clean(error.stack ?? "");
  return cause;
}

/** The SDK writes "undefined" where the body had no code; lost answers get the names used in the table. */
function codeOf({ code, name = "Error", statusCode }: Raised): string {
  if (known(code) !== "") return known(code);
  if (statusCode !== undefined) return `Http${statusCode}`;
  return name;
}

const known = (text: string | undefined): string => (text === undefined || text === "undefined" ? "" : text);
