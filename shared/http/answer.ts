/** Answers of functions with an HTTP trigger. Never cached. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly isBase64Encoded: false;
  readonly body: string;
}

const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

export const answer = (statusCode: number, body: Readonly<Record<string, unknown>>): HttpAnswer => ({
  statusCode,
  headers: JSON_HEADERS,
  isBase64Encoded: false,
  body: JSON.stringify(body),
});
