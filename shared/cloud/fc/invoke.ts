/**
 * Hands an event to a function, later and once: asynchronous invocation with a delay and a task id.
 *
 * INVOKE-1. Only this file knows how a delay is asked for; what it promises is inexact, so receivers check the time.
 * INVOKE-2. A task id that was used before may be refused by the platform: for us that is "duplicate", no error. Any
 *     other 409 is one. https://www.alibabacloud.com/help/en/functioncompute/fc/asynchronous-task-management
 *     No page says whether an id counts for its function or for the account, so those of a stage carry its name.
 * INVOKE-3. Two adapters. The core client signs ACS3, which the 3.0 API documents; @alicloud/fc2 signs "FC", which is
 *     proven for 3.0 functions only on other routes than invocations. Each can stand in for the other (signature.ts).
 */
import { Readable } from "node:stream";
import { EVENT_MAX_BYTES } from "../../budget.ts";
import { EventError } from "../../errors.ts";
import { digest } from "../../keys.ts";
import type { CloudClient } from "../client.ts";
import { defaultEndpoint } from "../endpoints.ts";
import { ask, foreignAnswer, lastAnswer } from "../call-limits.ts";
import { clean, cloudError, refusal } from "../refusal.ts";
import { withEitherSignature, type FcSignature } from "./signature.ts";

export interface Delivery {
  /** Name of the function that receives. */
  readonly to: string;
  readonly payload: string;
  /** Rounded up to whole seconds; more than 3500 become 3500, and the receiver waits on. */
  readonly delayMs: number;
  /** Names this event and no other: at most 128 letters, digits, `_` and `-`, a letter or `_` first. */
  readonly taskId: string;
}

/** Whether the limit of one hour is included is not documented. */
const MAX_DELAY_S = 3500;
const API_VERSION = "2023-03-30";

/**
 * Queues `payload` for a function of this account and region.
 * @throws EventError for a payload or task id the platform would refuse, before anything is sent.
 * @throws CloudError when neither adapter gets it accepted.
 */
export async function deliver(client: CloudClient, asked: Delivery): Promise<"accepted" | "duplicate"> {
  check(asked);
  const delivery = { ...asked, taskId: taskIdIn(client.access.stage, asked.taskId) };
  return withEitherSignature(client, (signature) =>
    ask(client, "fc", "InvokeFunction", () => queued(ADAPTERS[signature], client, delivery)),
  );
}

/** Both SDKs accept any 2xx, one of them 3xx too. Function Compute answers an event that is queued with 202. */
async function queued(adapter: Adapter, client: CloudClient, delivery: Delivery) {
  const outcome = await adapter(client, delivery);
  const { statusCode, headers = {} } = lastAnswer() ?? {};
  const isQueued = statusCode === 202 && headers["x-fc-request-id"] !== undefined;
  if (outcome === "accepted" && !isQueued) throw foreignAnswer("Function Compute");
  return outcome;
}

type Adapter = (client: CloudClient, delivery: Delivery) => Promise<"accepted" | "duplicate">;

const TASK_ID_MAX = 128;

/** INVOKE-2. */
function taskIdIn(stage: string, taskId: string): string {
  const whole = stage === "" ? taskId : `${taskId}-${stage}`;
  return whole.length <= TASK_ID_MAX ? whole : `${whole.slice(0, TASK_ID_MAX - 13)}-${digest(whole)}`;
}

function check({ to, payload, taskId }: Delivery): void {
  const bytes = Buffer.byteLength(payload);
  if (bytes > EVENT_MAX_BYTES) {
    throw new EventError(
      `the event for ${to} has ${bytes} bytes, more than the ${EVENT_MAX_BYTES} that can travel; keep large parts in the bucket and send their keys`,
    );
  }
  if (!/^[A-Za-z_][\w-]{0,127}$/.test(taskId)) {
    throw new EventError(
      `"${taskId}" cannot be a task id: use up to 128 letters, digits, _ and -, not a digit or - first`,
    );
  }
}

function headersOf({ delayMs, taskId }: Delivery): Record<string, string> {
  const delayS = Math.min(MAX_DELAY_S, Math.ceil(delayMs / 1000));
  return {
    "x-fc-invocation-type": "Async",
    "x-fc-async-task-id": taskId,
    ...(delayS > 0 && { "x-fc-async-delay": String(delayS) }),
  };
}

/** The code depends on the API version; each names a task or a stateful invocation that already exists. */
const isDuplicate = (code = "", said = ""): boolean =>
  /(?:Task|StatefulAsyncInvocation)\w*AlreadyExist/i.test(code) ||
  /(?:task|invocation)\b.*\balready exist/i.test(said);

async function viaFc2(client: CloudClient, delivery: Delivery): Promise<"accepted" | "duplicate"> {
  const { access } = client;
  const { accessKeyId, accessKeySecret, securityToken = "" } = access.credentials;
  const { default: Fc2 } = await import("@alicloud/fc2/lib/client.js");
  try {
    const fc2 = new Fc2(access.accountId, {
      accessKeyID: accessKeyId,
      accessKeySecret,
      securityToken,
      region: access.region,
      endpoint: endpointOf(client),
      timeout: client.limits.callMs,
    });
    fc2.version = API_VERSION;
    // The constructor forgets the token of a key that does not begin with STS.
    if (securityToken !== "") fc2.securityToken = securityToken;
    await fc2.post(pathOf(delivery), delivery.payload, headersOf(delivery), { qualifier: "LATEST" });
    return "accepted";
  } catch (error) {
    return readFc2(error);
  }
}

/** fc2 keeps neither status nor headers of a refusal: the status is in the message, the code may be missing. */
function readFc2(error: unknown): "accepted" | "duplicate" {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fc2 raises errors of this form
  const { message, code, name } = error as Error & { code?: string };
  // An accepted event answered with a JSON type and an empty body; every refusal has a body.
  if (name === "SyntaxError" && message.includes("end of JSON input")) return "accepted";
  const [, status, requestId = "", said = ""] =
    /failed with (\d+)\. requestid: (.*?), message: (.*)\.$/s.exec(message) ?? [];
  if (status === "409" && isDuplicate(code, said)) return "duplicate";
  if (status === undefined) throw refusal("fc", "InvokeFunction", error);
  throw cloudError({
    product: "fc",
    action: "InvokeFunction",
    code: code ?? `Http${status}`,
    status: Number(status),
    requestId,
    said: said === "undefined" ? "" : clean(said),
  });
}

async function viaCore(client: CloudClient, delivery: Delivery): Promise<"accepted" | "duplicate"> {
  const { $OpenApiUtil } = await import("@alicloud/openapi-core");
  const core = await client.core("fc", client.access.region);
  const params = new $OpenApiUtil.Params({
    action: "InvokeFunction",
    version: API_VERSION,
    protocol: "HTTPS",
    pathname: `/${API_VERSION}${pathOf(delivery)}`,
    method: "POST",
    authType: "AK",
    style: "FC",
    reqBodyType: "json",
    // Text, so that the answer is read to its end and the connection can be used again.
    bodyType: "string",
  });
  const request = new $OpenApiUtil.OpenApiRequest({
    headers: headersOf(delivery),
    query: { qualifier: "LATEST" },
    stream: Readable.from([Buffer.from(delivery.payload)]),
  });
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion --the SDK's class of options has only optional fields
    await core.callApi(params, request, {} as never);
    return "accepted";
  } catch (error) {
    const refused = refusal("fc", "InvokeFunction", error);
    if (refused.status === 409 && isDuplicate(refused.code, refused.message)) return "duplicate";
    throw refused;
  }
}

const ADAPTERS: Readonly<Record<FcSignature, Adapter>> = { acs3: viaCore, fc: viaFc2 };

const pathOf = ({ to }: Delivery): string => `/functions/${encodeURIComponent(to)}/invocations`;

function endpointOf({ access }: CloudClient): string {
  return access.endpoints.fc ?? defaultEndpoint("fc", access.region, access.accountId);
}
