/** JSON of a text; undefined when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A key and its colon, another text, or a bracket. */
const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[{}[\]]/g;

/**
 * The first key that a map of a JSON text has twice. `JSON.parse` takes the second value, other readers the first: what was
 * meant is not known.
 */
export function repeatedKey(text: string): string | undefined {
  const open: Set<unknown>[] = [];
  for (const [token, written, colon] of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (colon !== undefined) {
      // Escapes may spell one key in two ways.
      const key = String(readJson(`"${written}"`));
      if (open.at(-1)?.has(key) === true) return key;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}

/** As `readJson`. An `id` that is a larger number than a double holds is a text, as those of GitHub may be. */
export const readJsonWithIds = (text: string): unknown =>
  readJson(text.replaceAll(/("id"\s*:\s*)(\d{16,})(?=\s*[,}])/g, '$1"$2"'));

/** Whether a text holds no half of a surrogate pair: such a text has no UTF-8, so no call of the cloud takes it. */
export const isWhole = (text: string): boolean => !/\p{Surrogate}/u.test(text);

export const HALF_CHARACTER = String.raw`must not contain half of a character, such as \ud800; remove it`;
