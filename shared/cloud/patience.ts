/**
 * How long calls may take, and what happens to one that does not answer.
 *
 * P1. A call has an end of its own: the whole answer counts, so one that drips has no more time than a silent one.
 * P2. All calls of an invocation together have one too, where somebody waits for its answer.
 * P3. What is given up is cut off: a connection left open would hold the instance, or be used again.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { seconds } from "../duration.ts";
import type { CloudError, CloudProduct } from "../errors.ts";
import type { CloudClient } from "./client.ts";
import { refusal } from "./refusal.ts";

export interface Patience {
  /** One try of a call, until the end of its answer. */
  readonly callMs: number;
  /** How often a call without an answer is made again at once; only for functions whose calls may all be repeated. */
  readonly repeats: number;
  /** All calls of a client together; left out where nobody waits. */
  readonly allMs?: number;
}

/** Of the functions nobody waits for. RunInstances and CreateImage need more than the SDK's own 3 s. */
export const UNHURRIED: Patience = { callMs: seconds(20), repeats: 0 };

/**
 * Makes a call, and again when no answer came. `call` throws what the SDK or the socket throws, or a CloudError.
 * @throws CloudError; of a call that was given up, with status 0 and the code ETIMEDOUT.
 */
export async function ask<T>(
  client: CloudClient,
  product: CloudProduct,
  action: string,
  call: () => Promise<T>,
): Promise<T> {
  const { patience, deadline, access, clock, log } = client;
  for (let repeats = 0; ; repeats++) {
    try {
      return await withinLimits([clock.after(patience.callMs), ...(deadline ? [deadline] : [])], call);
    } catch (error) {
      const refused = refusal(access.credentials, product, action, error);
      const isOver = repeats >= patience.repeats || deadline?.aborted === true;
      if (!hasNoAnswer(refused) || isOver) throw refused;
      log({ warning: "no answer, asked once more", product, action, code: refused.code });
    }
  }
}

/** Whether it is open what became of a call. */
export const hasNoAnswer = ({ status }: CloudError): boolean => status === 0;

/** The requests of each call. The SDKs keep theirs to themselves, so they are met where Node sends them (P3). */
const sent = new AsyncLocalStorage<Set<ClientRequest>>();
subscribe("http.client.request.start", (message) => {
  sent.getStore()?.add((message as { request: ClientRequest }).request);
});

/** Of a good answer the SDKs tell neither the status nor the headers. */
const answers = new WeakMap<ClientRequest, IncomingMessage>();
subscribe("http.client.response.finish", (message) => {
  const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
  answers.set(request, response);
});

/** The answer to the newest request of the call under way (`ask`); its body is not for reading. */
export function lastAnswer(): Pick<IncomingMessage, "statusCode" | "headers"> | undefined {
  const request = [...(sent.getStore() ?? [])].at(-1);
  return request && answers.get(request);
}

/** To be thrown in a call: something between us and the cloud answered, so the outcome is open. */
export const notOurs = (product: string): Error =>
  Object.assign(new Error(`the answer is not one of ${product}`), { code: "UnreadableAnswer" });

function withinLimits<T>(limits: readonly AbortSignal[], call: () => Promise<T>): Promise<T> {
  const requests = new Set<ClientRequest>();
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => {
      reject(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" }));
      for (const request of requests) request.destroy();
    };
    if (limits.some(({ aborted }) => aborted)) return giveUp();
    for (const limit of limits) limit.addEventListener("abort", giveUp, { once: true });
    sent
      .run(requests, call)
      .then(resolve, reject)
      .finally(() => {
        for (const limit of limits) limit.removeEventListener("abort", giveUp);
      });
  });
}
