/** A script as Cloud Assistant runs it. */
import { ROOT } from "../accounts.ts";
import type { User } from "../accounts.ts";
import type { Machine, Run } from "../machine.ts";
import { excessOf } from "./bounds.ts";
import { NoAnswer, ShellFault } from "./faults.ts";
import { Shell } from "./shell.ts";
import { standard } from "./streams.ts";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** As whom a script runs, and in which folder; the user's home unless another is named. */
export interface Start {
  readonly user?: User;
  readonly folder?: string;
}

/** The exit code of a script. It yields milliseconds to wait before it goes on. */
export function* runScript(machine: Machine, script: string, { user = ROOT, folder }: Start = {}): Run {
  const environment = { PATH: SYSTEM_PATH, HOME: user.home, USER: user.name };
  const shell = new Shell(machine, standard("", machine.print, machine.print), environment);
  shell.become(user);
  shell.cwd = folder ?? user.home;
  // Cloud Assistant runs `sh -c FILE`; a file without a first line that names its shell is read by that `sh`:
  // https://github.com/aliyun/aliyun_assist_client/blob/main/agent/taskengine/host/processor.go
  shell.dialect = shell.dialectOf("sh");
  try {
    const status = yield* shell.processes.main(shell.pid, shell.program(script, "script"));
    const rest = shell.processes.rest();
    // The agent waits for the script only; what it began in the background goes on.
    if (rest !== undefined) machine.linger(rest);
    return status;
  } catch (error) {
    if (error instanceof NoAnswer) return 2;
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    shell.isAsked = false;
    shell.notSimulated(reason);
    return 2;
  }
}

/** The part of a step that is not simulated, if this is why it ended. */
const reasonOf = (error: unknown): string | undefined =>
  error instanceof ShellFault && error.kind === "unsupported" ? error.message : excessOf(error);
