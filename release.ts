/**
 * `npm run release -- VERSION`: gives what is under “Unreleased” in CHANGELOG.md a version, checks and tests it, commits and tags it.
 * It pushes nothing. When a step fails, the files are as before.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { real } from "./shared/ports.ts";

const FILES = ["package.json", "package-lock.json", "CHANGELOG.md"] as const;
const UNRELEASED = "## Unreleased\n";

/** A release that cannot be made. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
}

const numbersOf = (version: string): readonly number[] | undefined =>
  /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}$/.test(version) ? version.split(".").map(Number) : undefined;

/** Whether `next` comes after `before`. */
function isAfter(next: readonly number[], before: readonly number[]): boolean {
  const place = next.findIndex((number, at) => number !== before[at]);
  return place >= 0 && (next[place] ?? 0) > (before[place] ?? 0);
}

/** The changelog with what is unreleased under a version. @throws ReleaseError when nothing is */
function released(changelog: string, version: string, day: string): string {
  const [head = "", rest] = changelog.split(UNRELEASED);
  const section = rest?.split("\n## ")[0]?.trim() ?? "";
  if (rest === undefined || section === "")
    throw new ReleaseError("CHANGELOG.md has nothing under “Unreleased”; write what has changed");
  return `${head}${UNRELEASED}\n## ${version} (${day})\n${rest}`;
}

/** `"version": "…"` of the package, which stands twice in the lock file. */
const withVersion = (text: string, before: string, version: string): string =>
  text
    .split("\n")
    .reduce(
      ({ lines, left }, line) => {
        const isOwn = left > 0 && line.includes(`"version": "${before}"`);
        return {
          lines: [...lines, isOwn ? line.replace(before, version) : line],
          left: left - Number(isOwn),
        };
      },
      { lines: [] as string[], left: 2 },
    )
    .lines.join("\n");

/** Makes a release in a repository. @param day as 2026-11-27 @throws ReleaseError */
export function release(root: string, version: string, day: string): void {
  const run = (command: string, ...words: readonly string[]): string =>
    execFileSync(command, words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const read = (name: string): string => readFileSync(join(root, name), "utf8");
  const before = String(JSON.parse(read("package.json")).version);
  const numbers = numbersOf(version);
  if (numbers === undefined) throw new ReleaseError(`${version} is no version like 1.2.3`);
  if (!isAfter(numbers, numbersOf(before) ?? [])) throw new ReleaseError(`${version} is not after ${before}`);
  if (run("git", "status", "--porcelain").trim() !== "")
    throw new ReleaseError("the tree has changes that are not committed; commit or stash them");
  if (run("git", "tag", "--list", `v${version}`).trim() !== "")
    throw new ReleaseError(`there is a tag v${version} already`);
  const changelog = released(read("CHANGELOG.md"), version, day);
  try {
    for (const name of ["package.json", "package-lock.json"])
      writeFileSync(join(root, name), withVersion(read(name), before, version));
    writeFileSync(join(root, "CHANGELOG.md"), changelog);
    for (const step of ["check", "test"]) run("npm", "run", step);
    run("git", "commit", "--quiet", "--message", `release: ${version}`, ...FILES);
  } catch (error) {
    run("git", "checkout", "--quiet", "HEAD", "--", ...FILES);
    throw new ReleaseError(`${version} is not released: ${String(error)}`, { cause: error });
  }
  run("git", "tag", "--annotate", `v${version}`, "--message", `Kiln ${version}`);
}

function main(): void {
  const [version = ""] = process.argv.slice(2);
  try {
    release(import.meta.dirname, version, new Date(real.clock.now()).toISOString().slice(0, 10));
    process.stdout.write(`v${version} is committed and tagged; push it with: git push --follow-tags\n`);
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
