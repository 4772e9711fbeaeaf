/** Variables of a deployment that the cloud or a function would refuse later. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { readSettings } from "../../../deploy/config.ts";
import { nameProblems, variableProblems } from "../../../deploy/variables.ts";
import { messageOf } from "../../../shared/errors.ts";
import { envNames } from "../../cloud/index.ts";

const CERTIFIED = { KILN_WEBHOOK_CERT_ID: "7654321" };
const inVpc = (ids: string) => ({
  KILN_VPC_ID: "vpc-1",
  KILN_VSWITCH_IDS: ids,
  KILN_SECURITY_GROUP_ID: "sg-1",
});

const REQUIRED = {
  KILN_REGION: "cn-hangzhou",
  KILN_ACCOUNT_ID: "1987654321098765",
  KILN_BUCKET: "kiln-1987",
  ALIBABA_CLOUD_ACCESS_KEY_ID: "id",
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: "secret",
};
const settings = (more: Record<string, string>) => readSettings({ ...REQUIRED, ...more });

test.for<[Record<string, string>, string]>([
  [{ KILN_FC_SIGNATURE: "ACS3" }, "KILN_FC_SIGNATURE is ACS3; write acs3 or fc"],
  ...["https://kiln.example.com", "kiln.example.com/", "kiln", "a b.example.com", "*.example.com"].map(
    (domain): [Record<string, string>, string] => [
      { KILN_WEBHOOK_DOMAIN: domain, ...CERTIFIED },
      `KILN_WEBHOOK_DOMAIN is ${domain}; write the host name alone, such as kiln.example.com`,
    ],
  ),
  [
    { KILN_WEBHOOK_DOMAIN: "kiln.example.com" },
    "KILN_WEBHOOK_CERT_ID is not set; KILN_WEBHOOK_DOMAIN and the id of its certificate go together",
  ],
  [
    { KILN_WEBHOOK_CERT_ID: "7654321" },
    "KILN_WEBHOOK_DOMAIN is not set; KILN_WEBHOOK_DOMAIN and the id of its certificate go together",
  ],
  [{ KILN_LOGSTORE: "kiln" }, "KILN_LOG_PROJECT is not set; KILN_LOGSTORE is in a project"],
  [
    { KILN_VPC_ID: "vpc-1" },
    "KILN_VSWITCH_IDS and KILN_SECURITY_GROUP_ID are not set; a VPC needs KILN_VPC_ID, KILN_VSWITCH_IDS, KILN_SECURITY_GROUP_ID together",
  ],
  [
    { KILN_VPC_ID: "vpc-1", KILN_VSWITCH_IDS: "vsw-1" },
    "KILN_SECURITY_GROUP_ID is not set; a VPC needs KILN_VPC_ID, KILN_VSWITCH_IDS, KILN_SECURITY_GROUP_ID together",
  ],
  ...["x", "0", "1.5", "-1", "10000"].map((most): [Record<string, string>, string] => [
    { KILN_BAKES_AT_ONCE: most },
    `KILN_BAKES_AT_ONCE is "${most}"; write a number from 1 to 9999`,
  ]),
  [
    { KILN_SECRETS: '{"A":1}' },
    "KILN_SECRETS is malformed: A: must be text; put quotes around it; see README, “Parameters”",
  ],
  ...["KILN_APPROVAL_SECRET", "KILN_OLD_APPROVAL_SECRET"].map((name): [Record<string, string>, string] => [
    { [name]: "fifteen-letters" },
    `${name} has 15 characters; write at least 16, such as openssl rand -hex 24 prints`,
  ]),
  [
    { KILN_FLEET_PASSWORD: "short" },
    "KILN_FLEET_PASSWORD must be 8 to 30 characters, has 5; choose another password",
  ],
  [
    { KILN_FLEET_PASSWORD: "long-enough" },
    "KILN_FLEET_PASSWORD must have three of upper-case letters, lower-case letters, digits and special characters, has 2; choose another password",
  ],
  ...["KILN_CALLERS", "KILN_SENDERS", "KILN_CHANNELS", "KILN_GITHUB", "KILN_SECRETS"].map(
    (name): [Record<string, string>, string] => [
      { [name]: '{"ci": {}, "c\\u0069": {}}' },
      `${name} has "ci" twice in one map; keep one of them`,
    ],
  ),
  ...(
    [
      ["KILN_CALER", "write KILN_CALLERS"],
      ["KILN_CHANNEL", "write KILN_CHANNELS"],
      ["KILN_OSS_ENDPIONT", "write KILN_OSS_ENDPOINT"],
      ["KILN_RESERVED_BAKEIMAGE", "write KILN_RESERVED_BAKE_IMAGE"],
      ["KILN_COLOUR", "remove it: README, “Deploy”, lists all of them"],
    ] as const
  ).map(([name, todo]): [Record<string, string>, string] => [
    { [name]: "1" },
    `${name} is not a variable of Kiln; ${todo}`,
  ]),
  ...["7654321-cn-hangzhou", "0", "my-cert"].map((id): [Record<string, string>, string] => [
    { KILN_WEBHOOK_DOMAIN: "kiln.example.com", KILN_WEBHOOK_CERT_ID: id },
    `KILN_WEBHOOK_CERT_ID is ${id}; write the digits of the certificate's id, without a region`,
  ]),
  [
    { KILN_WEBHOOK_URL: "https://kiln example.com" },
    "KILN_WEBHOOK_URL is https://kiln example.com; write https:// and the host of the webhook, without a path",
  ],
  [inVpc("vsw-1 vsw-2"), "KILN_VSWITCH_IDS is vsw-1 vsw-2; write ids with a comma between them"],
  [{ ...inVpc("vsw-1"), KILN_VPC_ID: "vpc 1" }, "KILN_VPC_ID is vpc 1; write one id, without spaces"],
  [
    { KILN_LOG_PROJECT: "Kiln Logs" },
    "KILN_LOG_PROJECT is Kiln Logs; write the project's name: a-z, 0-9 and -",
  ],
  [
    { KILN_LOG_PROJECT: "kiln-logs", KILN_LOGSTORE: "kiln logs" },
    "KILN_LOGSTORE is kiln logs; write the Logstore's name: letters, digits, - and _",
  ],
  ...["ECS", "CMS", "FC", "OSS"].flatMap((product) =>
    ["https://a b", "https://a/b", "https://a?b", "a.b", "https://"].map(
      (url): [Record<string, string>, string] => [
        { [`KILN_${product}_ENDPOINT`]: url },
        `KILN_${product}_ENDPOINT is ${url}; begin it with https:// or http://, and end it after the host`,
      ],
    ),
  ),
  ...(
    [
      ["https://oapi.dingtalk.com/robot/send?access_token=t", "dingtalk", "json"],
      ["https://open.feishu.cn/open-apis/bot/v2/hook/t", "feishu", "json"],
      ["https://open.larksuite.com/open-apis/bot/v2/hook/t", "feishu", "slack"],
      ["https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "wecom", "json"],
      ["https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "wecom", "dingtalk"],
      ["https://hooks.slack.com/services/T/B/t", "slack", "json"],
    ] as const
  ).map(([url, right, kind]): [Record<string, string>, string] => [
    { KILN_CHANNELS: JSON.stringify({ ops: { kind, url } }) },
    `KILN_CHANNELS: ops is of kind ${kind}, and ${new URL(url).host} takes messages of kind ${right} alone; write "kind": "${right}"`,
  ]),
])("%j is refused", ([environment, problem], { expect }) => {
  expect(variableProblems(environment)).toEqual([problem]);
});

test("what the cloud takes is accepted", ({ expect }) => {
  const all = {
    ...CERTIFIED,
    ...inVpc("vsw-1,vsw-2"),
    KILN_FC_SIGNATURE: "fc",
    KILN_WEBHOOK_DOMAIN: "kiln-1.dev.example.com",
    KILN_WEBHOOK_URL: "https://kiln.example.com/",
    KILN_LOG_PROJECT: "kiln-logs-1",
    KILN_LOGSTORE: "kiln_2",
    KILN_ECS_ENDPOINT: "https://ecs-vpc.cn-hangzhou.aliyuncs.com",
    KILN_OSS_ENDPOINT: "http://127.0.0.1:8080",
    KILN_DEPLOY_ECS_ENDPOINT: "https://proxy.example.com/ecs",
    KILN_RESERVED_JANITOR: "2",
    KILN_CHANNELS: JSON.stringify({
      ops: { kind: "json", url: "https://relay.example.com/open.feishu.cn" },
      team: { kind: "wecom", url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k" },
    }),
  };
  expect(variableProblems(all)).toEqual([]);
});

/** For each variable of s.yaml a value that would fail later. */
const BAD: Readonly<Record<string, string>> = {
  KILN_REGION: "Hangzhou",
  KILN_ACCOUNT_ID: "me",
  KILN_BUCKET: "Kiln",
  KILN_STAGE: "dev-1",
  KILN_ECS_ENDPOINT: "ecs",
  KILN_CMS_ENDPOINT: "cms",
  KILN_ESS_ENDPOINT: "ess",
  KILN_FC_ENDPOINT: "fc",
  KILN_OSS_ENDPOINT: "oss",
  KILN_FC_SIGNATURE: "v4",
  KILN_CHANNELS: "ops",
  KILN_CHANNEL_NAMES: "ops and dev",
  KILN_LANGUAGE: "fr",
  KILN_WEBHOOK_URL: "kiln",
  KILN_WEBHOOK_DOMAIN: "kiln",
  KILN_WEBHOOK_CERT_ID: "mine",
  KILN_APPROVAL_SECRET: "short",
  KILN_OLD_APPROVAL_SECRET: "short",
  KILN_FLEET_PASSWORD: "short",
  KILN_GITHUB: "acme/shop",
  KILN_SECRETS: "token",
  KILN_BAKES_AT_ONCE: "many",
  KILN_CALLERS: "ci",
  KILN_SENDERS: "github",
  KILN_LOG_PROJECT: "Kiln Logs",
  KILN_LOGSTORE: "kiln logs",
  KILN_VPC_ID: "vpc 1",
  KILN_VSWITCH_IDS: "vsw 1",
  KILN_SECURITY_GROUP_ID: "sg 1",
  KILN_RESERVED_NOTIFIER: "0",
  KILN_RESERVED_JANITOR: "-1",
  KILN_RESERVED_STOP_IDLE: "all",
  KILN_RESERVED_SCALE_OUT: "1.5",
  KILN_RESERVED_PROMOTE_FAMILY: "100",
  KILN_RESERVED_BAKE_IMAGE: "x",
};

const S_YAML = readFileSync(join(import.meta.dirname, "../../../s.yaml"), "utf8");

test("s.yaml has no variable without a value that is refused here", ({ expect }) => {
  expect(Object.keys(BAD).toSorted()).toEqual(envNames(S_YAML).toSorted());
});

test.for(Object.entries(BAD))("%s=%s is refused, by its name", ([name, value], { expect }) => {
  const refused = (): readonly string[] => {
    try {
      return variableProblems(settings({ [name]: value }).environment);
    } catch (error) {
      return [messageOf(error)];
    }
  };
  expect(refused().filter((problem) => problem.includes(name))).not.toEqual([]);
  expect(nameProblems({ [name]: value })).toEqual([]);
});

test("no message shows a value that may be a secret", ({ expect }) => {
  const names = "CALLERS SENDERS CHANNELS GITHUB SECRETS APPROVAL_SECRET OLD_APPROVAL_SECRET FLEET_PASSWORD";
  const environment = Object.fromEntries(names.split(" ").map((name) => [`KILN_${name}`, "s3cret"]));
  const problems = variableProblems(environment);
  expect(problems).toHaveLength(8);
  expect(problems.join("\n")).not.toContain("s3cret");
});

test("variables of the command line, and of other programs, are not looked at", ({ expect }) => {
  expect(
    variableProblems({ KILN_API: "x", KILN_CALLER: "ci", KILN_SECRET: "s", HOME: "/", PATH: "${x}" }),
  ).toEqual([]);
});

test("spaces between vSwitches do no harm", ({ expect }) => {
  const { environment } = settings(inVpc(" vsw-1, vsw-2 ,"));
  expect(environment["KILN_VSWITCH_IDS"]).toBe("vsw-1,vsw-2");
  expect(variableProblems(environment)).toEqual([]);
});

test.for(["*", "web-*", "team/web", "acs:ram::1:role/web", "a b", "x".repeat(65), 'a"b'])(
  "%s is no role that instances may get",
  (name, { expect }) => {
    expect(() => settings({ KILN_INSTANCE_ROLES: `web, ${name}` })).toThrow(
      `KILN_INSTANCE_ROLES names ${JSON.stringify(name)}, which is not the name of a RAM role`,
    );
  },
);

test("names of roles are taken as RAM has them", ({ expect }) => {
  const { place } = settings({ KILN_INSTANCE_ROLES: "web, Build_1.x-y" });
  expect(place.instanceRoles).toEqual(["web", "Build_1.x-y"]);
});
