/** The images that the scaling configurations of Auto Scaling name. */
import * as z from "zod/mini";
import { done } from "../answers.ts";
import { queryAction, send, type CloudClient } from "../client.ts";
import { byNumber } from "../ecs/pages.ts";

const DescribeScalingConfigurations = /* @__PURE__ */ queryAction("DescribeScalingConfigurations", "ess");
const ModifyScalingConfiguration = /* @__PURE__ */ queryAction("ModifyScalingConfiguration", "ess");

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
          ImageFamily: z.nullish(z.string()),
        }),
      ),
    }),
  });

/** https://www.alibabacloud.com/help/en/auto-scaling/developer-reference/api-describescalingconfigurations */
const PAGE_SIZE = 50;

/** The image that a scaling configuration names, by id or by family; undefined when there is no such configuration. @throws CloudError */
export async function configurationImage(
  client: CloudClient,
  id: string,
  region: string,
): Promise<{ readonly imageId?: string; readonly family?: string } | undefined> {
  const params = { RegionId: region, ScalingConfigurationId: [id] };
  const page = await send(client, { action: DescribeScalingConfigurations, params, region }, pageAnswer);
  const found = page.ScalingConfigurations.ScalingConfiguration.find(
    (one) => one.ScalingConfigurationId === id,
  );
  if (found === undefined) return undefined;
  const { ImageId: imageId, ImageFamily: family } = found;
  return { ...(imageId && { imageId }), ...(family && { family }) };
}

/**
 * Changes the image of a scaling configuration, and nothing else. The call has no region but that of its address.
 * https://www.alibabacloud.com/help/en/auto-scaling/developer-reference/api-ess-2014-08-28-modifyscalingconfiguration
 */
export async function setConfigurationImage(
  client: CloudClient,
  id: string,
  { imageId, region }: { readonly imageId: string; readonly region: string },
): Promise<void> {
  const params = { ScalingConfigurationId: id, ImageId: imageId };
  await send(client, { action: ModifyScalingConfiguration, params, region }, done);
}

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
