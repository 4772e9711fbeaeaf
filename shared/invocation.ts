/** One invocation of a function: its context, its payload, and the ports its code may use. */
import type * as z from "zod/mini";
import { ALARM, alarm } from "./alarms.ts";
import { joinReasons } from "./budget.ts";
import { connect, type CloudClient } from "./cloud/client.ts";
import type { CallLimits } from "./cloud/call-limits.ts";
import { readConfig, readSecrets } from "./config.ts";
import { EventError, messageOf } from "./errors.ts";
import { real, type BasePorts } from "./ports.ts";
import { knowOnly, redactError, redactedJson, redactShown } from "./redact.ts";
import { ownSentence } from "./requests/sentence.ts";

/** The part of Function Compute's context that Kiln reads. */
export interface FcContext {
  readonly requestId: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken: string;
  };
  /** `timeout` in seconds. */
  readonly function: { readonly name: string; readonly timeout: number };
}

export type FcHandler = (payload: Uint8Array, context: FcContext) => Promise<unknown>;

/** Everything a phase may use. */
export interface Ports extends BasePorts {
  readonly cloud: CloudClient;
  /** The deployed name of a Kiln function, whatever prefix this deployment uses. */
  readonly nameOf: (kilnFunction: string) => string;
  /** A random id of this invocation: two deliveries of one event have all else in common. */
  readonly writer: string;
  /** Id of the request that the platform gave this invocation; a repeat has the same. */
  readonly requestId: string;
}

/** Connects to the cloud with the credentials of this invocation. They expire, so never keep them. */
export function portsFor(kilnFunction: string, context: FcContext, limits?: CallLimits): Ports {
  const { region, accountId, credentials } = context;
  const prefix = context.function.name.slice(0, -kilnFunction.length);
  const cloud = connect({ region, accountId, credentials, ...readConfig() }, real, limits);
  const writer = real.random.next().toString(36).slice(2, 12);
  return { ...real, cloud, nameOf: (name) => `${prefix}${name}`, writer, requestId: context.requestId };
}

/** JSON of an invocation's payload. @throws EventError when it is none. */
export function readPayload(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch (error) {
    throw new EventError(`the payload is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** The JSON a timer's payload string holds. @throws EventError when it is none. */
export const readTimerPayload = (payload: string): unknown => readPayload(Buffer.from(payload));

/** @throws EventError that names every field that `schema` refuses. `what` names the reader. */
export function parse<T>(schema: z.ZodMiniType<T>, payload: unknown, what: string): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => {
    const sentence = ownSentence(issue);
    const place = issue.path.join(".") || "payload";
    return sentence === undefined ? `${place} (${issue.code})` : `${place}: ${sentence}`;
  });
  throw new EventError(`${what} cannot read this event: ${joinReasons(places, ", ")}`);
}

/** The fields of every log line of an invocation; a handler adds what it learns about the event. */
export type LogDetails = Record<string, unknown>;

/** Node keeps ten frames, which end in the client layer: a line then names no function of the handler. */
const STACK_FRAMES = 50;

/**
 * Runs a handler with the secrets of its environment known (REDACT-1). An error that leaves it is logged once, with the
 * `details` known by then, and thrown on.
 */
export async function logged<T>(details: LogDetails, act: () => Promise<T>): Promise<T> {
  knowOnly(readSecrets());
  Error.stackTraceLimit = STACK_FRAMES;
  try {
    return await act();
  } catch (error) {
    const { readStack } = await import("./stack.ts");
    real.log({ ...alarm(ALARM.invocationFailed), ...details, error, stack: readStack(error) });
    // The platform keeps message and stack of what is thrown, and sends them to the failure destination.
    redactError(error);
    throw error;
  }
}

/** Makes the handler of a function that takes events. Its result and every error are logged, in one line each. */
export const eventHandler =
  (
    kilnFunction: string,
    act: (payload: unknown, ports: Ports, details: LogDetails) => Promise<Readonly<Record<string, unknown>>>,
  ): FcHandler =>
  (bytes, context) => {
    const details: LogDetails = { function: kilnFunction, requestId: context.requestId };
    return logged(details, async () => {
      const ports = portsFor(kilnFunction, context);
      const result = await act(readPayload(bytes), ports, details);
      ports.log({ ...details, ...result });
      return JSON.parse(redactedJson(result, redactShown));
    });
  };
