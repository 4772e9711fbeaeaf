/**
 * The one clock of the local cloud: a queue of due events ordered by (instant, order of asking).
 *
 * TIME-1. `now()` is exact: while an event runs, it is that event's own due time.
 * TIME-2. Time stands still while anything started by an event is unfinished (an invocation, say), unless it sleeps:
 *     while all unfinished work sleeps, time goes on to the next event, a wake-up being one.
 * TIME-3. Two runs with the same inputs run the same events in the same order.
 */

/** A thing that will happen, or happens again and again, at an instant of the cloud's time. */
interface Due {
  readonly at: number;
  readonly seq: number;
  readonly label: string;
  /** Recurring and expiry events do not keep a world busy: a quiet cloud may still have them ahead. */
  readonly background: boolean;
  readonly run: () => void | Promise<void>;
}

/** Takes a scheduled event back; harmless when it already happened. */
export type Cancel = () => void;

export interface ScheduleOptions {
  readonly label: string;
  readonly background?: boolean;
}

export interface SettleOptions {
  /** Go on for this many milliseconds of the cloud's time, background events included. */
  readonly forMs?: number;
  /** Stop as soon as this holds; it is asked after every event. */
  readonly until?: () => boolean;
  /** How many events of one instant may run side by side; 1 (the default) is reproducible. */
  readonly parallel?: number;
  /** A world that never gets quiet fails after this many events instead of hanging. */
  readonly maxEvents?: number;
}

const RealDate = Date;

export class Timeline {
  /** The cloud's time in epoch milliseconds, shared with threads. */
  readonly shared = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  readonly #clock = new Float64Array(this.shared);
  readonly #due: Due[] = [];
  readonly #running = new Set<Promise<void>>();
  /** Clients outside of the cloud that wait for answers. */
  readonly #callers = new Set<Promise<void>>();
  #asleep = 0;
  /** Sleepers that a caller may wait for. */
  #awaited = 0;
  /** Tells `settle` that work went to sleep. */
  #onSleep: () => void = () => {};
  readonly #passing = new Set<() => void>();
  readonly #waitsAlone: boolean;
  #settling = 0;
  #seq = 0;
  #failure: unknown;

  /**
   * @param at where time starts, epoch milliseconds.
   * @param waitsAlone whether, while `settle` does not run, the sleep of work that a client waits for passes for that
   *     work alone: the client gets its answer, and the world stands still.
   */
  constructor(at: number, waitsAlone = false) {
    this.#clock[0] = at;
    this.#waitsAlone = waitsAlone;
  }

  /** The cloud's time in epoch milliseconds. */
  now(): number {
    return readClock(this.#clock);
  }

  /** Whether work that a client waits for sleeps alone now. */
  get waitsAlone(): boolean {
    return this.#waitsAlone && this.#settling === 0;
  }

  /** Whether work of the cloud is unfinished, asleep or not. */
  get isWorking(): boolean {
    return this.#running.size > 0;
  }

  /** Runs `run` at `at` (or as soon as possible when that is past). */
  schedule(at: number, options: ScheduleOptions, run: () => void | Promise<void>): Cancel {
    const { label, background = false } = options;
    const due: Due = { at: Math.max(at, this.now()), seq: this.#seq++, label, background, run };
    const place = this.#due.findIndex((other) => other.at > due.at);
    this.#due.splice(place === -1 ? this.#due.length : place, 0, due);
    return () => {
      const index = this.#due.indexOf(due);
      if (index !== -1) this.#due.splice(index, 1);
    };
  }

  /** As `schedule`, counted from now. */
  after(delayMs: number, options: ScheduleOptions, run: () => void | Promise<void>): Cancel {
    return this.schedule(this.now() + delayMs, options, run);
  }

  /** Calls `look` before time passes, when the instant has become what it will have been. */
  onPass(look: () => void): Cancel {
    this.#passing.add(look);
    return () => this.#passing.delete(look);
  }

  /** Labels and instants of what is still ahead, soonest first. */
  ahead(): { readonly at: number; readonly label: string; readonly background: boolean }[] {
    return this.#due.map(({ at, label, background }) => ({ at, label, background }));
  }

  /** Lets the world run until it is quiet, `until` holds or `forMs` is over. */
  async settle(options: SettleOptions = {}): Promise<void> {
    this.#settling++;
    try {
      await this.#settle(options);
    } finally {
      this.#settling--;
    }
  }

  async #settle(options: SettleOptions): Promise<void> {
    const { forMs, until = () => false, parallel = 1, maxEvents = 200_000 } = options;
    const end = this.now() + (forMs ?? Number.POSITIVE_INFINITY);
    const isOver = (): boolean =>
      !this.#isDueBy(end) || (forMs === undefined && options.until === undefined && this.#quiet());
    for (let events = 0; !until(); events++) {
      if (events > maxEvents) throw new Error(`the cloud is not quiet after ${maxEvents} events`);
      if (this.#mustWait(parallel)) await this.#progress();
      else if (isOver()) break;
      else await this.#advance();
      this.#rethrow();
    }
    if (forMs !== undefined && !until()) this.#pass(end);
  }

  #isDueBy(end: number): boolean {
    const [next] = this.#due;
    return next !== undefined && next.at <= end;
  }

  /** Moves the clock to an instant that has not passed yet. */
  #pass(to: number): void {
    if (to <= this.now()) return;
    for (const look of this.#passing) look();
    this.#clock[0] = to;
  }

  /** Goes to the next event and starts it. */
  async #advance(): Promise<void> {
    const next = this.#due.shift();
    if (next === undefined) return;
    this.#pass(next.at);
    this.#start(next);
    // An event that finishes at once leaves no trace in `running`: only invocations take turns.
    await Promise.resolve();
  }

  /** A client's request to the cloud: the clock waits until it is answered, unless what it waits for sleeps (TIME-2). */
  hold<T>(request: Promise<T>): Promise<T> {
    return hold(this.#callers, request);
  }

  /** Work of the cloud itself: the clock waits until it is finished, unless it sleeps. */
  run<T>(work: Promise<T>): Promise<T> {
    return hold(this.#running, work);
  }

  /**
   * For work that is run: until `wake` is called, or the sleep is taken back, it does not hold the clock.
   * @param isAwaited whether a client waits for the work, which then does not hold the clock either. A function that
   *     waits for another one that sleeps holds it all the same.
   */
  sleep(ms: number, wake: () => void, isAwaited = false): Cancel {
    this.#asleep++;
    if (isAwaited) this.#awaited++;
    this.#onSleep();
    let isAsleep = true;
    const rise = (): void => {
      if (isAsleep) this.#asleep--;
      if (isAsleep && isAwaited) this.#awaited--;
      isAsleep = false;
    };
    const cancel = this.after(ms, { label: "wake up" }, () => {
      rise();
      wake();
    });
    return () => {
      cancel();
      rise();
    };
  }

  /** Until some work is finished or goes to sleep. */
  async #progress(): Promise<void> {
    const sleep = new Promise<void>((resolve) => (this.#onSleep = resolve));
    await Promise.race([...this.#running, ...this.#callers, sleep]);
  }

  close(): void {
    this.#due.length = 0;
  }

  /** Whether time stands still: as many events run as may, or the next one is not due yet. */
  #mustWait(parallel: number): boolean {
    const callers = Math.max(0, this.#callers.size - this.#awaited);
    const awake = this.#running.size - this.#asleep + callers;
    if (awake <= 0) return false;
    const next = this.#due[0];
    return awake >= parallel || next === undefined || next.at > this.now();
  }

  #quiet(): boolean {
    return this.#due.every((due) => due.background);
  }

  #start(due: Due): void {
    try {
      const result = due.run();
      if (result instanceof Promise) void this.run(result).catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** `settle` throws it. */
  #fail(error: unknown): void {
    this.#failure ??= error;
  }

  #rethrow(): void {
    if (this.#failure === undefined) return;
    const failure = this.#failure;
    this.#failure = undefined;
    throw failure;
  }
}

/** Keeps `work` in a set until it is over. */
function hold<T>(held: Set<Promise<void>>, work: Promise<T>): Promise<T> {
  const over = work.then(
    () => undefined,
    () => undefined,
  );
  held.add(over);
  void over.then(() => held.delete(over));
  return work;
}

const readClock = ([at = 0]: Float64Array): number => at;

/** By how much a clock is fast; `ms` may change while it runs. */
export interface Skew {
  ms: number;
}

/** A `Date` that tells the cloud's time, or one that is fast. */
export function dateOf(shared: SharedArrayBuffer, skew: Readonly<Skew> = { ms: 0 }): DateConstructor {
  const clock = new Float64Array(shared);
  const now = (): number => Math.floor(readClock(clock)) + skew.ms;
  // A proxy and not a subclass: dates made by Node itself must stay `instanceof Date`.
  const cloudDate: DateConstructor = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, args: unknown[], newTarget) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a constructor of dates makes dates
      Reflect.construct(
        target,
        args.length === 0 ? [now()] : args,
        newTarget === cloudDate ? target : newTarget,
      ) as Date,
    get: (target, key, receiver) => (key === "now" ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
  return cloudDate;
}

/**
 * Makes `Date` of this thread tell the cloud's time (`dateOf`), so that everything in it (SDKs, signatures)
 * lives in that time. Answers a function that takes it out again.
 */
export function installClock(shared: SharedArrayBuffer, skew?: Readonly<Skew>): () => void {
  const cloudDate = dateOf(shared, skew);
  installed.push(cloudDate);
  globalThis.Date = cloudDate;
  return () => {
    const place = installed.indexOf(cloudDate);
    if (place !== -1) installed.splice(place, 1);
    globalThis.Date = installed.at(-1) ?? RealDate;
  };
}

/** Clocks of clouds that are open, the newest last; they may be closed in any order. */
const installed: DateConstructor[] = [];
