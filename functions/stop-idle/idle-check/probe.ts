/**
 * Asks members themselves whether they are in use: probe → await-probe, for each slice right before its stop.
 *
 * PROBE-1. Exit code 0 says busy, 1 says not busy, as `pgrep`, `grep -q` and `test` do. Any other end is unknown: a member
 *     without an agent, a command that is not found, a signal, a time-out.
 * PROBE-2. Busy and unknown keep a member. Unknown is reported, and fails a check that stops nothing.
 * PROBE-3. The metrics are read once more after the answers (IDLE-1).
 */
import * as z from "zod/mini";
import {
  agentsOnline,
  commandResults,
  runCommand,
  shellOf,
  type CommandResult,
} from "../../../shared/cloud/ecs/commands.ts";
import type { Refused } from "../../../shared/cloud/ecs/each.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";
import { minutes } from "../../../shared/duration.ts";
import { permanent } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { ownTags, TAG } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, type Outcome } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { Ids, withRefusals } from "../tally.ts";
import { Confirm } from "./confirm.ts";
import { checkEvent, Stop, Tally } from "./input.ts";

/**
 * Results in one page, and agents in one call; RunCommand takes 100 instances:
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinvocationresults
 */
const PROBE_SLICE = 50;
/** A command reaches an agent within a minute, or it is aborted; the rest is for the answer. */
const DELIVERY_MS = minutes(3);

export const Probe = checkEvent("probe", { stops: Ids, tally: Tally });
type Probe = EventOf<typeof Probe>;
const AwaitProbe = checkEvent("await-probe", {
  invocationId: z.string(),
  probed: Ids,
  later: Ids,
  tally: Tally,
});
type AwaitProbe = EventOf<typeof AwaitProbe>;

async function askSlice(event: Probe, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const { input, run } = event;
  const { probe } = input.policy;
  const slice = event.stops.slice(0, PROBE_SLICE);
  const later = event.stops.slice(PROBE_SLICE);
  if (probe === undefined) return next(Stop, { stops: slice, later, tally: event.tally });
  const asked = await beginProbe({ run, fleet: input.fleet, os: input.os, probe, ids: slice }, cloud);
  const { invocationId, probed } = asked;
  const tally = withRefusals(event.tally, asked.refused);
  if (invocationId === undefined) return next(Stop, { stops: [], later, tally });
  return next(AwaitProbe, { invocationId, probed, later, tally }, { note: `${probed.length} are asked` });
}

interface Question {
  readonly run: string;
  readonly fleet: string;
  readonly os: Fleet["os"];
  readonly probe: NonNullable<IdlePolicy["probe"]>;
  /** At most 50. */
  readonly ids: readonly string[];
}

interface Begun {
  /** Undefined when no member is asked. */
  readonly invocationId?: string;
  readonly probed: string[];
  readonly refused: readonly Refused[];
}

/** Asks members that run and are in the fleet; a repeat is the same command. */
export async function beginProbe(
  { run, fleet, os, probe: policy, ids }: Question,
  cloud: CloudClient,
): Promise<Begun> {
  const found = await describeInstances(cloud, { ids });
  const running = found.filter((one) => one.status === "Running" && isMember(cloud, one, fleet));
  const online = await agentsOnline(
    cloud,
    running.map(({ id }) => id),
  );
  const probed = ids.filter((id) => online.has(id));
  const without = ids
    .filter((id) => !online.has(id))
    .map((id) => unprobed(id, "it does not run, or no agent of Cloud Assistant is online there"));
  if (probed.length === 0) return { probed, refused: without };
  try {
    const order = {
      instanceId: probed,
      script: policy.command,
      timeoutMs: policy.timeoutMs,
      name: "idle-probe",
      shell: shellOf(os),
      tags: ownTags(cloud, { [TAG.run]: run }),
      ...(policy.user !== undefined && { user: policy.user }),
    };
    const invocationId = await runCommand(cloud, order, clientToken(run, "probe", 0, order));
    return { invocationId, probed, refused: without };
  } catch (error) {
    const { code, message } = permanent(error);
    const refused = probed.map((id) => unprobed(id, `the command was refused: ${code} ${message}`));
    return { probed: [], refused: [...without, ...refused] };
  }
}

/** How long answers are waited for. */
export const patienceOf = (probe: IdlePolicy["probe"]): number => (probe?.timeoutMs ?? 0) + DELIVERY_MS;

async function awaitAnswers(event: AwaitProbe, { cloud, clock }: Ports): Promise<Outcome> {
  const { probed, later, input } = event;
  const results = await commandResults(cloud, event.invocationId);
  const open = probed.filter((id) => results.get(id)?.state !== "ended");
  if (open.length > 0 && clock.now() - event.phaseStartedAt < patienceOf(input.policy.probe))
    return poll(event, clock, PACE.command, `${open.length} of ${probed.length} have not answered`);
  const refused = probed.flatMap((id) => whyKept(id, results.get(id)) ?? []);
  const kept = new Set(refused.map(({ id }) => id));
  const stops = probed.filter((id) => !kept.has(id));
  const tally = withRefusals(event.tally, refused);
  return next(Stop, { stops, later, tally }, { note: `${kept.size} are in use or unknown` });
}

const unprobed = (id: string, why: string): Refused => ({
  id,
  code: "Unprobed",
  message: `it is not known whether it is in use, so it is kept: ${why}`,
});

/** Why the answer of a member keeps it; undefined when it is not in use (PROBE-1). */
export function whyKept(id: string, result: CommandResult | undefined): Refused | undefined {
  if (result?.state !== "ended") return unprobed(id, "its probe did not end in time");
  const { ok, exitCode, errorCode = "", errorInfo = "" } = result;
  if (ok) return { id, code: "Busy", message: "its probe ended with exit code 0" };
  if (exitCode === 1 && (errorCode === "" || errorCode === "ExitCodeNonzero")) return undefined;
  const ended = exitCode === undefined ? "" : ` with exit code ${exitCode}`;
  return unprobed(id, `its probe ended${ended} (${[errorCode, errorInfo].join(" ").trim()})`);
}

/** The probe changes nothing, so nothing is to be undone; the members stay. */
export const probe = countedPhase(Probe, askSlice, ({ tally }, problem) => next(Confirm, { tally, problem }));
export const awaitProbe = countedPhase(AwaitProbe, awaitAnswers, ({ tally }, problem) =>
  next(Confirm, { tally, problem }),
);
