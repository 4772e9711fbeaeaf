/** Problems of the variables of a deployment, found before the first call. Pure. */
import { readGithubHooks } from "../functions/janitor/redelivery/config.ts";
import { readChannels, readLanguage, type Channel } from "../functions/notifier/config.ts";
import { readSenders } from "../functions/webhook/config.ts";
import { ConfigError } from "../shared/errors.ts";
import { readCallers } from "../shared/http/config.ts";
import { readWebhookAddress } from "../shared/webhook-address.ts";
import type { Environment } from "./config.ts";
import type { Declared } from "./manifest.ts";

/** The deploy tool computes these in a value, wherever it comes from. */
const COMPUTED = ["${", "<%"];

/** A function's environment, in bytes: https://www.alibabacloud.com/help/en/functioncompute/fc/configure-environment-variables */
export const ENVIRONMENT_MAX = 4096;

/** Of an account's 100 instances in a region. */
export const RESERVED_MAX = 20;

/** Everything wrong with the variables. */
export function variableProblems(environment: Environment): readonly string[] {
  const own = Object.entries(environment).filter(([name]) => name.startsWith("KILN_"));
  return [
    ...own.flatMap(([name, value]) => computedProblem(name, value)),
    ...settingProblems(environment),
    ...own.flatMap(([name, value]) => formProblem(name, value)),
    ...vpcProblems(environment),
    ...certificateProblems(environment),
  ];
}

function computedProblem(name: string, value: string): readonly string[] {
  const found = COMPUTED.find((text) => value.includes(text));
  return found === undefined
    ? []
    : [`${name} contains ${found}, which the deploy tool would compute; choose a value without it`];
}

/** The hosts of the chats, and the kind of their channels. Relays are elsewhere. */
const KIND_OF: Readonly<Record<string, Channel["kind"]>> = {
  "oapi.dingtalk.com": "dingtalk",
  "open.feishu.cn": "feishu",
  "open.larksuite.com": "feishu",
  "qyapi.weixin.qq.com": "wecom",
  "hooks.slack.com": "slack",
};

/** Channels of a kind that their host does not understand. */
const kindProblems = (channels: Readonly<Record<string, Channel>>): readonly string[] =>
  Object.entries(channels).flatMap(([name, { kind, url }]) => {
    const { host } = new URL(url);
    const needed = KIND_OF[host] ?? kind;
    return needed === kind
      ? []
      : [
          `KILN_CHANNELS: ${name} is of kind ${kind}, and ${host} takes messages of kind ${needed} alone; write "kind": "${needed}"`,
        ];
  });

function settingProblems(environment: Environment): readonly string[] {
  const kinds = (): readonly string[] => kindProblems(readChannels(environment));
  const reads = [readCallers, readSenders, readLanguage, readGithubHooks].map((read) => () => {
    read(environment);
    return [];
  });
  return [...reads, kinds].flatMap((problemsOf) => {
    try {
      return problemsOf();
    } catch (error) {
      if (error instanceof ConfigError) return [error.message];
      throw error;
    }
  });
}

/** The form of a variable, and how a message asks for it. */
interface Form {
  readonly names: RegExp;
  readonly isRight: (value: string) => boolean;
  readonly todo: string;
}

const like =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value);

/** Values that the cloud or a function would refuse later, when part of the deployment is made. */
const FORMS: readonly Form[] = [
  {
    names: /^KILN_WEBHOOK_URL$/,
    isRight: (value) => readWebhookAddress(value) !== undefined,
    todo: "write https:// and the host of the webhook, without a path",
  },
  {
    // https://www.alibabacloud.com/help/en/functioncompute/fc/developer-reference/api-fc-2023-03-30-createcustomdomain
    names: /^KILN_WEBHOOK_DOMAIN$/,
    isRight: like(/^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/),
    todo: "write the host name alone, such as kiln.example.com",
  },
  {
    names: /^KILN_WEBHOOK_CERT_ID$/,
    isRight: like(/^[1-9]\d*$/),
    todo: "write the digits of the certificate's id, without a region",
  },
  {
    names: /^KILN_(?!DEPLOY_)\w+_ENDPOINT$/,
    isRight: (value) => /^https?:\/\/[^\s/?#]+$/.test(value) && URL.canParse(value),
    todo: "begin it with https:// or http://, and end it after the host",
  },
  { names: /^KILN_FC_SIGNATURE$/, isRight: like(/^(?:acs3|fc)$/), todo: "write acs3 or fc" },
  {
    names: /^KILN_(?:VPC_ID|SECURITY_GROUP_ID)$/,
    isRight: like(/^[\w-]+$/),
    todo: "write one id, without spaces",
  },
  {
    names: /^KILN_VSWITCH_IDS$/,
    isRight: like(/^[\w-]+(?:,[\w-]+)*$/),
    todo: "write ids with a comma between them",
  },
  {
    // https://www.alibabacloud.com/help/en/sls/manage-a-project
    names: /^KILN_LOG_PROJECT$/,
    isRight: like(/^[a-z\d][a-z\d-]*[a-z\d]$/),
    todo: "write the project's name: a-z, 0-9 and -",
  },
  {
    names: /^KILN_LOGSTORE$/,
    isRight: like(/^[\w-]+$/),
    todo: "write the Logstore's name: letters, digits, - and _",
  },
  {
    names: /^KILN_RESERVED_/,
    isRight: like(/^[1-9]\d?$/),
    todo: `write a whole number from 1 to ${RESERVED_MAX}`,
  },
];

function formProblem(name: string, value: string): readonly string[] {
  const form = FORMS.find(({ names }) => names.test(name));
  return form === undefined || form.isRight(value) ? [] : [`${name} is ${value}; ${form.todo}`];
}

/** The deploy tool makes a domain with https only. */
function certificateProblems({
  KILN_WEBHOOK_DOMAIN: domain,
  KILN_WEBHOOK_CERT_ID: id,
}: Environment): readonly string[] {
  return domain && !id
    ? ["KILN_WEBHOOK_CERT_ID is not set; KILN_WEBHOOK_DOMAIN needs the id of its certificate"]
    : [];
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
