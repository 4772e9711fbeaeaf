/** `kiln` as a program: how it is called, how fast it starts, and `try`. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { minutes } from "../../shared/duration.ts";
import { recipeText } from "../support/recipes.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PATIENT = { timeout: minutes(3) };

const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "kiln-"));
    for (const name of ["recipes", "scripts"]) mkdirSync(join(folder, name));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

function run(command: string, words: readonly string[], cwd = ROOT) {
  const beganAt = performance.now();
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, CI: "1" },
  });
  return { status, out: stdout, err: stderr, ms: performance.now() - beganAt };
}
const kiln = (...words: readonly string[]) => run(process.execPath, [join(ROOT, "cli", "kiln.js"), ...words]);

test("it is called by node, npm run and npx, and answers their exit code", PATIENT, ({ expect }) => {
  for (const [command, ...words] of [
    ["node", "cli/kiln.js"],
    ["npm", "run", "--silent", "kiln", "--"],
    ["npx", "--no-install", "kiln"],
  ] as const) {
    expect(run(command, [...words, "check", "examples/recipes/web.yaml"]), command).toMatchObject({
      status: 0,
    });
    expect(run(command, [...words, "chek"]), command).toMatchObject({ status: 2 });
  }
});

/** On an idle machine 0.04 s for node alone, and 0.17 s and 0.27 s for these; a busy one slows all down alike. */
test("it starts within a few times what node itself takes, once it is bundled", PATIENT, ({ expect }) => {
  kiln("--help");
  const fastest = (start: () => { readonly ms: number }) =>
    Math.min(...Array.from({ length: 7 }, () => start().ms));
  const bare = fastest(() => run(process.execPath, ["-e", "0"]));
  expect(fastest(() => kiln("--help")) / bare).toBeLessThan(8);
  expect(fastest(() => kiln("check", "examples/recipes/web.yaml")) / bare).toBeLessThan(12);
});

test(
  "a changed source is bundled again, and a start at the same time does no harm",
  PATIENT,
  ({ expect, folder }) => {
    const copy = join(folder, "copy");
    for (const name of ["cli", "deploy", "shared", "functions", "package.json", "node_modules"])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
    const own = (...words: readonly string[]) =>
      run(process.execPath, [join(copy, "cli", "kiln.js"), ...words]);
    expect(own("--help").out).toContain("find the mistakes");
    const file = join(copy, "cli", "commands", "check.ts");
    const text = run("cat", [file]).out.replace("find the mistakes", "look for mistakes");
    writeFileSync(file, text);
    utimesSync(file, 1, 2);
    expect(own("--help").out).toContain("look for mistakes");
    const both = run("sh", [
      "-c",
      `touch ${file}; node ${copy}/cli/kiln.js --help & node ${copy}/cli/kiln.js --help; wait`,
    ]);
    expect(both.out.match(/look for mistakes/g)).toHaveLength(2);
  },
);

test(
  "in a checkout that may not be written it bundles elsewhere, and leaves nothing there",
  PATIENT,
  ({ expect, folder }) => {
    const copy = join(folder, "copy");
    for (const name of ["cli", "deploy", "shared", "functions", "package.json"])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    // Whoever runs the tests may write everything: a file in the place of a folder refuses all users alike.
    writeFileSync(join(copy, "dist"), "");
    writeFileSync(join(folder, "recipes", "wrong.yaml"), "family: [\n");
    const own = (dir: string, ...words: readonly string[]) =>
      run("env", [`TMPDIR=${dir}`, process.execPath, join(copy, "cli", "kiln.js"), ...words]);
    expect(own(temporary, "--help")).toMatchObject({
      status: 0,
      err: "",
      out: expect.stringContaining("push"),
    });
    expect(own(temporary, "check", join(folder, "recipes", "wrong.yaml"))).toMatchObject({
      status: 3,
      err: "",
    });
    expect(own(temporary, "runs", "--help", "--lang", "zh").out).toContain("用法");
    expect(readdirSync(temporary)).toEqual([]);
    const nowhere = own(join(folder, "none"), "--help");
    expect(nowhere).toMatchObject({ status: 1, err: expect.stringContaining("Set TMPDIR to a folder") });
    expect(nowhere.err.trim().split("\n")).toHaveLength(1);
  },
);

test(
  "try bakes, tests and promotes a recipe that names what only an account has",
  PATIENT,
  ({ folder, expect }) => {
    const builder = {
      family: "acs:centos_stream_9_x64",
      instanceTypes: ["ecs.g9i.large"],
      vSwitchIds: ["vsw-bp1own", "vsw-bp2own"],
      securityGroupId: "sg-bp1own",
      ramRole: "own-role",
    };
    const provision = ["yum install -y nginx"];
    const components = ["web/latest"];
    const promote = { approval: { within: "2d" } };
    writeFileSync(
      join(folder, "recipes", "mine.yaml"),
      recipeText({ source: { builder }, components, provision, promote, notify: ["ops"], family: "mine" }),
    );
    const refused = (missing: string) =>
      expect(kiln("try", join(folder, "recipes", "mine.yaml"))).toMatchObject({
        status: 3,
        err: expect.stringContaining(missing),
      });
    refused("components/web/1.0.0.yaml");
    mkdirSync(join(folder, "components", "web"), { recursive: true });
    // Of the component too, what it names must be there.
    writeFileSync(
      join(folder, "components", "web", "2.1.yaml"),
      "steps: [yum install -y nginx, { script: scripts/web.sh }]\n",
    );
    refused("scripts/web.sh");
    writeFileSync(join(folder, "scripts", "web.sh"), "systemctl enable nginx\n");
    const good = kiln("try", join(folder, "recipes", "mine.yaml"));
    expect(good).toMatchObject({ status: 0, err: "" });
    expect(good.out).toContain("the image joins the family mine");
    expect(good.out).toContain("sg-bp1own: stands for");
    expect(good.out).toContain("recipes/mine.yaml is uploaded");
    const json = kiln("try", join(folder, "recipes", "mine.yaml"), "--json");
    expect(JSON.parse(json.out)).toMatchObject({ version: 1, command: "try", ok: true });
  },
);

test(
  "try says why a recipe fails, and refuses one with mistakes or of another source",
  PATIENT,
  ({ folder, expect }) => {
    const file = join(folder, "recipes", "mine.yaml");
    const tried = (changes: Readonly<Record<string, unknown>>) => {
      writeFileSync(file, recipeText(changes));
      return kiln("try", file);
    };
    const step = tried({ provision: ["echo hello; exit 3"] });
    expect([step.status, step.out]).toEqual([1, expect.stringMatching(/✗ .*\n.*exit code 3: hello/)]);
    for (const said of ["exit code 3: hello", "failed: "]) expect(step.out.split(said)).toHaveLength(2);
    expect(step.out).not.toContain("broken link");
    const untested = tried({ test: { commands: ["systemctl is-active apache"] } });
    expect([untested.status, untested.out]).toEqual([
      1,
      expect.stringMatching(/✗ .*\n.*promote-mine-.* failed: .*apache/),
    ]);
    expect(tried({ provison: ["true"] })).toMatchObject({
      status: 3,
      out: expect.stringContaining("keep one of the two"),
    });
    expect(tried({ source: { snapshot: { id: "s-1" } }, provision: [], test: { skip: true } })).toMatchObject(
      { status: 3 },
    );
    expect(tried({ family: undefined, test: {} })).toMatchObject({ status: 0 });
    expect(tried({ test: { skip: true } })).toMatchObject({ status: 0 });
  },
);
