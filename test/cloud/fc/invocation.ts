/** The record of one invocation, and what it would have taken and cost. */
import type { Call } from "../core/kernel.ts";
import type { FunctionDefinition, LogConfig } from "../core/functions.ts";

/** Where an invocation came from. */
export type Source = "sync" | "async" | "timer" | "oss" | "http" | "destination";

/** One run of a handler, complete when it is in the log. */
export interface Invocation {
  readonly at: number;
  readonly requestId: string;
  readonly function: string;
  readonly source: Source;
  /** 1 for the first delivery of an event. */
  readonly callIndex: number;
  readonly payload: string;
  /** What the caller gets: the handler's result, or the error document. */
  readonly result: string;
  /** The value of x-fc-error-type; absent when the handler returned. */
  readonly error?: string;
  /** Its output, as a test sees it; the cloud keeps it only in the store that follows. */
  readonly logs: readonly string[];
  readonly logConfig?: LogConfig;
  /** Modelled, see `modelDurationMs`. */
  readonly durationMs: number;
  readonly coldStart: boolean;
  readonly instanceId: string;
  readonly calls: readonly Call[];
  readonly taskId?: string;
}

/**
 * Time stands still during an invocation, its sleeps apart, so its duration is an estimate: numbers of the size one sees
 * for a small Node function in the region of its API endpoints.
 */
export const MODEL = { invocationMs: 15, coldStartMs: 350, cloudCallMs: 80 } as const;

/** Milliseconds that an invocation is awake, from what it did. */
export const modelDurationMs = (coldStart: boolean, cloudCalls: number): number =>
  MODEL.invocationMs + (coldStart ? MODEL.coldStartMs : 0) + cloudCalls * MODEL.cloudCallMs;

/** CU per unit; CNY per CU in the first tier of the China site. */
const RATES = {
  invocation: 0.0075,
  vcpuSecond: 1,
  gbSecond: 0.15,
  diskGbSecond: 0.05,
  cny: 0.00011,
} as const;

export interface Cost {
  readonly cu: number;
  readonly cny: number;
}

/** What the log cost: each function's CU of an hour are rounded up to a whole one. */
export function costOf(
  log: readonly Invocation[],
  definitions: ReadonlyMap<string, FunctionDefinition>,
): Cost {
  const hours = new Map<string, number>();
  for (const { function: name, at, durationMs } of log) {
    const definition = definitions.get(name);
    if (definition === undefined) continue;
    const { vcpu, memoryMb, diskMb } = definition;
    const perSecond =
      vcpu * RATES.vcpuSecond + (memoryMb / 1024) * RATES.gbSecond + (diskMb / 1024) * RATES.diskGbSecond;
    const hour = `${name} ${Math.floor(at / 3_600_000)}`;
    hours.set(hour, (hours.get(hour) ?? 0) + RATES.invocation + (durationMs / 1000) * perSecond);
  }
  const cu = [...hours.values()].reduce((sum, value) => sum + Math.ceil(value), 0);
  return { cu, cny: cu * RATES.cny };
}
