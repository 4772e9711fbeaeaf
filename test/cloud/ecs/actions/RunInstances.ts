/** Creates and starts up to 100 instances. */
import type { EcsAction } from "../action.ts";
import { COMMON_TOKENS } from "../action.ts";
import { launch } from "../launch.ts";
import { readLaunch } from "../launch-spec.ts";
import { withTemplate } from "../launch-template.ts";

export const RunInstances: EcsAction = {
  tokens: COMMON_TOKENS,
  run: ({ world, principal, params, regionId }) => {
    const spec = readLaunch(
      { world, principal, regionId, params: withTemplate(world, regionId, params) },
      true,
    );
    const { instances, price, orderId } = launch(world, spec);
    return {
      InstanceIdSets: { InstanceIdSet: instances.map((instance) => instance.instanceId) },
      TradePrice: price,
      OrderId: orderId,
    };
  },
};
