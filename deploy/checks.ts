/** Problems of the variables of a deployment, found before the first call. Pure. */
import { readChannels } from "../functions/notifier/config.ts";
import { readSenders } from "../functions/webhook/config.ts";
import { ConfigError } from "../shared/errors.ts";
import { readCallers } from "../shared/http/config.ts";
import type { Environment } from "./config.ts";
import type { Declared } from "./manifest.ts";

/** The deploy tool computes these in a value, wherever it comes from. */
const COMPUTED = ["${", "<%"];

/** A function's environment, in bytes: https://www.alibabacloud.com/help/en/functioncompute/fc/configure-environment-variables */
const ENVIRONMENT_MAX = 4096;

/** Of an account's 100 instances in a region. */
export const RESERVED_MAX = 20;

/** Everything wrong with the variables. */
export function variableProblems(environment: Environment): readonly string[] {
  const own = Object.entries(environment).filter(([name]) => name.startsWith("KILN_"));
  return [
    ...own.flatMap(([name, value]) => computedProblem(name, value)),
    ...settingProblems(environment),
    ...own.flatMap(([name, value]) => addressProblem(name, value)),
    ...own.flatMap(([name, value]) => numberProblem(name, value)),
    ...vpcProblems(environment),
  ];
}

function computedProblem(name: string, value: string): readonly string[] {
  const found = COMPUTED.find((text) => value.includes(text));
  return found === undefined
    ? []
    : [`${name} contains ${found}, which the deploy tool would compute; choose a value without it`];
}

function settingProblems(environment: Environment): readonly string[] {
  return [readCallers, readSenders, readChannels].flatMap((read) => {
    try {
      read(environment);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return [error.message];
      throw error;
    }
  });
}

function addressProblem(name: string, value: string): readonly string[] {
  if (name === "KILN_WEBHOOK_URL")
    return /^https:\/\/[^/]+\/?$/.test(value)
      ? []
      : [`${name} is ${value}; write https:// and the host of the webhook, without a path`];
  if (!name.endsWith("_ENDPOINT") || name.startsWith("KILN_DEPLOY_") || /^https?:\/\/[^/]+$/.test(value))
    return [];
  return [`${name} is ${value}; begin it with https:// or http://, and end it after the host`];
}

function numberProblem(name: string, value: string): readonly string[] {
  if (!name.startsWith("KILN_RESERVED_") || /^[1-9]\d?$/.test(value)) return [];
  return [`${name} is ${value}; write a whole number from 1 to ${RESERVED_MAX}`];
}

const VPC = ["KILN_VPC_ID", "KILN_VSWITCH_IDS", "KILN_SECURITY_GROUP_ID"];

function vpcProblems(environment: Environment): readonly string[] {
  const missing = VPC.filter((name) => !environment[name]);
  if (missing.length === 0 || missing.length === VPC.length) return [];
  return [`${missing.join(" and ")} is not set; a VPC needs ${VPC.join(", ")} together`];
}

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
