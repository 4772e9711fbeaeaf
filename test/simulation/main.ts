/**
 * `npm run chaos -- [<count>] [<first seed>] [--first]`: simulations of consecutive seeds on all cores, and a table of
 * scenarios and workflows. `--first` ends with the first problem. The same seed has the same history, so
 * `npm run chaos -- 1 <seed>` repeats it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { messageOf } from "../../shared/errors.ts";
import { setup } from "../build-once.ts";
import { known } from "../support/known.ts";
import { type Outcome, simulate } from "./simulate.ts";

const IS_WORKER = process.send !== undefined;

/** One seed after the other, as the parent sends them. */
function work(): void {
  process.on("message", (seed: number) => {
    void simulate(seed)
      .catch((error: unknown) => crashed(seed, error))
      .then((outcome) => process.send?.(outcome));
  });
}

const crashed = (seed: number, error: unknown): Outcome => ({
  seed,
  scenario: "none",
  problems: [`the simulation itself failed: ${messageOf(error)}`],
  finished: [],
  history: "",
});

interface Plan {
  readonly count: number;
  readonly first: number;
  readonly stopsAtFirst: boolean;
}

function readPlan(args: readonly string[]): Plan {
  const [count = "50", first = "1", ...rest] = args.filter((arg) => !arg.startsWith("--"));
  const plan = { count: Number(count), first: Number(first), stopsAtFirst: args.includes("--first") };
  if (rest.length > 0 || !Number.isInteger(plan.count) || !Number.isInteger(plan.first) || plan.count < 1)
    throw new Error("usage: npm run chaos -- [<count>] [<first seed>] [--first]");
  return plan;
}

/** Runs all seeds of a plan, several at a time. */
async function runAll({ count, first, stopsAtFirst }: Plan): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = first;
  let isOver = false;
  const feed = (worker: ChildProcess): void => {
    if (isOver || next >= first + count) worker.disconnect();
    else worker.send(next++);
  };
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = fork(import.meta.filename, []);
      worker.on("message", (message) => {
        const outcome = known<Outcome>(message);
        outcomes.push(outcome);
        show(outcome);
        isOver ||= stopsAtFirst && outcome.problems.length > 0;
        feed(worker);
      });
      worker.on("error", reject).on("exit", () => resolve());
      feed(worker);
    });
  const workers = Math.min(availableParallelism(), count);
  await Promise.all(Array.from({ length: workers }, run));
  return outcomes;
}

function show({ seed, scenario, problems }: Outcome): void {
  if (problems.length === 0) return;
  process.stdout.write(
    `seed ${seed} (${scenario}):\n${problems.map((problem) => `  ${problem}\n`).join("")}`,
  );
}

/** `many` counted by the names that `namesOf` gives each. */
function tally<T>(many: readonly T[], namesOf: (one: T) => readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of many.flatMap(namesOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => a.localeCompare(b));
}

function table(outcomes: readonly Outcome[], seconds: number): string {
  const kept = outcomes.filter(({ problems }) => problems.length === 0);
  const keptOf = new Map(tally(kept, ({ scenario }) => [scenario]));
  const row = (name: string, ...numbers: (number | string)[]): string =>
    `  ${name.padEnd(30)}${numbers.map((number) => String(number).padStart(8)).join("")}\n`;
  return [
    row("scenario", "run", "kept"),
    ...tally(outcomes, ({ scenario }) => [scenario]).map(([name, n]) => row(name, n, keptOf.get(name) ?? 0)),
    row("workflow", "finished"),
    ...tally(outcomes, ({ finished }) => finished).map(([name, n]) => row(name, n)),
    `${kept.length} of ${outcomes.length} simulations kept every invariant and got everything done, `,
    `${Math.round((outcomes.length * 60) / seconds)} a minute.\n`,
  ].join("");
}

async function main(): Promise<void> {
  const plan = readPlan(process.argv.slice(2));
  await setup();
  const beganAt = performance.now();
  const outcomes = await runAll(plan);
  process.stdout.write(table(outcomes, (performance.now() - beganAt) / 1000));
  process.exitCode = outcomes.every(({ problems }) => problems.length === 0) ? 0 : 1;
}

if (IS_WORKER) work();
else await main();
