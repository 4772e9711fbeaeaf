/** The part of an idle check that tells people before anything is stopped: warn → tell → unwarn. */
import { deliver } from "../../shared/cloud/fc.ts";
import type { Ports } from "../../shared/handler.ts";
import { markOf, TAG } from "../../shared/labels.ts";
import { next } from "../../shared/machine.ts";
import { sendsTo } from "../../shared/notify.ts";
import { addCalls, counted } from "./calls.ts";
import { tagEach, untagEach } from "../../shared/each.ts";
import type { IdleOutcome, Phase } from "./fleet.ts";
import { MOST_TOLD } from "./report.ts";

const NOTHING_DONE = { stopped: [], refused: [], refusals: 0, undo: [] };

export async function warnStep(event: Phase<"warn">, ports: Ports): Promise<IdleOutcome> {
  const { warn, unwarn, stops, summary } = event;
  const { cloud, calls } = counted(ports.cloud);
  const at = event.began + (event.job.policy?.noticeMs ?? 0);
  const refused = new Set((await tagEach(cloud, warn, { [TAG.stopAt]: markOf(at) })).map(({ id }) => id));
  const warned = warn.filter((id) => !refused.has(id));
  const note = warn.length > 0 ? `${warned.length} announced from ${markOf(at)} on` : undefined;
  const tally = { summary, calls: addCalls(event.calls, calls) };
  return next({ phase: "tell", unwarn, warned, stops, ...tally }, 0, note);
}

/** Told at once and not at the end: a run that fails later has announced these all the same. */
export async function tellStep(event: Phase<"tell">, ports: Ports): Promise<IdleOutcome> {
  const { warned, unwarn, stops, summary, calls } = event;
  const { fleet, policy } = event.job;
  const notice = {
    kind: "stopping",
    run: event.run,
    subject: fleet,
    by: event.by,
    at: event.began,
    expiresAt: event.began + (policy?.noticeMs ?? 0),
    instances: warned.slice(0, MOST_TOLD),
    ...(warned.length > MOST_TOLD && { reason: `${warned.length} in all` }),
  } as const;
  const sends = warned.length === 0 ? [] : sendsTo(policy?.notify ?? [], notice);
  for (const { to, taskId, event: told } of sends) {
    await deliver(ports.cloud, { to: ports.nameOf(to), payload: JSON.stringify(told), delayMs: 0, taskId });
  }
  return next({ phase: "unwarn", unwarn, warned, stops, summary, calls });
}

export async function unwarnStep(event: Phase<"unwarn">, ports: Ports): Promise<IdleOutcome> {
  const { unwarn, warned, stops, summary } = event;
  const { cloud, calls } = counted(ports.cloud);
  await untagEach(cloud, unwarn, [TAG.stopAt]);
  const acted = { ...NOTHING_DONE, warned, summary, calls: addCalls(event.calls, calls) };
  return next(
    { phase: "stop", stops, ...acted },
    0,
    unwarn.length > 0 ? `${unwarn.length} are in use again` : undefined,
  );
}
