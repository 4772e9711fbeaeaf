/**
 * A machine rented for a while: started from an image, given commands through Cloud Assistant (no SSH,
 * no inbound port, no key pair), and given back on every road. Bakes provision with it, promotions test.
 *
 * R1. Tags and AutoReleaseTime are in the create call, so a machine whose run died ends by itself.
 * R2. A rung of the ladder that has no stock is left for the next one, with a token of its own.
 * R3. Absence is believed after two looks apart: a list may lag behind what was just made.
 */
import { agentsOnline, commandResult, runCommand } from "./cloud/commands.ts";
import {
  deleteInstance,
  describeInstances,
  rebootInstance,
  runInstances,
  setAutoRelease,
} from "./cloud/instances.ts";
import { getObject, putObject } from "./cloud/oss.ts";
import { clientToken } from "./cloud/token.ts";
import { explained, scriptOf } from "./command-script.ts";
import { hours, minutes, seconds } from "./duration.ts";
import type { Step } from "./documents/recipe-steps.ts";
import { CloudError } from "./errors.ts";
import type { Continuation, Verdict } from "./events/line.ts";
import type { Temporary, TemporaryState } from "./events/temporary.ts";
import type { Ports } from "./handler.ts";
import { TAG } from "./labels.ts";
import { next, wait, type Entering, type Outcome } from "./machine.ts";
import { outputKey } from "./run.ts";

/** What to rent. Lists are tried in order: payment first, then type, then zone. */
export interface Rental {
  readonly role: "builder" | "tester";
  readonly imageId: string;
  readonly instanceTypes: readonly string[];
  readonly vSwitchIds: readonly string[];
  readonly spot: { readonly wanted: boolean; readonly maxPricePerHour?: number };
  readonly expireAfterMs: number;
  /** RunInstances parameters by API name that stay the same on every rung. */
  readonly launch: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** How a function uses its machine. */
export interface Lease<E extends Continuation> {
  readonly rental: (event: E) => Rental;
  readonly commands: (event: E) => readonly Step[];
  /** What reads its commands; the shell when left out. */
  readonly shell?: (event: E) => "shell" | "powershell";
  /** What is wrong although the command's exit code was 0; undefined: nothing. */
  readonly judge?: (event: E, index: number, output: string) => string | undefined;
  /** Every command ended well. */
  readonly ready: (event: E, instanceId: string) => Outcome<E>;
  readonly giveUp: (event: E, reason: string) => Outcome<E>;
  /** The machine is gone; what else the run owns is the caller's to give back. */
  readonly released: (event: E, ports: Ports) => Promise<Outcome<E>>;
  /** Keep a failed machine this long for a look inside; undefined releases it at once. */
  readonly keepFailedMs?: (event: E) => number | undefined;
}

/** How long each phase of a rented machine may take. */
export const TEMPORARY_LIMITS_MS = {
  launch: minutes(20),
  boot: minutes(20),
  command: minutes(20),
  // Cloud Assistant ends a command at its own time-out; this only catches one it forgot.
  watch: hours(25),
  rebooted: minutes(20),
  discard: hours(2),
} as const;

/** The earliest automatic release the API accepts is 30 minutes ahead; a launch may be repeated for 20. */
const EXPIRY_MIN_MS = hours(1);

type At<E extends Continuation, K extends keyof typeof TEMPORARY_LIMITS_MS> = E &
  Continuation & { readonly phase: K } & Temporary<K>;

/** The steps of a rented machine, ready to be spread into the steps of a function. */
export function temporarySteps<E extends Continuation>(lease: Lease<E>) {
  // Every E that takes these steps has the phases of events/temporary.ts, which its type cannot say.
  const enter = (state: TemporaryState, afterMs = 0, note?: string): Outcome<E> =>
    next(state as unknown as Entering<E>, afterMs, note);

  return {
    launch: async (event: At<E, "launch">, { cloud }: Ports): Promise<Outcome<E>> => {
      const rental = lease.rental(event);
      const rung = rungs(rental)[event.rung];
      if (rung === undefined) return lease.giveUp(event, noneHad(rental, tried(event)));
      const params = launchParams(event, rental, rung);
      const token = clientToken(event.run, `launch-${rental.role}`, event.rung, params);
      try {
        const [instanceId] = (await runInstances(cloud, params, token)).instanceIds;
        if (instanceId === undefined) return wait(seconds(30), "RunInstances answered without an instance");
        return enter(
          { phase: "boot", rung: event.rung, instanceId },
          seconds(20),
          `${instanceId} ${rung.name}`,
        );
      } catch (error) {
        if (!(error instanceof CloudError) || error.kind !== "change") throw error;
        return enter({ phase: "launch", rung: event.rung + 1 }, 0, `${rung.name}: ${error.code}`);
      }
    },

    boot: async (event: At<E, "boot">, { cloud, clock }: Ports): Promise<Outcome<E>> => {
      const { instanceId } = event;
      const [instance] = await describeInstances(cloud, { ids: [instanceId] });
      if (instance === undefined) {
        if (clock.now() - event.since < ABSENT_MS)
          return wait(seconds(20), `${instanceId} is not listed yet`);
        return enter({ phase: "launch", rung: event.rung + 1 }, 0, `${instanceId} vanished`);
      }
      if (instance.status !== "Running") return wait(seconds(15), `${instanceId} is ${instance.status}`);
      if (!(await agentsOnline(cloud, [instanceId])).has(instanceId)) {
        return wait(seconds(15), `${instanceId} runs, Cloud Assistant is not online yet`);
      }
      return enter({ phase: "command", instanceId, index: 0 }, 0, `${instanceId} is ready for commands`);
    },

    command: async (event: At<E, "command">, { cloud }: Ports): Promise<Outcome<E>> => {
      const { instanceId, index } = event;
      const command = lease.commands(event)[index];
      if (command === undefined) return lease.ready(event, instanceId);
      if (command.kind === "reboot") {
        // No token: a second delivery reboots again, which ends in the same state.
        await rebootInstance(cloud, instanceId);
        return enter({ phase: "rebooted", instanceId, index }, seconds(40), `${instanceId} reboots`);
      }
      const script =
        command.kind === "run" ? command.command : (await getObject(cloud, command.command))?.text;
      if (script === undefined) {
        return lease.giveUp(event, `"${command.name}": the bucket has no object ${command.command}`);
      }
      const shell = lease.shell?.(event) ?? "shell";
      const order = {
        instanceId,
        shell,
        script: scriptOf(command, script, shell),
        timeoutMs: command.timeoutMs,
        name: command.name,
        tags: { [TAG.run]: event.run },
        ...(command.workingDir !== undefined && { workingDir: command.workingDir }),
        ...(command.user !== undefined && { user: command.user }),
      };
      const { role } = lease.rental(event);
      const token = clientToken(event.run, `command-${role}`, index, order);
      const invocationId = await runCommand(cloud, order, token);
      return enter({ phase: "watch", instanceId, index, invocationId }, seconds(5), `"${command.name}" runs`);
    },

    watch: async (event: At<E, "watch">, ports: Ports): Promise<Outcome<E>> => {
      const { cloud } = ports;
      const { instanceId, index, invocationId } = event;
      const command = lease.commands(event)[index];
      const name = command?.name ?? `command ${index}`;
      const result = await commandResult(cloud, invocationId, instanceId);
      if (result.state === "running") return wait(seconds(10), `"${name}" runs`);
      const key = outputKey(event.run, `${lease.rental(event).role}-${index}`);
      const cut =
        result.dropped === 0 ? "" : `[the cloud keeps 24 KB and dropped ${result.dropped} bytes of this]\n`;
      const { output, where } = explained(command?.kind === "reboot" ? undefined : command, result.output);
      const stopped = where && `\nkiln: it stopped${where}\n`;
      const kept = await keepOutput(key, `${cut}${output}${stopped}`, event, ports);
      const whole = kept ? `all of it: ${key}` : "the bucket did not take the rest";
      const problem = result.ok ? lease.judge?.(event, index, result.output) : undefined;
      if (problem !== undefined) return lease.giveUp(event, `${problem} (${whole})`);
      if (result.ok)
        return enter({ phase: "command", instanceId, index: index + 1 }, 0, `"${name}" succeeded`);
      // Cloud Assistant repeats the exit code in words; anything else it says (a time-out, no agent) is news.
      const told = result.errorCode === "ExitCodeNonzero" ? undefined : result.errorCode;
      const how = told
        ? `${told} ${result.errorInfo ?? ""}`.trim()
        : `exit code ${result.exitCode ?? "none"}`;
      return lease.giveUp(event, `"${name}" failed with ${how}${where}: ${lastLines(output)} (${whole})`);
    },

    rebooted: async (event: At<E, "rebooted">, { cloud }: Ports): Promise<Outcome<E>> => {
      const { instanceId, index } = event;
      const [instance] = await describeInstances(cloud, { ids: [instanceId] });
      const online = await agentsOnline(cloud, [instanceId]);
      if (instance?.status !== "Running" || !online.has(instanceId)) {
        return wait(seconds(15), `${instanceId} is not back from its reboot yet`);
      }
      return enter({ phase: "command", instanceId, index: index + 1 }, 0, `${instanceId} is back`);
    },

    discard: async (event: At<E, "discard">, ports: Ports): Promise<Outcome<E>> => {
      const { role } = lease.rental(event);
      // By tag as well as by id: a launch whose answer was lost left a machine no event knows of.
      const tagged = await describeInstances(ports.cloud, {
        tags: { [TAG.run]: event.run, [TAG.role]: role },
      });
      const known = event.instanceId ? await describeInstances(ports.cloud, { ids: [event.instanceId] }) : [];
      const [left] = [...known, ...tagged];
      if (left === undefined) return lease.released(event, ports);
      const keepMs = event.verdict.ok ? undefined : lease.keepFailedMs?.(event);
      if (keepMs !== undefined) {
        // Kept for a look inside, but never for good.
        await setAutoRelease(ports.cloud, left.id, event.since + Math.max(keepMs, EXPIRY_MIN_MS));
        return lease.released(event, ports);
      }
      await deleteInstance(ports.cloud, left.id, { force: true });
      return wait(seconds(10), `${left.id} is being released`);
    },
  };
}

/** A bucket that refuses to write is asked for about a minute; the machine costs money and ends by its own clock. */
const OUTPUT_TRIES = 4;

/** Keeps a command's output beside the record; false when the bucket would not take it for long. */
async function keepOutput(
  key: string,
  text: string,
  { run, tries }: Continuation,
  { cloud, log }: Ports,
): Promise<boolean> {
  try {
    await putObject(cloud, key, text, { contentType: "text/plain; charset=utf-8" });
    return true;
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== "wait" || tries < OUTPUT_TRIES) throw error;
    log({ warning: "output not kept", run, key, error: error.message });
    return false;
  }
}

/** An instance not listed this long after its launch is gone (R3). */
const ABSENT_MS = minutes(2);

/** The way to `discard` from any phase of a run that may own a machine and an image. */
export function discardFrom(event: Continuation, verdict: Verdict) {
  const { instanceId, imageId, taskId } = event as { instanceId?: string; imageId?: string; taskId?: string };
  return {
    phase: "discard",
    verdict,
    ...(instanceId !== undefined && { instanceId }),
    ...(imageId !== undefined && { imageId }),
    ...(taskId !== undefined && { taskId }),
  } as const;
}

/** What becomes of a machine that could not be given back: the sweep keeps machines of failed runs (R1). */
export const leftMachine = (instanceId: string): string =>
  `${instanceId} is left; it releases itself at its AutoReleaseTime`;

/** The ways to have the machine, in the order they are tried. */
export function rungs({ instanceTypes, vSwitchIds, spot }: Rental) {
  const payments = spot.wanted ? [spotParams(spot.maxPricePerHour), {}] : [{}];
  return payments.flatMap((payment) =>
    instanceTypes.flatMap((InstanceType) =>
      vSwitchIds.map((VSwitchId) => ({
        name: `${InstanceType} in ${VSwitchId}${"SpotStrategy" in payment ? " (spot)" : ""}`,
        params: { InstanceType, VSwitchId, ...payment },
      })),
    ),
  );
}

const spotParams = (limit: number | undefined) =>
  limit === undefined
    ? { SpotStrategy: "SpotAsPriceGo" }
    : { SpotStrategy: "SpotWithPriceLimit", SpotPriceLimit: limit };

/** RunInstances parameters of one rung, the same whenever this event is delivered. */
export const launchParams = (
  event: Continuation,
  rental: Rental,
  rung: ReturnType<typeof rungs>[number],
) => ({
  ...rental.launch,
  ...rung.params,
  ...labels(event, rental),
});

/** Why there is no machine; `met` says rung by rung what was in the way. */
export const noneHad = ({ role }: Rental, met: readonly string[]): string =>
  `no ${role} could be had: ${met.join("; ") || "the recipe names no type and zone"}`;

function labels(event: Continuation, { role, imageId, expireAfterMs, tags }: Rental) {
  // From the phase's start, not from now: a repeat must carry the same parameters as its token.
  const releaseAt = event.since + Math.max(expireAfterMs, EXPIRY_MIN_MS);
  const own = { ...tags, [TAG.run]: event.run, [TAG.role]: role };
  return {
    ImageId: imageId,
    Amount: 1,
    InstanceName: `kiln-${event.run}`,
    AutoReleaseTime: new Date(releaseAt).toISOString().replace(/:\d\d\.\d+Z$/, ":00Z"),
    Tag: Object.entries(own).map(([Key, Value]) => ({ Key, Value })),
  };
}

/** What each offering was refused with, from the notes of the trail, which drops some of a very long ladder. */
function tried({ trail, rung }: Continuation & { readonly rung: number }): string[] {
  const notes = trail.flatMap(({ phase, note }) => (phase === "launch" && note !== undefined ? [note] : []));
  const more = rung - notes.length;
  return [...notes, ...(more > 0 ? [`${more} more`] : [])];
}

const lastLines = (output: string): string =>
  output.trimEnd().split("\n").slice(-3).join(" | ").slice(-200) || "no output";
