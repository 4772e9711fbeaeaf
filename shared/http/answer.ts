/** Answers of functions with an HTTP trigger. Never cached. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly isBase64Encoded: false;
  readonly body: string;
}

/** Marks an answer of Kiln: whatever stands between answers JSON and texts, too. Its value is the version of its form. */
export const ANSWER_HEADER = "x-kiln-version";

/** Names the function that answers, so that the URL of another one is seen as such. */
export const FUNCTION_HEADER = "x-kiln-function";

/** An answer with the name of its function, such as `api`. */
export const from = (name: string, given: HttpAnswer): HttpAnswer => ({
  ...given,
  headers: { ...given.headers, [FUNCTION_HEADER]: name },
});

const JSON_HEADERS = {
  [ANSWER_HEADER]: "1",
  "content-type": "application/json",
  "cache-control": "no-store",
};

export const answer = (statusCode: number, body: Readonly<Record<string, unknown>>): HttpAnswer => ({
  statusCode,
  headers: JSON_HEADERS,
  isBase64Encoded: false,
  body: JSON.stringify(body),
});

/** A text of its own, such as a document. */
export const textAnswer = (
  body: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({
  statusCode: 200,
  headers: { ...JSON_HEADERS, "content-type": contentType, ...headers },
  isBase64Encoded: false,
  body,
});
