/** Where the cloud's own endpoints are, for those an `Access` leaves out. */
import type { CloudProduct } from "../errors.ts";

/** Regions whose ECS endpoint does not follow the pattern (endpoint map of the official ECS client). */
const ECS_EXCEPTIONS: Readonly<Record<string, string>> = {
  "cn-hangzhou": "ecs-cn-hangzhou.aliyuncs.com",
  "cn-shanghai-finance-1": "ecs-cn-hangzhou.aliyuncs.com",
  "cn-shenzhen-finance-1": "ecs-cn-hangzhou.aliyuncs.com",
  "cn-north-2-gov-1": "ecs.aliyuncs.com",
};

/** Regions with the central endpoint: https://www.alibabacloud.com/help/en/auto-scaling/developer-reference/api-ess-2022-02-22-endpoint */
const ESS_CENTRAL = new Set([
  "cn-qingdao",
  "cn-beijing",
  "cn-hangzhou",
  "cn-shanghai",
  "cn-nanjing",
  "cn-shenzhen",
  "ap-southeast-1",
  "us-east-1",
  "us-west-1",
]);

/** The default URL of a product in a region. OSS is not here: its host names the bucket, see oss.ts. */
export function defaultEndpoint(product: CloudProduct, region: string, accountId: string): string {
  switch (product) {
    case "ecs":
      return `https://${ECS_EXCEPTIONS[region] ?? `ecs.${region}.aliyuncs.com`}`;
    case "cms":
      return `https://metrics.${region}.aliyuncs.com`;
    case "ess":
      return `https://ess.${ESS_CENTRAL.has(region) ? "" : `${region}.`}aliyuncs.com`;
    case "fc":
      // The account's own host: invocations are refused on the control plane's fcv3 host.
      return `https://${accountId}.${region}.fc.aliyuncs.com`;
    case "oss":
      // Internal: traffic inside the region is free and never leaves the cloud's network.
      return `https://oss-${region}-internal.aliyuncs.com`;
  }
}
