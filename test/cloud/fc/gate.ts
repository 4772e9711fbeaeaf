/** The way out of an instance inside this process: what passes it is known, and ends with the instance. */
import { subscribe } from "node:diagnostics_channel";
import http from "node:http";
import type https from "node:https";
import { Duplex } from "node:stream";
import { connectionOf } from "../core/server.ts";
import { QUIET_TURNS } from "./patience.ts";

type Subscriber = Parameters<typeof subscribe>[1];

/** Whose request it is: the messages of Node's channels are for the whole process, and an instance hears its own. */
const owners = new WeakMap<object, Gate>();
const subscribed = new Set<string | symbol>();

function listenTo(name: string | symbol): void {
  if (subscribed.has(name)) return;
  subscribed.add(name);
  subscribe(name, (message) => {
    if (typeof message !== "object" || message === null || !("request" in message)) return;
    const { request } = message;
    if (typeof request === "object" && request !== null) owners.get(request)?.hear(message, name);
  });
}

/** The requests and subscriptions of one instance. */
export class Gate {
  #isOpen = true;
  /** Subscribers of its code to its own requests, by channel. */
  readonly #subscriptions = new Map<string | symbol, Subscriber[]>();
  readonly #pending = new Set<http.ClientRequest>();
  /** Those of the running invocation that are never answered, and those that an earlier one has left. */
  readonly #kept = new Set<http.ClientRequest>();
  readonly #left = new Set<http.ClientRequest>();
  /** Those that have arrived and wait for their turn. */
  readonly #held = new Set<http.ClientRequest>();
  #changes = 0;
  /** `#changes` when nothing was left to do but to wait. */
  #stillAt = -1;
  #fetching = 0;
  sent = 0;
  /** A request has ended or is kept back. */
  onChange: () => void = () => {};
  /** All requests of the running invocation wait for their turns, or are kept back. */
  onHeld: () => void = () => {};

  /** Node's module with requests that pass this gate. */
  of(module: typeof http | typeof https): object {
    const request = (...args: Parameters<typeof http.request>) => this.#pass(() => module.request(...args));
    const get = (...args: Parameters<typeof http.request>) => {
      const sent = request(...args);
      sent.end();
      return sent;
    };
    return { ...module, request, get };
  }

  #pass(send: () => http.ClientRequest): http.ClientRequest {
    if (!this.#isOpen) return silent();
    this.sent++;
    const request = send();
    owners.set(request, this);
    this.#pending.add(request);
    this.#changes++;
    request.once("close", () => {
      for (const requests of [this.#pending, this.#kept, this.#left, this.#held]) requests.delete(request);
      this.#lookForStill();
      this.onChange();
    });
    return request;
  }

  readonly fetch: typeof fetch = async (...args) => {
    if (!this.#isOpen) return never();
    this.#fetching++;
    try {
      return await fetch(...args);
    } finally {
      this.#fetching--;
      this.#lookForStill();
      this.onChange();
      if (!this.#isOpen) await never();
    }
  };

  /** Notes that the request on a connection is never answered. */
  keep(connection: string): void {
    const request = this.#on(connection);
    if (request !== undefined) this.#kept.add(request);
    this.#lookForStill();
    this.onChange();
  }

  #on(connection: string): http.ClientRequest | undefined {
    return [...this.#pending].find((request) => nameOf(request) === connection);
  }

  /** Notes that the request on a connection waits for its turn. False when it is none of this instance. */
  holdBack(connection: string): boolean {
    const request = this.#on(connection);
    if (request === undefined) return false;
    this.#held.add(request);
    this.#lookForStill();
    return true;
  }

  /** The request on a connection has its turn. */
  letGo(connection: string): void {
    this.#changes++;
    for (const request of this.#held) if (nameOf(request) === connection) this.#held.delete(request);
  }

  get areHeld(): boolean {
    return this.#held.size > 0;
  }

  /** The connections of requests that wait for their turn, in the order of sending; none while anything else goes on. */
  get held(): readonly string[] {
    return this.#stillAt === this.#changes
      ? [...this.#pending].filter((one) => this.#held.has(one)).map(nameOf)
      : [];
  }

  #lookForStill(): void {
    const change = ++this.#changes;
    const look = (turns: number): void => {
      const waiting = this.#held.size + this.#kept.size + this.#left.size;
      if (change !== this.#changes || this.#held.size === 0 || this.#fetching > 0) return;
      if (waiting !== this.#pending.size) return;
      // The end of one request often starts another, a few turns of the event loop later.
      if (turns > 0) return void setImmediate(() => look(turns - 1));
      this.#stillAt = change;
      this.onHeld();
    };
    look(QUIET_TURNS);
  }

  /** Whether the running invocation has requests, and all are kept back. */
  isStuck(): boolean {
    const { size } = this.#kept;
    return size > 0 && this.#fetching === 0 && size + this.#left.size === this.#pending.size;
  }

  /** The next invocation does not wait for requests of an earlier one. */
  forget(): void {
    for (const request of this.#kept) this.#left.add(request);
    this.#kept.clear();
  }

  readonly subscribe: typeof subscribe = (name, onMessage) => {
    listenTo(name);
    this.#subscriptions.set(name, [...(this.#subscriptions.get(name) ?? []), onMessage]);
  };

  /** A message of Node about one of its requests. */
  hear(message: unknown, name: string | symbol): void {
    for (const onMessage of this.#subscriptions.get(name) ?? []) onMessage(message, name);
  }

  close(): void {
    this.#isOpen = false;
    this.#subscriptions.clear();
    for (const request of this.#pending) {
      request.removeAllListeners().on("error", () => {});
      request.destroy();
    }
  }
}

const nameOf = ({ socket }: http.ClientRequest): string =>
  connectionOf(socket?.localPort, socket?.remotePort);

const never = (): Promise<never> => new Promise(() => {});

/** A request that goes nowhere and is never answered. */
const silent = (): http.ClientRequest =>
  http.request({
    createConnection: () => new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() }),
  });
