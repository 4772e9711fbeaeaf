/** Commands on an ephemeral instance, one at a time, through Cloud Assistant. */
import { agentsOnline, commandResult, runCommand, type CommandResult } from "../cloud/ecs/commands.ts";
import { describeInstances, rebootInstance } from "../cloud/ecs/instances.ts";
import { clientToken } from "../cloud/ecs/token.ts";
import { formatDuration, seconds } from "../duration.ts";
import type { Step } from "../documents/recipe-steps.ts";
import type { Ports } from "../invocation.ts";
import { outputKey } from "../keys.ts";
import { REBOOT_ADVICE } from "../reboots.ts";
import { redactCut, redactShown } from "../redact.ts";
import { withVariables } from "../requests/declared-parameters.ts";
import { ownTags, ROLE, TAG, type Owner } from "../tags.ts";
import { PACE, poll } from "../workflow/poll.ts";
import { next, type Outcome } from "../workflow/workflow.ts";
import { explained, inQuotes, type Reader } from "./command-script.ts";
import type { At, Instance, InstanceEvent } from "./events.ts";
import { orderFor, type Order } from "./order.ts";
import { keepOutput, showOutput } from "./output.ts";
import { ownInstance } from "./own.ts";
import { EXPIRY_MIN_MS, type InstanceSpec } from "./spec.ts";
import { shownName } from "./shown-line.ts";
import { elsewhere } from "./taken-back.ts";

/** Most commands of a recipe end within seconds. */
const FIRST_LOOK_MS = seconds(5);
/** Before a command that failed is repeated: mirrors and locks need a moment. */
const RETRY_MS = seconds(30);
/** An instance still counts as running, and its agent as online, for a while after RebootInstance. */
const REBOOT_MS = seconds(40);
/** User data of a first boot installs a kernel, or sets something up, and reboots once or twice. */
const FIRST_REBOOTS_MAX = 4;
/** So long the agent may go on after RebootInstance, until the system inside has gone down. */
const SHUTDOWN_MS = seconds(15);

/** An event of an instance that is ready for command number `index`. */
type Commanded<I> = InstanceEvent<I> & {
  readonly instanceId: string;
  readonly index: number;
  readonly tried: number;
  readonly download?: "under way" | "done" | undefined;
};

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
  const { instanceId, index, tried, download } = event;
  const noted = (note: string): string => (before === undefined ? note : `${before}; ${note}`);
  const step = stepAt(instance, event);
  if (step === undefined) return withNote(use.onReady(event, instanceId), before);
  const own = await ownInstance(cloud, event.run, instanceId);
  if (!own.ok) return use.compensate(event, own.problem);
  if (step.kind === "reboot") {
    // RebootInstance takes no token: a second delivery reboots again, which ends in the same state.
    await rebootInstance(cloud, instanceId);
    const rebooting = { afterMs: REBOOT_MS, note: noted(`${instanceId} reboots`) };
    return next(types.Reboot, { instanceId, index, tried: 0 }, rebooting);
  }
  const secrets = use.secrets(event.input, index);
  if (!secrets.ok) return use.compensate(event, secrets.problem, instanceId);
  const where = {
    index,
    isDownloaded: download === "done",
    reader: readerOf(instance, event.input),
    isPlanned: (key: string, etag: string) => use.isPlanned?.(event.input, key, etag) ?? true,
  };
  const found = await orderFor(withVariables(step, secrets.value), where, cloud);
  if (!found.ok) return use.compensate(event, `"${shownName(step)}": ${found.problem}`, instanceId);
  const order = callOf(event, found.value, { owner: cloud, reader: where.reader });
  const name = ["command", use.spec(event.input).role, ...(tried === 0 ? [] : [tried])].join("-");
  const token = clientToken(event.run, name, index, withoutSecrets(order, secrets.value));
  const invocationId = await runCommand(cloud, order, token);
  const running = { afterMs: FIRST_LOOK_MS, note: noted(`"${shownName(step)}" runs`) };
  const state = { instanceId, index, tried, ...stageOf(found.value, download) };
  return next(types.Watch, { ...state, invocationId }, running);
}

type Secrets = Readonly<Record<string, string>>;

/** The parameters that the client token is drawn from: no digest holds a secret. */
const withoutSecrets = <C extends { readonly script: string; readonly shell: Reader }>(
  order: C,
  secrets: Secrets,
): C => ({
  ...order,
  script: Object.values(secrets).reduce(
    (left, value) => left.replaceAll(inQuotes(value, order.shell), ""),
    order.script,
  ),
});

const stageOf = (
  { isDownload }: Order,
  before: Commanded<unknown>["download"],
): Pick<Commanded<unknown>, "download"> => {
  const stage = isDownload === true ? ("under way" as const) : before;
  return stage === undefined ? {} : { download: stage };
};

/** Of the step before the commands of the recipe. */
const PREPARING = -1;

/**
 * Why a command did not reach an instance, or did not end there, when the instance was going down.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinvocationresults
 */
const WENT_DOWN = new Set([
  "ExecutionInterrupted",
  "DeliveryTimeout",
  "ClientNotRunning",
  "ClientNotResponse",
  "InstanceNotRunning",
]);

/** The number of the first command of an instance. */
export const firstIndex = <I>({ use }: Instance<I>): number => (use.prepare === undefined ? 0 : PREPARING);

const stepAt = <I>(
  { use }: Instance<I>,
  { input, index }: { readonly input: I; readonly index: number },
): Step | undefined => (index === PREPARING ? use.prepare : use.commands(input)[index]);

const readerOf = <I>({ use }: Instance<I>, input: I): Reader => use.shell?.(input) ?? "shell";

function withNote(outcome: Outcome, before: string | undefined): Outcome {
  if (outcome.kind !== "next" || before === undefined) return outcome;
  return { ...outcome, note: outcome.note === undefined ? before : `${before}; ${outcome.note}` };
}

/** RunCommand's parameters. */
function callOf<I>(
  { run, instanceId }: Commanded<I>,
  { step, script }: Order,
  { owner, reader }: { readonly owner: Owner; readonly reader: Reader },
) {
  const { name, timeoutMs, workingDir, user } = step;
  return {
    instanceId,
    shell: reader,
    script,
    timeoutMs,
    name,
    tags: ownTags(owner, { [TAG.run]: run }),
    ...(workingDir !== undefined && { workingDir }),
    ...(user !== undefined && { user }),
  };
}

/** Waits for the end of a command, keeps its output, judges it and sends the next one. */
export async function watch<I>(instance: Instance<I>, event: At<I, "Watch">, ports: Ports): Promise<Outcome> {
  const { instanceId, index, invocationId } = event;
  const step = stepAt(instance, event);
  const name = step === undefined ? `command ${index}` : shownName(step);
  const result = await commandResult(ports.cloud, invocationId, instanceId);
  const moved =
    result.state === "running" || !result.ok ? await elsewhere(instance, event, ports) : undefined;
  if (moved !== undefined) return moved;
  if (result.state === "running") {
    if (index !== PREPARING) await showOutput(keyOf(instance, event), shownOf(step, result), event, ports);
    return poll(event, ports.clock, PACE.command, `"${name}" runs`);
  }
  if (index === PREPARING && result.ok) return proceed(instance, event, ports, name);
  const again = repeatedBoot(instance, event, result);
  if (again !== undefined) return again;
  return judged(instance, event, { step, name, result }, ports);
}

/** A first boot during which the instance went down is waited for again. */
function repeatedBoot<I>(
  { types }: Instance<I>,
  { instanceId, index, tried }: At<I, "Watch">,
  { errorCode = "" }: CommandResult,
): Outcome | undefined {
  if (index !== PREPARING || !WENT_DOWN.has(errorCode) || tried >= FIRST_REBOOTS_MAX) return undefined;
  const note = `${instanceId} went down during its first boot (${errorCode}), as user data that reboots makes it; the wait is repeated when it is back`;
  return next(types.Reboot, { instanceId, index, tried: tried + 1 }, { afterMs: REBOOT_MS, note });
}

/** Where the output of a command is kept. Where preparing fails, no other command has one. */
const keyOf = <I>({ use }: Instance<I>, { run, index, input }: At<I, "Watch">): string =>
  outputKey(run, `${use.spec(input).role}-${Math.max(0, index)}`);

/**
 * The agent sends the beginning of an output in pieces of 2 KB until they are more than 6,000 bytes, newer agents exactly
 * so many; once there are more than 24 KB, the rest of them is the end of the output. The place of the cut is not known.
 * https://github.com/aliyun/aliyun_assist_client/blob/main/agent/taskengine/basetask.go
 */
const CUT_WITHIN = 6000 + 2048;

/** Whole lines of what a running command has printed. A secret may go on in the next one. */
const shownOf = (step: Step | undefined, { output }: CommandResult): string =>
  redactCut(explained(step, output.slice(0, output.lastIndexOf("\n") + 1)).output, "end");

const endedOf = (output: string, { dropped }: CommandResult): string =>
  dropped === 0 ? redactShown(output) : redactCut(output, CUT_WITHIN);

/** A command that has ended. */
interface EndedCommand {
  readonly step: Step | undefined;
  readonly name: string;
  readonly result: CommandResult;
}

async function judged<I>(
  instance: Instance<I>,
  event: At<I, "Watch">,
  { step, name, result }: EndedCommand,
  ports: Ports,
): Promise<Outcome> {
  const { use, types } = instance;
  const { instanceId, index, input, tried } = event;
  const { output: raw, where } = explained(step, result.output);
  // Commands print their variables, which may be secrets (REDACT-4).
  const output = endedOf(raw, result);
  const key = keyOf(instance, event);
  const kept = await keepOutput(key, wholeOutput(result, output, where), event, ports);
  // The exit codes of a step are those of its script, and not those of the command that downloads it.
  const isDownload = event.download === "under way";
  if (!isDownload && rebootsAfter(step, result)) {
    const rebooting = { afterMs: REBOOT_MS, note: `"${name}" ended with a reboot` };
    return next(types.Reboot, { instanceId, index, tried: 0 }, rebooting);
  }
  const problem = (isDownload ? result.ok : isDone(step, result))
    ? use.judge?.(input, index, result.output)
    : (neverRan(name, step, result) ??
      `"${name}" failed with ${failureOf(result)}${where}${lastLines(output)}`);
  if (problem === undefined) return proceed(instance, event, ports, name);
  const { retries = 0 } = step ?? {};
  if (tried < retries) {
    const note = `${problem}; it is repeated (${tried + 1} of ${retries})`;
    return next(types.Command, { instanceId, index, tried: tried + 1 }, { afterMs: RETRY_MS, note });
  }
  const hint = await hintOf(instance, event, result, ports);
  return use.compensate(event, `${problem}${wholeOf(output, kept && key)}${hint}`, instanceId);
}

/** A command is interrupted by the release of its machine, and by its restart. */
async function hintOf<I>(
  { use }: Instance<I>,
  { instanceId, input }: At<I, "Watch">,
  { errorCode = "" }: CommandResult,
  { cloud, clock }: Ports,
): Promise<string> {
  if (!WENT_DOWN.has(errorCode)) return "";
  const [instance] = await describeInstances(cloud, { ids: [instanceId] });
  // It is listed for a while after its release.
  const isOver = (instance?.autoReleaseAt ?? Number.POSITIVE_INFINITY) <= clock.now();
  if (instance === undefined || (isOver && instance.status !== "Running"))
    return `; ${goneText(instanceId, use.spec(input))}`;
  return errorCode === "ExecutionInterrupted" ? `; ${REBOOT_ADVICE}` : "";
}

/** Only the time of its release takes an instance of a run away from it, or a user. */
function goneText(instanceId: string, { role, expireAfterMs }: InstanceSpec): string {
  const after = formatDuration(Math.max(expireAfterMs, EXPIRY_MIN_MS));
  const key = role === ROLE.builder ? "source.builder.expireAfter" : "test.timeout";
  return `${instanceId} is gone: the cloud releases a ${role} ${after} after its launch, whatever it does; raise ${key}, or make the steps shorter`;
}

/** Where all of an output is, behind a problem that quotes its end; `key`: of the object that the bucket took. */
function wholeOf(output: string, key: string | false): string {
  if (output.trim() === "") return "";
  return key === false ? " (the bucket did not take the rest)" : ` (all of it: ${key})`;
}

/** The command that follows on one that succeeded. */
function proceed<I>(
  instance: Instance<I>,
  event: At<I, "Watch">,
  ports: Ports,
  name: string,
): Promise<Outcome> {
  if (event.download === "under way")
    return command(instance, { ...event, download: "done" }, ports, `"${name}" is downloaded`);
  const { download: _, ...rest } = event;
  return command(instance, { ...rest, index: event.index + 1, tried: 0 }, ports, `"${name}" succeeded`);
}

const isDone = (step: Step | undefined, result: CommandResult): boolean =>
  result.ok || isExitOf(result, step?.okExitCodes ?? []);

/** The agent restarts a Linux machine after it has reported this exit code, from its version 2.2.3.317 on. */
const REBOOT_CODE = 194;

/** https://www.alibabacloud.com/help/en/ecs/user-guide/use-a-specified-exit-code-to-stop-or-restart-instances */
const rebootsAfter = (step: Step | undefined, result: CommandResult): boolean =>
  isExitOf(result, [REBOOT_CODE]) && !isDone(step, result);

/** Whether a command ended by itself with one of these codes. */
const isExitOf = ({ errorCode, exitCode }: CommandResult, codes: readonly number[]): boolean =>
  isExit(errorCode) && exitCode !== undefined && codes.includes(exitCode);

function wholeOutput({ dropped }: CommandResult, output: string, where: string): string {
  const cut = dropped === 0 ? "" : `[the cloud keeps 24 KB and dropped ${dropped} bytes of this]\n`;
  const stopped = where && `\nkiln: it stopped${where}\n`;
  return `${cut}${output}${stopped}`;
}

/** Whether a command ended by itself, with whatever exit code. */
const isExit = (errorCode: string | undefined): boolean =>
  errorCode === undefined || errorCode === "ExitCodeNonzero";

/**
 * Why a command never ran, in the words of its author.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinvocationresults (ErrorCode)
 */
function neverRan(name: string, step: Step | undefined, { errorCode }: CommandResult): string | undefined {
  const { user, workingDir } = step !== undefined && "command" in step ? step : {};
  if (errorCode === "AccountNotExists")
    return `"${name}" did not run: the instance has no user ${user ?? "root"}; make it in an earlier step, or correct "user"`;
  if (errorCode !== "DirectoryNotExists") return undefined;
  const folder = workingDir === undefined ? "home folder of the user" : `folder ${workingDir}`;
  return `"${name}" did not run: the instance has no ${folder}; make it in an earlier step, or correct "workingDir"`;
}

/** Cloud Assistant repeats the exit code in words; any other code (a time-out, no agent) is the reason itself. */
const failureOf = ({ errorCode, errorInfo = "", exitCode }: CommandResult): string =>
  isExit(errorCode) ? `exit code ${exitCode ?? "none"}` : `${errorCode} ${errorInfo}`.trim();

const lastLines = (output: string): string =>
  output.trim() === ""
    ? " and printed nothing"
    : `: ${output.trimEnd().split("\n").slice(-3).join(" | ").slice(-200)}`;

/** Waits until the instance is back from its reboot, and sends the next command; one that is `tried` is sent again. */
export async function reboot<I>(of: Instance<I>, event: At<I, "Reboot">, ports: Ports): Promise<Outcome> {
  const moved = await elsewhere(of, event, ports);
  if (moved !== undefined) return moved;
  const { cloud, clock } = ports;
  const { instanceId, index, tried } = event;
  const [instance] = await describeInstances(cloud, { ids: [instanceId] });
  // The phase began when it was first due.
  const downAt = event.phaseStartedAt - REBOOT_MS + SHUTDOWN_MS;
  const online = await agentsOnline(cloud, [instanceId], downAt);
  if (instance?.status !== "Running" || !online.has(instanceId))
    return poll(event, clock, PACE.instance, `${instanceId} is not back from its reboot yet`);
  const following = tried > 0 ? event : { ...event, index: index + 1 };
  return command(of, { ...following, tried }, ports, `${instanceId} is back`);
}
