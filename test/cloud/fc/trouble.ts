/** Trouble of asynchronous events: each method answers a way to stop it. */
import { refuseIf } from "../core/kernel.ts";

/** How long after the first delivery a duplicate follows, unless the test says otherwise. */
const DUPLICATE_AFTER_MS = 1000;

/** https://www.alibabacloud.com/help/en/functioncompute/error-codes */
const OBSTACLES = { 429: "ResourceExhausted", 500: "InternalServerError", 503: "ResourceThrottled" } as const;

/** Statuses of the platform instead of running an event: no instance, an error of its own, no machine. */
export type PlatformStatus = keyof typeof OBSTACLES;

export interface EventFacts {
  readonly function: string;
  readonly payload: string;
}

export type Matcher = (event: EventFacts) => boolean;

/** Milliseconds of the cloud's time for an event, 0 or more. */
export type WaitMs = (event: EventFacts) => number;

/** The settings of matchers of an event. */
const matching = <T>(entries: ReadonlyMap<Matcher, T>, facts: EventFacts): T[] =>
  [...entries].flatMap(([matches, value]) => (matches(facts) ? [value] : []));

export class Trouble {
  readonly #duplicates = new Map<Matcher, WaitMs>();
  readonly #delays = new Map<Matcher, WaitMs>();
  readonly #lost = new Set<Matcher>();
  readonly #obstacles = new Map<Matcher, PlatformStatus>();

  /** Answers `status` to deliveries of matching events, as long as they match. */
  obstruct(matcher: Matcher, status: PlatformStatus): () => void {
    this.#obstacles.set(matcher, status);
    return () => this.#obstacles.delete(matcher);
  }

  /** Delivers matching events twice, the second time so much after the first was due. */
  duplicate(matcher: Matcher, afterMs: number | WaitMs = DUPLICATE_AFTER_MS): () => void {
    this.#duplicates.set(matcher, typeof afterMs === "number" ? () => afterMs : afterMs);
    return () => this.#duplicates.delete(matcher);
  }

  /** Delivers matching events so much later than due: later events overtake them. */
  delay(matcher: Matcher, byMs: WaitMs): () => void {
    this.#delays.set(matcher, byMs);
    return () => this.#delays.delete(matcher);
  }

  /** Accepts matching events and never delivers them: what the platform promises not to do, and may. */
  lose(matcher: Matcher): () => void {
    this.#lost.add(matcher);
    return () => this.#lost.delete(matcher);
  }

  isLost(facts: EventFacts): boolean {
    return [...this.#lost].some((matches) => matches(facts));
  }

  /** By how much the delivery of an event is late. */
  delayMs(facts: EventFacts): number {
    return matching(this.#delays, facts).reduce((sum, byMs) => sum + byMs(facts), 0);
  }

  /** How long after its first delivery an event is delivered again, if it is. */
  duplicateAfterMs(facts: EventFacts): number | undefined {
    return matching(this.#duplicates, facts)[0]?.(facts);
  }

  /** @throws CloudFault for an event that a test obstructs. */
  refuseObstructed(facts: EventFacts): void {
    for (const [matches, status] of this.#obstacles) {
      refuseIf(matches(facts), status, OBSTACLES[status], `function '${facts.function}' cannot be run now`);
    }
  }
}
