/** BssOpenApi 2017-12-14 of the local cloud, as far as the account's balance goes. Nothing is charged. */
import type { Kernel, WireRequest, WireResponse } from "../core/kernel.ts";
import { RpcGate, type RpcAction } from "../core/rpc-gate.ts";

export class BillingService {
  /** Names of the actions it has. */
  readonly actions: readonly string[] = ["QueryAccountBalance"];
  readonly #gate: RpcGate;

  /** @param balance the account's balance at this moment, CNY */
  constructor(kernel: Kernel, balance: () => number) {
    // https://www.alibabacloud.com/help/en/user-center/developer-reference/api-bssopenapi-2017-12-14-queryaccountbalance
    const action: RpcAction = {
      ram: "bssapi:QueryAccountBalance",
      resource: () => "*",
      run: () => ({
        Code: "200",
        Message: "Successful!",
        Success: true,
        Data: { AvailableAmount: balance().toFixed(2), Currency: "CNY" },
      }),
    };
    const find = (name: string) => (this.actions.includes(name) ? action : undefined);
    this.#gate = new RpcGate({ kernel, product: "bss", version: "2017-12-14", find, secrets: new Set() });
  }

  handle(request: WireRequest): Promise<WireResponse> {
    return this.#gate.handle(request);
  }
}
