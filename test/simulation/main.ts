/**
 * `npm run chaos -- [<count>] [<first seed>] [--first] [--history <file>]`: simulations of consecutive seeds on all
 * cores, and a table of scenarios and workflows. `--first` ends with the first problem. The same seed has the same
 * history, so `npm run chaos -- 1 <seed>` repeats it; `--history` writes the history of one simulation as JSON.
 */
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { messageOf } from "../../shared/errors.ts";
import { setup } from "../build-once.ts";
import type { Deployment } from "../support/deployment.ts";
import { known } from "../support/known.ts";
import { type Outcome, simulate } from "./simulate.ts";

const IS_WORKER = process.send !== undefined;

/** One seed after the other, as the parent sends them. */
function work(): void {
  process.on("message", (seed: number) => {
    void simulate(seed)
      .catch((error: unknown) => broken(seed, `the simulation itself failed: ${stackOf(error)}`))
      .then((outcome) => process.send?.(outcome));
  });
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

const broken = (seed: number, problem: string): Outcome => ({
  seed,
  scenario: "none",
  problems: [problem],
  begun: [],
  finished: [],
  history: "",
});

interface Plan {
  readonly count: number;
  readonly first: number;
  readonly stopsAtFirst: boolean;
  readonly historyFile: string | undefined;
}

const USAGE = "usage: npm run chaos -- [<count>] [<first seed>] [--first], or -- 1 <seed> --history <file>";

/** @throws Error with the usage. */
function readPlan(args: string[]): Plan {
  const options = { first: { type: "boolean" }, history: { type: "string" } } as const;
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [count = 50, first = 1, ...rest] = positionals.map(Number);
    const areValid = [count, first].every((number) => Number.isSafeInteger(number) && number > 0);
    if (areValid && rest.length === 0 && (values.history === undefined || count === 1))
      return { count, first, stopsAtFirst: values.first === true, historyFile: values.history };
  } catch {
    // An unknown option.
  }
  throw new Error(USAGE);
}

/**
 * Most objects of a simulation live for one call: with the usual 16 MB they are collected again and again. Every core has a
 * simulation, so threads that collect beside it only take time from another one.
 */
const MEMORY = ["--max-semi-space-size=64", "--single-threaded-gc"];

/** Runs all seeds of a plan, several at a time. */
async function runAll({ count, first, stopsAtFirst }: Plan): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = first;
  let isOver = false;
  const take = (outcome: Outcome): void => {
    outcomes.push(outcome);
    show(outcome);
    isOver ||= stopsAtFirst && outcome.problems.length > 0;
  };
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = fork(import.meta.filename, [], { execArgv: [...process.execArgv, ...MEMORY] });
      let seed: number | undefined;
      const feed = (): void => {
        seed = isOver || next >= first + count ? undefined : next++;
        if (seed === undefined) worker.disconnect();
        else worker.send(seed);
      };
      worker.on("message", (message) => {
        take(known<Outcome>(message));
        feed();
      });
      worker.on("error", reject).on("exit", (code, signal) => {
        if (seed !== undefined) take(broken(seed, `its process ended with ${signal ?? code}`));
        resolve(seed === undefined || isOver ? undefined : run());
      });
      feed();
    });
  const workers = Math.min(availableParallelism(), count);
  await Promise.all(Array.from({ length: workers }, run));
  return outcomes;
}

function show({ seed, scenario, problems, history }: Outcome): void {
  if (problems.length === 0) return void process.stderr.write(".");
  const lines = problems.map((problem) => `  ${problem}\n`).join("");
  const again = `  again, with its calls and logs: npm run chaos -- 1 ${seed} --history history.json\n`;
  process.stdout.write(`seed ${seed} (${scenario}), history ${history.slice(0, 12)}:\n${lines}${again}`);
}

/** `many` counted by the names that `namesOf` gives each. */
function tally<T>(many: readonly T[], namesOf: (one: T) => readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of many.flatMap(namesOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...counts].toSorted(([a], [b]) => a.localeCompare(b)));
}

/** Faults end some workflows; one that so many simulations begin and half of them do not finish does not work. */
const JUDGED_FROM = 4;

/** Workflows that hardly ever get through. */
function stuck(outcomes: readonly Outcome[]): string[] {
  const finished = tally(outcomes, (outcome) => outcome.finished);
  return [...tally(outcomes, ({ begun }) => begun)]
    .filter(([name, begun]) => begun >= JUDGED_FROM && (finished.get(name) ?? 0) < begun / 2)
    .map(([name]) => name);
}

function table(outcomes: readonly Outcome[], seconds: number): string {
  const kept = outcomes.filter(({ problems }) => problems.length === 0);
  const row = (name: string, ...numbers: (number | string)[]): string =>
    `  ${name.padEnd(30)}${numbers.map((number) => String(number).padStart(9)).join("")}\n`;
  const rows = (all: Map<string, number>, good: Map<string, number>): string[] =>
    [...all].map(([name, n]) => row(name, n, good.get(name) ?? 0));
  const scenarioOf = ({ scenario }: Outcome): string[] => [scenario];
  return [
    row("scenario", "run", "kept"),
    ...rows(tally(outcomes, scenarioOf), tally(kept, scenarioOf)),
    row("workflow", "begun", "finished"),
    ...rows(
      tally(outcomes, ({ begun }) => begun),
      tally(outcomes, ({ finished }) => finished),
    ),
    ...stuck(outcomes).map(
      (name) => `${name}: fewer than half of the simulations that began it finished it\n`,
    ),
    `${kept.length} of ${outcomes.length} simulations kept every invariant and got everything done, `,
    `${Math.round((outcomes.length * 60) / seconds)} a minute.\n`,
  ].join("");
}

/** The history of one simulation: calls, invocations with their logs, events and objects. */
function write(file: string, kiln: Deployment): void {
  const { fc } = kiln.cloud;
  const invocations = fc.invocations.map((one) => ({ ...one, at: new Date(one.at).toISOString() }));
  const history = { ...kiln.cloud.snapshot(), runs: kiln.records(), invocations };
  writeFileSync(file, JSON.stringify(history, undefined, 1));
}

async function main(): Promise<void> {
  const plan = readPlan(process.argv.slice(2));
  await setup();
  const beganAt = performance.now();
  const { historyFile, first } = plan;
  if (historyFile !== undefined) return show(await simulate(first, (kiln) => write(historyFile, kiln)));
  const outcomes = await runAll(plan);
  process.stdout.write(`\n${table(outcomes, (performance.now() - beganAt) / 1000)}`);
  const isKept = outcomes.every(({ problems }) => problems.length === 0) && stuck(outcomes).length === 0;
  process.exitCode = isKept ? 0 : 1;
}

if (IS_WORKER) work();
else
  await main().catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 2;
  });
