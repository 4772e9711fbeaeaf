/**
 * The variables of a deployment, and what is wrong with them, found before the first call. Pure.
 *
 * VARIABLES-1. Every variable of s.yaml has a row, so that each value is looked at; a name without a row is refused, because
 *     a misspelt one would be as good as not set.
 * VARIABLES-2. A value that may be a secret is not in a message.
 */
import { readBakesAtOnce } from "../functions/bake-image/config.ts";
import { readGithubHooks } from "../functions/janitor/redelivery/config.ts";
import { readChannels, readLanguage, type Channel } from "../functions/notifier/config.ts";
import { readSenders } from "../functions/webhook/config.ts";
import { readBuildSecrets } from "../shared/config.ts";
import { passwordProblem } from "../shared/documents/password.ts";
import { nearest } from "../shared/documents/spelling.ts";
import { ConfigError } from "../shared/errors.ts";
import { readCallers } from "../shared/http/config.ts";
import { repeatedKey } from "../shared/json.ts";
import { readWebhookAddress } from "../shared/webhook-address.ts";
import { RESERVED_MAX } from "./checks.ts";
import type { Environment } from "./config.ts";

/** The deploy tool computes these in a value, wherever it comes from. */
const COMPUTED = ["${", "<%"];

/** The problems of a variable's value. */
type Rule = (value: string, name: string) => readonly string[];

const like =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value);

/** A form that a message may quote the value beside. */
const form =
  (isRight: (value: string) => boolean, todo: string): Rule =>
  (value, name) =>
    isRight(value) ? [] : [`${name} is ${value}; ${todo}`];

/** As the function reads it. */
const read =
  (reader: (environment: Environment) => unknown): Rule =>
  (value, name) => {
    try {
      reader({ [name]: value });
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return [error.message];
      throw error;
    }
  };

/** JSON as the function reads it, which takes the last of two values for one key. */
const json =
  (reader: (environment: Environment) => unknown): Rule =>
  (value, name) => {
    const twice = repeatedKey(value);
    return twice === undefined
      ? read(reader)(value, name)
      : [`${name} has ${JSON.stringify(twice)} twice in one map; keep one of them`];
  };

/** The hosts of the chats, and the kind of their channels. Relays are elsewhere. */
const KIND_OF: Readonly<Record<string, Channel["kind"]>> = {
  "oapi.dingtalk.com": "dingtalk",
  "open.feishu.cn": "feishu",
  "open.larksuite.com": "feishu",
  "qyapi.weixin.qq.com": "wecom",
  "hooks.slack.com": "slack",
};

/** Refuses channels of a kind that their host does not understand. @throws ConfigError */
function readFittingChannels(environment: Environment): void {
  const problems = Object.entries(readChannels(environment)).flatMap(([name, { kind, url }]) => {
    const { host } = new URL(url);
    const needed = KIND_OF[host] ?? kind;
    return needed === kind
      ? []
      : [
          `${name} is of kind ${kind}, and ${host} takes messages of kind ${needed} alone; write "kind": "${needed}"`,
        ];
  });
  if (problems.length > 0) throw new ConfigError(`KILN_CHANNELS: ${problems.join("; ")}`);
}

const SECRET_MIN = 16;

const secret: Rule = (value, name) =>
  value.length >= SECRET_MIN
    ? []
    : [
        `${name} has ${value.length} characters; write at least ${SECRET_MIN}, such as openssl rand -hex 24 prints`,
      ];

/** https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-runinstances */
const password: Rule = (value, name) => {
  const problem = passwordProblem(value, "linux");
  return problem === undefined ? [] : [`${name} ${problem}; choose another password`];
};

const isUrl = (value: string): boolean => /^https?:\/\/[^\s/?#]+$/.test(value) && URL.canParse(value);
const endpoint = form(isUrl, "begin it with https:// or http://, and end it after the host");
/** Of the commands; a proxy may have a path. */
const address = form(
  (value) => /^https?:\/\/\S+$/.test(value) && URL.canParse(value),
  "begin it with https:// or http://",
);
const reserved = form(like(/^[1-9]\d?$/), `write a whole number from 1 to ${RESERVED_MAX}`);
const oneId = form(like(/^[\w-]+$/), "write one id, without spaces");

/** `readSettings` refuses it for every command. */
const ofPlace: Rule = () => [];

/** VARIABLES-1. */
const RULES: Readonly<Record<string, Rule>> = {
  KILN_REGION: ofPlace,
  KILN_ACCOUNT_ID: ofPlace,
  KILN_BUCKET: ofPlace,
  KILN_STAGE: ofPlace,
  KILN_INSTANCE_ROLES: ofPlace,
  KILN_CALLERS: json(readCallers),
  KILN_SENDERS: json(readSenders),
  KILN_CHANNELS: json(readFittingChannels),
  // Made from KILN_CHANNELS.
  KILN_CHANNEL_NAMES: form(
    like(/^[\w.-]+(?:,[\w.-]+)*$/),
    "remove it: it is made from the names of KILN_CHANNELS",
  ),
  KILN_GITHUB: json(readGithubHooks),
  KILN_LANGUAGE: read(readLanguage),
  KILN_SECRETS: json(readBuildSecrets),
  KILN_APPROVAL_SECRET: secret,
  KILN_OLD_APPROVAL_SECRET: secret,
  KILN_FLEET_PASSWORD: password,
  KILN_BAKES_AT_ONCE: read(readBakesAtOnce),
  KILN_WEBHOOK_URL: form(
    (value) => readWebhookAddress(value) !== undefined,
    "write https:// and the host of the webhook, without a path",
  ),
  // https://www.alibabacloud.com/help/en/functioncompute/fc/developer-reference/api-fc-2023-03-30-createcustomdomain
  KILN_WEBHOOK_DOMAIN: form(
    like(/^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/),
    "write the host name alone, such as kiln.example.com",
  ),
  KILN_WEBHOOK_CERT_ID: form(
    like(/^[1-9]\d*$/),
    "write the digits of the certificate's id, without a region",
  ),
  KILN_FC_SIGNATURE: form(like(/^(?:acs3|fc)$/), "write acs3 or fc"),
  KILN_ECS_ENDPOINT: endpoint,
  KILN_CMS_ENDPOINT: endpoint,
  KILN_ESS_ENDPOINT: endpoint,
  KILN_FC_ENDPOINT: endpoint,
  KILN_OSS_ENDPOINT: endpoint,
  KILN_DEPLOY_RAM_ENDPOINT: address,
  KILN_DEPLOY_STS_ENDPOINT: address,
  KILN_DEPLOY_BSS_ENDPOINT: address,
  KILN_DEPLOY_ECS_ENDPOINT: address,
  KILN_DEPLOY_OSS_ENDPOINT: address,
  KILN_VPC_ID: oneId,
  KILN_SECURITY_GROUP_ID: oneId,
  KILN_VSWITCH_IDS: form(like(/^[\w-]+(?:,[\w-]+)*$/), "write ids with a comma between them"),
  // https://www.alibabacloud.com/help/en/sls/manage-a-project
  KILN_LOG_PROJECT: form(like(/^[a-z\d][a-z\d-]*[a-z\d]$/), "write the project's name: a-z, 0-9 and -"),
  KILN_LOGSTORE: form(like(/^[\w-]+$/), "write the Logstore's name: letters, digits, - and _"),
  KILN_RESERVED_NOTIFIER: reserved,
  KILN_RESERVED_JANITOR: reserved,
  KILN_RESERVED_STOP_IDLE: reserved,
  KILN_RESERVED_SCALE_OUT: reserved,
  KILN_RESERVED_PROMOTE_FAMILY: reserved,
  KILN_RESERVED_BAKE_IMAGE: reserved,
};

/** Of `npm run kiln`, of README's scripts and of `npm run browser`: a shell may have them for another program. */
const OTHERS =
  "KILN_API KILN_WEBHOOK KILN_CALLER KILN_SECRET KILN_URL KILN_CHROMIUM KILN_AXE KILN_SHOTS KILN_SIZES".split(
    " ",
  );

/** Everything wrong with the variables. */
export const variableProblems = (environment: Environment): readonly string[] => [
  ...nameProblems(environment),
  ...Object.entries(environment).flatMap(([name, value]) => valueProblems(name, value)),
  ...partnerProblems(environment),
];

/** Names of variables that no command and no function reads. */
export function nameProblems(environment: Environment): readonly string[] {
  const known = Object.keys(RULES);
  return Object.keys(environment).flatMap((name) => {
    if (!name.startsWith("KILN_") || RULES[name] !== undefined || OTHERS.includes(name)) return [];
    const near = nearest(name, known);
    const todo = near === undefined ? "remove it: README, “Deploy”, lists all of them" : `write ${near}`;
    return [`${name} is not a variable of Kiln; ${todo}`];
  });
}

function valueProblems(name: string, value: string): readonly string[] {
  if (!name.startsWith("KILN_")) return [];
  const computed = COMPUTED.find((text) => value.includes(text));
  return computed === undefined
    ? (RULES[name]?.(value, name) ?? [])
    : [`${name} contains ${computed}, which the deploy tool would compute; choose a value without it`];
}

interface Partners {
  readonly names: readonly string[];
  /** The first one alone is enough. */
  readonly firstAlone?: boolean;
  readonly why: string;
}

/** Variables that mean nothing without each other. */
const PARTNERS: readonly Partners[] = [
  {
    names: ["KILN_VPC_ID", "KILN_VSWITCH_IDS", "KILN_SECURITY_GROUP_ID"],
    why: "a VPC needs KILN_VPC_ID, KILN_VSWITCH_IDS, KILN_SECURITY_GROUP_ID together",
  },
  {
    // The deploy tool makes a domain with https only.
    names: ["KILN_WEBHOOK_DOMAIN", "KILN_WEBHOOK_CERT_ID"],
    why: "KILN_WEBHOOK_DOMAIN and the id of its certificate go together",
  },
  {
    names: ["KILN_LOG_PROJECT", "KILN_LOGSTORE"],
    firstAlone: true,
    why: "KILN_LOGSTORE is in a project",
  },
];

const partnerProblems = (environment: Environment): readonly string[] =>
  PARTNERS.flatMap(({ names, firstAlone = false, why }) => {
    const missing = names.filter((name) => !environment[name]);
    const isWhole = firstAlone ? !missing.includes(names[0] ?? "") : missing.length === 0;
    if (isWhole || missing.length === names.length) return [];
    return [`${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not set; ${why}`];
  });
