/** ECS 2014-05-26 of the local cloud: the gate in front, the actions behind it, the world beneath. */
import { CloudFault } from "../core/kernel.ts";
import type { Kernel, WireRequest, WireResponse } from "../core/kernel.ts";
import type { InstanceReader } from "../core/metering.ts";
import { RpcGate } from "../core/rpc-gate.ts";
import type { RpcAction } from "../core/rpc-gate.ts";
import type { Call, EcsAction } from "./action.ts";
import { ACTIONS } from "./actions.ts";
import type { ObjectLookup } from "./objects.ts";
import { Params } from "../core/params.ts";
import { LISTS } from "./read-model.ts";
import { meteringOf } from "./metering.ts";
import { World } from "./world.ts";

export type { ObjectLookup } from "./objects.ts";

const SECRETS = new Set(["Password", "UserData", "CommandContent"]);

export class EcsService {
  readonly world: World;
  /** Names of the actions it has. */
  readonly actions: readonly string[] = Object.keys(ACTIONS);
  /** The instances as CloudMonitor sees them. */
  readonly metering: InstanceReader;
  readonly #gate: RpcGate;
  readonly #objects: ObjectLookup;

  /** @param tokenMs how long a ClientToken is remembered; default a day. */
  constructor(kernel: Kernel, objects: ObjectLookup, tokenMs?: number) {
    this.world = new World(kernel);
    this.metering = meteringOf(this.world);
    this.#objects = objects;
    const table = new Map<string, RpcAction>();
    for (const [name, action] of Object.entries(ACTIONS)) table.set(name, this.#adapt(name, action));
    this.#gate = new RpcGate({
      kernel,
      product: "ecs",
      version: "2014-05-26",
      find: (action) => table.get(action),
      secrets: SECRETS,
      tokenMs,
    });
  }

  /** Throttles one action to so many calls a minute (and region); nothing is throttled unless asked for. */
  limit(action: string, callsPerMinute: number): void {
    this.#gate.limit(action, callsPerMinute);
  }

  /** Status 0 in the answer means: break the connection. */
  handle(request: WireRequest): Promise<WireResponse> {
    return this.#gate.handle(request);
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
          world: LISTS.has(name) ? world.shown : world,
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
