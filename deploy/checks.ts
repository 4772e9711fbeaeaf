/** Problems of functions and of the region of a deployment, found before the first change. Pure. */
import type { Declared } from "./manifest.ts";

/** A function's environment, in bytes: https://www.alibabacloud.com/help/en/functioncompute/fc/configure-environment-variables */
export const ENVIRONMENT_MAX = 4096;

/** Of an account's 100 instances in a region. */
export const RESERVED_MAX = 20;

/** Everything wrong with the functions that these variables declare. */
export function functionProblems(functions: readonly Declared[]): readonly string[] {
  const sum = functions.reduce((total, { reserved }) => total + reserved, 0);
  const tooMany = `KILN_RESERVED_… reserve ${sum} instances together, more than ${RESERVED_MAX}; lower some of them`;
  return [
    ...(sum > RESERVED_MAX ? [tooMany] : []),
    ...functions.flatMap(({ name, environment }) => {
      const bytes = Buffer.byteLength(Object.entries(environment).flat().join(""));
      return bytes <= ENVIRONMENT_MAX
        ? []
        : [
            `${name} would have ${bytes} bytes of variables, more than ${ENVIRONMENT_MAX}; shorten KILN_CALLERS and the like`,
          ];
    }),
  ];
}

/**
 * Regions with asynchronous task mode on 2026-03-24. Elsewhere a task id that was used before is not refused, which costs
 * work and loses nothing. https://www.alibabacloud.com/help/en/functioncompute/fc/asynchronous-task-management
 */
const TASK_REGIONS = new Set(
  (
    "cn-hangzhou cn-shanghai cn-qingdao cn-beijing cn-zhangjiakou cn-wulanchabu cn-shenzhen cn-chengdu cn-hongkong " +
    "ap-southeast-1 eu-west-1 us-west-1 us-east-1 eu-central-1 ap-southeast-3 ap-southeast-5 ap-southeast-7 " +
    "ap-northeast-1 ap-northeast-2"
  ).split(" "),
);

/** A warning about the region of a deployment; undefined when there is none. */
export const regionWarning = (region: string): string | undefined =>
  TASK_REGIONS.has(region)
    ? undefined
    : `warning: ${region} has no task mode: events that arrive twice are noticed in the log of a run only, which costs more calls`;
