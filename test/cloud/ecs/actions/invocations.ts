/**
 * DescribeInvocations, DescribeInvocationResults, DescribeCloudAssistantStatus: what came of it.
 * Output is base64 unless asked otherwise, and the two calls spell the end differently: FinishTime, FinishedTime.
 */
import { CloudFault } from "../../core/kernel.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { matches } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { executions } from "../assistant-records.ts";
import type { Execution, Invocation } from "../assistant-records.ts";
import { toSecond } from "../instant.ts";
import { inOrder, pageByNumber, pageByToken, usesTokens } from "../../core/paging.ts";

const PAGES = { min: 1, usual: 10, max: 50 };
const OPEN = new Set(["Pending", "Scheduled", "Running"]);

export const DescribeInvocations: EcsAction = {
  run: (call) => {
    const { params } = call;
    const all = invocationsOf(call);
    const show = (each: Invocation): JsonObject => invocationView(call, each);
    if (usesTokens(params)) {
      const { items, nextToken } = pageByToken(params, all, () => true, PAGES);
      return {
        Invocations: { Invocation: items.map(show) },
        NextToken: nextToken,
        TotalCount: all.length,
        PageNumber: 0,
        PageSize: 0,
      };
    }
    const page = pageByNumber(params, all, { max: 50 });
    return { Invocations: { Invocation: page.items.map(show) }, NextToken: "", ...page.members };
  },
};

export const DescribeInvocationResults: EcsAction = {
  run: (call) => {
    const { params } = call;
    const wanted = params.oneOf("InvokeRecordStatus", [
      "Running",
      "Finished",
      "Success",
      "Failed",
      "PartialFailed",
      "Stopped",
    ]);
    const instanceId = params.text("InstanceId");
    const rows = invocationsOf(call).flatMap((invocation) =>
      invocation.executions
        .filter((each) => instanceId === undefined || each.instanceId === instanceId)
        .filter((each) => wanted === undefined || recordStatus(each) === wanted)
        .map((execution, index) => ({ seq: invocation.seq * 128 + index, invocation, execution })),
    );
    const show = ({ invocation, execution }: (typeof rows)[number]): JsonObject =>
      resultView(call, invocation, execution);
    if (usesTokens(params)) {
      const { items, nextToken } = pageByToken(params, rows, () => true, PAGES);
      return {
        Invocation: {
          InvocationResults: { InvocationResult: items.map(show) },
          NextToken: nextToken,
          TotalCount: rows.length,
          PageNumber: 0,
          PageSize: 0,
        },
      };
    }
    const page = pageByNumber(params, rows, { max: 50 });
    return {
      Invocation: {
        InvocationResults: { InvocationResult: page.items.map(show) },
        NextToken: "",
        ...page.members,
      },
    };
  },
};

export const DescribeCloudAssistantStatus: EcsAction = {
  run: ({ world, params, regionId }) => {
    const ids = params.list("InstanceId");
    if (ids.length > 100)
      throw new CloudFault(403, "InstanceIds.ExceedLimit", "The number of instance IDs exceeds the limit.");
    const all =
      ids.length === 0
        ? [...world.instances.values()]
        : inOrder(ids.flatMap((id) => world.instances.get(id) ?? []));
    const found = all.filter((instance) => instance.regionId === regionId);
    const page = usesTokens(params)
      ? {
          ...pageByToken(params, found, () => true, PAGES),
          members: { TotalCount: found.length, PageNumber: 0, PageSize: 0 },
        }
      : { ...pageByNumber(params, found, { max: 50, usual: ids.length > 0 ? 50 : 10 }), nextToken: "" };
    return {
      InstanceCloudAssistantStatusSet: {
        InstanceCloudAssistantStatus: page.items.map((instance) => {
          const heartbeatAt = world.assistant.heartbeatAt(instance);
          return {
            InstanceId: instance.instanceId,
            CloudAssistantStatus: String(heartbeatAt !== undefined),
            CloudAssistantVersion: "2.2.4.800",
            LastHeartbeatTime: instant(heartbeatAt),
            LastInvokedTime: instance.lastInvokedAt === undefined ? "" : toSecond(instance.lastInvokedAt),
            InvocationCount: instance.invocationCount,
            ActiveTaskCount: 0,
            OSType: "Linux",
            SupportSessionManager: true,
          };
        }),
      },
      NextToken: page.nextToken,
      ...page.members,
    };
  },
};

/** By id at once; otherwise everything that fits the filters. */
function invocationsOf({ world, params, regionId }: Call): Invocation[] {
  const invokeId = params.text("InvokeId");
  const { invocations } = world.assistant;
  const one = invokeId === undefined ? undefined : invocations.get(invokeId);
  if (invokeId !== undefined && one === undefined) return [];
  const wanted = {
    regionId,
    commandId: params.text("CommandId"),
    name: params.text("CommandName"),
    type: params.text("CommandType"),
  };
  const instanceId = params.text("InstanceId");
  const status = params.text("InvokeStatus");
  const tagged = world.tags.filter("invocation", params.tagFilters());
  return (one === undefined ? [...invocations.values()] : [one]).filter(
    (each) =>
      matches(each, wanted) &&
      (instanceId === undefined || each.executions.some((run) => run.instanceId === instanceId)) &&
      (status === undefined || executions.overall(each) === status || invokeStatus(each) === status) &&
      (tagged?.has(each.invokeId) ?? true),
  );
}

function invocationView(call: Call, invocation: Invocation): JsonObject {
  const { params } = call;
  const plain = params.text("ContentEncoding") === "PlainText";
  const withOutput = params.bool("IncludeOutput") ?? false;
  const instanceId = params.text("InstanceId");
  return {
    InvokeId: invocation.invokeId,
    CommandId: invocation.commandId,
    CommandName: invocation.name,
    CommandType: invocation.type,
    CommandContent: plain ? invocation.content : Buffer.from(invocation.content).toString("base64"),
    CreationTime: toSecond(invocation.createdAt),
    Frequency: invocation.frequency,
    RepeatMode: invocation.repeatMode,
    Timed: invocation.repeatMode === "Period",
    Timeout: invocation.timeoutS,
    Username: invocation.username,
    WorkingDir: invocation.workingDir ?? (invocation.username === "root" ? "/root" : ""),
    Parameters: JSON.stringify(invocation.parameters),
    InvocationStatus: executions.overall(invocation),
    InvokeStatus: invokeStatus(invocation),
    InvokeInstances: {
      InvokeInstance: invocation.executions
        .filter((each) => instanceId === undefined || each.instanceId === instanceId)
        .map((each) => ({
          InstanceId: each.instanceId,
          InvocationStatus: each.status,
          InstanceInvokeStatus: recordStatus(each),
          ...outcome(call, each, withOutput),
          FinishTime: instant(each.finishedAt),
        })),
    },
  };
}

function resultView(call: Call, invocation: Invocation, execution: Execution): JsonObject {
  return {
    InvokeId: invocation.invokeId,
    CommandId: invocation.commandId,
    InstanceId: execution.instanceId,
    InvocationStatus: execution.status,
    InvokeRecordStatus: recordStatus(execution),
    Username: invocation.username,
    ...outcome(call, execution, true),
    FinishedTime: instant(execution.finishedAt),
  };
}

function outcome({ params, world }: Call, execution: Execution, withOutput: boolean): JsonObject {
  const plain = params.text("ContentEncoding") === "PlainText";
  const output = world.assistant.outputOf(execution);
  const text = plain ? output : Buffer.from(output).toString("base64");
  return {
    ExitCode: execution.exitCode,
    Output: withOutput ? text : "",
    // The agent counts at the end.
    Dropped: execution.status === "Running" ? 0 : execution.dropped,
    ErrorCode: execution.errorCode,
    ErrorInfo: execution.errorInfo,
    Repeats: execution.repeats,
    StartTime: instant(execution.startedAt),
    StopTime: instant(execution.stopAt),
  };
}

/** Finished says only that it is over. */
function recordStatus(execution: Execution): string {
  if (OPEN.has(execution.status)) return "Running";
  if (execution.status === "Terminated" || execution.status === "Cancelled") return "Stopped";
  return execution.status === "Success" || execution.status === "Failed" ? "Finished" : "Failed";
}

function invokeStatus(invocation: Invocation): string {
  const statuses = invocation.executions.map(recordStatus);
  if (statuses.includes("Running")) return "Running";
  if (statuses.every((status) => status === "Stopped")) return "Stopped";
  if (statuses.every((status) => status === "Failed")) return "Failed";
  return statuses.includes("Failed") ? "PartialFailed" : "Finished";
}

function instant(at: number | undefined): string {
  return at === undefined ? "" : toSecond(at);
}
