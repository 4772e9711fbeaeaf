/** Auto Scaling 2014-08-28 of the local cloud, as far as reading scaling configurations goes. Nothing is scaled. */
import { CloudFault, type Kernel, type WireRequest, type WireResponse } from "../core/kernel.ts";
import { Params } from "../core/params.ts";
import { RpcGate, type RpcAction } from "../core/rpc-gate.ts";
import type { JsonObject } from "../core/rpc.ts";

/** As the console creates it. */
export interface ScalingConfiguration {
  readonly regionId: string;
  readonly scalingConfigurationId: string;
  readonly scalingGroupId: string;
  readonly lifecycleState: "Active" | "Inactive";
  readonly imageId?: string;
  readonly imageName?: string;
  readonly imageFamily?: string;
}

/** https://www.alibabacloud.com/help/en/auto-scaling/developer-reference/api-describescalingconfigurations */
const PAGE = { usual: 10, most: 50 } as const;

export class ScalingService {
  readonly #gate: RpcGate;
  /** All that there are; tests add to it. */
  readonly configurations: ScalingConfiguration[] = [];
  readonly actions: readonly string[] = ["DescribeScalingConfigurations"];

  constructor(kernel: Kernel) {
    const describe: RpcAction = {
      ram: "ess:DescribeScalingConfigurations",
      resource: () => "*",
      run: (flat) => this.#describe(new Params(flat)),
    };
    const find = (name: string) => (name === "DescribeScalingConfigurations" ? describe : undefined);
    this.#gate = new RpcGate({ kernel, product: "ess", version: "2014-08-28", find, secrets: new Set() });
  }

  handle(request: WireRequest): Promise<WireResponse> {
    return this.#gate.handle(request);
  }

  #describe(params: Params): JsonObject {
    const region = params.text("RegionId");
    if (region === undefined)
      throw new CloudFault(400, "MissingParameter", "RegionId is mandatory for this action.");
    const group = params.text("ScalingGroupId");
    const number = Number(params.text("PageNumber") ?? 1);
    const size = Number(params.text("PageSize") ?? PAGE.usual);
    if (!(size >= 1 && size <= PAGE.most))
      throw new CloudFault(
        400,
        "InvalidParameter",
        "The specified value of parameter PageSize is not valid.",
      );
    const all = this.configurations.filter(
      ({ regionId, scalingGroupId }) => regionId === region && (group ?? scalingGroupId) === scalingGroupId,
    );
    return {
      TotalCount: all.length,
      PageNumber: number,
      PageSize: size,
      ScalingConfigurations: {
        ScalingConfiguration: all.slice((number - 1) * size, number * size).map(shown),
      },
    };
  }
}

const shown = (one: ScalingConfiguration): JsonObject => ({
  ScalingConfigurationId: one.scalingConfigurationId,
  ScalingGroupId: one.scalingGroupId,
  LifecycleState: one.lifecycleState,
  ...(one.imageId !== undefined && { ImageId: one.imageId }),
  ...(one.imageName !== undefined && { ImageName: one.imageName }),
  ...(one.imageFamily !== undefined && { ImageFamily: one.imageFamily }),
});
