/**
 * The probe of `npm run doctor`: a function that is deployed like the others, carries out what the doctor asks for with
 * the role it has, and notes down what arrives.
 *
 * ARRIVAL-1. An event may be an hour late and find the probe of a later examination, which has the same name. So whatever an
 *     examination causes holds its id, and the probe ignores the rest.
 */
import { connect } from "../../../shared/cloud/client.ts";
import { deliver } from "../../../shared/cloud/fc/invoke.ts";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import { sendToBucket } from "../../../shared/cloud/oss/request.ts";
import { readConfig } from "../../../shared/config.ts";
import { CloudError, messageOf } from "../../../shared/errors.ts";
import { logged, portsFor, readPayload, type FcContext, type FcHandler } from "../../../shared/invocation.ts";
import { real } from "../../../shared/ports.ts";
import { redactedJson } from "../../../shared/redact.ts";
import { readProbeConfig } from "./config.ts";
import type { Errand, Note, Order, Reply, Report } from "./orders.ts";

export const handler: FcHandler = (bytes, context) =>
  logged({ function: "probe", requestId: context.requestId }, async () => {
    const payload = readPayload(bytes);
    if (isErrand(payload)) return JSON.parse(redactedJson(await carryOut(payload, context)));
    // ARRIVAL-1.
    const isOwn = Buffer.from(bytes).includes(readProbeConfig().id);
    if (isOwn) await noteDown(payload, bytes.length, context);
    if (isOwn && isNote(payload) && payload.fail === true)
      throw new Error("the doctor asked for this failure");
    return isRequest(payload)
      ? { statusCode: 200, headers: { "content-type": "text/html" }, body: "<p>" }
      : {};
  });

const isRequest = (payload: unknown): boolean =>
  typeof payload === "object" && payload !== null && "rawPath" in payload;

const isErrand = (payload: unknown): payload is Errand =>
  typeof payload === "object" && payload !== null && "orders" in payload;

const isNote = (payload: unknown): payload is Note =>
  typeof payload === "object" && payload !== null && "note" in payload;

/** Errands of this instance so far. */
let served = 0;

async function carryOut({ of, orders }: Errand, context: FcContext): Promise<Report> {
  if (of !== readProbeConfig().id)
    throw new Error("another examination has taken the probe over; run the doctor again when it has ended");
  const replies: Reply[] = [];
  for (const order of orders) replies.push(await replyTo(order, context));
  const { credentials, ...rest } = context;
  return {
    replies,
    // Only whether they are there: a session of a role is a secret.
    context: { ...rest, credentials: Object.keys(credentials).filter((key) => isSet(credentials, key)) },
    versions: { node: process.version },
    zoneMinutes: new Date(0).getTimezoneOffset(),
    part: readProbeConfig().part,
    served: ++served,
    at: real.clock.now(),
  };
}

const isSet = (credentials: Readonly<Record<string, unknown>>, key: string): boolean =>
  credentials[key] !== undefined && credentials[key] !== "";

async function replyTo(order: Order, context: FcContext): Promise<Reply> {
  try {
    switch (order.kind) {
      case "bucket":
        return await bucketReply(order, context);
      case "api":
        return await apiReply(order, context);
      case "deliver":
        return await deliverReply(order, context);
    }
  } catch (error) {
    return refused(error);
  }
}

type Of<K extends Order["kind"]> = Extract<Order, { readonly kind: K }>;

async function bucketReply({ body = "", ...call }: Of<"bucket">, context: FcContext): Promise<Reply> {
  const { cloud } = portsFor("probe", context);
  const answer = await sendToBucket(cloud, { ...call, body: Buffer.from(body) });
  return { status: answer.status, code: "", text: answer.body.toString("utf8") };
}

async function apiReply({ product, region, params, ...sent }: Of<"api">, context: FcContext): Promise<Reply> {
  const { cloud } = portsFor("probe", context);
  const { $OpenApiUtil } = await import("@alicloud/openapi-core");
  const core = await cloud.core(product, region ?? cloud.access.region);
  const asked = new $OpenApiUtil.OpenApiRequest(sent);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's class of options has only optional fields
  const answered: unknown = await core.callApi(new $OpenApiUtil.Params(params), asked, {} as never);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK wraps every answer like this
  const { body, statusCode = 200 } = answered as { body?: unknown; statusCode?: number };
  return { status: statusCode, code: "", text: "", body };
}

async function deliverReply({ signature, ...delivery }: Of<"deliver">, context: FcContext): Promise<Reply> {
  const warnings: string[] = [];
  const { region, accountId, credentials } = context;
  const access = { region, accountId, credentials, ...readConfig(), fcSignature: signature };
  const { clock } = portsFor("probe", context);
  const cloud = connect(access, { clock, log: (line) => void warnings.push(warningOf(line)) });
  const outcome = await deliver(cloud, { ...delivery, to: context.function.name });
  const isNew = outcome === "accepted";
  return { status: isNew ? 202 : 409, code: isNew ? "" : "duplicate", text: "", warnings };
}

/** A line of the log in words, with the code and the message of its error. */
const warningOf = ({ warning, code, error }: Readonly<Record<string, unknown>>): string =>
  [warning, code, error].flatMap((part) => (part === undefined ? [] : [messageOf(part)])).join(": ");

interface Raised {
  readonly code?: string;
  readonly statusCode?: number;
  readonly message?: string;
  readonly data?: { readonly Code?: string; readonly Message?: string };
}

function refused(error: unknown): Reply {
  if (error instanceof CloudError) {
    const { status, code, message } = error;
    return { status, code, text: message };
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field is optional, whatever was thrown
  const { code, statusCode = 0, message = "", data } = error as Raised;
  return { status: statusCode, code: data?.Code ?? code ?? "NoAnswer", text: data?.Message ?? message };
}

/** Writes an arrival; events of the platform's own are named by their kind. */
async function noteDown(payload: unknown, bytes: number, context: FcContext): Promise<void> {
  const { cloud, clock, writer } = portsFor("probe", context);
  const shown = isNote(payload) ? { note: payload.note, fail: payload.fail } : payload;
  const key = `${readProbeConfig().folder}arrivals/${nameOf(payload)}/${clock.now()}-${writer}.json`;
  await putObject(cloud, key, redactedJson({ at: clock.now(), payload: shown, bytes }));
}

function nameOf(payload: unknown): string {
  if (isNote(payload)) return payload.note;
  const fields = Object.keys(payload ?? {});
  if (fields.includes("triggerName")) return "timer";
  if (isRequest(payload)) return "http";
  if (fields.includes("events")) return "upload";
  return fields.includes("requestContext") ? "dead-letter" : "other";
}
