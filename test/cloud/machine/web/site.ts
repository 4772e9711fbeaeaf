/** A site of a web server, and its answers. */
import type { GuestFiles } from "../files.ts";

/** `unknown`: something answers, and the machine does not know with which page. */
export type Answer =
  | { readonly status: number; readonly body: string; readonly location?: string }
  | "unknown";

export interface Site {
  readonly port: number;
  /** Names of hosts; empty for any. */
  readonly names: readonly string[];
  readonly isDefault: boolean;
  readonly answer: (path: string, files: GuestFiles) => Answer;
}

const page = (status: number, reason: string): Answer => ({
  status,
  body: `<html><head><title>${status} ${reason}</title></head></html>\n`,
});

export const NOT_FOUND = page(404, "Not Found");
const FORBIDDEN = page(403, "Forbidden");

interface Folder {
  readonly root: string;
  readonly indexes: readonly string[];
  /** What a folder without an index answers. */
  readonly listing: Answer | "forbidden";
}

/** The file of a folder that a path names. */
export function fileAnswer({ root, indexes, listing }: Folder, path: string, files: GuestFiles): Answer {
  const target = `${root.replace(/\/$/, "")}${path}`.replace(/(.)\/$/, "$1");
  if (!files.isDirectory(target)) {
    const text = path.endsWith("/") ? undefined : files.read(target);
    return text === undefined ? NOT_FOUND : { status: 200, body: text };
  }
  if (!path.endsWith("/")) return { status: 301, body: "", location: `${path}/` };
  const index = indexes.map((name) => `${target}/${name}`).find((name) => files.isFile(name));
  if (index !== undefined) return { status: 200, body: files.read(index) ?? "" };
  return listing === "forbidden" ? FORBIDDEN : listing;
}
