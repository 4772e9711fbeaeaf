/** `npm run release` in a repository of its own, whose check and test are short. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { release, ReleaseError } from "../../release.ts";

const DAY = "2026-01-05";

const test = base.extend<{ readonly repository: ReturnType<typeof begin> }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  repository: async ({}, use) => {
    const made = begin();
    await use(made);
    rmSync(made.root, { recursive: true });
  },
});

function begin() {
  const root = mkdtempSync(join(tmpdir(), "kiln-release-"));
  const git = (...words: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...words], {
      cwd: root,
      encoding: "utf8",
    });
  const write = (name: string, text: string): void => writeFileSync(join(root, name), text);
  const manifest = (scripts: object) =>
    JSON.stringify({ name: "kiln", version: "0.1.0", scripts, dependencies: { a: "0.1.0" } }, undefined, 2);
  const commit = (): void => void git("commit", "--quiet", "--all", "--message", "more");
  git("init", "--quiet");
  git("config", "user.name", "a");
  git("config", "user.email", "a@example.com");
  write("package.json", manifest({ check: "true", test: "true" }));
  write(
    "package-lock.json",
    '{\n"version": "0.1.0",\n"x": {\n"version": "0.1.0"\n},\n"y": {\n"version": "0.1.0"\n}\n}',
  );
  write("CHANGELOG.md", "# Changes\n\n## Unreleased\n\n- More.\n\n## 0.1.0 (2025-01-01)\n\n- First.\n");
  git("add", "--all");
  commit();
  const read = (name: string): string => readFileSync(join(root, name), "utf8");
  return { root, git, write, read, commit, manifest };
}

test("a release has the version, its heading, a commit and a tag", ({ repository, expect }) => {
  const { root, git, read } = repository;
  release(root, "0.2.0", DAY);
  expect(JSON.parse(read("package.json"))).toMatchObject({ version: "0.2.0", dependencies: { a: "0.1.0" } });
  expect(read("package-lock.json").match(/\d\.\d\.\d/g)).toEqual(["0.2.0", "0.2.0", "0.1.0"]);
  expect(read("CHANGELOG.md")).toBe(
    "# Changes\n\n## Unreleased\n\n## 0.2.0 (2026-01-05)\n\n- More.\n\n## 0.1.0 (2025-01-01)\n\n- First.\n",
  );
  expect([git("status", "--porcelain"), git("describe").trim()]).toEqual(["", "v0.2.0"]);
  expect(() => release(root, "0.3.0", DAY)).toThrow(/nothing under/);
});

test("what cannot be released is refused, and a step that fails leaves the files as they were", ({
  repository,
  expect,
}) => {
  const { root, git, read, write, commit, manifest } = repository;
  for (const [version, why] of [
    ["", /no version/],
    ["v1.0.0", /no version/],
    ["01.0.0", /no version/],
    ["0.1.0", /not after/],
    ["0.0.9", /not after/],
  ] as const)
    expect(() => release(root, version, DAY), version).toThrow(why);
  git("tag", "v0.2.0");
  expect(() => release(root, "0.2.0", DAY)).toThrow(/a tag/);
  write("new.txt", "");
  expect(() => release(root, "0.3.0", DAY)).toThrow(/not committed/);
  rmSync(join(root, "new.txt"));
  write("package.json", manifest({ check: "true", test: "false" }));
  commit();
  const before = read("CHANGELOG.md");
  expect(() => release(root, "0.3.0", DAY)).toThrow(ReleaseError);
  expect([read("CHANGELOG.md"), git("status", "--porcelain"), git("tag").trim()]).toEqual([
    before,
    "",
    "v0.2.0",
  ]);
});
