/** Auto Scaling 2014-08-28 of the local cloud, as far as reading scaling configurations and changing their image goes. Nothing is scaled. */
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
  imageId?: string;
  readonly imageName?: string;
  readonly imageFamily?: string;
}

/** https://www.alibabacloud.com/help/en/auto-scaling/developer-reference/api-describescalingconfigurations */
const PAGE = { usual: 10, most: 50 } as const;

export class ScalingService {
  readonly #gate: RpcGate;
  /** All that there are; tests add to it. */
  readonly configurations: ScalingConfiguration[] = [];
  readonly actions: readonly string[];

  /** `hasImage`: whether there is an image of this id in a region. */
  constructor(kernel: Kernel, hasImage: (regionId: string, imageId: string) => boolean) {
    const runs: Readonly<Record<string, (params: Params) => JsonObject>> = {
      DescribeScalingConfigurations: (params) => this.#describe(params),
      ModifyScalingConfiguration: (params) => this.#modify(params, hasImage),
    };
    this.actions = Object.keys(runs);
    const find = (name: string): RpcAction | undefined => {
      const run = runs[name];
      return run && { ram: `ess:${name}`, resource: () => "*", run: (flat) => run(new Params(flat)) };
    };
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
    const ids = params.list("ScalingConfigurationId");
    const all = this.configurations.filter(
      ({ regionId, scalingGroupId, scalingConfigurationId: id }) =>
        regionId === region &&
        (group ?? scalingGroupId) === scalingGroupId &&
        (ids.length === 0 || ids.includes(id)),
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

  /**
   * The image alone; other parameters are not known here. It has no RegionId, the address says which region, and only one
   * address is simulated: an id is unique in the cloud.
   * https://www.alibabacloud.com/help/en/auto-scaling/developer-reference/api-ess-2014-08-28-modifyscalingconfiguration
   */
  #modify(params: Params, hasImage: (regionId: string, imageId: string) => boolean): JsonObject {
    const unknown = Object.keys(params.flat).find((name) => !MODIFIED.has(name));
    if (unknown !== undefined) throw new CloudFault(400, "InvalidParameter", `${unknown} is not simulated.`);
    const id = params.need("ScalingConfigurationId");
    const found = this.configurations.find((one) => one.scalingConfigurationId === id);
    if (found === undefined)
      throw new CloudFault(
        404,
        "InvalidScalingConfigurationId.NotFound",
        "The specified scaling configuration does not exist.",
      );
    const imageId = params.text("ImageId");
    if (imageId === undefined) return {};
    // "If you specify ImageId, you cannot specify ImageFamily."
    if (found.imageFamily !== undefined)
      throw new CloudFault(400, "InvalidParameter", "ImageId and ImageFamily exclude each other.");
    if (!hasImage(found.regionId, imageId))
      throw new CloudFault(404, "InvalidImageId.NotFound", "The specified image does not exist.");
    found.imageId = imageId;
    return {};
  }
}

const MODIFIED = new Set(["ScalingConfigurationId", "ImageId"]);

const shown = (one: ScalingConfiguration): JsonObject => ({
  ScalingConfigurationId: one.scalingConfigurationId,
  ScalingGroupId: one.scalingGroupId,
  LifecycleState: one.lifecycleState,
  ...(one.imageId !== undefined && { ImageId: one.imageId }),
  ...(one.imageName !== undefined && { ImageName: one.imageName }),
  ...(one.imageFamily !== undefined && { ImageFamily: one.imageFamily }),
});
