/**
 * The limits of calls: so many an hour for each credential, and so many changes a minute.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
import { hours, minutes } from "../../shared/duration.ts";

export interface Rates {
  /** Calls of one credential an hour. */
  readonly perHour: number;
  /** Requests that create something, a minute. */
  readonly changesPerMinute: number;
}

interface Window {
  readonly resetAt: number;
  used: number;
}

interface Counted {
  readonly headers: Record<string, string>;
  readonly refusal?: { readonly status: 403 | 429; readonly body: object };
}

export class Limits {
  /** Calls that came before the end of the wait that an earlier answer asked for. */
  early = 0;
  rates: Rates;
  readonly #now: () => number;
  readonly #hourly = new Map<string, Window>();
  readonly #changes = new Map<string, Window>();

  constructor(now: () => number, rates: Partial<Rates> = {}) {
    this.#now = now;
    this.rates = { perHour: 5000, changesPerMinute: 80, ...rates };
  }

  /** Counts one call and says whether it is one too many. */
  count(credential: string, method: string): Counted {
    const { perHour, changesPerMinute } = this.rates;
    const hourly = this.#window(this.#hourly, credential, hours(1));
    hourly.used++;
    const headers = {
      "x-ratelimit-limit": String(perHour),
      "x-ratelimit-remaining": String(Math.max(0, perHour - hourly.used)),
      "x-ratelimit-reset": String(Math.ceil(hourly.resetAt / 1000)),
    };
    if (hourly.used > perHour)
      return this.#refused(hourly.used - perHour, headers, 403, "API rate limit exceeded");
    if (method === "GET") return { headers };
    const changes = this.#window(this.#changes, credential, minutes(1));
    changes.used++;
    if (changes.used <= changesPerMinute) return { headers };
    const retry = { "retry-after": String(Math.ceil((changes.resetAt - this.#now()) / 1000)) };
    return this.#refused(
      changes.used - changesPerMinute,
      { ...headers, ...retry },
      429,
      "You have exceeded a secondary rate limit",
    );
  }

  #refused(beyond: number, headers: Record<string, string>, status: 403 | 429, message: string): Counted {
    // The first one could not know.
    if (beyond > 1) this.early++;
    return { headers, refusal: { status, body: { message } } };
  }

  #window(windows: Map<string, Window>, credential: string, lengthMs: number): Window {
    const found = windows.get(credential);
    if (found !== undefined && this.#now() < found.resetAt) return found;
    const window = { resetAt: this.#now() + lengthMs, used: 0 };
    windows.set(credential, window);
    return window;
  }
}
