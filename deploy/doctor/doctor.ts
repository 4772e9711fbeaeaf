/**
 * `npm run doctor`: asks a real account whether everything that Kiln relies on is as Kiln takes it to be. Free of charge,
 * unless `--launch` is given.
 *
 * DOCTOR-1. Nothing that it makes outlives it, however it ends. Its answers stay in the bucket, below `probe/`.
 */
import { messageOf } from "../../shared/errors.ts";
import type { Clock, Random } from "../../shared/ports.ts";
import { know } from "../../shared/redact.ts";
import { readSecrets } from "../../shared/config.ts";
import type { Settings } from "../config.ts";
import type { Declared } from "../manifest.ts";
import { CHECKS } from "./checks/index.ts";
import { ok, runChecks, wrong, type Check, type Result } from "./finding.ts";
import { openContext, type Context } from "./context.ts";
import { resultLine, summaryLine, toJson } from "./report.ts";

export interface DoctorOptions {
  readonly json: boolean;
  /** Whether checks may launch an instance, which costs money. */
  readonly mayLaunch: boolean;
  /** Whether a check may wait for an hour. */
  readonly mayWait: boolean;
}

/** Where the examination takes place. */
export interface Practice {
  readonly settings: Settings;
  /** The functions of s.yaml with these settings. */
  readonly declared: readonly Declared[];
  readonly clock: Clock;
  readonly random: Random;
  readonly out: (line: string) => void;
  /** Ends the examination early. */
  readonly interrupt: AbortSignal;
  readonly checks?: readonly Check<Context>[];
}

/** Examines a deployment. Answers the exit code: 0 when nothing is wrong, 1 when something is. */
export async function doctor(
  { json, mayLaunch, mayWait }: DoctorOptions,
  practice: Practice,
): Promise<number> {
  const { settings, out, checks = CHECKS } = practice;
  know([settings.credentials.accessKeySecret, ...readSecrets(settings.environment)]);
  if (!json) out(`examines the deployment of bucket ${settings.place.bucket}, which takes some minutes`);
  const results = await examine({ ...practice, checks, mayLaunch, mayWait }, (result) => {
    if (!json) out(resultLine(result));
  });
  out(json ? toJson(results) : summaryLine(results));
  return results.some(({ finding }) => finding.state === "wrong") ? 1 : 0;
}

async function examine(
  practice: Practice &
    Pick<Context, "mayLaunch" | "mayWait"> & { readonly checks: readonly Check<Context>[] },
  say: (result: Result) => void,
): Promise<readonly Result[]> {
  const { interrupt, checks } = practice;
  const clock = interruptible(practice.clock, interrupt);
  const context = openContext({ ...practice, clock });
  const release = async (): Promise<Result> => {
    const finding = await context.release().then(
      () => ok("nothing that the doctor made is left"),
      (error: unknown) =>
        wrong(`the probe may be left: ${messageOf(error)}`, "delete its function and its role"),
    );
    return { name: "removed", finding };
  };
  try {
    const results = await runChecks(checks, context, { interrupt, say });
    const removed = await release();
    say(removed);
    return [...results, removed];
  } catch (error) {
    // DOCTOR-1. A second release finds nothing to do.
    const { finding } = await release();
    if (finding.state === "wrong") say({ name: "removed", finding });
    throw error;
  }
}

/** A clock whose sleeps end by an error when the examination is interrupted. */
function interruptible(clock: Clock, interrupt: AbortSignal): Clock {
  const ended = new Promise<void>((resolve) => {
    interrupt.addEventListener("abort", () => resolve(), { once: true });
  });
  return {
    ...clock,
    sleep: async (ms) => {
      await Promise.race([clock.sleep(ms), ended]);
      interrupt.throwIfAborted();
    },
  };
}
