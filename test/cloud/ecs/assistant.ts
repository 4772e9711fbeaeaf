/**
 * Cloud Assistant and first boot: what makes things happen inside a machine, and when.
 *
 * ASSISTANT-1. The agent answers some time after Running, and only if its unit starts at boot.
 * ASSISTANT-2. A command that finds no agent waits a minute, then it is Aborted.
 * ASSISTANT-3. Of an output beyond 24 KiB the agent keeps the first 6,000 bytes and the last; it counts what it drops
 *     between. While a command runs, the agent sends once a second what is new, of those first 6,000 bytes alone.
 *     No page says that the platform shows this part before the end, so nothing may depend on it.
 *     Exit code 0 is Success, any other is Failed.
 *     https://github.com/aliyun/aliyun_assist_client/blob/main/agent/taskengine/basetask.go (defaultQuotoPre, sendRunningOutput)
 *     A user or a folder that the machine lacks makes the execution Invalid, with AccountNotExists or DirectoryNotExists:
 *     https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinvocationresults
 * ASSISTANT-4. cloud-init sets a machine up once per instance id: a new instance of the same image is set up again.
 * ASSISTANT-5. A machine that goes down takes its running commands with it. What a command began in the background goes on
 *     after it, and its later output is lost: the agent waits for the command's own process.
 *     https://github.com/aliyun/aliyun_assist_client/blob/main/agent/util/process/process.go (SyncRun)
 * ASSISTANT-7. Exit code 193 stops a Linux machine and 194 restarts it, after the agent has reported the code. To the
 *     platform both are exit codes like others (Failed).
 *     https://www.alibabacloud.com/help/en/ecs/user-guide/use-a-specified-exit-code-to-stop-or-restart-instances
 * ASSISTANT-6. Its status says that an agent has sent a heartbeat, ever: it stays "true" when the machine goes down or its unit is
 *     off, and only the time of the last heartbeat tells (DescribeCloudAssistantStatus: whether it is installed).
 */
import { executions } from "./assistant-records.ts";
import type { Command, Execution, Invocation } from "./assistant-records.ts";
import { IDENTITY } from "../machine/disk.ts";
import { bootUnits, firstBoot, startOf } from "../machine/boot.ts";
import { runScript } from "../machine/shell/run-script.ts";
import type { Machine } from "../machine/machine.ts";
import { machineOf } from "./machine.ts";
import type { Instance } from "./records.ts";
import type { World } from "./world.ts";

const DELIVERY_MS = 60_000;
/** Estimate; the page of DescribeCloudAssistantStatus gives no number. */
const HEARTBEAT_MS = 60_000;
/** The way to the machine and back; an estimate. */
const BASE_RUN_MS = 2000;
const MAX_OUTPUT_BYTES = 24 * 1024;
const FIRST_OUTPUT_BYTES = 6000;
const REPORT_MS = 1000;

type Process = Generator<number, number>;

interface Course {
  /** How long it takes before its first step. */
  readonly delayMs: number;
  /** Whether the world may come to rest while it goes on. */
  readonly background?: boolean;
  readonly finished?: (exitCode: number) => void;
  readonly ended?: (why: "down" | "stopped") => void;
}

export class Assistant {
  readonly commands = new Map<string, Command>();
  readonly invocations = new Map<string, Invocation>();
  readonly #world: World;
  /** Instance → how to end what runs on it. */
  readonly #running = new Map<string, Set<(why: "down" | "stopped") => void>>();

  constructor(world: World) {
    this.#world = world;
  }

  isOnline(instance: Instance): boolean {
    const { guest } = instance;
    return guest !== undefined && guest.active.has("aliyun") && this.#world.now() >= guest.agentOnlineAt;
  }

  /** When the agent of an instance sent its last heartbeat; undefined = never. */
  heartbeatAt(instance: Instance): number | undefined {
    const { guest } = instance;
    if (guest !== undefined && this.isOnline(instance)) {
      const beats = Math.floor((this.#world.now() - guest.agentOnlineAt) / HEARTBEAT_MS);
      instance.heartbeatAt = guest.agentOnlineAt + beats * HEARTBEAT_MS;
    }
    return instance.heartbeatAt;
  }

  boot(instance: Instance): void {
    const agentOnlineAt = this.#world.now() + this.#world.delays.agentOnlineMs;
    const guest: NonNullable<Instance["guest"]> = {
      active: new Set(),
      failed: new Set(),
      agentOnlineAt,
      cloudInit: "running",
    };
    instance.guest = guest;
    const machine = machineOf(this.#world, instance);
    bootUnits(machine);
    const isNew = machine.disk.files.get(IDENTITY.instanceId) !== instance.instanceId;
    const script = isNew ? this.#setUp(instance, machine) : undefined;
    const done = (exitCode: number): void => {
      guest.cloudInit = exitCode === 0 ? "done" : "error";
    };
    if (script === undefined) {
      this.#world.kernel.time.after(BASE_RUN_MS, { label: `${instance.instanceId} cloud-init` }, () =>
        done(0),
      );
    } else {
      const course = { delayMs: BASE_RUN_MS, finished: done, ended: () => done(1) };
      this.#start(instance, runScript(machine, script), course);
    }
    this.#afterBoot(instance);
  }

  #setUp({ hostName, keyPairName, userData }: Instance, machine: Machine): string | undefined {
    const publicKey = keyPairName === undefined ? undefined : this.#world.keyPairs.get(keyPairName);
    return firstBoot(machine, { hostName, publicKey, userData });
  }

  shutDown(instance: Instance): void {
    this.heartbeatAt(instance);
    for (const end of this.#running.get(instance.instanceId) ?? []) end("down");
    this.#running.delete(instance.instanceId);
  }

  /** Sends an invocation to all its targets, or arms it for its schedule. */
  dispatch(invocation: Invocation): void {
    this.invocations.set(invocation.invokeId, invocation);
    for (const execution of invocation.executions) {
      if (invocation.repeatMode === "Once") this.#deliver(invocation, execution);
      else execution.status = "Scheduled";
    }
    if (invocation.repeatMode === "Period") this.#repeat(invocation);
  }

  /** Ends what still runs, and disarms a schedule. */
  stop(invocation: Invocation, instanceIds: readonly string[]): void {
    for (const execution of invocation.executions) {
      if (instanceIds.length > 0 && !instanceIds.includes(execution.instanceId)) continue;
      if (execution.status === "Pending" || execution.status === "Scheduled") {
        Object.assign(execution, { status: "Cancelled", stopAt: this.#world.now() });
      } else {
        execution.end?.("stopped");
      }
    }
  }

  #deliver(invocation: Invocation, execution: Execution): void {
    const { time } = this.#world.kernel;
    const instance = this.#world.instances.get(execution.instanceId);
    Object.assign(execution, { status: "Pending", createdAt: this.#world.now() });
    if (instance !== undefined && this.isOnline(instance)) {
      this.#execute(invocation, execution, instance);
      return;
    }
    const { guest } = instance ?? {};
    const waitMs = guest === undefined ? Number.POSITIVE_INFINITY : guest.agentOnlineAt - this.#world.now();
    const label = `${invocation.invokeId} reaches ${execution.instanceId}`;
    time.after(Math.min(Math.max(waitMs, 0), DELIVERY_MS), { label }, () => {
      if (execution.status !== "Pending") return;
      const now = this.#world.instances.get(execution.instanceId);
      if (now !== undefined && this.isOnline(now)) this.#execute(invocation, execution, now);
      else
        this.#close(
          execution,
          "Aborted",
          "DeliveryTimeout",
          "The command could not be delivered within one minute.",
        );
    });
  }

  #execute(invocation: Invocation, execution: Execution, instance: Instance): void {
    const now = this.#world.now();
    Object.assign(execution, {
      status: "Running",
      startedAt: now,
      output: "",
      prints: [],
      dropped: 0,
      unsupported: [],
      repeats: execution.repeats + 1,
    });
    instance.invocationCount++;
    instance.lastInvokedAt = now;
    if (invocation.type !== "RunShellScript")
      return this.#close(execution, "Invalid", "CommandNotApplicable", "the command is not applicable");
    const machine = this.#machineFor(execution, instance);
    const start = startOf(machine, invocation);
    if ("missing" in start) {
      const info = `the specified ${start.missing.toLowerCase()} does not exists`;
      return this.#close(execution, "Invalid", `${start.missing}NotExists`, info);
    }
    const script = executions.fill(invocation, execution, this.#world);
    const finished = (exitCode: number): void => {
      execution.exitCode = exitCode;
      if (exitCode === 0) this.#close(execution, "Success", "", "");
      else this.#close(execution, "Failed", "ExitCodeNonzero", `The exit code is ${exitCode}.`);
      if (exitCode === 193) machine.powerOff();
      if (exitCode === 194) machine.reboot();
    };
    const ended = (why: "down" | "stopped"): void => {
      const info = "The instance went down while the command ran.";
      if (why === "stopped") this.#close(execution, "Terminated", "", "");
      else this.#close(execution, "Failed", "ExecutionInterrupted", info);
    };
    const course = { delayMs: BASE_RUN_MS, finished, ended };
    execution.end = this.#start(instance, runScript(machine, script, start), course);
    this.#limit(invocation, execution);
  }

  /** A machine whose output and gaps go into the record of an execution. */
  #machineFor(execution: Execution, instance: Instance): Machine {
    const machine = machineOf(this.#world, instance);
    return {
      ...machine,
      print: (text) => this.#print(execution, text),
      unsupported: (command) => {
        execution.unsupported.push(command);
        machine.unsupported(command);
      },
    };
  }

  /** Ends an execution when its timeout is over. */
  #limit({ invokeId, timeoutS }: Invocation, execution: Execution): void {
    const label = `${invokeId} times out on ${execution.instanceId}`;
    const { time } = this.#world.kernel;
    execution.cancelTimeout = time.after(timeoutS * 1000, { label, background: true }, () => {
      if (execution.status !== "Running") return;
      const info = `The command ran longer than ${timeoutS} seconds.`;
      this.#close(execution, "Timeout", "ExecutionTimeout", info);
      execution.end?.("stopped");
    });
  }

  /** Goes on with what a command left in the background. */
  linger(instance: Instance, process: Process): void {
    this.#start(instance, process, { delayMs: 0, background: true });
  }

  /** Runs a process step by step in the cloud's time. Answers how to end it early. */
  #start(instance: Instance, process: Process, course: Course): (why: "down" | "stopped") => void {
    const { delayMs, background = false, finished, ended } = course;
    const mine = this.#running.get(instance.instanceId) ?? new Set();
    this.#running.set(instance.instanceId, mine);
    const event = { label: `a process on ${instance.instanceId}`, background };
    let isOver = false;
    const end = (why: "down" | "stopped"): void => {
      if (isOver) return;
      isOver = true;
      mine.delete(end);
      ended?.(why);
    };
    const step = (): void => {
      if (isOver) return;
      const { value, done } = process.next();
      if (isOver) return;
      if (done === true) {
        isOver = true;
        mine.delete(end);
        finished?.(value);
      } else this.#world.kernel.time.after(value, event, step);
    };
    mine.add(end);
    this.#world.kernel.time.after(delayMs, event, step);
    return end;
  }

  #print(execution: Execution, text: string): void {
    if (execution.status !== "Running") return;
    const before = Buffer.from(execution.output);
    const all = Buffer.concat([before, Buffer.from(text)]);
    const most = Math.min(all.length, FIRST_OUTPUT_BYTES);
    if (before.length < most) execution.prints.push({ at: this.#world.now(), bytes: most });
    const dropped = Math.max(0, all.length - MAX_OUTPUT_BYTES);
    const rest = all.subarray(dropped === 0 ? most : most + dropped);
    execution.output = Buffer.concat([all.subarray(0, most), rest]).toString("utf8");
    execution.dropped += dropped;
  }

  /** The output that the platform knows of (ASSISTANT-3). */
  outputOf({ status, output, prints, startedAt = 0 }: Execution): string {
    if (status !== "Running") return output;
    const now = this.#world.now();
    const reportedAt = now - ((now - startedAt) % REPORT_MS);
    const bytes = prints.findLast(({ at }) => at < reportedAt)?.bytes ?? 0;
    return Buffer.from(output).subarray(0, bytes).toString("utf8");
  }

  #close(execution: Execution, status: Execution["status"], errorCode: string, errorInfo: string): void {
    if (status !== "Invalid" && execution.status !== "Running" && execution.status !== "Pending") return;
    const now = this.#world.now();
    Object.assign(execution, { status, errorCode, errorInfo, finishedAt: now });
    if (status === "Terminated") execution.stopAt = now;
    execution.cancelTimeout?.();
  }

  /** NextRebootOnly and EveryReboot wait for the agent of the next boot. */
  #afterBoot(instance: Instance): void {
    const due = [...this.invocations.values()].flatMap((invocation) =>
      /Reboot/.test(invocation.repeatMode)
        ? invocation.executions
            .filter((each) => each.instanceId === instance.instanceId && each.status !== "Cancelled")
            .filter((each) => invocation.repeatMode === "EveryReboot" || each.repeats === 0)
            .map((execution) => ({ invocation, execution }))
        : [],
    );
    for (const { invocation, execution } of due) this.#deliver(invocation, execution);
  }

  #repeat(invocation: Invocation): void {
    const rate = /^rate\((\d+)([smhd])\)$/.exec(invocation.frequency);
    const once = /^at\(([\d-]+ [\d:]+)\b.*\)$/.exec(invocation.frequency);
    const label = `${invocation.invokeId} is due`;
    const fire = (): void => {
      const alive = invocation.executions.filter((each) => each.status !== "Cancelled");
      for (const execution of alive) if (execution.status !== "Running") this.#deliver(invocation, execution);
    };
    if (once?.[1] !== undefined) {
      const at = new Date(`${once[1].replace(" ", "T")}Z`).getTime();
      this.#world.kernel.time.schedule(at, { label, background: true }, fire);
    }
    if (rate === null) return;
    const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[rate[2] ?? "m"] ?? 60_000;
    const again = (): void => {
      if (invocation.executions.every((each) => each.status === "Cancelled")) return;
      fire();
      this.#world.kernel.time.after(Number(rate[1]) * unitMs, { label, background: true }, again);
    };
    this.#world.kernel.time.after(Number(rate[1]) * unitMs, { label, background: true }, again);
  }
}
