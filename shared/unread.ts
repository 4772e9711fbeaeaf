/** Objects that no function reads, and what is to be done about each. Pure. */
import { nameLike, nameProblems, documentName } from "./documents/names.ts";
import { componentIn } from "./documents/recipe-components.ts";
import { nearest } from "./documents/spelling.ts";
import { NAME } from "./names.ts";
import { documentNameIn, FOLDER, recipeOfDisk, type DocumentFolder } from "./keys.ts";

const DOCUMENT = /\.(?:ya?ml|json)$/i;
/** Disks, also those that have to be converted first. */
const DISK = /\.(?:raw|img|vhdx?|qcow2?|vmdk|vdi|ova)(?:\.(?:gz|xz|zst|bz2|zip))?$/i;
/** Folders that a user fills by name: scripts and inputs may have any other. */
const NAMED = ["recipes", "fleets", "disks"] as const;
const USED = new Set(["scripts", "files", "inputs"]);
const OWN = new Set(Object.values(FOLDER).map((folder) => folder.split("/")[0]));

/** Checksums and signatures, which often lie beside a disk file. */
const CHECKSUM =
  /[/._-](?:checksums?|(?:md5|sha\d{1,3}|b2|blake\w+|crc\d*)(?:sums?)?|sig|minisig|asc|gpg)(?:\.(?:txt|sig|asc|gpg))*$/i;
/** Those that bakes compare (functions/bake-image/bake/checksum.ts). */
const COMPARED = /(?:^|[/._-])(?:checksums?|digests?|(?:md5|sha-?\d{1,3})(?:sums?)?)(?:\.txt)?$/i;
/** Whether bakes compare the disks beside an object with the checksums in it. */
export const isChecksumFile = (key: string): boolean => IN_PLACE.test(key) && COMPARED.test(key);
/** Of how a disk was made. */
const LOG = /\.(?:log|txt|json|manifest)(?:\.\d+)?$/i;

/** Why no function reads an object; undefined for one that some function reads, or that a document may name. */
export function unreadReason(key: string): string | undefined {
  // The console makes an empty object for a folder; a page for readers is no mistake.
  if (key.endsWith("/") || /\.md$|\/(?:\.[^/]*|readme[^/]*)$/i.test(key)) return undefined;
  const [folder = "", ...rest] = key.split("/");
  if (rest.length === 0) return atTheTop(key);
  if (folder === "recipes" || folder === "fleets") return unreadDocument(key, folder);
  if (folder === "disks") return unreadDisk(key);
  if (folder === "components") return unreadComponent(key);
  if (OWN.has(folder) || USED.has(folder)) return undefined;
  return elsewhere(key, folder) ?? misspelled(key, folder);
}

/** In a folder that Kiln does not know, which may hold inputs of recipes: only what looks like a document or a disk. */
function elsewhere(key: string, folder: string): string | undefined {
  const meant = NAMED.find((one) => key.includes(`/${one}/`)) ?? nearest(folder, NAMED);
  if (meant === undefined || meant === "disks")
    return DISK.test(key)
      ? `${key}: no function reads disk files here; move it to disks/<recipe>/`
      : undefined;
  return DOCUMENT.test(key)
    ? `${key}: no function reads the folder ${folder}/; move it to ${meant}/`
    : undefined;
}

/** Folders that are often written without their s. */
const SINGULAR: Readonly<Record<string, string>> = {
  component: "components",
  script: "scripts",
  input: "inputs",
  file: "files",
};

function misspelled(key: string, folder: string): string | undefined {
  const meant = SINGULAR[folder.toLowerCase()];
  return meant === undefined
    ? undefined
    : `${key}: no function reads the folder ${folder}/; move it to ${meant}/`;
}

function atTheTop(key: string): string | undefined {
  if (DOCUMENT.test(key)) return `${key}: lies in no folder; move it to recipes/ or fleets/`;
  return DISK.test(key) ? `${key}: lies in no folder; move it to disks/<recipe>/` : undefined;
}

function unreadDocument(key: string, folder: DocumentFolder): string | undefined {
  if (documentNameIn(key, folder) !== undefined) return undefined;
  const name = documentName(key);
  const [problem] = nameProblems(name);
  const isDeep = key.split("/").length > 2;
  if (!isDeep && problem !== undefined && /\.(?:ya?ml|json)$/.test(key)) return `${key}: ${problem.message}`;
  const right = `${folder}/${nameLike(name.replace(/(?:\.(?:ya?ml|json))?\.\w+$/i, "")) ?? "name"}.yaml`;
  return `${key}: no function reads it; documents must lie directly under ${folder}/, with .yaml, .yml or .json in small letters: copy it to ${right} if it is one, or delete it`;
}

const unreadComponent = (key: string): string | undefined =>
  componentIn(key) === undefined
    ? `${key}: no function reads it; a component lies at components/<name>/<version>.yaml, with a version like 1.2.0`
    : undefined;

const IN_PLACE = new RegExp(`^${FOLDER.disks}${NAME}/[^/]+$`);

/** Why an object under disks/ starts no bake, though it is no mistake and is not reported. Pure. */
export function besideDisk(key: string): string | undefined {
  if (!key.startsWith(FOLDER.disks)) return undefined;
  if (recipeOfDisk(key) !== undefined) return undefined;
  if (isChecksumFile(key)) return "a bake of the disk beside it compares it";
  if (CHECKSUM.test(key))
    return "no function reads checksums and signatures of this form, so it starts no bake";
  return LOG.test(key) ? "it is no disk, so it starts no bake" : undefined;
}

function unreadDisk(key: string): string | undefined {
  if (recipeOfDisk(key) !== undefined || besideDisk(key) !== undefined) return undefined;
  return IN_PLACE.test(key)
    ? `${key}: starts no bake; a system disk is a RAW, VHD or QCOW2 file whose name ends with .raw, .img, .vhd or .qcow2: convert or rename it if it is one, else leave it there`
    : `${key}: starts no bake; a disk file must lie directly in disks/<recipe>/, where <recipe> is the name of its recipe`;
}
