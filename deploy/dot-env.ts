/** The file `.env` beside s.yaml. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

/** The variables of `.env` in the folder `root` that have a value; none without the file. */
export function readDotEnv(root: string): Readonly<Record<string, string>> {
  const path = join(root, ".env");
  if (!existsSync(path)) return {};
  // Editors on Windows begin a file with a mark.
  const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  return Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
}
