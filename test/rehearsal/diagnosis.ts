/**
 * Which link of the chain is broken? From what the cloud knows: deliveries it refused, calls it refused,
 * events that failed, and what the journal says.
 *
 * DIAGNOSIS-1. The first line names the broken link and the file to look into; the others are what else was seen.
 * DIAGNOSIS-2. Links are asked in the order an event travels: trigger → permission to invoke → the function's own
 *     calls → its errors → the outcome in the journal.
 */
import type { Call, Source, Trigger } from "../cloud/index.ts";
import type { Stage } from "./stage.ts";
import { json } from "../support/known.ts";

/** An event on its way: what carries it, and the function (folder name) it must reach. */
export interface Link {
  readonly to: string;
  readonly by:
    | { readonly kind: "oss"; readonly key: string }
    | { readonly kind: "timer"; readonly name: string }
    | { readonly kind: "http" }
    | { readonly kind: "event"; readonly from: string };
}

const DEPLOYED = "kiln-";

/** Lines for a person, the broken link first; `known` is what the step itself knows about it. */
export function diagnose(stage: Stage, link: Link | undefined, known?: string): readonly string[] {
  const found = [
    ...(known === undefined ? [] : [known]),
    ...(link ? arrivals(stage, link) : []),
    ...refusedCalls(stage),
    ...failedEvents(stage),
    ...failedRuns(stage),
  ];
  const innocent = "none: every event arrived, no call was refused and no run failed";
  return [...(found.length > 0 ? found : [innocent]), ...openRuns(stage)];
}

function arrivals({ cloud, sceneAt }: Stage, link: Link): string[] {
  const name = DEPLOYED + link.to;
  const refusals = cloud.fc.refusals
    .filter(({ at }) => at >= sceneAt)
    .map(({ from, to, reason }) => `a delivery from ${from} to ${to} was refused: ${reason}; see shared/ram`);
  // Other triggers may reach the same function: what counts is the event of this link.
  const came =
    cloud.fc.events.some(
      (event) => event.function === name && event.enqueuedAt >= sceneAt && carries(link.by, event),
    ) ||
    cloud.fc.invocations.some((run) => run.function === name && run.at >= sceneAt && carries(link.by, run));
  if (came) return [...new Set(refusals)];
  const definition = cloud.fc.functions.get(name);
  if (definition === undefined) return [`s.yaml declares no function ${name}`];
  const why = missingTrigger(definition.triggers, link.by);
  const lost = `no event reached ${link.to} ${after(link.by)}`;
  return [`${lost}: ${[why, ...new Set(refusals)].filter(Boolean).join("; ") || hint(link.by)}`];
}

/** Whether this delivery is the one the link is about. */
function carries(
  by: Link["by"],
  { source, payload }: { readonly source: Source; readonly payload: string | Buffer },
): boolean {
  switch (by.kind) {
    case "oss":
      return source === "oss" && payload.includes(by.key);
    case "timer":
      return source === "timer" && payload.includes(JSON.stringify(by.name));
    case "http":
      return source === "http";
    case "event":
      return source === "async";
  }
}

/** A sentence when s.yaml has no trigger that would carry the event; undefined when it has. */
function missingTrigger(triggers: readonly Trigger[], by: Link["by"]): string | undefined {
  switch (by.kind) {
    case "oss": {
      const covers = triggers.some((one) => one.kind === "oss" && by.key.startsWith(one.prefix));
      return covers ? undefined : `s.yaml gives it no OSS trigger whose prefix covers ${by.key}`;
    }
    case "timer": {
      const timer = triggers.find((one) => one.kind === "timer" && one.name === by.name);
      if (timer === undefined) return `s.yaml gives it no timer trigger ${by.name}`;
      return timer.kind === "timer" && !timer.enabled ? `the timer ${by.name} has enable: false` : undefined;
    }
    case "http":
      return triggers.some(({ kind }) => kind === "http") ? undefined : "s.yaml gives it no HTTP trigger";
    case "event":
      return undefined;
  }
}

const after = (by: Link["by"]): string => {
  switch (by.kind) {
    case "oss":
      return `after the upload of ${by.key}`;
    case "timer":
      return `from the timer ${by.name}`;
    case "http":
      return "over HTTP";
    case "event":
      return `from ${by.from}`;
  }
};

const hint = (by: Link["by"]): string =>
  by.kind === "event"
    ? `${by.from} never handed it on; what it met is below`
    : "the trigger is in s.yaml, so its moment has not come or its filter does not match";

/** Refused for who is calling, grouped: a missing permission repeats itself at every delivery. */
function refusedCalls({ cloud, sceneAt }: Stage): string[] {
  const refused = cloud.callLog
    .entries({ fromAt: sceneAt })
    .filter((call) => call.status === 401 || call.status === 403 || isSignature(call));
  const groups = new Map<string, number>();
  for (const { product, action, role, code } of refused) {
    const policy = role === undefined ? "" : `; see shared/ram/${role}.json`;
    const who = role === undefined ? "the account's key" : `role ${role}`;
    const line = `${who} was refused ${product} ${action} (${code ?? "no code"})${policy}`;
    groups.set(line, (groups.get(line) ?? 0) + 1);
  }
  return [...groups].map(([line, times]) => (times === 1 ? line : `${line}, ${times} times`));
}

const isSignature = ({ code = "" }: Call): boolean => /Signature|AccessKey|SecurityToken/.test(code);

function failedEvents({ cloud, sceneAt }: Stage): string[] {
  const failed = cloud.fc.events.filter(
    ({ enqueuedAt, status }) =>
      enqueuedAt >= sceneAt && (status === "Failed" || status === "Expired" || status === "Retrying"),
  );
  const answers = cloud.fc.invocations.filter(
    ({ at, source, error }) => at >= sceneAt && source === "http" && error !== undefined,
  );
  const lines = answers.map(({ function: name, result }) => `${name} failed: ${messageOf(result)}`);
  return [
    ...lines,
    ...failed.slice(0, 5).map(({ function: name, status, attempts, taskId }) => {
      const last = cloud.fc.invocations.findLast((run) => run.function === name && run.taskId === taskId);
      return `an event of ${name} is ${status} after ${attempts} deliveries: ${messageOf(last?.result)}`;
    }),
  ];
}

function messageOf(result: string | undefined): string {
  try {
    const { errorMessage } = json<{ readonly errorMessage?: string }>(result ?? "{}");
    return errorMessage ?? "no message";
  } catch {
    return result ?? "no message";
  }
}

/** Why runs failed; the same reason of many runs is shown once. */
function failedRuns(stage: Stage): string[] {
  const reasons = new Map<string, string>();
  for (const { state, run, phase, reason = "" } of recordsOf(stage)) {
    const same = reason.replaceAll(/request [\w-]+/g, "");
    if (state === "failed" && !reasons.has(same))
      reasons.set(same, `run ${run} failed in ${phase}: ${reason}`);
  }
  return [...reasons.values()];
}

const openRuns = (stage: Stage): string[] =>
  recordsOf(stage)
    .filter(({ state }) => state === "queued" || state === "running")
    .map(({ run, phase, note }) => `run ${run} is in ${phase}${note === undefined ? "" : `: ${note}`}`);

const recordsOf = ({ kiln, sceneAt }: Stage) =>
  kiln.records().filter(({ updatedAt }) => Date.parse(updatedAt) >= sceneAt);
