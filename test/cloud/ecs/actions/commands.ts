/** RunCommand, InvokeCommand, StopInvocation: what is sent to machines. Source: Cloud Assistant. */
import { CloudFault } from "../../core/kernel.ts";
import { NOTHING } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { executions } from "../assistant-records.ts";
import type { Command, Invocation } from "../assistant-records.ts";
import { invalid } from "../../core/params.ts";

/** Content and parameters together, after base64. */
const MAX_CONTENT_BYTES = 24 * 1024;
const TYPES = new Set(["RunShellScript", "RunPowerShellScript", "RunBatScript"]);
const MODES = new Set(["Once", "Period", "NextRebootOnly", "EveryReboot", "DryRun"]);
const TOKENS = {
  mismatch: [403, "IdempotentParameterMismatch"],
  malformed: [400, "InvalidClientToken.Malformed"],
} as const;

export const RunCommand: EcsAction = {
  tokens: TOKENS,
  run: (call) => {
    const { world, params, regionId } = call;
    const type = params.need("Type");
    if (!TYPES.has(type))
      throw new CloudFault(404, "InvalidCommandType.NotFound", "The specified command type does not exist.");
    const command: Command = {
      commandId: world.kernel.id("c-"),
      seq: world.nextSeq(),
      regionId,
      name: limited(call, "Name", 128, "CmdName.ExceedLimit"),
      description: limited(call, "Description", 512, "CmdDesc.ExceedLimit"),
      type,
      content: readContent(call),
      timeoutS: params.int("Timeout", { min: 1, max: 86_400 }) ?? 60,
      workingDir: params.text("WorkingDir"),
      enableParameter: params.bool("EnableParameter") ?? false,
    };
    const invocation = readInvocation(call, command);
    if (params.bool("KeepCommand")) world.assistant.commands.set(command.commandId, command);
    world.tags.put("invocation", invocation.invokeId, params.tags());
    world.assistant.dispatch(invocation);
    return { CommandId: command.commandId, InvokeId: invocation.invokeId };
  },
};

export const InvokeCommand: EcsAction = {
  tokens: TOKENS,
  run: (call) => {
    const { world, params } = call;
    const command = world.assistant.commands.get(params.need("CommandId"));
    if (command === undefined || command.regionId !== call.regionId) {
      throw new CloudFault(404, "InvalidCmdId.NotFound", "The specified command does not exist.");
    }
    const invocation = readInvocation(call, command);
    world.tags.put("invocation", invocation.invokeId, params.tags());
    world.assistant.dispatch(invocation);
    return { InvokeId: invocation.invokeId };
  },
};

export const StopInvocation: EcsAction = {
  run: ({ world, params }) => {
    const invocation = world.assistant.invocations.get(params.need("InvokeId"));
    if (invocation === undefined)
      throw new CloudFault(404, "InvalidInvokeId.NotFound", "The specified invocation does not exist.");
    world.assistant.stop(invocation, params.list("InstanceId"));
    return NOTHING;
  },
};

/** @throws CloudFault 403 for a text with more characters. */
function limited({ params }: Call, name: string, most: number, code: string): string {
  const text = params.text(name) ?? "";
  if (Array.from(text).length <= most) return text;
  const what = name === "Name" ? "name" : "description";
  throw new CloudFault(403, code, `The length of the command ${what} exceeds the upper limit.`);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** An encoding that is none is read as plain text; the case of its letters does not matter. */
function readContent({ params }: Call): string {
  const given = params.need("CommandContent");
  const isCoded = params.text("ContentEncoding")?.toLowerCase() === "base64";
  // https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-runcommand (error codes)
  if (isCoded && !BASE64.test(given))
    throw new CloudFault(400, "CmdContent.DecodeError", "The CommandContent can not be base64 decoded.");
  const plain = isCoded ? Buffer.from(given, "base64").toString("utf8") : given;
  const encodedBytes =
    Math.ceil((Buffer.byteLength(plain) + Buffer.byteLength(params.text("Parameters") ?? "")) / 3) * 4;
  if (encodedBytes > MAX_CONTENT_BYTES) {
    throw new CloudFault(
      403,
      "CmdContent.ExceedLimit",
      "The length of the command content exceeds the limit.",
    );
  }
  return plain;
}

function readInvocation(call: Call, command: Command): Invocation {
  const { world, params, regionId } = call;
  // A frequency makes it periodic, whatever else was asked.
  const frequency = params.text("Frequency") ?? "";
  const repeatMode = frequency === "" ? (params.text("RepeatMode") ?? "Once") : "Period";
  if (!MODES.has(repeatMode))
    throw new CloudFault(404, "InvalidRepeatMode.NotFound", "The specified repeat mode does not exist.");
  const instanceIds = readTargets(call);
  if (repeatMode === "Period" && frequency === "")
    throw new CloudFault(400, "MissingParam.Frequency", "The parameter Frequency is missing.");
  const parameters = readParameters(call, command);
  if (repeatMode === "DryRun") {
    throw new CloudFault(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.");
  }
  const createdAt = world.now();
  return {
    invokeId: world.kernel.id("t-"),
    seq: world.nextSeq(),
    regionId,
    commandId: command.commandId,
    name: command.name,
    type: command.type,
    content: command.content,
    createdAt,
    timeoutS: params.int("Timeout", { min: 1, max: 86_400 }) ?? command.timeoutS,
    repeatMode,
    frequency,
    username: params.text("Username") ?? "root",
    workingDir: workingDirOf(call) ?? command.workingDir,
    parameters,
    executions: instanceIds.map((id) => executions.fresh(id, createdAt)),
  };
}

/** At most 200 characters. */
function workingDirOf({ params }: Call): string | undefined {
  const folder = params.text("WorkingDir");
  if (folder !== undefined && Array.from(folder).length > 200)
    throw new CloudFault(
      400,
      "InvalidParameter.WorkingDir",
      "The specified parameter WorkingDir is not valid.",
    );
  return folder;
}

function readTargets({ world, params, regionId }: Call): string[] {
  const named = params.list("InstanceId");
  const filters = params.tagFilters("ResourceTag");
  if (named.length > 0 && filters.length > 0) {
    throw new CloudFault(
      400,
      "InvalidResourceTag.ConflictWithInstanceIds",
      "ResourceTag and InstanceId exclude each other.",
    );
  }
  const ids = named.length > 0 ? [...new Set(named)] : world.tags.find("instance", filters);
  if (ids.length === 0)
    throw new CloudFault(400, "MissingParam.InstanceId", "The parameter InstanceId is missing.");
  if (ids.length > 100)
    throw new CloudFault(403, "InstanceIds.ExceedLimit", "The number of instance IDs exceeds the limit.");
  // One unfit instance fails the request as a whole.
  for (const id of ids) {
    const instance = world.instances.get(id);
    if (instance === undefined || instance.regionId !== regionId) {
      throw new CloudFault(404, "InvalidInstance.NotFound", "The specified instances do not exist.");
    }
    if (instance.status !== "Running") {
      throw new CloudFault(
        400,
        "InvalidInstance.NotMatch",
        "The specified instances do not match the command: they must be running.",
      );
    }
  }
  return ids;
}

function readParameters({ params }: Call, command: Command): Record<string, string> {
  const text = params.text("Parameters");
  if (text === undefined || !command.enableParameter) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid("Parameters", "InvalidParam.Parameter");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw invalid("Parameters", "InvalidParam.Parameter");
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
}
