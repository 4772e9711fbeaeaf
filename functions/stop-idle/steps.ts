/**
 * An idle check: survey → stop → confirm.
 *
 * I1. Nothing is stopped on an old look: the signal is read again in the step that stops.
 * I2. One bad instance does not stop the batch; each has its own answer.
 * I3. What StopCharging came to is looked at afterwards: the cloud does not say when it went on charging.
 */
import { deleteInstance, describeInstances, stopInstances } from "../../shared/cloud/instances.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import { readDocument } from "../../shared/document-store.ts";
import { parseFleet, type Fleet } from "../../shared/documents/fleet.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import { DocumentError } from "../../shared/errors.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, failed, next, wait, type Machine } from "../../shared/machine.ts";
import { outputKey } from "../../shared/run.ts";
import { surveyFleet } from "./survey.ts";

/** What a stop may have at once in an event; the rest waits for the next run. */
const STOPS_MAX = 1000;

const steps: Machine<IdleEvent, Ports>["steps"] = {
  survey: async (event, ports) => {
    const { fleet } = event.job;
    const read = await readDocument(ports.cloud, "fleets", fleet);
    if ("problem" in read) return failed(read.problem);
    const document = readFleet(fleet, read.text);
    if (typeof document === "string") return failed(document);
    if (document.idle === undefined) return done({ fleet, note: "this fleet has no idle policy" });
    const { verdicts, running, total } = await surveyFleet(fleet, document.idle, ports);
    const key = outputKey(event.run, "verdicts").replace(/txt$/, "json");
    await putObject(ports.cloud, key, JSON.stringify(verdicts), { contentType: "application/json" });
    const stops = verdicts.filter(({ stop }) => stop).map(({ id }) => id);
    const summary = { instances: total, running, idle: stops.length };
    ports.log({ run: event.run, fleet, summary, verdicts: verdicts.slice(0, LOGGED_MAX) });
    if (event.job.dryRun || document.idle.dryRun)
      return done({ fleet, dryRun: true, ...summary, verdicts: key });
    if (stops.length === 0) return done({ fleet, ...summary, stopped: [], verdicts: key });
    const job = { ...event.job, document };
    return next(
      { phase: "stop", job, stops: stops.slice(0, STOPS_MAX), summary },
      0,
      `${stops.length} of ${running} are idle`,
    );
  },

  stop: async (event, ports) => {
    const policy = event.job.document?.idle;
    if (policy === undefined) throw new TypeError("an idle stop without a policy");
    const { verdicts } = await surveyFleet(event.job.fleet, policy, ports, event.stops);
    const still = new Set(verdicts.filter(({ stop }) => stop).map(({ id }) => id));
    const changed = event.stops.filter((id) => !still.has(id));
    const ids = event.stops.filter((id) => still.has(id));
    const refused = changed.map((id) => `${id}: no longer idle`);
    if (policy.action === "release") {
      for (const id of ids) await deleteInstance(ports.cloud, id, { force: true });
    } else {
      const answers = await stopInstances(ports.cloud, ids, { stoppedMode: policy.stoppedMode });
      refused.push(
        ...answers.filter(({ ok }) => !ok).map(({ id, code, message }) => `${id}: ${code} ${message}`),
      );
    }
    const failedIds = new Set(refused.map((line) => line.split(":")[0]));
    const stopped = ids.filter((id) => !failedIds.has(id));
    return next(
      { phase: "confirm", stopped, refused, summary: event.summary },
      seconds(30),
      `${stopped.length} stopped, ${refused.length} not`,
    );
  },

  confirm: async (event, { cloud }) => {
    const { stopped, refused, summary } = event;
    const policy = event.job.document?.idle;
    const found = await describeInstances(cloud, { ids: stopped });
    const still = found.filter(({ status }) => status !== "Stopped");
    if (policy?.action !== "release" && still.length > 0) {
      return wait(seconds(15), `${still.length} of ${stopped.length} are stopping`);
    }
    const wanted = policy?.stoppedMode;
    const charging = found.filter(({ stoppedMode }) => stoppedMode !== wanted).map(({ id }) => id);
    return done({
      fleet: event.job.fleet,
      ...summary,
      stopped,
      refused,
      ...(charging.length > 0 && { stillCharging: charging }),
    });
  },
};

/** Verdicts beyond this are in the bucket only. */
const LOGGED_MAX = 20;

export const stopIdle: Machine<IdleEvent, Ports> = {
  steps,
  // A check owns nothing: what was stopped stays stopped, and the record says so.
  giveUp: (_event, reason) => failed(reason),
  limitsMs: { survey: minutes(30), stop: minutes(30), confirm: minutes(30) },
};

function readFleet(name: string, text: string): Fleet | string {
  try {
    return parseFleet(name, text);
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
}
