import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../cli/commands.ts";
import { kiln } from "../../support/kiln.ts";

describe("kiln", () => {
  it("has help for the program and for every command, with exit code 0", async () => {
    const program = await kiln(["--help"]);
    expect(program.exit).toBe(0);
    for (const { name, summary } of COMMANDS) {
      expect(program.out).toContain(summary);
      const own = await kiln([name, "--help"]);
      expect(own).toMatchObject({ exit: 0, err: "" });
      expect(own.out).toContain(`npm run kiln -- ${name}`);
      expect(own.out).toMatch(/^--json: \{ version, command, /m);
    }
  });

  it("answers 2 for a wrong command line and says what is wrong", async () => {
    expect(await kiln([])).toMatchObject({ exit: 2 });
    expect(await kiln(["chek"])).toMatchObject({
      exit: 2,
      err: expect.stringContaining("did you mean check?"),
    });
    expect(await kiln(["check"])).toMatchObject({
      exit: 2,
      err: expect.stringContaining("argument is missing"),
    });
    expect(await kiln(["check", "--jso", "x"])).toMatchObject({
      exit: 2,
      err: expect.stringContaining("--jso"),
    });
  });
});

describe("what kiln prints", () => {
  it("prints nothing that acts on a terminal", async () => {
    const acting = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code))
      .filter((one) => /(?![\n\t])\p{Cc}/u.test(one))
      .join("");
    const given = `a${acting}\u202eb\u001b[31m]c\td`;
    for (const words of [["check", given], [given], ["call", given, "/"], ["logs", given]])
      for (const more of [[], ["--json"]]) {
        const { out, err } = await kiln([...words, ...more]);
        expect(`${out}${err}`).not.toMatch(/(?![\n\t])[\p{Cc}\u202e]/u);
        expect(err.length).toBeGreaterThan(0);
      }
  });

  it("answers JSON for a command that there is not", async () => {
    const { exit, out } = await kiln(["nope", "--json"]);
    expect(exit).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ command: "nope", error: expect.stringContaining("no command") });
  });
});

describe("a file that is not there", () => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-files-"));
  mkdirSync(join(folder, "recipes"));
  mkdirSync(join(folder, "empty"));
  writeFileSync(join(folder, "recipes", "web.yaml"), "");
  writeFileSync(join(folder, "recipes", "database.yml"), "");

  it("is said not to exist, with a similar file that does, by every command that reads files", async () => {
    for (const command of ["check", "push", "try"])
      for (const [file, said] of [
        ["web.yaml", "web.yaml does not exist; did you mean recipes/web.yaml?"],
        ["recipes/web.yml", "recipes/web.yml does not exist; did you mean recipes/web.yaml?"],
        ["recipes/datbase.yaml", "did you mean recipes/database.yml?"],
        ["fleets/web.yaml", "did you mean recipes/web.yaml?"],
        [
          "recipes/web.yaml/x",
          "recipes/web.yaml/x does not exist; there are recipes/database.yml, recipes/web.yaml",
        ],
        ["zzzzzzzz.yaml", "zzzzzzzz.yaml does not exist; there are recipes/database.yml, recipes/web.yaml"],
      ] as const) {
        const { exit, err } = await kiln([command, file], { cwd: folder });
        expect([exit, err]).toEqual([1, expect.stringContaining(said)]);
        expect(err).not.toMatch(/ENO|EISDIR/);
      }
    const none = await kiln(["check", "web.yaml"], { cwd: join(folder, "empty") });
    expect(none.err).toContain("web.yaml does not exist; npm run kiln -- init writes a first recipe");
    expect((await kiln(["try", "recipes"], { cwd: folder })).err).toContain("recipes is a folder");
    mkdirSync(join(folder, "fleets"), { recursive: true });
    writeFileSync(join(folder, "fleets", "web.yaml"), "limits: {}");
    expect(await kiln(["try", "fleets/web.yaml"], { cwd: folder })).toMatchObject({
      exit: 2,
      err: expect.stringContaining("try takes a recipe, and fleets/web.yaml is a fleet"),
    });
    rmSync(join(folder, "fleets"), { recursive: true });
  });
});

describe("the settings of kiln", () => {
  it("come from .env beside s.yaml, which may begin with a byte order mark, and the environment goes first", async () => {
    const root = mkdtempSync(join(tmpdir(), "kiln-env-"));
    writeFileSync(join(root, ".env"), "\uFEFFKILN_API=of-the-file\r\nKILN_CALLER=ci\r\n");
    const ofFile = await kiln(["status"], { root });
    const ofEnvironment = await kiln(["status"], { root, env: { KILN_API: "of-the-environment" } });
    rmSync(root, { recursive: true });
    expect(ofFile.err).toContain("KILN_API is of-the-file");
    expect(ofEnvironment.err).toContain("KILN_API is of-the-environment");
  });
});

describe("kiln with wrong arguments", () => {
  it("refuses what is no run, no URL and no etag before it sends anything", async () => {
    const env = {
      KILN_API: "notaurl",
      KILN_WEBHOOK: "ftp://x",
      KILN_CALLER: "ci",
      KILN_SECRET: "x".repeat(32),
    };
    const file = "examples/fleets/web.yaml";
    for (const [words, message] of [
      [["logs", "../status"], "is not the id of a run"],
      [["logs", "nope", "--output", "1"], "is not the id of a run"],
      [["status"], "KILN_API is notaurl"],
      [["call", "POST", "/fleets/web/scale-out", "{}"], "KILN_WEBHOOK is ftp://x"],
      [["push", file, "--match", ""], "--match needs the etag"],
      [["push", file, "--match", '""'], "--match needs the etag"],
      [["push", file, "--match", " , "], "--match needs the etag"],
      [["call", "DELETE", "/fleets/web", "--match", ""], "--match needs the etag"],
    ] as const)
      expect(await kiln(words, { env })).toMatchObject({ exit: 2, err: expect.stringContaining(message) });
  });

  it("reads no more of a file than a document may have", async () => {
    const { exit, out } = await kiln(["check", "/dev/zero"]);
    expect(exit).toBe(3);
    expect(out).toContain("has more than the");
  });
});

describe("kiln check", () => {
  it("takes a folder for the documents in it, and in recipes/ and fleets/ in it", async () => {
    const root = mkdtempSync(join(tmpdir(), "kiln-folders-"));
    const fleet = readFileSync("examples/fleets/web.yaml", "utf8");
    for (const folder of ["fleets", "recipes/old"]) mkdirSync(join(root, folder), { recursive: true });
    const empty = await kiln(["check", "."], { root, cwd: root });
    for (const file of ["fleets/web.yaml", "fleets/notes.txt", "recipes/old/web.yaml", "web.json"])
      writeFileSync(join(root, file), file.endsWith("json") ? '{ "launch": [' : fleet);
    const { exit, out } = await kiln(["check", "."], { root, cwd: root });
    rmSync(root, { recursive: true });
    expect(empty).toMatchObject({
      exit: 1,
      err: expect.stringContaining("nor do folders recipes/ and fleets/"),
    });
    expect(exit).toBe(3);
    expect(out).toContain("fleets/web.yaml  ok (fleet)");
    expect(out).toContain("in 1 of 2 files");
  });

  it("compares channels with KILN_CHANNELS where that is set", async () => {
    const root = mkdtempSync(join(tmpdir(), "kiln-channels-"));
    const text = readFileSync("examples/fleets/web.yaml", "utf8").replace(/^notify:.*\n/m, "");
    writeFileSync(join(root, "web.yaml"), `${text}notify: [ops, opss]\n`);
    const given = { root, cwd: root };
    const words = ["check", "web.yaml", "--as", "fleet"];
    expect(await kiln(words, given)).toMatchObject({ exit: 0 });
    writeFileSync(
      join(root, ".env"),
      'KILN_CHANNELS={"ops":{"kind":"json","url":"https://chat.example.com/token"}}\n',
    );
    const { exit, out } = await kiln(words, given);
    rmSync(root, { recursive: true });
    expect(exit).toBe(3);
    expect(out).toContain("notify: KILN_CHANNELS has no channel opss (did you mean ops?)");
    expect(out).toContain("notify: [ops, opss]");
    expect(out).not.toContain("token");
  });
});

it("a file that is not there is named as a link when it is one, and each similar file is named once", async () => {
  const links = mkdtempSync(join(tmpdir(), "kiln-links-"));
  mkdirSync(join(links, "recipes"));
  writeFileSync(join(links, "recipes", "web.yaml"), "");
  symlinkSync(join(links, "none"), join(links, "recipes", "link.yaml"));
  const link = await kiln(["check", "recipes/link.yaml"], { cwd: links });
  expect([link.exit, link.err]).toEqual([
    1,
    expect.stringContaining("is a link to a file that does not exist"),
  ]);
  for (const file of ["./recipes/zzzzzzzz.yaml", join(links, "recipes/zzzzzzzz.yaml")])
    expect((await kiln(["check", file], { cwd: links })).err.match(/web\.yaml/g)).toHaveLength(1);
  rmSync(links, { recursive: true });
});

it("says in its own words which option is wrong, and which is meant", async () => {
  for (const [words, said] of [
    [["check", "--jsn", "x"], "there is no option --jsn; did you mean --json?"],
    [["check", "-z", "x"], "there is no option -z"],
    [["status", "--frobnicate"], "there is no option --frobnicate"],
    [["scale-out", "shop", "-1"], "-1 is no option, and no argument is less than 0"],
    [["check", "x", "--json=1"], "--json takes no value"],
    [["pause", "shop", "--why"], "--why needs a value: --why TEXT"],
    [
      ["pause", "shop", "--why", "--json"],
      "--why needs a value; one that begins with - is written --why=--json",
    ],
  ] as const) {
    const { exit, err } = await kiln(words);
    expect([exit, err]).toEqual([2, expect.stringContaining(said)]);
    expect(err).toContain("usage: npm run kiln --");
    expect(err).not.toMatch(/Unknown option|argument is ambiguous|To specify/);
  }
  const zh = await kiln(["status", "--lang", "zh", "--jsn"]);
  expect(zh.err).toContain("没有选项 --jsn，是否指 --json？");
});

it("suggests documents only, whatever else lies nearby and however it ends", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-settings-"));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  for (const name of [".oxfmtrc.json", ".nope.yaml", "package-lock.json", "s.yaml"]) write(name, "{}");
  write("package.json", JSON.stringify({ name: "nope", scripts: { test: "x", source: "x" } }, null, 2));
  write("compose.yaml", "services:\n  source: { image: x }\n");
  for (const file of ["nope.yaml", "nope.json", "package-lok.json", "s.yml", "compos.yaml"])
    for (const command of ["check", "push", "try"])
      expect((await kiln([command, file], { cwd: folder })).err).toContain(
        `${file} does not exist; npm run kiln -- init`,
      );
  write("web.json", '{\n  "family": "web",\n  "source": {}\n}');
  expect((await kiln(["check", "wep.json"], { cwd: folder })).err).toContain("did you mean web.json?");
  expect((await kiln(["check", "zzzzzzzz.json"], { cwd: folder })).err).toContain("there are web.json");
  rmSync(folder, { recursive: true });
});

it("a file that cannot be read keeps no other from its check, wherever it stands", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-some-"));
  mkdirSync(join(folder, "empty"));
  const recipe = "source: { instance: { id: i-0123456789abcdef0 } }\ntest: { skip: true }\n";
  writeFileSync(join(folder, "good.yaml"), recipe);
  writeFileSync(join(folder, "bad.yaml"), `${recipe}wrong: 1\n`);
  for (const missing of ["nope.yaml", "empty"])
    for (const [files, exit, out] of [
      [["good.yaml", missing], 1, "good.yaml  ok (recipe)"],
      [[missing, "good.yaml"], 1, "good.yaml  ok (recipe)"],
      [["bad.yaml", missing], 3, "wrong: is not known"],
      [[missing, "bad.yaml", "good.yaml"], 3, "wrong: is not known"],
    ] as const) {
      const checked = await kiln(["check", ...files], { cwd: folder });
      expect(checked).toEqual({
        exit,
        out: expect.stringContaining(out),
        err: expect.stringContaining(missing),
      });
      const json = await kiln(["check", "--json", ...files], { cwd: folder });
      expect([json.exit, JSON.parse(json.out)]).toMatchObject([
        exit,
        { ok: false, files: { length: files.length - 1 }, unread: [{ file: missing }] },
      ]);
      const pushed = await kiln(["push", ...files], { cwd: folder });
      expect(pushed).toMatchObject({ exit, out: expect.stringContaining("nothing is stored") });
      expect(pushed.err).toContain(missing);
    }
  const none = await kiln(["check", "nope.yaml", "empty"], { cwd: folder });
  expect([none.exit, none.err.split("\n")]).toMatchObject([1, { length: 2 }]);
  rmSync(folder, { recursive: true });
});

it("takes of a folder what is a document, in YAML and JSON, and no settings of other programs", async () => {
  const root = mkdtempSync(join(tmpdir(), "kiln-mixed-"));
  const at = (name: string): string => join(root, name);
  const fleet = load(readFileSync("examples/fleets/web.yaml", "utf8"));
  writeFileSync(at("tsconfig.json"), '{ "compilerOptions": {} }');
  writeFileSync(at("s.yaml"), "edition: 3.0.0\nresources: {}\n");
  const none = await kiln(["check", "."], { root, cwd: root });
  expect(none).toMatchObject({
    exit: 1,
    err: expect.stringContaining("(s.yaml, tsconfig.json: name a file"),
  });
  writeFileSync(at("indented.json"), JSON.stringify(fleet, undefined, 2));
  writeFileSync(at("flat.json"), JSON.stringify(fleet));
  writeFileSync(at("slip.yaml"), "family: web\nlaunch：\n  InstanceType: [a\n");
  const { exit, out } = await kiln(["check", "."], { root, cwd: root });
  expect(exit).toBe(3);
  for (const file of ["indented.json", "flat.json"]) expect(out).toContain(`${file}  ok (fleet)`);
  expect(out).toContain("in 1 of 3 files");
  execFileSync("sh", ["-c", `mkfifo "${at("pipe.yaml")}"`]);
  expect(await kiln(["check", "pipe.yaml"], { root, cwd: root })).toMatchObject({
    exit: 1,
    err: "pipe.yaml is a pipe; write its text into a file",
  });
  rmSync(root, { recursive: true });
});

it("says its version", async () => {
  expect(await kiln(["--version"])).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
});
