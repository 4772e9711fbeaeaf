/**
 * Files of checksums, as programs and releases write them. Pure.
 *
 * `sha256sum` and its kin write `HASH  name` and `HASH *name`, and a backslash before the hash when they have escaped the
 * name; with `--tag`, and the BSDs, `SHA256 (name) = HASH`; `openssl dgst -sha256` `SHA2-256(name)= HASH`.
 * https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html
 */
import { ok, problem, type Result } from "../../../shared/result.ts";

const HEX = "[0-9a-f]{32,128}";
const GNU = new RegExp(String.raw`^\\?(${HEX})[ \t]+\*?(\S.*)$`, "i");
const TAGGED = new RegExp(String.raw`^(?:MD5|SHA[-\d]*) ?\((.+)\) ?= ?(${HEX})$`, "i");
const BARE = new RegExp(`^${HEX}$`, "i");

/** The kinds of checksums, by their hexadecimal digits, and the programs that write them. */
const KINDS: ReadonlyMap<number, string> = new Map([
  [32, "MD5"],
  [40, "SHA-1"],
  [64, "SHA-256"],
  [96, "SHA-384"],
  [128, "SHA-512"],
]);

/** The kinds that the phase `hash` computes. */
export const HASHED = ["MD5", "SHA-1", "SHA-256", "SHA-512"] as const;

/** What a file says of a disk: the kind of its checksum, and its digits in small letters. */
export interface Said {
  readonly kind: string;
  readonly hash: string;
}

/** `name` is left out by a hash that stands alone. */
interface Entry extends Said {
  readonly name?: string;
}

function entryOf(line: string): Entry[] {
  const [, tagged, ofTagged] = TAGGED.exec(line) ?? [];
  const [, ofGnu = ofTagged, gnu = tagged] = GNU.exec(line) ?? [];
  const hash = BARE.test(line) ? line : ofGnu;
  const kind = hash && KINDS.get(hash.length);
  if (hash === undefined || kind === undefined) return [];
  // The name may have the folder where the checksum was made.
  const name = gnu?.slice(gnu.lastIndexOf("/") + 1);
  return [{ kind, hash: hash.toLowerCase(), ...(name !== undefined && { name }) }];
}

/** The ending of the checksums of one file: `.md5`, `.sha256`, `.SHA512SUM`, `.CHECKSUM`. */
const OWN = /^\.(md5|sha-?\d{1,3}|checksums?|digests?)(?:sums?)?(?:\.txt)?$/i;

/** Which checksums a file is to have of a disk: of one kind, of any, or, as a list of many files, maybe none. */
function wanted(file: string, disk: string): string | undefined {
  const [, ending] = file.startsWith(disk) ? (OWN.exec(file.slice(disk.length)) ?? []) : [];
  if (ending === undefined) return undefined;
  const digits = /\d+$/.exec(ending)?.[0];
  const kind = digits === "5" ? "MD5" : `SHA-${digits}`;
  return digits === undefined ? "checksum" : kind;
}

/** Whether a bare hash in a file is of the disk: `debian.qcow2.sha256` and `debian.sha256` are of `debian.qcow2`. */
const isOf = (file: string, disk: string): boolean =>
  [disk, disk.replace(/\.[^.]*$/, "")].some(
    (name) => file.startsWith(name) && OWN.test(file.slice(name.length)),
  );

/**
 * The checksums of the disk `disk` in a file: of the lines that name it, or of a hash that is the only one. A problem says
 * what to write; it follows the key of the file. What is no checksum, such as a signature, is passed over.
 */
export function checksumsIn(text: string, file: string, disk: string): Result<readonly Said[]> {
  const entries = text.split(/\r\n|[\r\n]/).flatMap((line) => entryOf(line.replace(/^\uFEFF/, "").trim()));
  const named = entries.filter((entry) => entry.name === disk);
  const [only, ...more] = entries;
  const isBare = only !== undefined && only.name === undefined && more.length === 0 && isOf(file, disk);
  const said = new Map(
    (isBare ? [only] : named).map(({ kind, hash }) => [`${kind} ${hash}`, { kind, hash }]),
  );
  const all = [...said.values()];
  const want = wanted(file, disk);
  const right = `write one line, <${digitsOf(want)}hexadecimal digits>  ${disk}, as ${programOf(want)} prints it, or delete the file`;
  const twice = all.find(({ kind }, index) => all.findIndex((one) => one.kind === kind) !== index);
  if (twice !== undefined) return problem(`has different ${twice.kind} checksums of ${disk}; ${right}`);
  const isThere = want === undefined || all.some(({ kind }) => want === "checksum" || kind === want);
  return isThere ? ok(all) : problem(`has no ${want} of ${disk}; ${right}`);
}

const digitsOf = (want: string | undefined): string => {
  const [digits] = [...KINDS].find(([, kind]) => kind === want) ?? [];
  return digits === undefined ? "" : `${digits} `;
};

const programOf = (want = "SHA-256"): string =>
  want === "checksum" ? "sha256sum" : `${want.replace("-", "").toLowerCase()}sum`;
