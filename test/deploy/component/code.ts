/** The code of a function as the component packs it: the folder as a zip file, the same bytes for the same files. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
// oxlint-disable-next-line no-restricted-imports -- arithmetic, and the tool has no package for it here
import { crc64 } from "../../cloud/core/crc64.ts";
import { zipOf } from "../../../deploy/zip.ts";

export interface Package {
  readonly archive: Buffer;
  /** As `codeChecksum` of GetFunction. */
  readonly checksum: string;
}

export function packageOf(folder: string): Package {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = files.map((file) => join(file.parentPath, file.name));
  const archive = zipOf(
    Object.fromEntries(
      paths.map((path) => [relative(folder, path).split(sep).join("/"), readFileSync(path)]),
    ),
  );
  return { archive, checksum: crc64(archive) };
}
