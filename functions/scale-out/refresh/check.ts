/** `check`: the soak of the canaries; `probe`: the command in each new member; `roll-back`: the image is held. */
import { seconds } from "../../../shared/duration.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { REFRESH } from "../../../shared/documents/refresh.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { writeAct } from "../../../shared/size/log.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { Probe, RollBack, Step, type Check, type Progress } from "./events.ts";
import { alarmProblem, beginProbe, type Down, downOf, probeEnd } from "./health.ts";
import { stopped } from "./step.ts";

const LOOK_MS = seconds(30);

/** After a failure there is no second one to go back from. */
export const rollBackOf = (progress: Progress, why: string): Outcome =>
  progress.rolledBack === undefined
    ? next(RollBack, { progress, why }, { note: why })
    : stopped(progress, why);

/** So many new members in a row may be gone: whatever releases them releases the next one, too. */
const GONE_MAX = 3;

/** REFRESH-RUN-5. */
function afterDown(progress: Progress, { cause, why }: Down): Outcome {
  if (cause === "image") return rollBackOf(progress, why);
  if (cause === "caller") return stopped(progress, why);
  if (cause === "cloud") return next(Step, { progress }, { note: why });
  const gone = (progress.gone ?? 0) + 1;
  return gone < GONE_MAX
    ? next(Step, { progress: { ...progress, gone } }, { note: why })
    : stopped(progress, `${why}, like ${gone - 1} new members before it; see who releases them`);
}

export async function check(event: Check, ports: Ports): Promise<Outcome> {
  const { input, progress, ids, phaseStartedAt } = event;
  const loaded = await loadFleet(ports.cloud, input.fleet);
  if ("problem" in loaded) return stopped(progress, loaded.problem);
  const { canary, alarms } = loaded.document.refresh ?? REFRESH;
  const isForward = progress.rolledBack === undefined;
  const down = await downOf(ids, ports);
  if (down !== undefined) return afterDown(progress, down);
  const problem = isForward ? await alarmProblem(alarms, ports) : undefined;
  if (problem !== undefined) return rollBackOf(progress, problem);
  const soakMs = progress.untested && isForward ? (canary?.soakMs ?? 0) : 0;
  const leftMs = phaseStartedAt + soakMs - ports.clock.now();
  return leftMs > 0
    ? wait(Math.min(LOOK_MS, leftMs), `${ids.length} canaries soak`)
    : next(Probe, { progress, ids });
}

export async function probe(event: Probe, ports: Ports): Promise<Outcome> {
  const { run, input, progress, ids, invocation } = event;
  const loaded = await loadFleet(ports.cloud, input.fleet);
  if ("problem" in loaded) return stopped(progress, loaded.problem);
  const { os, refresh, health } = loaded.document;
  const policy = refresh?.probe ?? health;
  const [id, ...others] = ids;
  if (id === undefined || policy === undefined)
    return next(Step, { progress: { ...progress, untested: false, gone: undefined } });
  const down = await downOf([id], ports);
  if (down !== undefined) return afterDown(progress, down);
  if (invocation === undefined) {
    const begun = await beginProbe({ run, id, os, probe: policy }, ports);
    return begun === undefined
      ? poll(event, ports.clock, PACE.command, `Cloud Assistant of ${id} is not online yet`)
      : next(Probe, { progress, ids, invocation: begun });
  }
  const ended = await probeEnd(invocation, id, ports);
  if (ended === undefined) return poll(event, ports.clock, PACE.command, `the probe of ${id} runs`);
  if (ended.problem !== undefined) return rollBackOf(progress, ended.problem);
  return next(Probe, { progress, ids: others }, { note: `${id} is well` });
}

/** REFRESH-RUN-3. */
export async function rollBack({ run, by, input, progress, why }: RollBack, ports: Ports): Promise<Outcome> {
  const { target: bad, before } = progress;
  const act = { run: `${run}:roll-back`, by, act: "refresh" as const };
  await writeAct(
    input.fleet,
    act,
    (state, at) => ({ ...state, held: { bad, use: before, at, run, why } }),
    ports,
  );
  const back = { ...progress, target: before, rolledBack: { bad, why }, untested: false, left: [] };
  return next(Step, { progress: back }, { note: `${bad} is held, ${before} is used` });
}
