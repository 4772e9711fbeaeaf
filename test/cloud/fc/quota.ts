/**
 * How many instances may run at once.
 *
 * QUOTA-1. A function with a reservation has so many instances for itself, and no more. The others share what no function
 *     has reserved.
 */
import { CloudFault } from "../core/kernel.ts";
import type { Registry } from "./registry.ts";

/** Of the account's instances functions may reserve so much in all. */
const RESERVABLE = 0.9;

export class Quota {
  readonly #registry: Registry;
  readonly #accountInstances: () => number;
  /** Invocations of a function, those included whose instance is still starting. */
  readonly #running = new Map<string, number>();

  constructor(registry: Registry, accountInstances: () => number) {
    this.#registry = registry;
    this.#accountInstances = accountInstances;
  }

  /** Instances that functions have reserved. */
  reserved(): number {
    const all = [...this.#registry.definitions.values()];
    return all.reduce((sum, { reservedConcurrency = 0 }) => sum + reservedConcurrency, 0);
  }

  /** Instances that functions may reserve in all. */
  reservable(): number {
    return Math.floor(this.#accountInstances() * RESERVABLE);
  }

  /** Counts an instance of a function until the answer is called. @throws CloudFault 429 when all are in use. */
  enter(name: string): () => void {
    const cap = this.#reservationOf(name) ?? this.#accountInstances() - this.reserved();
    if (this.#inUse(name) >= cap) {
      throw new CloudFault(429, "ResourceExhausted", `function '${name}' has no instance left of ${cap}`);
    }
    this.#count(name, 1);
    return () => this.#count(name, -1);
  }

  #count(name: string, by: number): void {
    this.#running.set(name, (this.#running.get(name) ?? 0) + by);
  }

  /** Busy instances that count for a function: its own, or those of all functions without a reservation. */
  #inUse(name: string): number {
    if (this.#reservationOf(name) !== undefined) return this.#running.get(name) ?? 0;
    const shared = [...this.#running].filter(([other]) => this.#reservationOf(other) === undefined);
    return shared.reduce((sum, [, count]) => sum + count, 0);
  }

  #reservationOf(name: string): number | undefined {
    return this.#registry.definitions.get(name)?.reservedConcurrency;
  }
}
