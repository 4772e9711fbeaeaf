/**
 * How long calls may take, and what happens to one that does not answer.
 *
 * CALL-LIMIT-1. Each call has a deadline for its whole answer, so a slow answer has no more time than a missing one.
 * CALL-LIMIT-2. All calls of an invocation together have a deadline too, if a caller waits for its answer.
 * CALL-LIMIT-3. A call past its deadline is cut off: an open connection would hold the instance, or be used again.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { seconds } from "../duration.ts";
import type { CloudError, CloudProduct } from "../errors.ts";
import type { CloudClient } from "./client.ts";
import { refusal } from "./refusal.ts";

export interface CallLimits {
  /** One try of a call, until the end of its answer. */
  readonly callMs: number;
  /** How often a call without an answer, or that the cloud asks to repeat, is made again at once; only where all may be. */
  readonly repeats: number;
  /** All calls of a client together; left out for functions without a waiting caller. */
  readonly allMs?: number;
}

/** For functions without a waiting caller. RunInstances and CreateImage need more than the SDK's own 3 s. */
export const DEFAULT_LIMITS: CallLimits = { callMs: seconds(20), repeats: 0 };

/**
 * Makes a call, and repeats it when no answer came or the cloud was busy. `call` throws the error of the SDK or the
 * socket, or a CloudError.
 * @throws CloudError; for a call that was cut off, with status 0 and the code ETIMEDOUT.
 */
export async function ask<T>(
  client: CloudClient,
  product: CloudProduct,
  action: string,
  call: () => Promise<T>,
): Promise<T> {
  const { limits, deadline, clock, log, made } = client;
  for (let repeats = 0; ; repeats++) {
    made.all++;
    try {
      return await withinLimits([clock.after(limits.callMs), ...(deadline ? [deadline] : [])], call);
    } catch (error) {
      const refused = refusal(product, action, error);
      const isOver = repeats >= limits.repeats || deadline?.aborted === true;
      if (refused.kind !== "wait" || isOver) throw refused;
      log({ warning: "no answer yet, asked once more", product, action, code: refused.code });
    }
  }
}

/** Whether the outcome of a call is unknown. */
export const hasNoAnswer = ({ status }: CloudError): boolean => status === 0;

/** The requests of each call. The SDKs do not expose theirs, so Node's own channel reports them (CALL-LIMIT-3). */
const sent = new AsyncLocalStorage<Set<ClientRequest>>();
subscribe("http.client.request.start", (message) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node documents this message of the channel
  sent.getStore()?.add((message as { request: ClientRequest }).request);
});

/** The SDKs return neither the status nor the headers of a successful answer. */
const answers = new WeakMap<ClientRequest, IncomingMessage>();
subscribe("http.client.response.finish", (message) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node documents this message
  const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
  answers.set(request, response);
});

/** The answer to the newest request of the current call (`ask`), without its body. */
export function lastAnswer(): Pick<IncomingMessage, "statusCode" | "headers"> | undefined {
  const request = [...(sent.getStore() ?? [])].at(-1);
  return request && answers.get(request);
}

/** Thrown inside a call when a proxy answered in place of the cloud: the outcome is open. */
export const foreignAnswer = (product: string): Error =>
  Object.assign(new Error(`the answer is not from ${product}`), { code: "UnreadableAnswer" });

function withinLimits<T>(ends: readonly AbortSignal[], call: () => Promise<T>): Promise<T> {
  const requests = new Set<ClientRequest>();
  return new Promise<T>((resolve, reject) => {
    const cutOff = (): void => {
      reject(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" }));
      for (const request of requests) request.destroy();
    };
    if (ends.some(({ aborted }) => aborted)) return cutOff();
    for (const end of ends) end.addEventListener("abort", cutOff, { once: true });
    sent
      .run(requests, call)
      .then(resolve, reject)
      .finally(() => {
        for (const end of ends) end.removeEventListener("abort", cutOff);
      });
  });
}
