/** Variables of a deployment that the cloud or a function would refuse later. */
import { test } from "vitest";
import { variableProblems } from "../../../deploy/checks.ts";
import { readSettings } from "../../../deploy/config.ts";

const CERTIFIED = { KILN_WEBHOOK_CERT_ID: "7654321" };
const inVpc = (ids: string) => ({
  KILN_VPC_ID: "vpc-1",
  KILN_VSWITCH_IDS: ids,
  KILN_SECURITY_GROUP_ID: "sg-1",
});

const REQUIRED = {
  KILN_REGION: "cn-hangzhou",
  KILN_ACCOUNT_ID: "1987654321098765",
  KILN_BUCKET: "kiln-1",
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
    "KILN_WEBHOOK_CERT_ID is not set; KILN_WEBHOOK_DOMAIN needs the id of its certificate",
  ],
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
    { KILN_LOGSTORE: "kiln logs" },
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
