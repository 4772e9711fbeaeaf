/** What the front door says: JSON, never cached, and nothing a caller should not know. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly isBase64Encoded: false;
  readonly body: string;
}

export function answer(statusCode: number, body: Readonly<Record<string, unknown>>): HttpAnswer {
  return {
    statusCode,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    isBase64Encoded: false,
    body: JSON.stringify(body),
  };
}

/** Where a run is to be found. */
export const accepted = (run: string) => ({ run, status: `/runs/${run}` });
