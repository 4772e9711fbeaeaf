/** ECS 2014-05-26 of the stand-in: the gate in front, the actions behind it, the world beneath. */
import { CloudFault } from "../kernel.ts";
import type { Kernel, WireRequest, WireResponse } from "../kernel.ts";
import { RpcGate } from "../rpc-gate.ts";
import type { RpcAction } from "../rpc-gate.ts";
import type { Call, EcsAction } from "./action.ts";
import { ACTIONS } from "./actions.ts";
import type { ObjectLookup } from "./objects.ts";
import { Params } from "./params.ts";
import { World } from "./world.ts";

export type { ObjectLookup } from "./objects.ts";

const SECRETS = new Set(["Password", "UserData", "CommandContent"]);

export class EcsService {
  readonly world: World;
  readonly #gate: RpcGate;
  readonly #objects: ObjectLookup;

  constructor(kernel: Kernel, objects: ObjectLookup) {
    this.world = new World(kernel);
    this.#objects = objects;
    const table = new Map<string, RpcAction>();
    for (const [name, action] of Object.entries(ACTIONS)) table.set(name, this.#adapt(name, action));
    this.#gate = new RpcGate({
      kernel,
      product: "ecs",
      version: "2014-05-26",
      find: (action) => table.get(action),
      secrets: SECRETS,
    });
  }

  /** Throttles one action to so many calls a minute (and region); nothing is throttled unless asked for. */
  limit(action: string, callsPerMinute: number): void {
    this.#gate.limit(action, callsPerMinute);
  }

  /** Status 0 in the answer means: break the connection. */
  handle(request: WireRequest): Promise<WireResponse> {
    return Promise.resolve(this.#gate.handle(request));
  }

  #adapt(name: string, action: EcsAction): RpcAction {
    const { world } = this;
    const { region: home, accountId } = world.kernel;
    return {
      ram: `ecs:${name}`,
      resource: (params) => `acs:ecs:${params["RegionId"] ?? home}:${accountId}:*`,
      ...(action.tokens === undefined ? {} : { tokens: action.tokens }),
      run: (flat, principal) => {
        const params = new Params(flat);
        const call: Call = {
          world,
          objects: this.#objects,
          principal,
          params,
          ...this.#region(action, params),
        };
        return action.run(call);
      },
    };
  }

  #region(action: EcsAction, params: Params): Pick<Call, "regionId" | "isRegional"> {
    const need = action.region ?? "required";
    const given = need === "required" ? params.need("RegionId") : params.text("RegionId");
    if (need === "none" || given === undefined)
      return { regionId: this.world.kernel.region, isRegional: false };
    if (!this.world.regions.has(given)) {
      throw new CloudFault(
        action.regionStatus ?? 404,
        "InvalidRegionId.NotFound",
        "The RegionId provided does not exist.",
      );
    }
    return { regionId: given, isRegional: true };
  }
}
