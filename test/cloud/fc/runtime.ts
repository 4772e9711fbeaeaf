/** What the platform's Node runtime does with a handler, wherever the code of an instance runs. */
import { join } from "node:path";
import { existsSync, readFileSync } from "node:fs";
import timers from "node:timers/promises";
import { format } from "node:util";
import type { ContextData, ErrorType, InstanceMessage, InvokeMessage } from "./messages.ts";

export type Handler = (
  event: Buffer,
  context: object,
  callback?: (error: unknown, result?: unknown) => void,
) => unknown;

/** Sends a message to the host. */
export type Say = (message: InstanceMessage) => void;

/** `index.handler`: the file and the export. */
export function partsOf(handler: string): { readonly file: string; readonly name: string } {
  const [file = "index", name = "handler"] = handler.split(/\.(?=[^.]+$)/);
  return { file, name };
}

/** Whether the code folder says that `.js` is an ES module. */
export function isModule(codePath: string): boolean {
  const manifest = join(codePath, "package.json");
  return existsSync(manifest) && /"type":\s*"module"/.test(readFileSync(manifest, "utf8"));
}

/** The handler among the exports of its file. @throws Error as the platform does */
export function handlerIn(exports: unknown, handler: string, codePath: string): Handler {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a module may export anything
  const exported = (exports as Record<string, unknown>)[partsOf(handler).name];
  if (typeof exported !== "function") throw new Error(`${handler} is not a function in ${codePath}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is a function, and the platform calls it like this
  return exported as Handler;
}

/** A handler may throw or return anything. */
const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(typeof error === "string" ? error : JSON.stringify(error));

/** An error as the platform answers it, with the paths of the cloud. */
export function errorBody(error: unknown, codePath: string): string {
  const { message, name, stack } = asError(error);
  const stackTrace = (stack ?? "").split("\n").map((line) => line.trim());
  return JSON.stringify({ errorMessage: message, errorType: name, stackTrace })
    .replaceAll(codePath, "/code")
    .replaceAll("[worker eval]", "/var/fc/runtime/nodejs20/bootstrap.mjs");
}

const toBytes = (result: unknown): Uint8Array =>
  Buffer.isBuffer(result)
    ? result
    : Buffer.from(typeof result === "string" ? result : (JSON.stringify(result) ?? ""));

/**
 * The sleeps of an instance. `await setTimeout(ms)` of node:timers/promises is a sleep by the cloud's clock. With a
 * signal it is a limit for other work and stays real, as do the callbacks of the global setTimeout: libraries time
 * their calls with them.
 */
export class Sleeper {
  isRunning = false;
  readonly #say: Say;
  readonly #real = timers.setTimeout;
  #wake: (() => void) | undefined;

  constructor(say: Say) {
    this.#say = say;
  }

  readonly sleep: typeof timers.setTimeout = (ms = 0, value, options) => {
    if (!this.isRunning || options?.signal !== undefined) return this.#real(ms, value, options);
    if (this.#wake !== undefined)
      throw new Error("the local cloud knows one sleep at a time in an invocation");
    this.#say({ kind: "sleep", ms });
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a value T is void
        resolve(value as NonNullable<typeof value>);
      };
    });
  };

  get isAsleep(): boolean {
    return this.#wake !== undefined;
  }

  wake(): void {
    this.#wake?.();
  }

  /** A sleep that an earlier invocation has left goes on for ever: its instance was frozen. */
  forget(): void {
    this.#wake = undefined;
  }
}

function withLogger(context: ContextData, write: (text: string) => void): object {
  const line = (...parts: unknown[]): void => write(`${format(...parts)}\n`);
  return { ...context, logger: { debug: line, info: line, warn: line, error: line, log: line } };
}

/** Calls the handler once. */
export async function call(
  handler: Handler,
  { event, context }: InvokeMessage,
  { sleeper, say, codePath }: { readonly sleeper: Sleeper; readonly say: Say; readonly codePath: string },
): Promise<InstanceMessage> {
  const buffer = Buffer.from(event.buffer, event.byteOffset, event.byteLength);
  let errorType: ErrorType = "UnhandledInvocationError";
  sleeper.forget();
  sleeper.isRunning = true;
  try {
    const result = await new Promise((resolve, reject) => {
      const callback = (error: unknown, value?: unknown): void => {
        if (error === null || error === undefined) return resolve(value);
        errorType = "HandledInvocationError";
        reject(asError(error));
      };
      const returned = handler(
        buffer,
        withLogger(context, (text) => say({ kind: "log", text })),
        callback,
      );
      // A handler that takes the third argument answers through it.
      if (handler.length < 3 || returned instanceof Promise) Promise.resolve(returned).then(resolve, reject);
    });
    return { kind: "answer", body: toBytes(result) };
  } catch (error) {
    return { kind: "answer", body: Buffer.from(errorBody(error, codePath)), errorType };
  } finally {
    sleeper.isRunning = false;
  }
}
