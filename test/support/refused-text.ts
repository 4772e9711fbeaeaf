import { DocumentError } from "../../shared/errors.ts";

/** All that is said of a text that a parser refuses; empty when it takes it. */
export function saidOf(parse: () => unknown): string {
  try {
    parse();
    return "";
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return `${error.message}\n${JSON.stringify(error.problems)}`;
  }
}
