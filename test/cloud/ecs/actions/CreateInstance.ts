/** The older way: one instance, which stays Stopped and has no public address. */
import type { EcsAction } from "../action.ts";
import { COMMON_TOKENS } from "../action.ts";
import { launch } from "../launch.ts";
import { readLaunch } from "../launch-spec.ts";

export const CreateInstance: EcsAction = {
  tokens: COMMON_TOKENS,
  run: ({ world, principal, params, regionId }) => {
    const spec = readLaunch({ world, principal, regionId, params }, false);
    const { instances, price, orderId } = launch(world, spec);
    return { InstanceId: instances[0]?.instanceId, TradePrice: price, OrderId: orderId };
  },
};
