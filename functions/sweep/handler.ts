/**
 * The sweep: winds down runs whose events died, takes up runs that went silent, releases orphans.
 * It remembers nothing; whatever it misses it finds again at its next run.
 */
import { deleteInstance, describeInstances } from "../../shared/cloud/instances.ts";
import { deliver } from "../../shared/cloud/fc.ts";
import { listObjects, putObject } from "../../shared/cloud/oss.ts";
import { days } from "../../shared/duration.ts";
import { EventError } from "../../shared/errors.ts";
import type { Continuation } from "../../shared/events/line.ts";
import { SweepRequest } from "../../shared/events/sweep.ts";
import { FailureEvent, TimerEvent } from "../../shared/events/triggers.ts";
import {
  parse,
  portsFor,
  readPayload,
  readTimerPayload,
  type FcHandler,
  type Ports,
} from "../../shared/handler.ts";
import { readRecord, writeRecord, type RunRecord } from "../../shared/journal.ts";
import { TAG } from "../../shared/labels.ts";
import { recordKey } from "../../shared/run.ts";
import { isLost, judgeMachine, TEMPORARY_ROLES, type Finding } from "./decide.ts";

export const handler: FcHandler = async (bytes, context) => {
  const ports = portsFor("sweep", context);
  const payload = readPayload(bytes);
  const failure = FailureEvent.safeParse(payload);
  if (failure.success) return windDown(failure.data, ports);
  const timer = TimerEvent.safeParse(payload);
  const { dryRun = false } = parse(
    SweepRequest,
    timer.success ? readTimerPayload(timer.data.payload) : payload,
    "sweep",
  );
  const lost = await lostRuns(ports);
  if (!dryRun) for (const record of lost) await takeUp(record, ports);
  const found = await orphans(ports);
  if (!dryRun) {
    for (const { id } of found.filter(({ release }) => release)) {
      await deleteInstance(ports.cloud, id, { force: true });
    }
  }
  const result = { dryRun, lost: lost.map(({ run }) => run), machines: found };
  ports.log({ function: "sweep", requestId: context.requestId, ...result });
  return result;
};

/** The failure destination: every delivery of an event failed, so its run takes the give-up road. */
async function windDown(failure: FailureEvent, ports: Ports): Promise<unknown> {
  const { functionArn, condition, approximateInvokeCount } = failure.requestContext;
  const name = /functions\/([^/]+)/.exec(functionArn)?.[1];
  const event = continuationIn(failure.requestPayload);
  const reason = `${name}: ${condition} after ${approximateInvokeCount} tries: ${errorIn(failure.responsePayload)}`;
  if (name === undefined || event === undefined) {
    // Nothing that can be wound down; kept where a person finds it.
    const key = `failures/${new Date(failure.timestamp).toISOString()}-${failure.requestContext.requestId}.json`;
    await putObject(ports.cloud, key, JSON.stringify(failure), { contentType: "application/json" });
    ports.log({ function: "sweep", lost: key, reason });
    return { kept: key };
  }
  const request = { v: 1, request: "abandon", reason, event };
  const taskId = `${event.run}-${event.seq}-abandon`;
  await deliver(ports.cloud, { to: name, payload: JSON.stringify(request), delayMs: 0, taskId });
  ports.log({ function: "sweep", run: event.run, abandoned: event.phase, reason });
  return { abandoned: event.run };
}

function continuationIn(payload: string): Continuation | undefined {
  try {
    const { run, seq, phase } = JSON.parse(payload) as Partial<Continuation>;
    if (run === undefined || seq === undefined || phase === undefined) return undefined;
    return JSON.parse(payload) as Continuation;
  } catch {
    return undefined;
  }
}

function errorIn(payload: string | undefined): string {
  try {
    return (JSON.parse(payload ?? "{}") as { errorMessage?: string }).errorMessage ?? "no message";
  } catch {
    return "no message";
  }
}

/** Runs of the last two days whose record says they are at work, and whose event is long overdue. */
async function lostRuns({ cloud, clock }: Ports): Promise<RunRecord[]> {
  const now = clock.now();
  const lost: RunRecord[] = [];
  for (const at of [now - days(1), now]) {
    const objects = await listObjects(cloud, `runs/${new Date(at).toISOString().slice(0, 10)}/`);
    for (const { key } of objects.filter((object) => /^runs\/[^/]+\/[^/]+\.json$/.test(object.key))) {
      const run = key.slice(key.lastIndexOf("/") + 1, -".json".length);
      const record = recordKey(run) === key ? await readRecord(cloud, run) : undefined;
      if (record && isLost(record, now)) lost.push(record);
    }
  }
  return lost;
}

/** Sends the last event of a lost run again; the task id of what follows keeps a late original from forking it. */
async function takeUp(record: RunRecord, ports: Ports): Promise<void> {
  const { event, kind, run } = record;
  const to = FUNCTION_OF[kind];
  if (event === undefined || to === undefined)
    throw new EventError(`run ${run} cannot be taken up: kind ${kind}`);
  const taskId = `${run}-${event.seq}-again-${Math.floor(ports.clock.now() / days(1))}`;
  await deliver(ports.cloud, { to: ports.nameOf(to), payload: JSON.stringify(event), delayMs: 0, taskId });
  await writeRecord(ports.cloud, {
    ...record,
    updatedAt: new Date(ports.clock.now()).toISOString(),
    note: "taken up by the sweep",
  });
}

const FUNCTION_OF: Readonly<Record<string, string>> = {
  bake: "bake-image",
  promote: "promote-family",
  scale: "scale-out",
  idle: "stop-idle",
};

async function orphans({ cloud, clock }: Ports): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const role of TEMPORARY_ROLES) {
    for (const instance of await describeInstances(cloud, { tags: { [TAG.role]: role } })) {
      const run = instance.tags[TAG.run];
      // Without a run it is not one of ours, whatever its role says.
      if (run === undefined) continue;
      found.push(judgeMachine(instance, await readRecord(cloud, run), clock.now()));
    }
  }
  return found;
}
