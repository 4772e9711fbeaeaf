/** Work on many fleets, recipes or documents, of which none keeps another from its turn. */
import { ALARM, alarm } from "./alarms.ts";
import { CloudError, EventError } from "./errors.ts";
import { inBatches } from "./in-batches.ts";
import type { Ports } from "./invocation.ts";
import { ok, problem, type Result } from "./result.ts";

type Log = Pick<Ports, "log">;

/** Whether a repeat of the whole event may go better. */
export const mayPass = (error: unknown): boolean => error instanceof CloudError && error.kind === "wait";

/** Logs that `item`, a name or a few fields, has no turn this time; as a fault when it is no trouble that passes. */
export async function logSkipped(item: unknown, error: unknown, { log }: Log): Promise<void> {
  if (mayPass(error)) return log({ warning: "not looked at", item, error });
  const { readStack } = await import("./stack.ts");
  log({ ...alarm(ALARM.invocationFailed), item, error, stack: readStack(error) });
}

/**
 * The answers of `act`, in the order of the items. One that throws is logged and left to the next timer.
 * @throws the first error when no item has an answer, so that the platform repeats the event
 */
export async function apart<T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
  ports: Log,
): Promise<R[]> {
  const tries = await inBatches(items, async (item) => {
    try {
      return { answer: await act(item) };
    } catch (error) {
      return { item, error };
    }
  });
  const lost = tries.filter((one) => "error" in one);
  const [first] = lost;
  if (first !== undefined && lost.length === tries.length) throw first.error;
  for (const { item, error } of lost) await logSkipped(item, error, ports);
  return tries.flatMap((one) => ("answer" in one ? [one.answer] : []));
}

/**
 * Reads a part of an answer about many. One that cannot be read is a problem in the answer and in the log, and keeps no
 * other from its part. A fault of Kiln is described in the log alone.
 */
export async function orWhy<T>(item: string, read: () => Promise<T>, ports: Log): Promise<Result<T>> {
  try {
    return ok(await read());
  } catch (error) {
    if (error instanceof CloudError || error instanceof EventError) {
      ports.log({ warning: "not known", item, error });
      return problem(`not known: ${error instanceof CloudError ? error.short : error.message}`);
    }
    await logSkipped(item, error, ports);
    return problem("not known: a fault of Kiln, see its log");
  }
}
