/** The clock that the cloud and its functions read, in threads too, and the `Date` that tells its time. */

const RealDate = Date;

export const readClock = ([at = 0]: Float64Array): number => at;

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
