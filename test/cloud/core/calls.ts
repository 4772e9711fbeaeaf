/** The call being served, and the faults to inject into calls. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Aim, Fault, Interleaving, Principal, Product } from "./kernel.ts";

/** What is known about the request being served, wherever in its handling one is. */
export interface Exchange {
  readonly product: Product;
  principal: Principal | undefined;
  /** A `crash` fault hit it: the caller's instance ends when the effect is done. */
  crash: boolean;
  /** To be done before the answer leaves. */
  readonly afterwards: (() => void | Promise<void>)[];
}

/** The request a piece of code works for; absent for direct calls from a test. */
export const exchange = new AsyncLocalStorage<Exchange>();

/** What is aimed at calls. A match counter for each tells `when` which call it is looking at. */
class Aimed<T extends Aim> {
  readonly #entries = new Map<T, { readonly actions: ReadonlySet<string> | undefined; matches: number }>();

  add(entry: T): () => void {
    const { action } = entry;
    const actions = action === undefined ? undefined : new Set([action].flat());
    this.#entries.set(entry, { actions, matches: 0 });
    return () => this.#entries.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** What hits this call, in the order of adding; all that match are counted. */
  hits(product: Product, action: string, params: Readonly<Record<string, string>>): T[] {
    const hits: T[] = [];
    for (const [entry, aimed] of this.#entries) {
      if (entry.product !== product || aimed.actions?.has(action) === false) continue;
      if (entry.when?.(params, aimed.matches++) ?? true) hits.push(entry);
    }
    return hits;
  }
}

/** Faults and other clients, as tests inject them. */
export class Faults {
  readonly #faults = new Aimed<Fault>();
  readonly #interleavings = new Aimed<Interleaving>();

  /** From now on matching calls are hit; answers a function that ends it. */
  add(fault: Fault): () => void {
    return this.#faults.add(fault);
  }

  /** From now on something happens before or after matching calls; answers a function that ends it. */
  interleave(interleaving: Interleaving): () => void {
    return this.#interleavings.add(interleaving);
  }

  clear(): void {
    this.#faults.clear();
    this.#interleavings.clear();
  }

  /** Lets happen what comes before a call, notes what comes after it, and answers the first fault that hits it. */
  async meet(
    product: Product,
    action: string,
    params: Readonly<Record<string, string>>,
  ): Promise<Fault | undefined> {
    const [fault] = this.#faults.hits(product, action, params);
    const state = exchange.getStore();
    if (state !== undefined && fault?.kind === "crash") state.crash = true;
    for (const { before, after } of this.#interleavings.hits(product, action, params)) {
      if (after !== undefined) state?.afterwards.push(() => after(params));
      await before?.(params);
    }
    return fault;
  }
}
