/** Reads a document in a test: what is wrong with it, one line each. */
import { help, type Help } from "../../../shared/documents/help.ts";
import { DocumentError, type Place } from "../../../shared/errors.ts";

const lineOf = (place: Place | undefined): string =>
  place === undefined ? "" : `line ${place.line}, column ${place.column}`;

/** `path: message` of every problem; none for a sound document. JSON is YAML, so objects are fine. */
export function problemsIn(
  parse: (name: string, text: string, help: Help) => unknown,
  document: unknown,
): string[] {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  try {
    parse("web", text, help);
    return [];
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.problems.map(({ path, message, place }) => `${path || lineOf(place)}: ${message}`);
  }
}
