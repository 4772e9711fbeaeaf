/** `kiln caller`: a caller is added, or gets a new secret, in what the deployment has; `.env` follows it. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectApi } from "../../deploy/api.ts";
import { readSettings } from "../../deploy/config.ts";
import { readDotEnv } from "../../deploy/dot-env.ts";
import { readCallers } from "../../shared/http/config.ts";
import { CloudFault, type Cloud } from "../cloud/index.ts";
import { test, withTool } from "../support/commands.ts";
import { variables, type Variables } from "../support/shell.ts";

const PATIENT = { timeout: 240_000 };
const ROUTE = "GET /*";
const OLD = "the-secret-in-use-0";
const CI = { ci: { secrets: [OLD], routes: [ROUTE] } };
const HOLDERS = ["kiln-webhook", "kiln-api"] as const;

const callersIn = (root: string) => readCallers(readDotEnv(root));
const inCloud = ({ fc }: Cloud) => HOLDERS.map((name) => readCallers(fc.functions.get(name)?.environment));
const written = (root: string, callers: object): void =>
  writeFileSync(join(root, ".env"), `A=1\nKILN_CALLERS='${JSON.stringify(callers)}'\n`);

/** As a deploy that ended after this function leaves it. */
async function leave(cloud: Cloud, name: string, callers: object): Promise<void> {
  const { credentials, endpoints } = readSettings(variables(cloud));
  const api = connectApi({ region: cloud.region, credentials, endpoints });
  const environment = cloud.fc.functions.get(name)?.environment;
  const environmentVariables = { ...environment, KILN_CALLERS: JSON.stringify(callers) };
  await api.fc("PUT", `/functions/${name}`, {}, { environmentVariables });
}

const add = (name: string, ...more: readonly string[]) => [
  "change-caller",
  `--add=${name}`,
  `--route=${ROUTE}`,
  ...more,
];
const rotate = (name: string, ...more: readonly string[]) => ["change-caller", `--rotate=${name}`, ...more];
const ONLY = "--no-deploy";

const deployed = test.extend({ there: { KILN_CALLERS: JSON.stringify(CI) } });

deployed(
  "a machine whose .env has no callers, or those of the deployment, changes those of the deployment",
  PATIENT,
  async ({ command, root, expect }) => {
    await command("setup");
    for (const has of [undefined, CI]) {
      if (has === undefined) rmSync(join(root, ".env"), { force: true });
      else written(root, has);
      expect(await command(add("alice", ONLY))).toMatchObject({ code: 0, err: [] });
      expect(callersIn(root)).toMatchObject({ ...CI, alice: { routes: [ROUTE] } });
      written(root, CI);
      expect(await command(rotate("ci", ONLY))).toMatchObject({ code: 0, err: [] });
      expect(callersIn(root)["ci"]?.secrets).toEqual([expect.any(String), OLD]);
    }
  },
);

deployed(
  "a .env that differs from the deployment is refused with the names of both, without a secret, and stays as it is",
  PATIENT,
  async ({ command, root, expect }) => {
    await command("setup");
    const other = { secrets: ["another-secret-0123"], routes: [ROUTE] };
    for (const [has, found] of [
      [{ alice: other }, "only .env has alice; only the deployment has ci"],
      [{ ...CI, bob: other, alice: other }, "only .env has alice, bob"],
      [{}, "only the deployment has ci"],
      [{ ci: { ...CI.ci, routes: ["POST /*"] } }, "with other secrets or routes: ci"],
      [{ ci: { ...CI.ci, secrets: ["another-secret-0123", OLD] } }, "with other secrets or routes: ci"],
    ] as const)
      for (const words of [add("carol"), add("carol", ONLY), rotate("ci"), rotate("ci", ONLY)]) {
        written(root, has);
        const { code, out, err } = await command(words);
        expect([code, err]).toEqual([1, [expect.stringContaining(`(${found}); remove it from .env`)]]);
        expect(`${out.join("")}${err.join("")}`).not.toMatch(/another-secret|the-secret/);
        expect(callersIn(root)).toEqual(has);
      }
  },
);

deployed(
  "what one function alone has is left by a deploy that did not end, and counts for nothing",
  PATIENT,
  async ({ cloud, command, root, expect }) => {
    await command("setup");
    const lost = "a-secret-that-was-lost";
    await leave(cloud, "kiln-webhook", {
      ci: { secrets: [lost, OLD], routes: [ROUTE] },
      alice: { secrets: [lost], routes: [ROUTE] },
    });
    for (const has of [undefined, CI])
      for (const [words, secrets] of [
        [add("alice", ONLY), [OLD]],
        [rotate("ci", ONLY), [expect.any(String), OLD]],
      ] as const) {
        if (has === undefined) rmSync(join(root, ".env"), { force: true });
        else written(root, has);
        expect(await command(words)).toMatchObject({ code: 0 });
        expect(callersIn(root)["ci"]?.secrets).toEqual(secrets);
        expect(JSON.stringify(callersIn(root))).not.toContain(lost);
      }
  },
);

const NO_KEY: Variables = { ALIBABA_CLOUD_ACCESS_KEY_ID: "" };

deployed(
  "a change that is refused leaves .env as it is, whatever is wrong",
  PATIENT,
  async ({ command, root, expect }) => {
    written(root, CI);
    const many = Array.from({ length: 300 }, (_, index) => `--route=GET /fleets/f${index}`);
    const refusals: readonly (readonly [number, RegExp, readonly string[], Variables?])[] = [
      [1, /setup comes first/, add("alice")],
      [2, /ALIBABA_CLOUD_ACCESS_KEY_ID is not set/, add("alice"), NO_KEY],
      [1, /KILN_CHANNELS/, add("alice", ONLY), { KILN_CHANNELS: "[]" }],
      [1, /bytes of variables, more than 4096/, add("alice", ...many, ONLY)],
      [2, /goes before \.env/, add("alice"), { KILN_CALLERS: JSON.stringify(CI) }],
      [2, /there is a caller ci already/, add("ci")],
      [2, /needs --route/, ["change-caller", "--add=alice"]],
      [2, /FETCH|must be GET/, ["change-caller", "--add=alice", "--route=FETCH /*"]],
      [2, /must be a-z/, add("Alice")],
      ...["alice", "constructor", "toString", "hasOwnProperty"].map(
        (name) => [2, /KILN_CALLERS has no caller/, rotate(name)] as const,
      ),
    ];
    for (const [code, message, words, env] of refusals) {
      if (!message.test("setup comes first")) await command("setup");
      const refused = await command(words, env);
      expect([refused.code, refused.err.join("\n")], String(message)).toEqual([
        code,
        expect.stringMatching(message),
      ]);
      expect(callersIn(root)).toEqual(CI);
    }
    expect(await command(add("constructor", ONLY))).toMatchObject({ code: 0 });
    expect(Object.keys(callersIn(root))).toEqual(["ci", "constructor"]);
  },
);

test("before the first deploy the callers are those of .env", PATIENT, async ({ command, root, expect }) => {
  await command("setup");
  for (const name of ["ci", "alice"]) expect(await command(add(name, ONLY))).toMatchObject({ code: 0 });
  const [first = ""] = callersIn(root)["ci"]?.secrets ?? [];
  for (const _ of [1, 2]) expect(await command(rotate("ci", ONLY))).toMatchObject({ code: 0 });
  expect(callersIn(root)["ci"]?.secrets).not.toContain(first);
  expect(callersIn(root)["ci"]?.secrets).toHaveLength(2);
});

/** A clone of this repository, as far as the commands need it. */
function makeClone() {
  const root = mkdtempSync(join(tmpdir(), "kiln-clone-"));
  const from = join(import.meta.dirname, "../..");
  for (const name of [
    "cli",
    "deploy",
    "examples",
    "functions",
    "shared",
    "build.ts",
    "package.json",
    "tsconfig.json",
    "s.yaml",
  ])
    cpSync(join(from, name), join(root, name), { recursive: true });
  symlinkSync(join(from, "node_modules"), join(root, "node_modules"));
  return root;
}

/** Runs `kiln` of a clone. */
function kilnIn(root: string, words: readonly string[], env: Variables) {
  const child = spawn(process.execPath, [join(root, "cli/kiln.js"), ...words], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (part: Buffer) => (said.out += part.toString()));
  child.stderr.on("data", (part: Buffer) => (said.err += part.toString()));
  return new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>(
    (resolve) => {
      child.on("close", (code) => resolve({ code, ...said }));
    },
  );
}

withTool(
  "kiln caller prints nothing but the new secret; the deployment keeps everyone; a deploy that fails changes no secret in use",
  PATIENT,
  async ({ cloud, command, tools, expect, onTestFinished }) => {
    await command("setup");
    expect(await command("deploy", { KILN_CALLERS: JSON.stringify(CI) })).toMatchObject({ code: 0 });
    const root = makeClone();
    onTestFinished(() => rmSync(root, { recursive: true }));
    const env = { ...variables(cloud), ...tools };
    // From a clone without a .env.
    const added = await kilnIn(root, ["caller", "add", "alice", "--route", ROUTE], env);
    const [, secret] = /^KILN_CALLER=alice\nKILN_SECRET=(\S+)\n$/.exec(added.out) ?? [];
    expect(added, added.err).toMatchObject({ code: 0, out: expect.stringContaining("KILN_SECRET=") });
    expect(added.err).not.toContain(secret);
    for (const callers of [...inCloud(cloud), callersIn(root)])
      expect(callers).toEqual({ ...CI, alice: { secrets: [secret], routes: [ROUTE] } });
    // A deploy that has got as far as the webhook.
    const isApi = (params: Readonly<Record<string, string>>): boolean =>
      Object.values(params).includes("kiln-api");
    const fault = new CloudFault(403, "AccessDenied", "not now");
    cloud.faults.add({ product: "fc", action: "UpdateFunction", kind: "before", when: isApi, fault });
    const before = callersIn(root);
    for (const _ of [1, 2]) {
      const failed = await kilnIn(root, ["caller", "rotate", "ci", "--json"], env);
      expect(failed.code).toBe(1);
      expect(JSON.parse(failed.out)).toMatchObject({
        command: "caller",
        error: expect.stringContaining("s deploy"),
      });
      expect(callersIn(root)).toEqual(before);
      const [webhook, api] = inCloud(cloud).map((callers) => callers["ci"]?.secrets);
      expect([webhook?.length, api]).toEqual([2, [OLD]]);
    }
    cloud.faults.clear();
    const rotated = await kilnIn(root, ["caller", "rotate", "ci", "--json"], env);
    const { secret: next } = JSON.parse(rotated.out);
    for (const callers of [...inCloud(cloud), callersIn(root)])
      expect(callers["ci"]?.secrets).toEqual([next, OLD]);
    expect(existsSync(join(root, ".env.new"))).toBe(false);
  },
);
