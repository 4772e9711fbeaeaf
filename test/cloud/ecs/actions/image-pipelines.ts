/**
 * Image templates of Image Builder, as far as their source goes. Nothing is built.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createimagepipeline
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeimagepipelines
 */
import { pageByToken } from "../../core/paging.ts";
import { invalid } from "../../core/params.ts";
import type { EcsAction } from "../action.ts";
import { toMinute } from "../instant.ts";
import type { ImagePipeline } from "../records.ts";

const SOURCES = new Set(["IMAGE", "IMAGE_FAMILY", "OSS"]);
const PAGES = { min: 1, usual: 50, max: 500 };

export const CreateImagePipeline: EcsAction = {
  run: ({ world, params, regionId }) => {
    const baseImageType = params.need("BaseImageType");
    if (!SOURCES.has(baseImageType)) throw invalid("BaseImageType");
    const pipeline: ImagePipeline = {
      imagePipelineId: world.kernel.id("ip-"),
      seq: world.pipelines.size + 1,
      regionId,
      name: params.text("Name") ?? "",
      createdAt: world.now(),
      baseImageType,
      baseImage: baseImageType === "OSS" ? undefined : params.need("BaseImage"),
    };
    world.pipelines.set(pipeline.imagePipelineId, pipeline);
    return { ImagePipelineId: pipeline.imagePipelineId };
  },
};

export const DescribeImagePipelines: EcsAction = {
  region: "required",
  run: ({ world, params, regionId }) => {
    const ids = params.list("ImagePipelineId");
    const keep = (one: ImagePipeline): boolean =>
      one.regionId === regionId && (ids.length === 0 || ids.includes(one.imagePipelineId));
    const { items, nextToken } = pageByToken(params, world.pipelines.values(), keep, PAGES);
    return {
      ImagePipeline: {
        ImagePipelineSet: items.map(({ imagePipelineId, name, createdAt, baseImageType, baseImage }) => ({
          ImagePipelineId: imagePipelineId,
          Name: name,
          CreationTime: toMinute(createdAt),
          BaseImageType: baseImageType,
          ...(baseImage !== undefined && { BaseImage: baseImage }),
        })),
      },
      NextToken: nextToken,
      MaxResults: params.int("MaxResults") ?? PAGES.usual,
      TotalCount: items.length,
    };
  },
};
