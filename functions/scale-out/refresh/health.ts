/** Whether new members are well: they run, no alarm is on, and the probe inside each ends with exit code 0. */
import { alarmStates } from "../../../shared/cloud/cms/alarms.ts";
import { agentsOnline, commandResult, runCommand, shellOf } from "../../../shared/cloud/ecs/commands.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { HealthPolicy } from "../../../shared/documents/health.ts";
import { isDown, stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { redactedShort } from "../../../shared/redact.ts";
import { ownTags, TAG } from "../../../shared/tags.ts";

/** The first alarm that is on, or that cannot be read, as a sentence; undefined when all are quiet. */
export async function alarmProblem(
  ids: readonly string[],
  { cloud }: Pick<Ports, "cloud">,
): Promise<string | undefined> {
  const states = await alarmStates(cloud, ids);
  for (const id of ids) {
    const state = states.get(id);
    if (state === undefined) return `alarm ${id} is no alert rule of CloudMonitor; correct refresh.alarms`;
    if (state === "ALARM") return `alarm ${id} is in state ALARM`;
  }
  return undefined;
}

/** Why a member does not run. `cause`: what that speaks of (REFRESH-RUN-5). */
export interface Down {
  readonly cause: "image" | "caller" | "cloud" | "unknown";
  readonly why: string;
}

/** Why one of the members is not well, first what speaks of the image; undefined while all run. */
export async function downOf(
  ids: readonly string[],
  { cloud }: Pick<Ports, "cloud">,
): Promise<Down | undefined> {
  const found = await describeInstances(cloud, { ids });
  const down = ids.flatMap(
    (id) =>
      oneDown(
        id,
        found.find((one) => one.id === id),
      ) ?? [],
  );
  return down.find(({ cause }) => cause === "image") ?? down[0];
}

function oneDown(id: string, instance: Instance | undefined): Down | undefined {
  if (instance === undefined) return { cause: "unknown", why: `${id} is gone` };
  if (isTakenBack(instance)) return { cause: "cloud", why: `the cloud takes ${id} back` };
  if (instance.status === "Running") return undefined;
  if (!isDown(instance)) return { cause: "image", why: `${id} is ${instance.status}` };
  const by = stoppedByKilnAt(instance) === undefined ? "a user" : instance.tags[TAG.stoppedBy];
  return { cause: "caller", why: `${id} was stopped by ${by}` };
}

/** An instance that is interrupted carries this lock until it ends: https://www.alibabacloud.com/help/en/ecs/user-guide/spot-instances-overview */
const isTakenBack = ({ locks }: Instance): boolean => locks.includes("Recycling");

interface Target {
  readonly run: string;
  readonly id: string;
  readonly os: Fleet["os"];
  readonly probe: Pick<HealthPolicy, "command" | "timeoutMs">;
}

/** Begins the probe on a member; undefined while its agent is not online. A repeat is the same command. */
export async function beginProbe(
  { run, id, os, probe: { command, timeoutMs } }: Target,
  { cloud }: Pick<Ports, "cloud">,
): Promise<string | undefined> {
  if (!(await agentsOnline(cloud, [id])).has(id)) return undefined;
  const order = {
    instanceId: id,
    shell: shellOf(os),
    script: command,
    timeoutMs,
    name: "kiln-probe",
    tags: ownTags(cloud, { [TAG.run]: run }),
  };
  return runCommand(cloud, order, clientToken(run, `probe-${id}`, 0, order));
}

/** How a probe ended; undefined while it runs. */
export async function probeEnd(
  invocation: string,
  id: string,
  { cloud }: Pick<Ports, "cloud">,
): Promise<{ readonly problem?: string } | undefined> {
  const { state, ok, exitCode, errorCode, output } = await commandResult(cloud, invocation, id);
  if (state === "running") return undefined;
  if (ok) return {};
  const ended = exitCode === undefined ? (errorCode ?? "no exit code") : `exit code ${exitCode}`;
  return { problem: redactedShort(`the probe of ${id} ended with ${ended}: ${output.trim()}`, 200) };
}
