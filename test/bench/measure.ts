/** How benches measure and tell: a subject against a named baseline, both in the same run, as a ratio. */

/** One line of the report. */
export interface Measured {
  readonly what: string;
  /** With its unit, as people read it. */
  readonly value: string;
  readonly baseline: string;
  /** Subject over baseline; what it means to be above 1 depends on the unit, so `better` says it. */
  readonly ratio: number;
  readonly better: "higher" | "lower";
  readonly note?: string;
}

/** What a `*.bench.ts` file exports. */
export type Bench = () => Promise<readonly Measured[]>;

const ROUNDS = 9;

/** Milliseconds of one call of `work`: the median of rounds of `times` calls each, after one round to warm up. */
export function millisOf(times: number, work: (n: number) => unknown): number {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    for (let n = 0; n < times; n++) work(n);
    if (round > 0) rounds.push((performance.now() - start) / times);
  }
  return rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

/** `12 345` calls a second from milliseconds a call. */
export const perSecond = (millis: number): string =>
  Math.round(1000 / millis)
    .toLocaleString("en-US")
    .replaceAll(",", " ");

export const micros = (millis: number): string => `${(millis * 1000).toFixed(1)} µs`;
