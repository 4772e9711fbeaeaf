import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The text of a file below `examples/`, as a person would upload it. */
export const readExample = (path: string): string =>
  readFileSync(join(import.meta.dirname, "../../examples", path), "utf8");
