/**
 * `npm run mutants [-- <part of a name>]`: plants every fault of mutants.ts in a copy of the sources and runs the tests
 * that should catch it, or simulations. One line for each: the test that did, or SURVIVED.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { minutes } from "../../shared/duration.ts";
import { messageOf } from "../../shared/errors.ts";
import { firstFailure } from "../support/vitest-run.ts";
import { EQUIVALENT, MUTANTS, plant, type Mutant } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const LEFT_OUT = new Set([".git", "dist", "node_modules"]);
/** Two cores, and most tests of a fault are one file. */
const WORKERS = 2;

function copySources(): string {
  const folder = mkdtempSync(join(tmpdir(), "kiln-mutants-"));
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(relative(ROOT, path)) });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** A fault that only a simulation shows is found in so many. */
const SIMULATIONS = "40";

/** Runs simulations until one has a problem; its seed and problem, undefined when none has. */
async function firstProblem(folder: string): Promise<string | undefined> {
  const script = ["--import", "tsx", "test/simulation/main.ts", SIMULATIONS, "1", "--first"];
  const said = await new Promise<string>((resolve) => {
    const limits = { cwd: folder, timeout: minutes(10) };
    execFile(process.execPath, script, limits, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
  if (!said.includes("simulations kept") || said.includes("the bundles are not built"))
    throw new Error(`the simulations did not run: ${said}`);
  const [where = "", what = ""] = said.split("\n");
  return where.startsWith("seed ") && / (K\d+|progress): /.test(what) ? `${where} ${what.trim()}` : undefined;
}

/** Plants one fault and runs its tests or simulations. True when they catch it. */
async function isCaught(mutant: Mutant, folder: string): Promise<boolean> {
  const path = join(folder, mutant.file);
  const source = readFileSync(path, "utf8");
  writeFileSync(path, plant(mutant, source));
  const caught = mutant.simulated === true ? firstProblem(folder) : firstFailure(folder, mutant.tests);
  const caughtBy = await caught.catch((error: unknown) => {
    print(messageOf(error));
    return undefined;
  });
  writeFileSync(path, source);
  print(`${mutant.promise.padEnd(4)}${mutant.name}: ${caughtBy ?? "SURVIVED"}`);
  return caughtBy !== undefined;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const [part = ""] = process.argv.slice(2);
const chosen = MUTANTS.filter(({ name }) => name.includes(part));
if (chosen.length === 0) {
  process.stderr.write(`no fault of test/mutants/mutants.ts has "${part}" in its name\n`);
  process.exit(2);
}
// A fault without a place is found now and not after minutes.
for (const mutant of MUTANTS) plant(mutant, readFileSync(join(ROOT, mutant.file), "utf8"));
const left = chosen.filter(({ simulated }) => simulated !== true);
// One after the other: each runs on all cores.
const simulated = chosen.filter((mutant) => mutant.simulated === true);
const folders = Array.from({ length: WORKERS }, copySources);

/** The names of faults that no test catches. */
async function work(folder: string, queue: Mutant[]): Promise<string[]> {
  const survivors: string[] = [];
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift())
    if (!(await isCaught(mutant, folder))) survivors.push(mutant.name);
  return survivors;
}

try {
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))];
  const broken = files.length === 0 ? undefined : await firstFailure(folders[0] ?? "", files);
  if (broken !== undefined) throw new Error(`without a fault, this test fails: ${broken}`);
  const survivors = (await Promise.all(folders.map((folder) => work(folder, left)))).flat();
  survivors.push(...(await work(folders[0] ?? "", simulated)));
  for (const { name, why } of part === "" ? EQUIVALENT : []) print(`not planted: ${name}: ${why}`);
  print(`${chosen.length - survivors.length} of ${chosen.length} faults were caught`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true });
}
