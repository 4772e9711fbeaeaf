/** Commands, their invocations, and one execution per target. */
import type { World } from "./world.ts";

export interface Command {
  readonly commandId: string;
  readonly seq: number;
  readonly regionId: string;
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly content: string;
  readonly timeoutS: number;
  /** Undefined is the home of the user. */
  readonly workingDir: string | undefined;
  readonly enableParameter: boolean;
}

export type ExecutionStatus =
  | "Pending"
  | "Scheduled"
  | "Running"
  | "Success"
  | "Failed"
  | "Invalid"
  | "Aborted"
  | "Timeout"
  | "Cancelled"
  | "Terminated";

export interface Execution {
  readonly instanceId: string;
  status: ExecutionStatus;
  createdAt: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  stopAt: number | undefined;
  exitCode: number | undefined;
  output: string;
  /** When the first bytes of the output were printed, and how many they were then. */
  prints: { readonly at: number; readonly bytes: number }[];
  dropped: number;
  /** Commands that are not simulated, of the last run. */
  unsupported: string[];
  errorCode: string;
  errorInfo: string;
  repeats: number;
  end?: (why: "down" | "stopped") => void;
  cancelTimeout?: () => void;
}

export interface Invocation {
  readonly invokeId: string;
  readonly seq: number;
  readonly regionId: string;
  readonly commandId: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly createdAt: number;
  readonly timeoutS: number;
  readonly repeatMode: string;
  readonly frequency: string;
  readonly username: string;
  readonly workingDir: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly executions: readonly Execution[];
}

export const executions = {
  fresh(instanceId: string, createdAt: number): Execution {
    return {
      instanceId,
      status: "Pending",
      createdAt,
      startedAt: undefined,
      finishedAt: undefined,
      stopAt: undefined,
      exitCode: undefined,
      output: "",
      prints: [],
      dropped: 0,
      unsupported: [],
      errorCode: "",
      errorInfo: "",
      repeats: 0,
    };
  },

  /** The script with its `{{parameters}}` filled in, the cloud's own ones included. */
  fill(invocation: Invocation, execution: Execution, world: World): string {
    const own: Readonly<Record<string, string>> = {
      "ACS::RegionId": invocation.regionId,
      "ACS::AccountId": world.kernel.accountId,
      "ACS::InstanceId": execution.instanceId,
      "ACS::InvokeId": invocation.invokeId,
      "ACS::CommandId": invocation.commandId,
    };
    return invocation.content.replaceAll(/\{\{\s*([\w:-]+)\s*\}\}/g, (whole, name: string) => {
      return invocation.parameters[name] ?? own[name] ?? whole;
    });
  },

  /** Pending | Scheduled | Running | Success | Failed | PartialFailed | Stopped of the whole invocation. */
  overall(invocation: Invocation): string {
    const statuses = invocation.executions.map((each) => each.status);
    const all = (...known: ExecutionStatus[]): boolean => statuses.every((status) => known.includes(status));
    if (all("Scheduled")) return "Scheduled";
    if (all("Pending")) return "Pending";
    if (statuses.some((status) => status === "Running" || status === "Pending")) return "Running";
    if (all("Success")) return "Success";
    if (all("Terminated", "Cancelled")) return "Stopped";
    return statuses.includes("Success") ? "PartialFailed" : "Failed";
  },
};
