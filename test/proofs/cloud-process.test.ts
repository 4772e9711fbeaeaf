import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as reallySleep } from "node:timers/promises";
import { test } from "vitest";
import { minutes } from "../../shared/duration.ts";
import { send, startProcess, type Ready } from "../support/cloud-process.ts";
import { fleetText } from "../support/fleets.ts";
import { foreignProgram } from "../support/foreign.ts";
import { json, known } from "../support/known.ts";

const ROOT = join(import.meta.dirname, "../..");
const example = (file: string): string => readFileSync(join(ROOT, "examples", file), "utf8");

/** Looks until it holds. @throws Error when it does not within `limitMs` of real time */
async function eventually(holds: () => Promise<boolean>, limitMs: number): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > limitMs) throw new Error(`it does not hold after ${limitMs} ms`);
    await reallySleep(50);
  }
}

test("however fast time passes, no event is lost", async ({ expect, onTestFinished }) => {
  const cloud = await startProcess(["--speed", "500000"]);
  onTestFinished(() => cloud.end());
  const program = foreignProgram(cloud);
  const { now } = await cloud.world();
  await program.upload("fleets/web.yaml", example("fleets/web.yaml"));
  await program.upload("recipes/web.yaml", example("recipes/web.yaml"));
  await eventually(async () => "web" in (await cloud.world()).families, 40_000);
  const { body } = await program.call("POST", "/fleets/web/scale-out", { count: 2 });
  await eventually(async () => (await program.stateOf(body["run"])) === "done", 20_000);
  const world = await cloud.world();
  expect(world.images.map(({ status, family }) => [status, family])).toEqual([["Available", "web"]]);
  expect(world.instances.length).toBe(2);
  // A bake and a launch take less than an hour of the cloud's time: the clock has not run ahead of them.
  expect(world.now - now).toBeLessThan(24 * 3_600_000);
}, 90_000);

test("settle skips time that passes by itself, too", async ({ expect, onTestFinished }) => {
  const cloud = await startProcess(["--no-functions"]);
  onTestFinished(() => cloud.end());
  const { now } = await cloud.world();
  await cloud.settle(3_600_000);
  const later = (await cloud.world()).now - now;
  expect(later).toBeGreaterThanOrEqual(3_600_000);
  expect(later).toBeLessThan(3_660_000);
  await eventually(async () => (await cloud.world()).now - now > later, 5000);
});

/** The block of shell that sets up by hand. */
const byHand = (file: string): string | undefined =>
  readFileSync(join(ROOT, file), "utf8")
    .split("```")
    .find((block) => block.includes("export FC_CLIENT_CUSTOM_ENDPOINT"));

test("the variables of README are enough to set up and to plan a deployment on the bare local cloud", async ({
  expect,
  onTestFinished,
}) => {
  expect(byHand("README.zh-CN.md")).toBe(byHand("README.md"));
  const cloud = await startProcess(["--no-functions"]);
  onTestFinished(() => cloud.end());
  const { ready } = cloud;
  const script = (byHand("README.md") ?? "")
    .replace(/^sh/, "set -e")
    .replace("KEY_ID=…", `KEY_ID=${ready.accessKeyId}`)
    .replace("KEY_SECRET=…", `KEY_SECRET=${ready.accessKeySecret}`)
    .replaceAll("http://127.0.0.1:9100", ready.ecs)
    .replaceAll("http://127.0.0.1:9101", ready.oss)
    // It takes minutes of real time.
    .replace("npm run doctor", "");
  const child = spawn("bash", ["-c", script], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (said += part));
  const [code] = known<[number]>(await once(child, "close"));
  expect(code, said).toBe(0);
  expect(said).toMatch(/^create bucket kiln-by-hand$[\s\S]*^would create function kiln-api with http$/m);
}, 90_000);

test("callers of the environment replace ours, and wrong ones end it with a sentence", async ({ expect }) => {
  const callers = { team: { secrets: ["0123456789abcdef"], routes: ["GET /runs/*"] } };
  const cloud = await startProcess(["--speed", "0"], { KILN_CALLERS: JSON.stringify(callers) });
  expect(cloud.ready.caller).toEqual({ name: "team", secret: "0123456789abcdef" });
  const program = foreignProgram(cloud);
  expect((await program.call("GET", "/runs/scale-web-20260105-0123456789ab")).status).toBe(404);
  expect((await program.call("POST", "/recipes/web/bake", {})).status).toBe(403);
  cloud.end();
  const child = spawn("npm", ["run", "cloud", "--silent", "--", "--speed", "0"], {
    cwd: ROOT,
    env: { ...process.env, KILN_CALLERS: "{" },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  expect(await once(child, "close")).toEqual([1, null]);
  expect(said).toBe("KILN_CALLERS is not JSON; see README, “Callers”\n");
}, 90_000);

test("bucket, stage, account and region of the environment are those of the roles too", async ({
  expect,
}) => {
  const cloud = await startProcess(["--speed", "0"], {
    KILN_BUCKET: "kiln-dev-1234567890123457",
    KILN_STAGE: "dev",
    KILN_ACCOUNT_ID: "1234567890123457",
    KILN_REGION: "cn-beijing",
  });
  expect(cloud.ready.bucket).toBe("kiln-dev-1234567890123457");
  const program = foreignProgram(cloud);
  await program.upload("fleets/web.yaml", fleetText());
  const { status, body } = await program.call("POST", "/fleets/web/scale-out", { count: 1 });
  expect([status, body]).toEqual([202, expect.anything()]);
  await cloud.settle(minutes(10));
  // Every function may read and write this bucket, so the run ends with a reason of its own.
  expect(await program.stateOf(body["run"])).toBe("failed");
  cloud.end();
}, 90_000);

/** A program that starts the command of its argument, and lives on. */
const PROGRAM = `require("node:child_process").spawn(process.argv[1],
  { shell: true, stdio: ["ignore", "inherit", "inherit"] }).on("spawn", function () { console.log(this.pid); });
setInterval(() => {}, 1000);`;

/** Starts a command in a program of its own; answers both their ids and the ready line. */
async function startUnder(command: string) {
  const child = spawn(process.execPath, ["-e", PROGRAM, command], { cwd: ROOT });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) if (lines.push(line) === 2) break;
  return { program: child.pid ?? 0, shell: Number(lines[0]), ready: json<Ready>(lines[1] ?? "{}"), child };
}

/** The process that a shell has started last. */
const childOf = (pid: number): number =>
  Number(
    known<string>(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"))
      .trim()
      .split(" ")
      .at(-1),
  );

test.skipIf(process.platform !== "linux")(
  "it ends when the program that started it, its shell or npm is killed",
  async ({ expect, onTestFinished }) => {
    const victims = [
      ({ program }: Started) => program,
      ({ shell }: Started) => shell,
      ({ shell }: Started) => childOf(shell),
    ];
    const ended = victims.map(async (victim) => {
      const started = await startUnder(`npm run cloud --silent -- --no-functions --speed 0; true`);
      onTestFinished(() => void started.child.kill("SIGKILL"));
      const url = new URL(`${started.ready.ecs}/_control/world`);
      const isThere = async (): Promise<boolean> => {
        const reply = await send(url, { method: "GET" }).catch(() => undefined);
        return reply !== undefined;
      };
      expect(await isThere()).toBe(true);
      process.kill(victim(started), "SIGKILL");
      await eventually(async () => !(await isThere()), 8000);
    });
    await Promise.all(ended);
  },
  90_000,
);

type Started = Awaited<ReturnType<typeof startUnder>>;
