/** Instance types by their size. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinstancetypes */
import * as z from "zod/mini";
import { queryAction, send, type CloudClient } from "../client.ts";
import { byToken } from "./pages.ts";

const DescribeInstanceTypes = /* @__PURE__ */ queryAction("DescribeInstanceTypes", "ecs");

const pageAnswer = () =>
  z.looseObject({
    InstanceTypes: z.looseObject({
      InstanceType: z.array(
        z.looseObject({
          InstanceTypeId: z.string(),
          GPUAmount: z.nullish(z.number()),
          LocalStorageAmount: z.nullish(z.number()),
        }),
      ),
    }),
    NextToken: z.nullish(z.string()),
  });

interface Size {
  readonly vcpu: number;
  readonly memoryGiB: number;
  readonly architecture: "X86" | "ARM";
}

/** Ids of the types of exactly this size, without those with GPUs or local disks: whether they are sold, the answer does not say. */
export async function typesOfSize(
  client: CloudClient,
  { vcpu, memoryGiB, architecture }: Size,
): Promise<string[]> {
  const wire = await byToken("DescribeInstanceTypes", async (NextToken) => {
    const params = {
      RegionId: client.access.region,
      CpuArchitecture: architecture,
      MinimumCpuCoreCount: String(vcpu),
      MaximumCpuCoreCount: String(vcpu),
      MinimumMemorySize: String(memoryGiB),
      MaximumMemorySize: String(memoryGiB),
      ...(NextToken !== undefined && { NextToken }),
    };
    const page = await send(client, { action: DescribeInstanceTypes, params }, pageAnswer);
    return { items: page.InstanceTypes.InstanceType, nextToken: page.NextToken };
  });
  return wire.flatMap(({ InstanceTypeId, GPUAmount, LocalStorageAmount }) =>
    GPUAmount || LocalStorageAmount ? [] : [InstanceTypeId],
  );
}
