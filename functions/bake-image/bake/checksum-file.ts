/**
 * Files of SHA-256 checksums, as programs write them. Pure.
 *
 * `sha256sum` writes `HASH  name` and `HASH *name`, and a backslash before the hash when it has escaped the name;
 * `sha256sum --tag` and the BSDs `SHA256 (name) = HASH`; `openssl dgst -sha256` `SHA2-256(name)= HASH`.
 * https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html
 */
import { ok, problem, type Result } from "../../../shared/result.ts";

const GNU = /^\\?([0-9a-f]{64})[ \t]+\*?(\S.*)$/i;
const TAGGED = /^SHA(?:2-)?256 ?\((.+)\) ?= ?([0-9a-f]{64})$/i;
const BARE = /^[0-9a-f]{64}$/i;

/** `name` is left out by a hash that stands alone. */
interface Entry {
  readonly hash: string;
  readonly name?: string;
}

function entryOf(line: string): Entry[] {
  const [, tagged, ofTagged] = TAGGED.exec(line) ?? [];
  const [, ofGnu = ofTagged, gnu = tagged] = GNU.exec(line) ?? [];
  const hash = BARE.test(line) ? line : ofGnu;
  if (hash === undefined) return [];
  // The name may have the folder where the checksum was made.
  const name = gnu?.slice(gnu.lastIndexOf("/") + 1);
  return [{ hash: hash.toLowerCase(), ...(name !== undefined && { name }) }];
}

/**
 * The SHA-256 of the file `name`, in small letters: of the line that names it, or of a hash that is the only one. A problem
 * says what to write; it follows the key of the file. What is no checksum, such as a signature, is passed over.
 */
export function sha256In(text: string, name: string): Result<string> {
  const entries = text.split(/\r\n|[\r\n]/).flatMap((line) => entryOf(line.replace(/^\uFEFF/, "").trim()));
  const named = new Set(entries.filter((entry) => entry.name === name).map(({ hash }) => hash));
  const right = `write one line, <64 hexadecimal digits>  ${name}, as sha256sum prints it, or delete the file`;
  const [first, ...others] = named;
  if (others.length > 0) return problem(`has different SHA-256 checksums of ${name}; ${right}`);
  if (first !== undefined) return ok(first);
  const [only, ...more] = entries;
  if (only !== undefined && only.name === undefined && more.length === 0) return ok(only.hash);
  return problem(`has no SHA-256 of ${name}; ${right}`);
}
