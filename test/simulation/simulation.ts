/** Everything that the parts of a simulation share, and questions about it. */
import type { Instance } from "../cloud/index.ts";
import type { ChannelServer } from "../support/channel.ts";
import type { Deployment } from "../support/deployment.ts";
import { hasEnded } from "../support/records.ts";
import { machines, tagsOf } from "../support/world.ts";

/** A request that Kiln has accepted. */
export interface Accepted {
  readonly run: string;
  /** For a request for instances: how many, and of which fleet. */
  readonly count?: number;
  readonly fleet?: string;
}

/** Promises that did not hold, and when each was first seen. */
export class Problems {
  readonly #seenAt = new Map<string, number>();
  readonly #now: () => number;

  /** @param now the cloud's time, epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(problem: string): void {
    if (!this.#seenAt.has(problem)) this.#seenAt.set(problem, this.#now());
  }

  list(): string[] {
    return [...this.#seenAt].map(([problem, at]) => `${new Date(at).toISOString().slice(0, 19)} ${problem}`);
  }
}

/** What the fleet whose size is kept was to have, at most and in all, and since when. */
interface Crew {
  readonly limits: { readonly at: number; readonly max: number }[];
  readonly desired: { readonly at: number; readonly desired: number }[];
  /** Members beyond its number that its last refresh could not end, at most its surge. */
  surplus: number;
  /** Since when a comparison has seen the same, while nothing is missing. */
  rest?: { readonly seen: string; readonly since: number } | undefined;
  /** Since when it has had fewer than its min, without a reason. */
  belowSince?: number | undefined;
}

/** Everything that the parts of a simulation share. */
export interface Simulation {
  readonly scenario: string;
  readonly kiln: Deployment;
  readonly channel: ChannelServer;
  /** A random number in [0, 1), from the seed. */
  readonly draw: () => number;
  readonly accepted: Accepted[];
  /** Since when the simulation lets an instance idle, by id. All others are busy. */
  readonly idleSince: Map<string, number>;
  /** Instances and snapshots that a user touched by hand: Kiln answers for them only as far as it can know. */
  readonly touched: Map<string, number>;
  /** When retention tagged an image for deletion, by id. */
  readonly markedAt: Map<string, number>;
  /** Calls of users: those to the cloud itself that are not answered yet, and the requests made so far. */
  readonly calls: { open: number; made: number };
  /** Names of the workflows whose script came to its end. */
  readonly finished: string[];
  readonly problems: Problems;
  readonly crew: Crew;
  /** Set once there are no faults any more. */
  calm?: true;
}

export const CHANNEL_SECRET = "channel-token-0123456789";
export const APPROVAL_SECRET = "approval-secret-0123456789";
/** The region that images are copied to. */
export const ABROAD = "cn-shanghai";
export const LINKS = "https://kiln.example";

export const allEnded = (kiln: Deployment): boolean => kiln.records().every(hasEnded);

/** Adds a problem for each run that is still at work. @param promise that it breaks */
export function reportUnended({ kiln, problems }: Simulation, promise: string): void {
  for (const { run, state, phase } of kiln.records().filter((record) => !hasEnded(record)))
    problems.add(`${promise}: ${run} is still ${state} in ${phase ?? "no phase"}`);
}

/** Members of a fleet, by the tags that Kiln gave them. */
export const membersOf = (kiln: Deployment, fleet: string): Readonly<Instance>[] =>
  machines(kiln).filter(({ instanceId }) => tagsOf(kiln, instanceId)["kiln:fleet"] === fleet);
