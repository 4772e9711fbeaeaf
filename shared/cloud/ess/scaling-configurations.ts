/** Which images the scaling configurations of Auto Scaling name. */
import * as z from "zod/mini";
import { action, send, type CloudClient } from "../client.ts";
import { byNumber } from "../ecs/pages.ts";

const DescribeScalingConfigurations = { ...action("DescribeScalingConfigurations"), product: "ess" } as const;

const pageAnswer = () =>
  z.looseObject({
    TotalCount: z.int(),
    ScalingConfigurations: z.looseObject({
      ScalingConfiguration: z.array(
        z.looseObject({
          ScalingConfigurationId: z.string(),
          ScalingGroupId: z.string(),
          ImageId: z.nullish(z.string()),
          ImageName: z.nullish(z.string()),
        }),
      ),
    }),
  });

/** https://www.alibabacloud.com/help/en/auto-scaling/developer-reference/api-describescalingconfigurations */
const PAGE_SIZE = 50;

/**
 * Id or name of an image → scaling configurations that name it, in words: active or not, because any can be enabled. One that
 * names a family needs the image that the family serves. @throws CloudError
 */
export async function configurationsByImage(
  client: CloudClient,
  region: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const wire = await byNumber("DescribeScalingConfigurations", PAGE_SIZE, async (PageNumber) => {
    const params = { RegionId: region, PageNumber: String(PageNumber), PageSize: String(PAGE_SIZE) };
    const call = { action: DescribeScalingConfigurations, params, region };
    const { TotalCount: total, ScalingConfigurations } = await send(client, call, pageAnswer);
    return { items: ScalingConfigurations.ScalingConfiguration, total };
  });
  const users = new Map<string, string[]>();
  for (const { ScalingConfigurationId: id, ScalingGroupId: group, ImageId, ImageName } of wire)
    for (const image of [ImageId, ImageName])
      if (image) users.set(image, [...(users.get(image) ?? []), `scaling configuration ${id} of ${group}`]);
  return users;
}
