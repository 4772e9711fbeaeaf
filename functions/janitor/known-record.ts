/** Records as the janitor reads them: one that is broken must not stop the others. */
import { CloudError, messageOf } from "../../shared/errors.ts";
import type { Ports } from "../../shared/invocation.ts";
import { readRecord, type RunRecord } from "../../shared/workflow/record.ts";

/**
 * The record of a run; undefined without one, and for an object that is no record.
 * @throws CloudError when the bucket refuses, which concerns every record.
 */
export async function knownRecord(run: string, { cloud, log }: Ports): Promise<RunRecord | undefined> {
  try {
    return await readRecord(cloud, run);
  } catch (error) {
    if (error instanceof CloudError) throw error;
    log({ function: "janitor", warning: "not a record", run, error: messageOf(error) });
    return undefined;
  }
}
