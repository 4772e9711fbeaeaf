/**
 * What happens around every RPC action, in the cloud's order: decode, who, find the action, may they, injected faults, throttling, the ClientToken's memory, then the action itself, and the call log.
 *
 * RPC-CHECK-1. A refusal before the action leaves no trace but a line in the call log.
 * RPC-CHECK-2. A fault of kind `after` lets the effect happen and loses the answer: status 0 means "break the
 *     connection".
 * RPC-CHECK-3. A throttled action stays refused until the window ends, whatever the pace within it.
 * RPC-CHECK-4. A failure in our own code is loud: a stack on stderr and InternalError, never a quiet 200.
 */
import { CallerAway, CloudFault, keptBack, lostAnswer } from "./kernel.ts";
import type { Fault, Kernel, Principal, Product, WireRequest, WireResponse } from "./kernel.ts";
import { decodeRpc, renderRpc, renderRpcFault } from "./rpc.ts";
import type { JsonObject, RpcRequest } from "./rpc.ts";
import { TokenMemory } from "./rpc-tokens.ts";
import type { TokenRules } from "./rpc-tokens.ts";

/** One action as the gate sees it. */
export interface RpcAction {
  /** The RAM action, e.g. `ecs:RunInstances`. */
  readonly ram: string | undefined;
  readonly resource: (params: Readonly<Record<string, string>>) => string;
  /** Present when the action takes a ClientToken. */
  readonly tokens?: TokenRules;
  readonly run: (params: Readonly<Record<string, string>>, principal: Principal) => JsonObject;
}

export interface RpcGateOptions {
  readonly kernel: Kernel;
  readonly product: Product;
  readonly version: string;
  readonly find: (action: string) => RpcAction | undefined;
  /** How long a ClientToken is remembered; default a day. */
  readonly tokenMs?: number | undefined;
  /** Parameters whose values never reach the call log. */
  readonly secrets: ReadonlySet<string>;
}

interface Window {
  readonly calls: number;
  readonly windowMs: number;
  startAt: number;
  used: number;
}

export class RpcGate {
  readonly #options: RpcGateOptions;
  readonly #tokens: TokenMemory;
  readonly #windows = new Map<string, Window>();
  readonly #limits = new Map<string, { calls: number; windowMs: number }>();

  constructor(options: RpcGateOptions) {
    this.#options = options;
    this.#tokens = new TokenMemory(options.kernel.time, options.tokenMs);
  }

  /** Throttles `action` to `calls` per region and window; no action is throttled unless asked for. */
  limit(action: string, calls: number, windowMs = 60_000): void {
    this.#limits.set(action, { calls, windowMs });
    for (const key of this.#windows.keys()) if (key.startsWith(`${action} `)) this.#windows.delete(key);
  }

  async handle(request: WireRequest): Promise<WireResponse> {
    const { kernel, product } = this.#options;
    const call = decodeRpc(request);
    const requestId = kernel.requestId();
    let role: string | undefined;
    let injected: Fault | undefined;
    let fault: CloudFault | undefined;
    let response: WireResponse;
    try {
      // First: a caller with a wrong key learns that, and not which actions there are.
      const principal = kernel.authenticate(request, product);
      role = principal.role;
      const action = this.#lookUp(call);
      if (action.ram !== undefined) kernel.authorize(principal, action.ram, action.resource(call.params));
      injected = await kernel.faultFor(product, call.action, call.params);
      if (injected?.kind === "before") throw injected.fault ?? unavailable();
      this.#throttle(call);
      response = renderRpc(
        call,
        requestId,
        this.#runWith(injected, () => this.#run(call, action, principal)),
      );
      if (injected !== undefined && injected.kind !== "crash") {
        response = lostAnswer(injected, (refusal) => renderRpcFault(call, requestId, refusal));
      }
    } catch (error) {
      if (error instanceof CallerAway) throw error;
      fault = error instanceof CloudFault ? error : loudly(error, call.action);
      response = keptBack(injected) ?? renderRpcFault(call, requestId, fault);
    }
    kernel.record({
      at: kernel.time.now(),
      product,
      action: call.action,
      role,
      status: Math.max(0, response.status),
      ...(fault === undefined ? {} : { code: fault.code }),
      params: this.#shorten(call.params),
    });
    return response;
  }

  #lookUp(call: RpcRequest): RpcAction {
    const action = this.#options.find(call.action);
    if (action === undefined) {
      throw new CloudFault(
        404,
        "InvalidAction.NotFound",
        `Specified api is not found, please check your url and method.`,
      );
    }
    if (call.version !== this.#options.version) {
      throw new CloudFault(400, "InvalidVersion", "Specified parameter Version is not valid.");
    }
    return action;
  }

  /** Runs an action now, or later without an answer. */
  #runWith({ kind, lateMs = 0 }: Partial<Fault> = {}, run: () => JsonObject): JsonObject {
    if (kind !== "late") return run();
    this.#options.kernel.time.after(lateMs, { label: "late effect" }, () => {
      try {
        run();
      } catch (error) {
        if (!(error instanceof CloudFault)) throw error;
      }
    });
    return {};
  }

  #run(call: RpcRequest, action: RpcAction, principal: Principal): JsonObject {
    const act = (): JsonObject => action.run(call.params, principal);
    if (action.tokens === undefined) return act();
    return this.#tokens.once(call.action, call.params, action.tokens, act);
  }

  #throttle(call: RpcRequest): void {
    const limit = this.#limits.get(call.action);
    if (limit === undefined) return;
    const now = this.#options.kernel.time.now();
    const startAt = Math.floor(now / limit.windowMs) * limit.windowMs;
    const key = `${call.action} ${call.params["RegionId"] ?? ""}`;
    const window = this.#windows.get(key) ?? { ...limit, startAt, used: 0 };
    this.#windows.set(key, window);
    if (window.startAt !== startAt) Object.assign(window, { startAt, used: 0 });
    if (window.used >= limit.calls) {
      throw new CloudFault(400, "Throttling.User", "Request was denied due to user flow control.");
    }
    window.used++;
  }

  #shorten(params: Readonly<Record<string, string>>): Record<string, string> {
    const kept: Record<string, string> = {};
    for (const [name, value] of Object.entries(params)) {
      if (this.#options.secrets.has(name)) kept[name] = `(${value.length} characters)`;
      else kept[name] = value.length > 2048 ? `${value.slice(0, 2048)}…` : value;
    }
    return kept;
  }
}

const unavailable = (): CloudFault =>
  new CloudFault(
    503,
    "ServiceUnavailable",
    "The request has failed due to a temporary failure of the server.",
  );

function loudly(error: unknown, action: string): CloudFault {
  process.stderr.write(
    `the local cloud failed in ${action}: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return new CloudFault(500, "InternalError", "The request processing has failed due to some unknown error.");
}
