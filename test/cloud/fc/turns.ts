/**
 * Invocations side by side, one call at a time, in an order that follows from the seed.
 *
 * TURNS-1. A call of an invocation is served when it has the turn. A turn is given when every running invocation waits for
 *     one or sleeps: what each has done by then does not depend on how fast this machine is.
 * TURNS-2. A turn goes to one of the waiting calls, or to the next event of the clock, which may be another invocation.
 */
import type { Kernel, WireRequest } from "../core/kernel.ts";
import type { Turns } from "../core/time.ts";
import type { Run } from "./run.ts";

/** A call or an event that waits for its turn. */
interface Waiting {
  /** By which those of clients are ordered: the order in which sockets are read is the system's. */
  readonly name: string;
  readonly go: () => void;
}

export class CallTurns implements Turns {
  readonly #kernel: Kernel;
  readonly #runs: () => readonly Run[];
  /** Requests of running invocations, by connection. */
  readonly #calls = new Map<string, () => void>();
  /** Requests of clients outside. */
  readonly #clients = new Set<Waiting>();

  /** @param runs the running invocations, in the order of their begin */
  constructor(kernel: Kernel, runs: () => readonly Run[]) {
    this.#kernel = kernel;
    this.#runs = runs;
  }

  /**
   * A request has arrived. @param trigger the request to an HTTP trigger. Resolves when it may be served; undefined for one
   * that is served at once, because it is neither of an invocation nor of a client that holds the clock.
   */
  arrive(connection: string, trigger?: WireRequest): Promise<void> | undefined {
    if (this.#runs().some(({ instance }) => instance.holdBack(connection)))
      return new Promise((resolve) => this.#calls.set(connection, resolve));
    const { time } = this.#kernel;
    if (trigger === undefined || time.callers === 0) return undefined;
    const { method, url, body } = trigger;
    return new Promise((resolve) => {
      const client = { name: `${method} ${url} ${body.toString("latin1")}`, go: resolve };
      this.#clients.add(client);
      time.stir();
    });
  }

  isStill(awake: number): boolean {
    const runs = this.#runs();
    const waiting = runs.filter(({ isAsleep }) => !isAsleep);
    const arrived = this.#clients.size + runs.filter(({ isAwaited }) => isAwaited).length;
    return (
      awake === waiting.length &&
      this.#kernel.time.callers <= arrived &&
      waiting.every(({ instance }) => instance.held.length > 0)
    );
  }

  get since(): number {
    const begun = this.#runs().flatMap(({ isAsleep, startedAt }) => (isAsleep ? [] : [startedAt]));
    return Math.min(this.#kernel.time.now(), ...begun);
  }

  startsEvent(): boolean {
    return this.#kernel.random() < 0.5;
  }

  give(): void {
    const clients = [...this.#clients].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const all = [
      ...clients.map((client) => () => this.#letClient(client)),
      ...this.#runs().flatMap(({ instance }) =>
        instance.held.map((one) => () => this.#letCall(instance, one)),
      ),
    ];
    all[Math.floor(this.#kernel.random() * all.length)]?.();
  }

  #letClient(client: Waiting): void {
    this.#clients.delete(client);
    client.go();
  }

  #letCall(instance: Run["instance"], connection: string): void {
    const go = this.#calls.get(connection);
    this.#calls.delete(connection);
    instance.letGo(connection);
    go?.();
  }
}
