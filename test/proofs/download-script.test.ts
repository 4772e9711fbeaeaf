/** The scripts that download objects, run by a real shell: a file appears whole, with its mode, or not at all. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { placing, runningFile, scriptFile } from "../../shared/ephemeral-instance/download.ts";

/** A folder with a `curl` that copies the file at the end of its URL. */
const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "kiln-download-"));
    mkdirSync(join(folder, "bin"));
    const curl = join(folder, "bin", "curl");
    writeFileSync(
      curl,
      '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp "${3#file://}" "$2" || exit 22\n',
    );
    chmodSync(curl, 0o755);
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

const step = { kind: "file", name: "x", timeoutMs: 1, file: "files/x" } as const;

function place(folder: string, to: string, changes: { mode?: string; url?: string } = {}) {
  const { url = `file://${join(folder, "object")}`, ...rights } = changes;
  const { command, shell = "" } = placing({ ...step, to, ...rights }, { url, etag: "E" });
  const [program = "", ...flags] = shell.split(" ");
  const PATH = `${join(folder, "bin")}:${process.env["PATH"]}`;
  const TMPDIR = folder;
  return spawnSync(program, [...flags, "-c", command], { encoding: "utf8", env: { PATH, TMPDIR } });
}

test("a file gets its bytes and mode, its folders those of others, and nothing else is left", ({
  folder,
  expect,
}) => {
  writeFileSync(join(folder, "object"), Buffer.from([0, 255, 13, 10]));
  const to = join(folder, "new dir", "it's", "app.conf");
  for (const [mode, bits] of [
    [undefined, 0o644],
    ["0640", 0o640],
    ["4755", 0o4755],
  ] as const) {
    expect(place(folder, to, mode === undefined ? {} : { mode })).toMatchObject({ status: 0, stderr: "" });
    expect(statSync(to).mode & 0o7777).toBe(bits);
    expect([...readFileSync(to)]).toEqual([0, 255, 13, 10]);
  }
  expect(statSync(join(folder, "new dir")).mode & 0o777).toBe(0o777 & ~process.umask());
  expect(readdirSync(join(folder, "new dir", "it's"))).toEqual(["app.conf"]);
});

test("a download that fails leaves the file that was there, and a folder is not replaced", ({
  folder,
  expect,
}) => {
  const to = join(folder, "app.conf");
  writeFileSync(to, "before");
  expect(place(folder, to, { url: "file:///no/such/object" }).status).toBe(22);
  expect(readFileSync(to, "utf8")).toBe("before");
  expect(readdirSync(folder).toSorted()).toEqual(["app.conf", "bin"]);
  writeFileSync(join(folder, "object"), "x");
  expect(place(folder, join(folder, "bin"))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("is a folder"),
  });
});

test.for([
  ["#!/bin/bash\nfalse\necho $BASH_VERSION | grep -q . && exit 9\n", 9],
  ["#!/bin/bash\r\nexit 8\r\n", 8],
  ["echo plain\nexit 7\n", 7],
  ["echo plain\r\nexit 6\r\n", 6],
  ["true\n", 0],
] as const)(
  "a script file %j ends with its own exit code %i and is removed",
  ([text, code], { folder, expect }) => {
    const command = {
      kind: "script",
      name: "x",
      command: "scripts/x",
      timeoutMs: 1,
      environment: {},
    } as const;
    const file = { ...scriptFile(command, 3), to: join(folder, "script") };
    expect(scriptFile(command, 3)).toMatchObject({ file: "scripts/x", mode: "0700" });
    writeFileSync(file.to, text, { mode: 0o700 });
    let status = 0;
    try {
      execFileSync("/bin/sh", ["-c", runningFile(file)], { stdio: "pipe" });
    } catch (error) {
      status = Number(Reflect.get(Object(error), "status"));
    }
    expect(status).toBe(code);
    expect(existsSync(file.to)).toBe(false);
  },
);
