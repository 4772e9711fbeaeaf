/** The output of a command in the bucket: its beginning while the command runs, the whole at its end. */
import { getSmallObject, putObject } from "../cloud/oss/objects.ts";
import { CloudError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import type { WorkflowEvent } from "../workflow/envelope.ts";

/** The bucket is tried for about a minute: an instance costs money while it waits for a bucket that refuses to write. */
const ATTEMPTS = 4;
/** More than Cloud Assistant keeps. */
const MAX_BYTES = 64 * 1024;

/** Keeps a command's output beside the record; false when the bucket does not take it. */
export async function keepOutput(
  key: string,
  text: string,
  { run, attempt }: WorkflowEvent,
  { cloud, log }: Ports,
): Promise<boolean> {
  try {
    await put(cloud, key, text);
    return true;
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== "wait" || attempt < ATTEMPTS) throw error;
    log({ warning: "output not kept", run, key, error: error.message });
    return false;
  }
}

/**
 * Shows what a running command has printed so far, if the bucket does not show it yet. A late look does not replace the
 * whole by its beginning. If the bucket refuses, the next look tries again: no command waits for its own display.
 */
export async function showOutput(
  key: string,
  text: string,
  { run }: WorkflowEvent,
  { cloud, log }: Ports,
): Promise<void> {
  if (text === "") return;
  try {
    const shown = await getSmallObject(cloud, key, MAX_BYTES);
    if (shown.ok && shown.value?.text.startsWith(text) !== true) await put(cloud, key, text);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    log({ warning: "output not shown", run, key, error: error.message });
  }
}

const put = (cloud: Ports["cloud"], key: string, text: string) =>
  putObject(cloud, key, text, { contentType: "text/plain; charset=utf-8" });
