/**
 * The sweep: winds down runs whose events died, takes up runs that went silent, releases orphans.
 * What belongs to a run it has no record of it leaves alone and names under `unknown`.
 * It remembers nothing; whatever it misses it finds again at its next run.
 */
import { SweepRequest } from "../../shared/events/sweep.ts";
import { FailureEvent, TimerEvent } from "../../shared/events/triggers.ts";
import { parse, portsFor, readPayload, readTimerPayload, type FcHandler } from "../../shared/handler.ts";
import { windDown } from "./failures.ts";
import { forgetEntries } from "./ledgers.ts";
import { lostRuns, takeUp } from "./lost-runs.ts";
import { isNotice, postNotice } from "./notices.ts";
import { findOrphans, giveBack, isEndless, report } from "./orphans.ts";

export const handler: FcHandler = async (bytes, context) => {
  const ports = portsFor("sweep", context);
  const payload = readPayload(bytes);
  if (isNotice(payload)) return postNotice(payload, ports);
  const failure = FailureEvent.safeParse(payload);
  if (failure.success) return windDown(failure.data, ports);
  const timer = TimerEvent.safeParse(payload);
  const { dryRun = false } = parse(
    SweepRequest,
    timer.success ? readTimerPayload(timer.data.payload) : payload,
    "sweep",
  );
  const failures: string[] = [];
  // One that cannot be helped now must not keep the others.
  const attempt = (what: string, act: Promise<unknown>): Promise<unknown> =>
    act.catch((error: unknown) => failures.push(`${what}: ${(error as Error).message}`));
  const lost = await lostRuns(ports);
  if (!dryRun) for (const record of lost) await attempt(record.run, takeUp(record, ports));
  const found = await findOrphans(ports);
  for (const orphan of dryRun ? [] : found.filter(({ release }) => release)) {
    await attempt(orphan.id, giveBack(orphan, ports));
  }
  for (const finding of dryRun ? [] : found.filter(isEndless)) {
    await attempt(finding.id, report(finding, ports));
  }
  const forgotten = await forgetEntries(ports, dryRun);
  const unknown = found.filter((finding) => finding.unknown);
  const result = { dryRun, lost: lost.map(({ run }) => run), found, unknown, failures, forgotten };
  ports.log({ function: "sweep", requestId: context.requestId, ...result });
  return result;
};
