/** The answers of the API for the page. A part that cannot be read is a problem of that part, and never looks like nothing. */
import { minutes, seconds } from "../../shared/duration.ts";
import { messageOf } from "../../shared/errors.ts";
import { ANSWER, parseReply, refusedBy, type Answer } from "../answers.ts";
import type { Client } from "../client.ts";
import type { Io } from "../command.ts";
import { readPlan, type Plan } from "../plan.ts";
import { hasEnded, type RunDetails } from "../runs.ts";

/** An answer, or why there is none. */
export type Loaded<T> = { readonly facts: T } | { readonly problem: string };

/** Several tabs and sections ask for the same within moments; each question costs the deployment calls of the cloud. */
const FRESH_MS = seconds(5);
/** Answers that never change again. */
const FOREVER_MS = Number.POSITIVE_INFINITY;
const PLAN_MS = minutes(2);
/** For how long a page waits for the plan, and for any other part. What comes later is in the next look. */
const PLAN_PATIENCE_MS = seconds(2);
const PATIENCE_MS = seconds(4);
/** For so long an answer is shown in place of a late one: some looks. */
const YOUNG_MS = seconds(30);
/** The problem of a part that has not come within that time. */
export const SLOW = "the API has not answered within 4 seconds; the next look asks again";
/** Answers that are kept. */
const KEPT_MAX = 500;

interface Remembered {
  readonly answer: Promise<unknown>;
  /** Until when it is not asked for again, by the clock of this machine. */
  until: number;
}

export class Source {
  readonly #client: Client;
  readonly #now: () => number;
  readonly #sleep: Io["sleep"];
  readonly #remembered = new Map<string, Remembered>();
  /** The newest answer of each path, and when it came. */
  readonly #newest = new Map<string, { readonly answer: unknown; readonly at: number }>();
  /** The newest plan, and what had been seen of the deployment when it was asked for. */
  #plan: { readonly seen: string; readonly found?: Loaded<Plan> } = { seen: "" };
  /** How far the clock of the deployment is before this machine's. */
  #aheadMs = 0;

  constructor(client: Client, { now, sleep }: Pick<Io, "now" | "sleep">) {
    this.#client = client;
    this.#now = now;
    this.#sleep = sleep;
  }

  /** An instant of this machine by the clock of the deployment, which may be another, and on a local cloud runs faster. */
  serverNow(at: number): number {
    return at + this.#aheadMs;
  }

  /** The JSON of a path of the API. @param freshMs for how long an answer is shown again */
  get<T extends object>(
    answer: Answer<T>,
    path: string,
    freshMs = FRESH_MS,
  ): Promise<Loaded<T & { readonly serverAt: number }>> {
    return this.#inTime(
      path,
      this.#once(
        path,
        () => this.#read(answer, path),
        () => freshMs,
      ),
    );
  }

  /**
   * The plan of the next 24 hours. It may take longer to read than a page should; then the one before is shown, and the next page
   * has it. @param seen of what else is shown: a plan that was made for other facts is asked for again
   */
  async plan(seen: string): Promise<Loaded<Plan> | "later"> {
    if (seen !== this.#plan.seen) {
      this.#plan = { ...this.#plan, seen };
      this.#remembered.delete("plan");
    }
    const read = loaded(
      this.#once(
        "plan",
        () => readPlan(this.#client),
        () => PLAN_MS,
      ),
    ).then((found) => {
      if (this.#plan.seen === seen) this.#plan = { seen, found };
      return found;
    });
    return Promise.race([read, this.#sleep(PLAN_PATIENCE_MS).then(() => this.#plan.found ?? "later")]);
  }

  /** An answer. Where it takes too long, the one before if that is young; the question goes on, for the next look. */
  #inTime<T>(path: string, answer: Promise<T>): Promise<Loaded<T>> {
    const before = this.#newest.get(path);
    const late = (): Loaded<T> =>
      before !== undefined && this.#now() - before.at < YOUNG_MS
        ? // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one path has one kind of answer
          { facts: before.answer as T }
        : { problem: SLOW };
    return Promise.race([loaded(answer), this.#sleep(PATIENCE_MS).then(late)]);
  }

  /** Sends a request that changes something, and forgets what was read before it. @throws CommandError */
  async change(path: string, body: object): Promise<{ readonly run?: string }> {
    const reply = await this.#client.send("webhook", "POST", path, { body: JSON.stringify(body) });
    for (const remembered of this.#remembered.values())
      if (remembered.until !== Number.POSITIVE_INFINITY) remembered.until = 0;
    return parseReply(ANSWER.changed, reply, [200, 202]);
  }

  /** A run. One that has ended stays as it is. */
  run(run: string): Promise<Loaded<RunDetails & { readonly serverAt: number }>> {
    const path = `/runs/${run}`;
    return this.#inTime(
      path,
      this.#once(
        path,
        () => this.#read(ANSWER.run, path),
        (one) => (hasEnded(one) ? FOREVER_MS : FRESH_MS),
      ),
    );
  }

  /** The JSON of a path that never changes again. */
  keep<T extends object>(answer: Answer<T>, path: string): Promise<Loaded<T>> {
    return this.#inTime(
      path,
      this.#once<T>(
        path,
        () => this.#read(answer, path),
        () => FOREVER_MS,
      ),
    );
  }

  /** The output of a command. One that has ended stays as it is. */
  output(run: string, name: string, hasEnded: boolean): Promise<Loaded<string>> {
    const path = `/runs/${run}/logs/${name}`;
    const read = async () => {
      const reply = await this.#client.send("api", "GET", path);
      if (reply.status !== 200) throw refusedBy(reply);
      return reply.text;
    };
    return this.#inTime(
      path,
      this.#once(path, read, () => (hasEnded ? FOREVER_MS : FRESH_MS)),
    );
  }

  async #read<T extends object>(of: Answer<T>, path: string) {
    const answer = await this.#client.get(of, path);
    this.#aheadMs = answer.serverAt - this.#now();
    return answer;
  }

  #once<T>(path: string, read: () => Promise<T>, freshMs: (answer: T) => number): Promise<T> {
    const known = this.#remembered.get(path);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one path has one kind of answer
    if (known !== undefined && this.#now() < known.until) return known.answer as Promise<T>;
    const remembered: Remembered = { answer: read(), until: Number.POSITIVE_INFINITY };
    put(this.#remembered, path, remembered);
    return this.#settled(path, remembered, freshMs);
  }

  async #settled<T>(path: string, remembered: Remembered, freshMs: (answer: T) => number): Promise<T> {
    let forMs = FRESH_MS;
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by `read` of the same call
      const answer = (await remembered.answer) as T;
      forMs = freshMs(answer);
      put(this.#newest, path, { answer, at: this.#now() });
      return answer;
    } finally {
      remembered.until = this.#now() + forMs;
    }
  }
}

/** Sets a value; beyond KEPT_MAX the oldest goes. */
function put<T>(into: Map<string, T>, path: string, value: T): void {
  into.delete(path);
  into.set(path, value);
  const [oldest] = into.keys();
  if (into.size > KEPT_MAX && oldest !== undefined) into.delete(oldest);
}

async function loaded<T>(answer: Promise<T>): Promise<Loaded<T>> {
  try {
    return { facts: await answer };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** An answer in another form; a problem stays one. */
export const mapped = <T, U>(from: Loaded<T>, to: (facts: T) => U): Loaded<U> =>
  "facts" in from ? { facts: to(from.facts) } : from;
