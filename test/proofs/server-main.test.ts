import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "vitest";
import { checkManifest } from "../check-manifest.ts";
import { openApi } from "../contract/clients.ts";
import { json, known } from "../support/known.ts";

const MAIN = join(import.meta.dirname, "..", "cloud", "main.ts");

test("the bare local cloud prints its addresses in one line, serves in real time and ends on SIGTERM", async ({
  expect,
  onTestFinished,
}) => {
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, "--no-functions", "--speed", "1000000"]);
  // A cloud in real time goes on for ever when an expectation fails before it is stopped.
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = known<[string]>(await once(createInterface({ input: child.stdout }), "line"));
  const ready = json<Record<string, string>>(line);
  expect(Object.keys(ready).toSorted()).toEqual(
    [
      "accessKeyId",
      "accessKeySecret",
      "accountId",
      "cms",
      "domains",
      "ecs",
      "ess",
      "fc",
      "http",
      "oss",
      "ram",
      "region",
      "sts",
    ].toSorted(),
  );
  const key = { id: ready["accessKeyId"] ?? "", secret: ready["accessKeySecret"] ?? "" };
  const query = { RegionId: ready["region"] ?? "" };
  // By now the cloud is days ahead of this client's clock.
  const call = { action: "DescribeInstances", version: "2014-05-26", query };
  expect((await openApi(ready["ecs"] ?? "", key, call)).statusCode).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("an option that makes no sense, or is none, ends it with a sentence and not with a stack", async ({
  expect,
}) => {
  const onComplete = async (...options: readonly string[]): Promise<[number, string]> => {
    const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...options]);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [code] = known<[number]>(await once(child, "close"));
    return [code, said];
  };
  const usage = "usage: npm run cloud -- [--port <n>] [--speed <factor>] [--no-functions] [--hints]\n";
  expect(
    await Promise.all([
      onComplete("--speed", "slow"),
      onComplete("--speed", "-1"),
      onComplete("--port=-1"),
      onComplete("--prot", "9100"),
    ]),
  ).toEqual([
    [1, `--speed slow is not 0 or more: give another value\n${usage}`],
    [1, `--speed -1 is not 0 or more: give another value\n${usage}`],
    [1, `--port -1 is not a port: give another value\n${usage}`],
    [1, expect.stringMatching(/^Unknown option '--prot'.*\nusage: npm run cloud --.*\n$/)],
  ]);
});

const MANIFEST = `
edition: 3.0.0
name: app
resources:
  one:
    component: fc3@0.1.22
    props:
      { functionName: one, region: cn-hangzhou, runtime: nodejs20, handler: index.handler, code: ./dist/one,
        cpu: 0.1, memorySize: 128, diskSize: 512, timeout: 60, environmentVariables: { TOKEN: "\${env('TOKEN')}" } }
`;

test("a manifest and the folders of functions must fit each other; an unset environment is no fault", ({
  expect,
}) => {
  const root = mkdtempSync(join(tmpdir(), "check-"));
  const check = (): string => {
    try {
      return `${checkManifest(root).functions.length} functions`;
    } catch (error) {
      return known<Error>(error).message;
    }
  };
  mkdirSync(join(root, "functions", "one"), { recursive: true });
  expect(check()).toMatch(/^s\.yaml: is not there — /);
  writeFileSync(join(root, "s.yaml"), MANIFEST);
  expect(check()).toBe("1 functions");
  mkdirSync(join(root, "functions", "two"));
  expect(check()).toBe(
    "s.yaml: resources: functions/two is deployed by no resource — add one with code: ./dist/two",
  );
  rmSync(join(root, "functions"), { recursive: true });
  mkdirSync(join(root, "functions"));
  expect(check()).toContain("one has code in dist/one — use ./dist/<name>");
  rmSync(root, { recursive: true });
});
