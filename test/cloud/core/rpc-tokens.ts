/**
 * The memory behind ClientToken. Source: "How to ensure idempotence" of the ECS documentation.
 *
 * RPC-TOKEN-1. Same token, same parameters: the first result again, and no second effect.
 * RPC-TOKEN-2. Same token, other parameters: a refusal, spelled differently by each action.
 * RPC-TOKEN-3. A first call that failed for lack of stock fails permanently under that token: the failure is replayed.
 *     Any other failure leaves the token unused.
 * RPC-TOKEN-4. How long a token is remembered is documented nowhere; a day is our estimate, and a test may say otherwise.
 */
import { CloudFault } from "./kernel.ts";
import type { JsonObject } from "./rpc.ts";
import type { Timeline } from "./time.ts";

const LIFETIME_MS = 24 * 3_600_000;
const STOCK = new Set([
  "OperationDenied.NoStock",
  "Zone.NotOnSale",
  "Zone.NotOpen",
  "InvalidInstanceType.ZoneNotSupported",
]);

/** How one action spells its two complaints about tokens. */
export interface TokenRules {
  readonly mismatch: readonly [status: number, code: string];
  readonly malformed: readonly [status: number, code: string];
}

interface Remembered {
  readonly at: number;
  readonly asked: string;
  readonly outcome: JsonObject | CloudFault;
}

export class TokenMemory {
  readonly #time: Timeline;
  readonly #lifetimeMs: number;
  readonly #memory = new Map<string, Remembered>();

  /** @param lifetimeMs how long a token is remembered */
  constructor(time: Timeline, lifetimeMs = LIFETIME_MS) {
    this.#time = time;
    this.#lifetimeMs = lifetimeMs;
  }

  /** Runs `act` unless `params` carry a token that was used before. */
  once(
    action: string,
    params: Readonly<Record<string, string>>,
    rules: TokenRules,
    act: () => JsonObject,
  ): JsonObject {
    const token = params["ClientToken"];
    if (token === undefined || token === "") return act();
    if (!/^[\x20-\x7e]{1,64}$/.test(token)) {
      throw new CloudFault(...rules.malformed, "The ClientToken provided is invalid.");
    }
    const key = `${action} ${params["RegionId"] ?? ""} ${token}`;
    const asked = fingerprint(params);
    const seen = this.#memory.get(key);
    if (seen !== undefined && this.#time.now() - seen.at < this.#lifetimeMs) {
      if (seen.asked !== asked) {
        const [status, code] = rules.mismatch;
        throw new CloudFault(
          status,
          code,
          "The specified same token is trying to make requests with different parameters.",
        );
      }
      if (seen.outcome instanceof CloudFault) throw seen.outcome;
      return seen.outcome;
    }
    const remember = (outcome: JsonObject | CloudFault): void => {
      this.#memory.set(key, { at: this.#time.now(), asked, outcome });
    };
    try {
      const outcome = act();
      remember(outcome);
      return outcome;
    } catch (error) {
      if (error instanceof CloudFault && STOCK.has(error.code)) remember(error);
      throw error;
    }
  }
}

function fingerprint(params: Readonly<Record<string, string>>): string {
  const names = Object.keys(params).filter((name) => name !== "ClientToken");
  return JSON.stringify(names.toSorted().map((name) => [name, params[name]]));
}
