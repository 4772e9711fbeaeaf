/** The one account behind all products: its clock, its draw and ids, who is calling and what they may. */
import { exchange, type Faults } from "./calls.ts";
import type { Call, Kernel } from "./kernel.ts";
import type { KeyRing } from "./keys.ts";
import type { Ram } from "./ram.ts";
import type { Timeline } from "./time.ts";

export interface Account {
  readonly time: Timeline;
  readonly keys: KeyRing;
  readonly ram: Ram;
  readonly faults: Faults;
  readonly region: string;
  readonly seed: number;
  readonly record: (call: Call) => void;
}

/** The services of the kernel over an account's parts. */
export function createKernel({ time, keys, ram, faults, region, seed, record }: Account): Kernel {
  const random = draw(seed);
  // Ids have draw of their own, and request ids theirs: one more read must change neither the next
  // delay nor the name of the next instance.
  const idDice = draw(seed + 1);
  const requestDice = draw(seed + 3);
  const text = (length: number, letters: string, throwDice: () => number): string =>
    Array.from({ length }, () => letters[Math.floor(throwDice() * letters.length)]).join("");
  /** What the cloud itself knows of every request, for policy conditions. */
  const withDefaults = (conditions = {}): Record<string, string> => ({
    "acs:Service": `${exchange.getStore()?.product ?? "ecs"}.aliyuncs.com`,
    "acs:SourceIp": "127.0.0.1",
    ...conditions,
  });
  return {
    time,
    region,
    accountId: keys.accountId,
    random,
    id: (prefix) => `${prefix}${text(20, "abcdefghijklmnopqrstuvwxyz0123456789", idDice)}`,
    requestId: () =>
      [8, 4, 4, 4, 12].map((length) => text(length, "0123456789ABCDEF", requestDice)).join("-"),
    registerSignature: (product, reader) => keys.register(product, reader),
    authenticate: (request, product) => {
      const principal = keys.authenticate(request, product);
      const state = exchange.getStore();
      if (state !== undefined) state.principal = principal;
      return principal;
    },
    authorize: (principal, action, resource, conditions) =>
      ram.authorize(principal, action, resource, withDefaults(conditions)),
    allows: (principal, action, resource, conditions) =>
      ram.verdictOf(principal, action, resource, withDefaults(conditions)) === "allow",
    trusts: (role, service) => ram.trusts(role, service),
    mayHaveRole: (role) => ram.mayHaveRole(role),
    faultFor: (product, action, params) => faults.meet(product, action, params),
    record,
    ...downloads(),
  };
}

function downloads(): Pick<Kernel, "registerDownloads" | "download"> {
  let objectAt: Parameters<Kernel["registerDownloads"]>[0] = () => undefined;
  return {
    registerDownloads: (answer) => {
      objectAt = answer;
    },
    download: (url, headers) => {
      const answer = objectAt(url, headers);
      return answer && { status: answer.status, body: answer.body.toString() };
    },
  };
}

/** Mulberry32: a number in [0, 1) per call, the same ones for the same seed. */
export function draw(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
