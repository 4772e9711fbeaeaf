/** JSON of a text; undefined when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As `readJson`. An `id` that is a larger number than a double holds is a text, as those of GitHub may be. */
export const readJsonWithIds = (text: string): unknown =>
  readJson(text.replaceAll(/("id"\s*:\s*)(\d{16,})(?=\s*[,}])/g, '$1"$2"'));
