/** A request to a function with an HTTP trigger, with its body as the bytes that were sent. */
import type { LogDetails } from "../invocation.ts";
import type { HttpEvent } from "../triggers.ts";

export interface Call {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The log line of this request; whoever learns something about it adds it. */
  readonly details: LogDetails;
}

export function callOf(event: HttpEvent, details: LogDetails): Call {
  const { requestContext, headers, queryParameters = {}, body = "", isBase64Encoded } = event;
  const { method, path } = requestContext.http;
  return {
    method,
    path,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    query: queryParameters,
    body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8"),
    details,
  };
}
