/** A page for a person who followed a link. The link is the only key, so caches, frames and referrers are kept out. */

/** `lines` are ours and hold nothing but ids and dates, so there is nothing to escape. */
export function page(statusCode: number, ...lines: readonly string[]) {
  const shown = lines.map((line) => (line.startsWith("<form") ? line : `<p>${line}</p>`)).join("\n");
  return {
    statusCode,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    },
    isBase64Encoded: false,
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Kiln</title>\n${shown}\n</html>\n`,
  } as const;
}
