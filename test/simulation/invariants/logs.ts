/** K3 and K8 in the logs of runs: each line is judged when it is written. */
import { basename } from "node:path";
import { isRunId } from "../../../shared/names.ts";
import type { Line } from "../../../shared/workflow/run-log.ts";
import { json } from "../../support/known.ts";
import type { Simulation } from "../simulation.ts";
import { atWrites } from "./look.ts";

/** Judges a line of a run at the moment it is written. */
type JudgeLine = (run: string, line: Line) => void;

/** Lines that end a run. */
export const ENDS: ReadonlySet<string> = new Set(["done", "failed", "cancelled"]);

/** The run whose log an object is, undefined for any other. */
function runOf(key: string): string | undefined {
  const run = basename(key, ".jsonl");
  return key.startsWith("runs/") && key.endsWith(".jsonl") && isRunId(run) ? run : undefined;
}

/** Watches all logs. @param judges further judges of their lines */
export function watchLogs(simulation: Simulation, ...judges: readonly JudgeLine[]): void {
  const { problems } = simulation;
  const logs = new Map<string, { lines: number; end: string | undefined }>();
  const judge = (run: string, line: Line): void => {
    const log = logs.get(run) ?? { lines: 0, end: undefined };
    logs.set(run, log);
    if (line.seq !== log.lines++) problems.add(`K3: the lines of ${run} are not numbered 0, 1, 2, …`);
    if (log.end !== undefined && line.kind !== "sent")
      problems.add(`K3: ${run} is ${log.end} and goes on with ${line.kind}`);
    if (!ENDS.has(line.kind)) return;
    log.end = line.kind;
    reasonStands(simulation, run, line);
  };
  atWrites(
    simulation,
    ({ key, body, before }) => {
      const run = runOf(key);
      if (run === undefined) return;
      if (!body.subarray(0, before.length).equals(before))
        problems.add(`K3: the log of ${run} is written over`);
      const lines = body.subarray(before.length).toString().split("\n").slice(0, -1);
      for (const text of lines) for (const each of [judge, ...judges]) each(run, json<Line>(text));
    },
    (key) => {
      if (runOf(key) !== undefined) problems.add(`K3: the log of ${runOf(key)} is deleted`);
    },
  );
}

/** K8: a run that is not done says why. */
function reasonStands({ problems }: Simulation, run: string, line: Line): void {
  if (line.kind !== "failed" && line.kind !== "cancelled") return;
  if (!line.reason) problems.add(`K8: ${run} is ${line.kind} without a reason`);
  // The documents of the scripts are valid.
  if (/has \d+ problem/.test(line.reason)) problems.add(`${run} is ${line.kind}: ${line.reason}`);
}
