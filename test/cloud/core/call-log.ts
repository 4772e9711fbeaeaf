/** The calls that the local cloud served, as an audit trail: who called which action, and the answer. */
import type { Call, Product } from "./kernel.ts";

/** Which calls; a field that is left out matches every call. */
export interface CallFilter {
  readonly product?: Product;
  /** Names of actions. */
  readonly action?: string | readonly string[];
  /** HTTP status of the answer; 200 leaves out refused calls. */
  readonly status?: number;
  /** Calls from this instant on, epoch milliseconds. */
  readonly fromAt?: number;
}

export class CallLog {
  readonly #calls: Call[] = [];

  record(call: Call): void {
    this.#calls.push(call);
  }

  /** How many calls match. */
  count(filter: CallFilter = {}): number {
    return this.entries(filter).length;
  }

  /** The calls that match, oldest first. Secrets are left out of their parameters. */
  entries({ product, action, status, fromAt }: CallFilter = {}): readonly Call[] {
    const actions = typeof action === "string" ? [action] : action;
    return this.#calls.filter(
      (call) =>
        (product ?? call.product) === call.product &&
        (actions?.includes(call.action) ?? true) &&
        (status ?? call.status) === call.status &&
        call.at >= (fromAt ?? call.at),
    );
  }
}
