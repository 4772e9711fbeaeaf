/**
 * What V8 made of a bundle, kept for the next instance of the same code in this process: real instances of a
 * function start from a warm machine, and a world of a thousand cold starts should not compile a thousand times.
 * It changes nothing but the time a start takes; V8 refuses it by itself when it does not fit the source.
 */
import { statSync } from "node:fs";
import { join } from "node:path";

const kept = new Map<string, Uint8Array>();

/** Names the code as it is now: another build is other code. Undefined when there is no such bundle. */
export function codeKey(codePath: string): string | undefined {
  const file = join(codePath, "index.js");
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && `${file} ${stat.mtimeMs} ${stat.size}`;
}

export function compiledOf(codePath: string): Uint8Array | undefined {
  const key = codeKey(codePath);
  return key === undefined ? undefined : kept.get(key);
}

export function keepCompiled(codePath: string, data: Uint8Array): void {
  const key = codeKey(codePath);
  if (key !== undefined) kept.set(key, data);
}
