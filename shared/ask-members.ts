/** A command inside several members of a fleet at once. */
import {
  agentsOnline,
  commandResults,
  runCommand,
  shellOf,
  type CommandResult,
} from "./cloud/ecs/commands.ts";
import { describeInstances } from "./cloud/ecs/instances.ts";
import type { CloudClient } from "./cloud/client.ts";
import { clientToken } from "./cloud/ecs/token.ts";
import type { Fleet } from "./documents/fleet.ts";
import { minutes } from "./duration.ts";
import { permanent } from "./errors.ts";
import type { Ports } from "./invocation.ts";
import { isMember } from "./limits/members.ts";
import { ownTags, TAG } from "./tags.ts";
import type { WorkflowEvent } from "./workflow/envelope.ts";
import { PACE, poll } from "./workflow/poll.ts";

/**
 * Results in one page, and agents in one call; RunCommand takes 100 instances:
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinvocationresults
 */
export const ASK_SLICE = 50;
/** A command reaches an agent within a minute, or it is aborted; the rest is for the answer. */
const DELIVERY_MS = minutes(3);

interface Question {
  readonly run: string;
  readonly fleet: string;
  readonly os: Fleet["os"];
  readonly name: string;
  readonly probe: { readonly command: string; readonly timeoutMs: number; readonly user?: string };
  /** At most 50. */
  readonly ids: readonly string[];
}

interface Asked {
  /** Undefined when no member is asked. */
  readonly invocationId?: string;
  readonly asked: string[];
  /** Why others are not, by their ids. */
  readonly unasked: ReadonlyMap<string, string>;
}

/** Asks those that run, are in the fleet and have an agent; a repeat is the same command. @throws CloudError to wait for */
export async function askMembers(question: Question, cloud: CloudClient): Promise<Asked> {
  const { run, fleet, os, name, probe, ids } = question;
  const found = await describeInstances(cloud, { ids });
  const running = found.filter((one) => one.status === "Running" && isMember(cloud, one, fleet));
  const online = await agentsOnline(
    cloud,
    running.map(({ id }) => id),
  );
  const asked = ids.filter((id) => online.has(id));
  const why = "it does not run, or no agent of Cloud Assistant is online there";
  const unasked = new Map(ids.filter((id) => !online.has(id)).map((id) => [id, why]));
  if (asked.length === 0) return { asked, unasked };
  try {
    const order = {
      instanceId: asked,
      script: probe.command,
      timeoutMs: probe.timeoutMs,
      name,
      shell: shellOf(os),
      tags: ownTags(cloud, { [TAG.run]: run }),
      ...(probe.user !== undefined && { user: probe.user }),
    };
    return {
      invocationId: await runCommand(cloud, order, clientToken(run, "probe", 0, order)),
      asked,
      unasked,
    };
  } catch (error) {
    const { code, message } = permanent(error);
    for (const id of asked) unasked.set(id, `the command was refused: ${code} ${message}`);
    return { asked: [], unasked };
  }
}

type Asking = WorkflowEvent & { readonly invocationId: string };

/** The answers of those that were asked. While some may still come, the wait for them instead. @throws CloudError to wait for */
export async function answersOf(
  event: Asking,
  asked: readonly string[],
  probe: { readonly timeoutMs: number } | undefined,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<ReadonlyMap<string, CommandResult> | ReturnType<typeof poll>> {
  const results = await commandResults(cloud, event.invocationId);
  const open = asked.filter((id) => results.get(id)?.state !== "ended");
  const patienceMs = (probe?.timeoutMs ?? 0) + DELIVERY_MS;
  if (open.length === 0 || clock.now() - event.phaseStartedAt >= patienceMs) return results;
  return poll(event, clock, PACE.command, `${open.length} of ${asked.length} have not answered`);
}
