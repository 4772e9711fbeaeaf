/** Answers of the webhook: JSON for programs, pages for operators who followed a link. Never cached. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly isBase64Encoded: false;
  readonly body: string;
}

export const answer = (statusCode: number, body: Readonly<Record<string, unknown>>): HttpAnswer => ({
  statusCode,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  isBase64Encoded: false,
  body: JSON.stringify(body),
});

/** A run, and where its status is. */
export const accepted = (run: string) => ({ run, status: `/runs/${run}` });

/** A page. `lines` hold only Kiln's words, ids and dates, so nothing is escaped. */
export function page(statusCode: number, lines: readonly string[], form = ""): HttpAnswer {
  const paragraphs = lines.map((line) => `<p>${line}</p>`).join("\n");
  return {
    statusCode,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      // The link is the only key: it must not leak through frames or referrers.
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    },
    isBase64Encoded: false,
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Kiln</title>\n${paragraphs}\n${form}\n</html>\n`,
  };
}
