/** InvokeFunction, and the tasks that it makes. */
import type { FunctionDefinition } from "../../core/functions.ts";
import { MAX_SYNC_BYTES } from "../../core/functions.ts";
import { CloudFault, refuseIf, type WireResponse } from "../../core/kernel.ts";
import { header } from "../../core/signatures.ts";
import { httpEvent } from "../http-trigger.ts";
import type { AsyncEvent } from "../queue.ts";
import { type Action, type ApiRequest, invalid, json, nothing, page } from "./request.ts";

const TASK_ID = /^[A-Za-z_][\w-]{0,127}$/;
/** The interval is open: https://help.aliyun.com/document_detail/2513619.html */
const MAX_DELAY_SECONDS = 3600;
const TAIL_BYTES = 4096;

async function invoke(request: ApiRequest): Promise<WireResponse> {
  const { platform, functionName, qualifier, wire } = request;
  const definition = platform.registry.qualified(functionName, qualifier);
  // A function with an HTTP trigger gets a call of the API wrapped like one from the web.
  const isWeb = platform.registry.get(functionName).triggers.some(({ kind }) => kind === "http");
  const event = isWeb
    ? Buffer.from(httpEvent(platform.kernel, definition.name, wire, { requestId: "" }))
    : wire.body;
  const type = header(wire, "x-fc-invocation-type") || "Sync";
  if (type === "Async") return submit(definition, event, request);
  if (type !== "Sync") throw invalid(`x-fc-invocation-type: ${type} is not one of Sync, Async`);
  const size = wire.body.length;
  refuseIf(
    size > MAX_SYNC_BYTES,
    400,
    "EntityTooLarge",
    `the payload has ${size} bytes of ${MAX_SYNC_BYTES}`,
  );
  return runNow(definition, event, request);
}

async function runNow(
  definition: FunctionDefinition,
  event: Buffer,
  { platform, requestId, wire }: ApiRequest,
): Promise<WireResponse> {
  const { kernel, host, registry } = platform;
  const run = await kernel.time.run(host.invoke(definition, event, { source: "sync", requestId }));
  const tail = Buffer.from(`${run.logs.join("\n")}\n`).subarray(-TAIL_BYTES);
  return {
    status: 200,
    headers: {
      "content-type": run.error === undefined ? "application/octet-stream" : "application/json",
      "x-fc-code-checksum": registry.codeOf(definition).checksum,
      "x-fc-instance-id": run.instanceId,
      "x-fc-invocation-duration": String(run.durationMs),
      "x-fc-invocation-service-version": definition.version ?? "LATEST",
      "x-fc-max-memory-usage": "0",
      ...(run.error !== undefined && { "x-fc-error-type": run.error }),
      ...(header(wire, "x-fc-log-type") === "Tail" && { "x-fc-log-result": tail.toString("base64") }),
    },
    body: run.result,
  };
}

function submit(definition: FunctionDefinition, event: Buffer, request: ApiRequest): WireResponse {
  const { platform, requestId, wire } = request;
  const delay = header(wire, "x-fc-async-delay") || "0";
  const isDelay = /^\d+$/.test(delay) && Number(delay) < MAX_DELAY_SECONDS;
  if (!isDelay) throw invalid(`x-fc-async-delay: ${delay} is not within 0 and ${MAX_DELAY_SECONDS}`);
  const taskId = taskIdOf(definition, request);
  const task = platform.queue.submit(definition, event, {
    source: "async",
    requestId,
    delayMs: Number(delay) * 1000,
    ...(taskId !== "" && { taskId }),
  });
  const isTask = platform.queue.hasTasks(definition);
  return { status: 202, headers: isTask ? { "x-fc-async-task-id": task.taskId } : {}, body: "" };
}

/** @throws CloudFault for an id that is none, or that a function without tasks is given. */
function taskIdOf(definition: FunctionDefinition, { wire, platform }: ApiRequest): string {
  const taskId = header(wire, "x-fc-async-task-id");
  if (taskId === "" || !platform.queue.regionHasTasks) return "";
  if (!definition.asyncTask) {
    throw invalid(`function '${definition.name}' has no asyncTask, so it takes no task id`);
  }
  if (TASK_ID.test(taskId)) return taskId;
  throw invalid(`x-fc-async-task-id: ${taskId} does not match ${TASK_ID.source}`);
}

const taskView = (event: AsyncEvent, withPayload: boolean): object => ({
  taskId: event.taskId,
  requestId: event.id,
  status: event.status,
  qualifier: event.qualifier,
  startedTime: event.enqueuedAt,
  endTime: event.endedAt,
  alreadyRetriedTimes: Math.max(0, event.attempts - 1),
  events: event.history.map(({ at, status }, index) => ({ eventId: index, status, timestamp: at })),
  ...(withPayload && { invocationPayload: event.payload.toString("utf8") }),
});

function tasksOf({ platform, functionName, query }: ApiRequest): AsyncEvent[] {
  platform.registry.get(functionName);
  const prefix = query.get("prefix") ?? "";
  const status = query.get("status");
  const number = (name: string, fallback: number): number => Number(query.get(name) ?? fallback);
  const [from, to] = [number("startedTimeBegin", 0), number("startedTimeEnd", Number.POSITIVE_INFINITY)];
  const found = platform.queue.events.filter(
    (event) =>
      event.function === functionName &&
      event.taskId.startsWith(prefix) &&
      event.enqueuedAt >= from &&
      event.enqueuedAt <= to &&
      (status === undefined || event.status === status),
  );
  return query.get("sortOrderByTime") === "desc" ? found.toReversed() : found;
}

/** @throws CloudFault 404 */
function taskOf({ platform, functionName, name }: ApiRequest): AsyncEvent {
  platform.registry.get(functionName);
  const task = platform.queue.task(functionName, name);
  if (task !== undefined) return task;
  throw new CloudFault(404, "AsyncTaskNotFound", `async task '${name}' does not exist`);
}

const TASK_QUERY =
  "prefix status limit nextToken sortOrderByTime startedTimeBegin startedTimeEnd includePayload qualifier";

export const INVOCATION_ACTIONS: Readonly<Record<string, Action>> = {
  InvokeFunction: { query: ["qualifier"], run: invoke },
  ListAsyncTasks: {
    query: TASK_QUERY.split(" "),
    run: (request) => {
      const { items, next } = page(request, tasksOf(request), ({ taskId }) => taskId);
      const withPayload = request.query.get("includePayload") === "true";
      return json({ tasks: items.map((event) => taskView(event, withPayload)), ...next });
    },
  },
  GetAsyncTask: { query: ["qualifier"], run: (request) => json(taskView(taskOf(request), true)) },
  StopAsyncTask: {
    query: ["qualifier"],
    run: async (request) => {
      await request.platform.queue.stop(taskOf(request));
      return nothing();
    },
  },
};
