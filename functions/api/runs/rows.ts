/** Runs as lists show them. */
import { EventError, messageOf } from "../../../shared/errors.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { readRunLog, recordOf, type RunLog, type RunRecord } from "../../../shared/workflow/run-log.ts";

/** A run without its history and its result. */
export type RunRow = Omit<RunRecord, "steps" | "result">;

/** The rows of runs, in their order. Runs without a log are left out. */
export async function rowsOf(runs: readonly string[], ports: Ports): Promise<RunRow[]> {
  const records = await inBatches(runs, (run) => readRecord(run, ports));
  return records.flatMap((record) => (record === undefined ? [] : [rowOf(record)]));
}

function rowOf({ steps: _steps, result: _result, ...row }: RunRecord): RunRow {
  return row;
}

/** The record of a run; undefined without a log, and for an object that is none. @throws CloudError */
export async function readRecord(run: string, ports: Ports): Promise<RunRecord | undefined> {
  return recordOf(run, await readKnown(run, ports));
}

/** The log of a run; an empty one for an object that is none. @throws CloudError */
export async function readKnown(run: string, { cloud, log }: Ports): Promise<RunLog> {
  try {
    return await readRunLog(cloud, run);
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    log({ warning: "not a log", run, error: messageOf(error) });
    return { lines: [], end: 0 };
  }
}
