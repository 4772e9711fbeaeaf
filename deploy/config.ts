/** The environment of the commands: `.env` beside s.yaml, and over it the variables of the shell. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Credentials } from "../shared/cloud/client.ts";
import { defaultEndpoint } from "../shared/cloud/endpoints.ts";
import { STAGE_PATTERN } from "../shared/stage.ts";
import type { Endpoints } from "./api.ts";
import { readDotEnv } from "./dot-env.ts";
import type { Place } from "./names.ts";
import { WrongSettings } from "./refusal.ts";

/** Variables by name; one that is empty counts as not set. */
export type Environment = Readonly<Record<string, string>>;

/** The surroundings of a command: its folder, its environment, and where its lines go. */
export interface Surroundings {
  /** The folder of s.yaml. */
  readonly root: string;
  readonly env: Environment;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** The answer of a person to a question; undefined where there is none to ask, such as in CI. */
  readonly ask: (question: string) => Promise<string | undefined>;
}

export interface Settings {
  readonly place: Place;
  readonly credentials: Credentials;
  readonly endpoints: Endpoints;
  /** All variables, `.env` included. */
  readonly environment: Environment;
}

/** The variables of this process. */
export const ownEnvironment = (): Environment =>
  Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])));

/** The variables of `.env` and the shell, the shell's first; says which come from the file. */
export function readEnvironment({ root, env, out }: Surroundings): Environment {
  if (!existsSync(join(root, ".env"))) return env;
  const file = Object.fromEntries(Object.entries(readDotEnv(root)).filter(([name]) => !env[name]));
  out(`from .env: ${Object.keys(file).toSorted().join(", ") || "nothing that is not set already"}`);
  return { ...file, ...env };
}

const PLACEHOLDERS = new Set(["1234567890123456", "kiln-1234567890123456"]);

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly what: string;
}

const RULES: readonly Rule[] = [
  { name: "KILN_REGION", pattern: /^[a-z]{2,}-[a-z0-9-]+$/, what: "a region, such as cn-hangzhou" },
  { name: "KILN_ACCOUNT_ID", pattern: /^\d{10,20}$/, what: "the account's id, 16 digits" },
  {
    name: "KILN_BUCKET",
    pattern: /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    what: "the name of a bucket, 3 to 63 letters a-z, digits and -",
  },
];

function problemOf({ name, pattern, what }: Rule, environment: Environment): readonly string[] {
  const value = environment[name] ?? "";
  if (value === "") return [`${name} is not set; write it into .env: ${what}`];
  if (PLACEHOLDERS.has(value)) return [`${name} is the placeholder ${value}; write your own: ${what}`];
  return pattern.test(value) ? [] : [`${name} is ${JSON.stringify(value)}, which is not ${what}`];
}

/** The stage of the command line or of the environment. */
function stageOf(
  option: string | undefined,
  environment: Environment,
): { stage: string; problems: string[] } {
  const set = environment["KILN_STAGE"] ?? "";
  const stage = option ?? set;
  const problems: string[] = [];
  if (stage !== "" && !STAGE_PATTERN.test(stage))
    problems.push(
      `${option === undefined ? "KILN_STAGE" : "--stage"}: stage ${JSON.stringify(stage)} is not a-z and 0-9, at most 16 characters, a letter first`,
    );
  if (option !== undefined && set !== "" && option !== set)
    problems.push(`--stage ${option} differs from KILN_STAGE=${set}; keep one of them`);
  return { stage, problems };
}

/** https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createrole */
const ROLE_NAME = /^[\w.-]{1,64}$/;

/** A name with `*` or `/` would stand for other roles in a policy. */
const roleProblems = (roles: readonly string[]): readonly string[] =>
  roles.flatMap((name) =>
    ROLE_NAME.test(name)
      ? []
      : [
          `KILN_INSTANCE_ROLES names ${JSON.stringify(name)}, which is not the name of a RAM role: at most 64 letters, digits, ., _ and -`,
        ],
  );

const KEY = ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"] as const;

/** Where the deployment is, and the key to work there. @throws Refusal that lists everything wrong or missing. */
export function readSettings(environment: Environment, option?: string): Settings {
  const { stage, problems } = stageOf(option, environment);
  const instanceRoles = list(environment["KILN_INSTANCE_ROLES"]);
  const missing = KEY.filter((name) => !environment[name]);
  const wrong = [
    ...RULES.flatMap((rule) => problemOf(rule, environment)),
    ...problems,
    ...roleProblems(instanceRoles),
    ...missing.map((name) => `${name} is not set; set it to the access key that may deploy`),
  ];
  if (wrong.length > 0) throw new WrongSettings(wrong);
  const value = (name: string): string => environment[name] ?? "";
  const place = {
    account: value("KILN_ACCOUNT_ID"),
    region: value("KILN_REGION"),
    bucket: value("KILN_BUCKET"),
    stage,
    instanceRoles,
  };
  const credentials = {
    accessKeyId: value(KEY[0]),
    accessKeySecret: value(KEY[1]),
    securityToken: value("ALIBABA_CLOUD_SECURITY_TOKEN"),
  };
  const vSwitchIds = list(environment["KILN_VSWITCH_IDS"]).join(",");
  const all = {
    ...environment,
    ...(stage !== "" && { KILN_STAGE: stage }),
    ...(vSwitchIds !== "" && { KILN_VSWITCH_IDS: vSwitchIds }),
  };
  return { place, credentials, endpoints: endpointsOf(place, environment), environment: all };
}

const list = (text = ""): readonly string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** Those of the commands, which run outside of the region; those of functions are KILN_…_ENDPOINT. */
function endpointsOf({ region, account }: Place, environment: Environment): Endpoints {
  const of = (name: string, otherwise: string): string => environment[name] ?? otherwise;
  return {
    ram: of("KILN_DEPLOY_RAM_ENDPOINT", "https://ram.aliyuncs.com"),
    sts: of("KILN_DEPLOY_STS_ENDPOINT", `https://sts.${region}.aliyuncs.com`),
    bss: of("KILN_DEPLOY_BSS_ENDPOINT", "https://business.aliyuncs.com"),
    ecs: of("KILN_DEPLOY_ECS_ENDPOINT", defaultEndpoint("ecs", region, account)),
    oss: of("KILN_DEPLOY_OSS_ENDPOINT", `https://oss-${region}.aliyuncs.com`),
    // The name that the deploy tool reads too.
    fc: of("FC_CLIENT_CUSTOM_ENDPOINT", `https://fcv3.${region}.aliyuncs.com`),
    invocations: of("FC_CLIENT_CUSTOM_ENDPOINT", defaultEndpoint("fc", region, account)),
  };
}
