/** Runs as the janitor reads them: one whose log is broken must not stop the others. */
import { CloudError, messageOf } from "../../shared/errors.ts";
import type { Ports } from "../../shared/invocation.ts";
import { readRunLog, standing, type Standing } from "../../shared/workflow/run-log.ts";

/**
 * What the log of a run stands for; undefined without one, and for an object that is no log.
 * @throws CloudError when the bucket refuses, which concerns every run.
 */
export async function knownRun(run: string, { cloud, log }: Ports): Promise<Standing | undefined> {
  try {
    return standing(run, await readRunLog(cloud, run));
  } catch (error) {
    if (error instanceof CloudError) throw error;
    log({ function: "janitor", warning: "not a log", run, error: messageOf(error) });
    return undefined;
  }
}
