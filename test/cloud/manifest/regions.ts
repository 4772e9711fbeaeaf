/** Regions of Function Compute with asynchronous task mode. Pure. */

/** As of 2026-03-24: https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/asynchronous-task */
const TASK_REGIONS: ReadonlySet<string> = new Set([
  "cn-hangzhou",
  "cn-shanghai",
  "cn-qingdao",
  "cn-beijing",
  "cn-zhangjiakou",
  "cn-wulanchabu",
  "cn-shenzhen",
  "cn-chengdu",
  "cn-hongkong",
  "ap-southeast-1",
  "ap-southeast-3",
  "ap-southeast-5",
  "ap-southeast-7",
  "ap-northeast-1",
  "ap-northeast-2",
  "eu-central-1",
  "eu-west-1",
  "us-east-1",
  "us-west-1",
]);

/**
 * A sentence for whoever deploys to a region without task mode, where the platform does not refuse a task id that was used
 * before. Kiln loses nothing there: a second delivery finds its line in the log of the run, which costs reads.
 */
export const taskModeWarning = (region: string): string | undefined =>
  TASK_REGIONS.has(region)
    ? undefined
    : `${region} has no asynchronous task mode: repeated events are noticed by the log of their run only, which costs more calls; the regions with task mode are listed in test/cloud/manifest/regions.ts`;
