/** The git checkout that a file is in. */
import { execFile } from "node:child_process";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Its commit, with `-dirty` when the file is not as committed; undefined without git, a checkout or a commit. */
export async function commitOf(path: string): Promise<string | undefined> {
  const git = async (...words: string[]) => (await run("git", ["-C", dirname(path), ...words])).stdout.trim();
  try {
    const commit = await git("rev-parse", "--verify", "HEAD");
    const changed = await git("status", "--porcelain", "--", basename(path));
    return changed === "" ? commit : `${commit}-dirty`;
  } catch {
    return undefined;
  }
}
