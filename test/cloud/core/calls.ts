/** The call being served, and the faults to inject into calls. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Fault, Principal, Product } from "./kernel.ts";

/** What is known about the request being served, wherever in its handling one is. */
export interface Exchange {
  readonly product: Product;
  principal: Principal | undefined;
  /** A `crash` fault hit it: the caller's instance ends when the effect is done. */
  crash: boolean;
}

/** The request a piece of code works for; absent for direct calls from a test. */
export const exchange = new AsyncLocalStorage<Exchange>();

/** Faults in force. A match counter per fault tells `when` which call it is looking at. */
export class Faults {
  readonly #entries = new Map<Fault, { matches: number }>();

  /** From now on matching calls are hit; answers a function that ends it. */
  add(fault: Fault): () => void {
    this.#entries.set(fault, { matches: 0 });
    return () => this.#entries.delete(fault);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The first fault that hits this call; every fault for the action counts it. */
  match(product: Product, action: string, params: Readonly<Record<string, string>>): Fault | undefined {
    let hit: Fault | undefined;
    for (const [fault, entry] of this.#entries) {
      if (fault.product !== product || fault.action !== action) continue;
      const n = entry.matches++;
      if (hit === undefined && (fault.when?.(params, n) ?? true)) hit = fault;
    }
    return hit;
  }
}
