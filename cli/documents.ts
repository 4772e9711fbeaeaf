/** Recipes and fleets in files of this machine. */
import { createReadStream } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { DOCUMENT_TEXT_MAX_BYTES } from "../shared/budget.ts";
import { parseFleet } from "../shared/documents/fleet.ts";
import { ownKinds, type DocumentKind } from "../shared/documents/foreign.ts";
import { parseComponent } from "../shared/documents/component.ts";
import { channelsOf } from "../shared/documents/channels.ts";
import { help } from "../shared/documents/help.ts";
import { documentName } from "../shared/documents/names.ts";
import { componentIn } from "../shared/documents/recipe-components.ts";
import { parseRecipe } from "../shared/documents/recipe.ts";
import { nearest } from "../shared/documents/spelling.ts";
import { attempt } from "../shared/documents/yaml.ts";
import { DocumentError, messageOf, type Problem } from "../shared/errors.ts";
import { fleetAdvice } from "./advice.ts";
import { CommandError, EXIT, type Input, type Io } from "./command.ts";

/** A file, as it was checked. */
export interface Checked {
  /** As it was written on the command line. */
  readonly file: string;
  readonly kind: DocumentKind;
  readonly text: string;
  readonly problems: readonly Problem[];
  /** The channels that a sound document names. */
  readonly channels: readonly string[];
  /** What its author may want to add to a sound document. */
  readonly advice?: readonly string[];
}

const ENDING = /\.(?:ya?ml|json)$/;

/** The documents that a file or a folder of the command line stands for. @throws CommandError when it cannot be read */
async function documentFiles(file: string, cwd: string): Promise<readonly string[]> {
  const found = await stat(resolve(cwd, file)).catch(async (error: unknown) => {
    throw new CommandError(EXIT.failed, await unreadable(file, cwd, error));
  });
  // One that nothing writes into keeps a reader for ever; those of a shell (`<(…)`) have their writer.
  if (found.isFIFO() && !/^\/(?:dev|proc)\//.test(resolve(cwd, file)))
    throw new CommandError(EXIT.failed, `${file} is a pipe; write its text into a file`);
  if (!found.isDirectory()) return [file];
  const folders = [file, join(file, "recipes"), join(file, "fleets")];
  const all = (await Promise.all(folders.map(async (folder) => documentsIn(folder, cwd)))).flat();
  const files = await documentsAmong(all, cwd);
  if (files.length > 0) return files;
  const others =
    all.length === 0 ? "" : ` (${all.slice(0, LISTED_MAX).join(", ")}: name a file to check it all the same)`;
  throw new CommandError(
    EXIT.failed,
    `${file} holds no recipe, fleet or component, nor do folders recipes/ and fleets/ in it${others}`,
  );
}

/** Why a file cannot be read. Of one that is not there, a similar one is named: in its folder, or in those of documents. */
async function unreadable(file: string, cwd: string, error: unknown): Promise<string> {
  const { code } = Object(error);
  if (code === "EACCES" || code === "EPERM") return `${file} may not be read by this user; chmod u+r ${file}`;
  if (code === "EISDIR") return `${file} is a folder; name a file in it`;
  if (code !== "ENOENT" && code !== "ENOTDIR") return `${file} cannot be read: ${messageOf(error)}`;
  if (await lstat(resolve(cwd, file)).catch(() => undefined))
    return `${file} is a link to a file that does not exist; correct the link`;
  const folder = dirname(file);
  const places = [folder, "recipes", "fleets", join(folder, "recipes"), join(folder, "fleets")];
  const paths = places.map((one) => resolve(cwd, one));
  const folders = places.filter((_, index) => paths.indexOf(paths[index] ?? "") === index);
  const all = (await Promise.all(folders.map(async (one) => documentsIn(one, cwd)))).flat();
  const there = await documentsAmong(all, cwd);
  const named = (path: string): string => basename(path).replace(ENDING, "");
  const like =
    there.find((path) => named(path) === named(file)) ??
    there.find((path) => named(path) === nearest(named(file), there.map(named)));
  if (like !== undefined) return `${file} does not exist; did you mean ${like}?`;
  const listed = there.slice(0, LISTED_MAX).join(", ");
  return `${file} does not exist; ${listed === "" ? "npm run kiln -- init writes a first recipe and a first fleet" : `there are ${listed}`}`;
}

const LISTED_MAX = 5;

/** Settings of other programs have the same endings and lie nearby. */
async function documentsAmong(paths: readonly string[], cwd: string): Promise<readonly string[]> {
  const are = await Promise.all(paths.map(async (path) => isDocument(resolve(cwd, path))));
  return paths.filter((_, index) => are[index]);
}

/** Whether a file is a document, also one with slips: by its folder, or by the keys at its top. */
async function isDocument(path: string): Promise<boolean> {
  return folderKind(path) !== undefined || contentKind(await beginningOf(path).catch(() => "")) !== undefined;
}

/** A key at the top, of YAML at the left margin and of JSON in the outer braces. */
const hasKey = (text: string, keys: string): boolean =>
  new RegExp(`^["']?(?:${keys})["']?\\s*[:：]`, "mu").test(text) ||
  (/^\s*[{｛]/u.test(text) &&
    !("input" in attempt(text)) &&
    new RegExp(`["'](?:${keys})["']\\s*[:：]`, "u").test(text));

/** What the text of a document says; undefined for a text that has no key of one. */
function contentKind(text: string): DocumentKind | undefined {
  const read = attempt(text);
  const own = "input" in read ? ownKinds(read.input).filter((kind) => kind !== "component") : [];
  if (own.length === 1) return own[0];
  if (hasKey(text, "launch|limits|idle|ladder|wake")) return "fleet";
  return own.length > 1 || hasKey(text, "source|provision") ? "recipe" : undefined;
}

/** The documents directly in a folder; none where there is no such folder. */
async function documentsIn(folder: string, cwd: string): Promise<readonly string[]> {
  const entries = await readdir(resolve(cwd, folder), { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => !entry.isDirectory() && ENDING.test(entry.name));
  return names.map(({ name }) => join(folder, name)).toSorted();
}

/** Checks a file. A document over the limit is not read. @throws CommandError when it cannot be read */
export async function checkFile(file: string, cwd: string, as?: DocumentKind): Promise<Checked> {
  const path = resolve(cwd, file);
  const text = await beginningOf(path).catch(async (error: unknown) => {
    throw new CommandError(EXIT.failed, await unreadable(file, cwd, error));
  });
  if (Buffer.byteLength(text) > DOCUMENT_TEXT_MAX_BYTES) {
    const message = `has more than the ${DOCUMENT_TEXT_MAX_BYTES} bytes that a document may have; put long commands into files under scripts/`;
    return { file, kind: as ?? "recipe", text: "", problems: [{ path: "", message }], channels: [] };
  }
  const kind = as ?? kindOf(path, text);
  try {
    return { file, kind, text, problems: [], ...soundParts(kind, path, text) };
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return { file, kind, text, problems: error.problems, channels: [] };
  }
}

/** Parses a document. @throws DocumentError */
function soundParts(kind: DocumentKind, path: string, text: string): Pick<Checked, "channels" | "advice"> {
  if (kind === "recipe") return { channels: channelsOf(parseRecipe(basename(path), text, help)) };
  if (kind === "fleet") {
    const fleet = parseFleet(basename(path), text, help);
    return { channels: channelsOf(fleet), advice: fleetAdvice(fleet) };
  }
  const key = `components/${componentOf(path)}${extname(path)}`;
  parseComponent(key, text, help);
  const message = "must lie at components/<name>/<version>.yaml, with a version like 1.2.0";
  if (componentIn(key) === undefined) throw new DocumentError(key, [{ path: "", message }]);
  return { channels: [] };
}

/** The name and the version of a component, by its folder and its file. */
const componentOf = (path: string): string =>
  `${basename(dirname(resolve(path)))}/${basename(path, extname(path))}`;

/** The path of a document in the API. @param cwd where the command runs */
export function routeOf({ kind, file }: Pick<Checked, "kind" | "file">, cwd: string): string {
  const name = kind === "component" ? componentOf(resolve(cwd, file)) : documentName(file);
  return `/${kind}s/${name}`;
}

/** A text, or one byte more than a document may have: a device may never end. */
async function beginningOf(path: string): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of createReadStream(path, { end: DOCUMENT_TEXT_MAX_BYTES })) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

/** What the folder of a document says. */
function folderKind(path: string): DocumentKind | undefined {
  const folder = basename(dirname(path));
  if (folder === "recipes") return "recipe";
  if (folder === "fleets") return "fleet";
  return basename(dirname(dirname(path))) === "components" ? "component" : undefined;
}

/** The folder says it, else the keys at the top. */
const kindOf = (path: string, text: string): DocumentKind =>
  folderKind(path) ?? contentKind(text) ?? "recipe";

/** The files of a command line: one that cannot be read keeps no other from its check. */
export interface CheckedAll {
  readonly files: readonly Checked[];
  readonly unread: readonly { readonly file: string; readonly error: string }[];
}

/** Checks every document that the arguments of a command stand for. @throws CommandError when none can be read */
export async function checkAll(input: Input, { cwd }: Pick<Io, "cwd">): Promise<CheckedAll> {
  const as = kindIn(input.one("as"));
  const files: Checked[] = [];
  const unread: CheckedAll["unread"][number][] = [];
  const tried = async <T>(file: string, reading: Promise<T>): Promise<T | undefined> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      unread.push({ file, error: error.message });
      return undefined;
    }
  };
  for (const given of input.args)
    for (const file of (await tried(given, documentFiles(given, cwd))) ?? []) {
      const checked = await tried(file, checkFile(file, cwd, as));
      if (checked !== undefined) files.push(checked);
    }
  if (files.length > 0) return { files, unread };
  throw new CommandError(EXIT.failed, unread.map(({ error }) => error).join("\n"));
}

/** The kind that an option names. @throws CommandError for another word */
function kindIn(value: string | undefined): DocumentKind | undefined {
  if (value === undefined || value === "recipe" || value === "fleet" || value === "component") return value;
  throw new CommandError(EXIT.usage, `--as ${value} is none of recipe, fleet and component`);
}
