/** The Function Compute API on the wire: invocation and the reading calls around it. */
import {
  CloudFault,
  type Fault,
  keptBack,
  type Kernel,
  lostAnswer,
  type Principal,
  type WireRequest,
  type WireResponse,
} from "../core/kernel.ts";
import { header, splitUrl } from "../core/signatures.ts";
import { type FunctionDefinition, MAX_SYNC_BYTES } from "../core/functions.ts";
import type { Host } from "./host.ts";
import { httpEvent } from "./http-trigger.ts";
import { type AsyncEvent, type AsyncQueue, newRequestId } from "./queue.ts";
import { describeCall, parseRoute, type Route } from "./route.ts";

const TASK_ID = /^[A-Za-z_][\w-]{0,127}$/;
const MAX_DELAY_SECONDS = 3600;

/** Everything a route may need. */
interface Served extends Route {
  readonly request: WireRequest;
  readonly requestId: string;
  readonly query: ReadonlyMap<string, string>;
}

/** Clients of the older API read ErrorCode and ErrorMessage, the others Code and Message. */
function refuse({ status, code, message, detail }: CloudFault, requestId: string): WireResponse {
  const body = { RequestId: requestId, Code: code, Message: message, ErrorCode: code, ErrorMessage: message };
  const headers = { "content-type": "application/json", "x-fc-request-id": requestId };
  return { status, headers, body: JSON.stringify({ ...body, ...detail }) };
}

export class FcService {
  readonly #kernel: Kernel;
  readonly #definitions: ReadonlyMap<string, FunctionDefinition>;
  readonly #host: Host;
  readonly #queue: AsyncQueue;

  constructor(
    kernel: Kernel,
    definitions: ReadonlyMap<string, FunctionDefinition>,
    host: Host,
    queue: AsyncQueue,
  ) {
    this.#kernel = kernel;
    this.#definitions = definitions;
    this.#host = host;
    this.#queue = queue;
  }

  async handle(request: WireRequest): Promise<WireResponse> {
    const requestId = newRequestId(this.#kernel);
    let principal: Principal | undefined;
    let fault: Fault | undefined;
    let action = request.method;
    let params: Record<string, string> = {};
    const log = (status: number, code?: string): void =>
      this.#kernel.record({
        at: this.#kernel.time.now(),
        product: "fc",
        action,
        role: principal?.role,
        status,
        params,
        ...(code !== undefined && { code }),
      });
    try {
      const route = parseRoute(request);
      ({ action } = route);
      params = describeCall(route, request);
      principal = this.#kernel.authenticate(request, "fc");
      this.#authorize(principal, route);
      fault = await this.#kernel.faultFor("fc", action, params);
      if (fault?.kind === "before")
        throw fault.fault ?? new CloudFault(500, "InternalServerError", "an internal error");
      const query = new Map(splitUrl(request.url).query);
      const answer = await this.#serve({ ...route, request, requestId, query });
      log(answer.status);
      if (fault !== undefined) return lostAnswer(fault, (refusal) => refuse(refusal, requestId));
      return { ...answer, headers: { "x-fc-request-id": requestId, ...answer.headers } };
    } catch (error) {
      if (!(error instanceof CloudFault)) throw error;
      log(error.status, error.code);
      return keptBack(fault) ?? refuse(error, requestId);
    }
  }

  #authorize(principal: Principal, { action, functionName, qualifier }: Route): void {
    const base = `acs:fc:${this.#kernel.region}:${this.#kernel.accountId}:functions/`;
    const resource = `${base}${functionName || "*"}`;
    const ramAction = `fc:${action}`;
    // A qualified call is covered by a statement on the function's qualifiers as well.
    if (qualifier !== "" && this.#kernel.allows(principal, ramAction, `${resource}/${qualifier}`)) return;
    this.#kernel.authorize(principal, ramAction, resource);
  }

  async #serve(served: Served): Promise<WireResponse> {
    const { action, functionName, taskId, qualifier } = served;
    if (action === "ListFunctions") {
      return json({ functions: [...this.#definitions.values()].map((one) => this.#describe(one)) });
    }
    const definition = this.#definitions.get(functionName);
    if (definition === undefined) {
      throw new CloudFault(404, "FunctionNotFound", `function '${functionName}' does not exist`);
    }
    if (qualifier !== "" && qualifier !== "LATEST") {
      throw new CloudFault(404, "VersionNotFound", `version or alias '${qualifier}' does not exist`);
    }
    switch (action) {
      case "InvokeFunction":
        return this.#invoke(definition, served);
      case "GetFunction":
        return json(this.#describe(definition));
      case "ListAsyncTasks":
        return json({ tasks: this.#tasksOf(served).map((event) => this.#describeTask(event)) });
      case "GetAsyncTask": {
        const task = this.#queue.task(functionName, taskId);
        if (task === undefined)
          throw new CloudFault(404, "AsyncTaskNotFound", `async task '${taskId}' does not exist`);
        return json(this.#describeTask(task));
      }
      default:
        throw new CloudFault(
          404,
          "PathNotSupported",
          `the local cloud does not know ${action}; see its README.md`,
        );
    }
  }

  #tasksOf({ functionName, query }: Served): AsyncEvent[] {
    const prefix = query.get("prefix") ?? "";
    const status = query.get("status");
    return this.#queue.events.filter(
      (event) =>
        event.function === functionName &&
        event.taskId.startsWith(prefix) &&
        (status === undefined || event.status === status),
    );
  }

  async #invoke(definition: FunctionDefinition, { request, requestId }: Served): Promise<WireResponse> {
    // A function with an HTTP trigger gets a call of the API wrapped like one from the web.
    const isWeb = definition.triggers.some(({ kind }) => kind === "http");
    const event = isWeb ? Buffer.from(httpEvent(this.#kernel, definition.name, request, "")) : request.body;
    const type = header(request, "x-fc-invocation-type") || "Sync";
    if (type === "Async") return this.#submit(definition, event, request, requestId);
    if (type !== "Sync")
      throw new CloudFault(400, "InvalidArgument", `x-fc-invocation-type: ${type} is not one of Sync, Async`);
    if (request.body.length > MAX_SYNC_BYTES) {
      throw new CloudFault(
        400,
        "EntityTooLarge",
        `the payload has ${request.body.length} bytes of ${MAX_SYNC_BYTES}`,
      );
    }
    const run = await this.#kernel.time.run(
      this.#host.invoke(definition, event, { source: "sync", requestId }),
    );
    const tail = Buffer.from(`${run.logs.join("\n")}\n`).subarray(-4096);
    return {
      status: 200,
      headers: {
        "content-type": run.error === undefined ? "application/octet-stream" : "application/json",
        "x-fc-instance-id": run.instanceId,
        "x-fc-invocation-duration": String(run.durationMs),
        "x-fc-max-memory-usage": "0",
        ...(run.error !== undefined && { "x-fc-error-type": run.error }),
        ...(header(request, "x-fc-log-type") === "Tail" && { "x-fc-log-result": tail.toString("base64") }),
      },
      body: run.result,
    };
  }

  #submit(
    definition: FunctionDefinition,
    event: Buffer,
    request: WireRequest,
    requestId: string,
  ): WireResponse {
    const delay = header(request, "x-fc-async-delay") || "0";
    if (!/^\d+$/.test(delay) || Number(delay) >= MAX_DELAY_SECONDS) {
      throw new CloudFault(
        400,
        "InvalidArgument",
        `x-fc-async-delay: ${delay} is not within 0 and ${MAX_DELAY_SECONDS}`,
      );
    }
    const taskId = header(request, "x-fc-async-task-id");
    if (taskId !== "" && !definition.asyncTask) {
      throw new CloudFault(
        400,
        "InvalidArgument",
        `function '${definition.name}' has no asyncTask, so it takes no task id`,
      );
    }
    if (taskId !== "" && !TASK_ID.test(taskId)) {
      throw new CloudFault(
        400,
        "InvalidArgument",
        `x-fc-async-task-id: ${taskId} does not match ${TASK_ID.source}`,
      );
    }
    const task = this.#queue.submit(definition, event, {
      source: "async",
      requestId,
      delayMs: Number(delay) * 1000,
      ...(taskId !== "" && { taskId }),
    });
    const headers: Record<string, string> = definition.asyncTask ? { "x-fc-async-task-id": task.taskId } : {};
    return { status: 202, headers, body: "" };
  }

  #describe({
    name,
    runtime,
    handler,
    memoryMb,
    vcpu,
    diskMb,
    timeoutMs,
    role,
    environment,
  }: FunctionDefinition): object {
    const { region, accountId } = this.#kernel;
    return {
      functionName: name,
      functionArn: `acs:fc:${region}:${accountId}:functions/${name}`,
      runtime,
      handler,
      memorySize: memoryMb,
      cpu: vcpu,
      diskSize: diskMb,
      timeout: timeoutMs / 1000,
      environmentVariables: environment,
      role: role === undefined ? "" : `acs:ram::${accountId}:role/${role}`,
      state: "Active",
    };
  }

  #describeTask(event: AsyncEvent): object {
    return {
      taskId: event.taskId,
      requestId: event.id,
      status: event.status,
      startedTime: event.enqueuedAt,
      endTime: event.endedAt,
      alreadyRetriedTimes: Math.max(0, event.attempts - 1),
      events: event.history.map(({ at, status }, index) => ({ eventId: index, status, timestamp: at })),
    };
  }
}

const json = (value: object): WireResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});
