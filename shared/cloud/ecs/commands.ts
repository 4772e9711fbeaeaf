/** Commands on instances through Cloud Assistant: run a script, read its result, see which agents are online. */
import { DescribeCloudAssistantStatus, DescribeInvocationResults, RunCommand } from "./actions.ts";
import * as z from "zod/mini";
import { tagList } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { batches } from "./pages.ts";

export interface Command {
  /** One, or at most 100: one that does not run fails the call as a whole. */
  readonly instanceId: string | readonly string[];
  /** At most 24 KB once it is in Base64, so about 18 KB of text. */
  readonly script: string;
  readonly timeoutMs: number;
  readonly workingDir?: string;
  readonly user?: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Shell unless the instance runs Windows. */
  readonly shell?: "shell" | "powershell" | "batch";
}

/** The shell of commands on an instance with this operating system. */
export const shellOf = (os: "linux" | "windows"): "shell" | "powershell" =>
  os === "windows" ? "powershell" : "shell";

const TYPES = { shell: "RunShellScript", powershell: "RunPowerShellScript", batch: "RunBatScript" } as const;

/** Runs a script on a running instance whose agent is online; answers the id of the invocation. */
export async function runCommand(
  client: CloudClient,
  command: Command,
  clientToken: string,
): Promise<string> {
  const params = {
    InstanceId: [command.instanceId].flat(),
    Type: TYPES[command.shell ?? "shell"],
    CommandContent: Buffer.from(command.script).toString("base64"),
    ContentEncoding: "Base64",
    Timeout: Math.ceil(command.timeoutMs / 1000),
    WorkingDir: command.workingDir,
    Username: command.user,
    Name: command.name,
    KeepCommand: false,
    Tag: tagList(command.tags),
    ClientToken: clientToken,
  };
  const answer = () => z.looseObject({ InvokeId: z.string() });
  return (await send(client, { action: RunCommand, params }, answer)).InvokeId;
}

/** The result of a command on one instance. */
export interface CommandResult {
  readonly state: "running" | "ended";
  /** Ended with exit code 0. */
  readonly ok: boolean;
  readonly exitCode: number | undefined;
  /**
   * Standard output and error: while it runs the first 6,000 bytes, at its end 24 KB, those and the last.
   * https://github.com/aliyun/aliyun_assist_client/blob/main/agent/taskengine/basetask.go
   */
  readonly output: string;
  /** Bytes of output that are not in `output`. */
  readonly dropped: number;
  /** Why it never ran or was ended, in the cloud's words. */
  readonly errorCode: string | undefined;
  readonly errorInfo: string | undefined;
}

/** States of one invocation on one instance in which something is still to come. */
const UNDER_WAY = new Set(["Pending", "Scheduled", "Running", "Stopping"]);

const resultsAnswer = () =>
  z.looseObject({
    Invocation: z.looseObject({
      InvocationResults: z.looseObject({
        InvocationResult: z.array(
          z.looseObject({
            InstanceId: z.optional(z.string()),
            InvocationStatus: z.optional(z.string()),
            ExitCode: z.optional(z.number()),
            Output: z.optional(z.string()),
            Dropped: z.optional(z.number()),
            ErrorCode: z.optional(z.string()),
            ErrorInfo: z.optional(z.string()),
          }),
        ),
      }),
    }),
  });

/** The state of an invocation on one instance. One the cloud does not show yet counts as running. */
export async function commandResult(
  client: CloudClient,
  invocationId: string,
  instanceId: string,
): Promise<CommandResult> {
  const params = { InvokeId: invocationId, InstanceId: instanceId, ContentEncoding: "Base64" };
  const call = { action: DescribeInvocationResults, params };
  const { Invocation } = await send(client, call, resultsAnswer);
  const [result] = Invocation.InvocationResults.InvocationResult;
  return result === undefined ? NOT_SHOWN : toResult(result);
}

/** The results of an invocation on at most 50 instances, by instance; one that the cloud does not show yet has none. */
export async function commandResults(
  client: CloudClient,
  invocationId: string,
): Promise<Map<string, CommandResult>> {
  const params = { InvokeId: invocationId, ContentEncoding: "Base64", PageSize: 50 };
  const call = { action: DescribeInvocationResults, params };
  const { Invocation } = await send(client, call, resultsAnswer);
  return new Map(
    Invocation.InvocationResults.InvocationResult.map((one) => [one.InstanceId ?? "", toResult(one)]),
  );
}

const NOT_SHOWN: CommandResult = {
  state: "running",
  ok: false,
  exitCode: undefined,
  output: "",
  dropped: 0,
  errorCode: undefined,
  errorInfo: undefined,
};

type WireResult = z.infer<
  ReturnType<typeof resultsAnswer>
>["Invocation"]["InvocationResults"]["InvocationResult"][number];

function toResult(result: WireResult): CommandResult {
  const { InvocationStatus: status = "Pending", ExitCode, Output = "", Dropped = 0 } = result;
  const ended = !UNDER_WAY.has(status);
  return {
    state: ended ? "ended" : "running",
    // The overall "Finished" does not mean success; the exit code and the instance's own status do.
    ok: status === "Success" && (ExitCode ?? 0) === 0,
    exitCode: ended ? ExitCode : undefined,
    output: Buffer.from(Output, "base64").toString("utf8"),
    dropped: Dropped,
    errorCode: result.ErrorCode || undefined,
    errorInfo: result.ErrorInfo || undefined,
  };
}

const statusesAnswer = () =>
  z.looseObject({
    InstanceCloudAssistantStatusSet: z.looseObject({
      InstanceCloudAssistantStatus: z.array(
        // "true" and "false" as text.
        z.looseObject({
          InstanceId: z.string(),
          CloudAssistantStatus: z.coerce.string(),
          LastHeartbeatTime: z.optional(z.string()),
        }),
      ),
    }),
  });

/**
 * Which of the instances have an agent that can take commands now. The cloud only says that an agent is there; after a
 * reboot it still says so, and its last heartbeat must be after `heartbeatAfter`, epoch milliseconds.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describecloudassistantstatus
 */
export async function agentsOnline(
  client: CloudClient,
  ids: readonly string[],
  heartbeatAfter?: number,
): Promise<Set<string>> {
  const online = new Set<string>();
  for (const InstanceId of batches(ids, 50)) {
    const params = { InstanceId, PageSize: 50 };
    const call = { action: DescribeCloudAssistantStatus, params };
    const { InstanceCloudAssistantStatusSet: set } = await send(client, call, statusesAnswer);
    for (const {
      InstanceId: id,
      CloudAssistantStatus,
      LastHeartbeatTime = "",
    } of set.InstanceCloudAssistantStatus) {
      const isAlive = heartbeatAfter === undefined || Date.parse(LastHeartbeatTime) > heartbeatAfter;
      if (CloudAssistantStatus === "true" && isAlive) online.add(id);
    }
  }
  return online;
}
