/** Commands on an ephemeral instance, one at a time, through Cloud Assistant. */
import type { CloudClient } from "../cloud/client.ts";
import { agentsOnline, commandResult, runCommand, type CommandResult } from "../cloud/ecs/commands.ts";
import { describeInstances, rebootInstance } from "../cloud/ecs/instances.ts";
import { getSmallObject, putObject } from "../cloud/oss/objects.ts";
import { clientToken } from "../cloud/ecs/token.ts";
import { seconds } from "../duration.ts";
import type { CommandStep } from "../documents/recipe-steps.ts";
import { CloudError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { outputKey } from "../keys.ts";
import { redactShown } from "../redact.ts";
import { ok, problem, type Result } from "../result.ts";
import { ownTags, TAG, type Owner } from "../tags.ts";
import type { WorkflowEvent } from "../workflow/envelope.ts";
import { PACE, poll } from "../workflow/poll.ts";
import { next, type Outcome } from "../workflow/workflow.ts";
import { COMMAND_MAX_BYTES, explained, scriptOf } from "./command-script.ts";
import type { At, Instance, InstanceEvent } from "./events.ts";
import { ownInstance } from "./own.ts";

/** Most commands of a recipe end within seconds. */
const FIRST_LOOK_MS = seconds(5);
/** An instance still counts as running, and its agent as online, for a while after RebootInstance. */
const REBOOT_MS = seconds(40);
/** So long the agent may go on after RebootInstance, until the system inside has gone down. */
const SHUTDOWN_MS = seconds(15);

/** An event of an instance that is ready for command number `index`. */
type Commanded<I> = InstanceEvent<I> & { readonly instanceId: string; readonly index: number };

/**
 * Sends command number `index`. After the last one the instance is ready. The invocation that sees the end of a command
 * sends the next one: seeing changes nothing.
 */
export async function command<I>(
  instance: Instance<I>,
  event: Commanded<I>,
  { cloud }: Ports,
  before?: string,
): Promise<Outcome> {
  const { use, types } = instance;
  const { instanceId, index } = event;
  const noted = (note: string): string => (before === undefined ? note : `${before}; ${note}`);
  const step = use.commands(event.input)[index];
  if (step === undefined) return withNote(use.onReady(event, instanceId), before);
  const own = await ownInstance(cloud, event.run, instanceId);
  if (!own.ok) return use.compensate(event, own.problem);
  if (step.kind === "reboot") {
    // RebootInstance takes no token: a second delivery reboots again, which ends in the same state.
    await rebootInstance(cloud, instanceId);
    const rebooting = { afterMs: REBOOT_MS, note: noted(`${instanceId} reboots`) };
    return next(types.Reboot, { instanceId, index }, rebooting);
  }
  const text = await textOf(step, cloud);
  if (!text.ok) return use.compensate(event, `"${step.name}": ${text.problem}`, instanceId);
  const order = orderOf(instance, event, { step, text: text.value }, cloud);
  const token = clientToken(event.run, `command-${use.spec(event.input).role}`, index, order);
  const invocationId = await runCommand(cloud, order, token);
  const running = { afterMs: FIRST_LOOK_MS, note: noted(`"${step.name}" runs`) };
  return next(types.Watch, { instanceId, index, invocationId }, running);
}

function withNote(outcome: Outcome, before: string | undefined): Outcome {
  if (outcome.kind !== "next" || before === undefined) return outcome;
  return { ...outcome, note: outcome.note === undefined ? before : `${before}; ${outcome.note}` };
}

/** The command itself, or the content of its object, which may have changed since the run began. */
async function textOf({ kind, command: given }: CommandStep, cloud: CloudClient): Promise<Result<string>> {
  if (kind === "run") return ok(given);
  const read = await getSmallObject(cloud, given, COMMAND_MAX_BYTES);
  if (!read.ok) return read;
  return read.value === undefined ? problem(`the bucket has no object ${given}`) : ok(read.value.text);
}

/** RunCommand's parameters of a step. */
function orderOf<I>(
  { use }: Instance<I>,
  event: Commanded<I>,
  { step, text }: { readonly step: CommandStep; readonly text: string },
  owner: Owner,
) {
  const { name, timeoutMs, workingDir, user } = step;
  const shell = use.shell?.(event.input) ?? "shell";
  return {
    instanceId: event.instanceId,
    shell,
    script: scriptOf(step, text, shell),
    timeoutMs,
    name,
    tags: ownTags(owner, { [TAG.run]: event.run }),
    ...(workingDir !== undefined && { workingDir }),
    ...(user !== undefined && { user }),
  };
}

/** Waits for the end of a command, keeps its output, judges it and sends the next one. */
export async function watch<I>(instance: Instance<I>, event: At<I, "Watch">, ports: Ports): Promise<Outcome> {
  const { use } = instance;
  const { instanceId, index, invocationId, input } = event;
  const step = use.commands(input)[index];
  const name = step?.name ?? `command ${index}`;
  const result = await commandResult(ports.cloud, invocationId, instanceId);
  if (result.state === "running") return poll(event, ports.clock, PACE.command, `"${name}" runs`);
  const { output: raw, where } = explained(step?.kind === "reboot" ? undefined : step, result.output);
  // Commands print their variables, which may be secrets (REDACT-4).
  const output = redactShown(raw);
  const key = outputKey(event.run, `${use.spec(input).role}-${index}`);
  const kept = await keepOutput(key, wholeOutput(result, output, where), event, ports);
  const whole = kept ? `all of it: ${key}` : "the bucket did not take the rest";
  const problem = result.ok
    ? use.judge?.(input, index, result.output)
    : `"${name}" failed with ${failureOf(result)}${where}: ${lastLines(output)}`;
  if (problem !== undefined) return use.compensate(event, `${problem} (${whole})`, instanceId);
  return command(instance, { ...event, index: index + 1 }, ports, `"${name}" succeeded`);
}

function wholeOutput({ dropped }: CommandResult, output: string, where: string): string {
  const cut = dropped === 0 ? "" : `[the cloud keeps 24 KB and dropped ${dropped} bytes of this]\n`;
  const stopped = where && `\nkiln: it stopped${where}\n`;
  return `${cut}${output}${stopped}`;
}

/** Cloud Assistant repeats the exit code in words; any other code (a time-out, no agent) is the reason itself. */
const failureOf = ({ errorCode, errorInfo = "", exitCode }: CommandResult): string =>
  errorCode === undefined || errorCode === "ExitCodeNonzero"
    ? `exit code ${exitCode ?? "none"}`
    : `${errorCode} ${errorInfo}`.trim();

const lastLines = (output: string): string =>
  output.trimEnd().split("\n").slice(-3).join(" | ").slice(-200) || "no output";

/** The bucket is tried for about a minute: an instance costs money while it waits for a bucket that refuses to write. */
const OUTPUT_ATTEMPTS = 4;

/** Keeps a command's output beside the record; false when the bucket does not take it. */
async function keepOutput(
  key: string,
  text: string,
  { run, attempt }: WorkflowEvent,
  { cloud, log }: Ports,
): Promise<boolean> {
  try {
    await putObject(cloud, key, text, { contentType: "text/plain; charset=utf-8" });
    return true;
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== "wait" || attempt < OUTPUT_ATTEMPTS) throw error;
    log({ warning: "output not kept", run, key, error: error.message });
    return false;
  }
}

/** Waits until the instance is back from its reboot, and sends the next command. */
export async function reboot<I>(of: Instance<I>, event: At<I, "Reboot">, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { instanceId, index } = event;
  const [instance] = await describeInstances(cloud, { ids: [instanceId] });
  // The phase began when it was first due.
  const downAt = event.phaseStartedAt - REBOOT_MS + SHUTDOWN_MS;
  const online = await agentsOnline(cloud, [instanceId], downAt);
  if (instance?.status !== "Running" || !online.has(instanceId))
    return poll(event, clock, PACE.instance, `${instanceId} is not back from its reboot yet`);
  return command(of, { ...event, index: index + 1 }, ports, `${instanceId} is back`);
}
