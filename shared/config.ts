/** The environment of every Kiln function, checked once per invocation. */
import * as z from "zod/mini";
import { ConfigError, type CloudProduct } from "./errors.ts";
import { readEnvJson } from "./env-json.ts";
import { secretsOfUrl } from "./secret-url.ts";
import { STAGE_PATTERN } from "./stage.ts";

const url = z.optional(z.string().check(z.regex(/^https?:\/\/[^/]+$/)));

/** Endpoints are only set to replace the cloud's public addresses: a VPC, a proxy, the local cloud. */
const Environment = z.object({
  KILN_BUCKET: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/)),
  KILN_STAGE: z._default(z.string().check(z.regex(STAGE_PATTERN)), ""),
  KILN_ECS_ENDPOINT: url,
  KILN_CMS_ENDPOINT: url,
  KILN_ESS_ENDPOINT: url,
  KILN_FC_ENDPOINT: url,
  KILN_OSS_ENDPOINT: url,
  /** The signature that invocations try first; when it is refused, the other one is tried. */
  KILN_FC_SIGNATURE: z._default(z.enum(["acs3", "fc"]), "acs3"),
});

/** The bucket and stage of this deployment, and how it reaches the cloud. */
export interface Config {
  readonly bucket: string;
  /** "" without one. */
  readonly stage: string;
  readonly endpoints: Readonly<Partial<Record<CloudProduct, string>>>;
  readonly fcSignature: "acs3" | "fc";
}

/** @throws ConfigError naming every variable that is missing or malformed. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  // An empty value means "not set": `${env('X', '')}` in s.yaml has no other way to say it.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const names = parsed.error.issues.map((issue) => issue.path.join("."));
    throw new ConfigError(`environment variables missing or malformed: ${names.join(", ")}; see s.yaml`);
  }
  const { data } = parsed;
  const endpoints = {
    ...(data.KILN_ECS_ENDPOINT && { ecs: data.KILN_ECS_ENDPOINT }),
    ...(data.KILN_CMS_ENDPOINT && { cms: data.KILN_CMS_ENDPOINT }),
    ...(data.KILN_ESS_ENDPOINT && { ess: data.KILN_ESS_ENDPOINT }),
    ...(data.KILN_FC_ENDPOINT && { fc: data.KILN_FC_ENDPOINT }),
    ...(data.KILN_OSS_ENDPOINT && { oss: data.KILN_OSS_ENDPOINT }),
  };
  return { bucket: data.KILN_BUCKET, stage: data.KILN_STAGE, endpoints, fcSignature: data.KILN_FC_SIGNATURE };
}

/** Names of variables that hold one secret, those of the platform included. */
const SECRET_NAME = /(?:SECRET|PASSWORD|TOKEN|ACCESS_KEY_ID)$/;
/** Settings in JSON that hold secrets under these keys, and addresses that are secrets. */
const SECRET_SETTINGS = ["KILN_CALLERS", "KILN_SENDERS", "KILN_CHANNELS", "KILN_GITHUB"];
const SECRET_KEY = /^(?:secrets?|tokens?|privateKey)$/;

/** Every secret in the environment of a function, whether its settings are valid or not. */
export function readSecrets(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = Object.entries(environment).flatMap(([name, value = ""]) =>
    SECRET_NAME.test(name) ? [value] : [],
  );
  return [
    ...named,
    ...SECRET_SETTINGS.flatMap((name) => secretsOfJson(environment[name] ?? "")),
    ...buildSecretsIn(environment["KILN_SECRETS"] ?? ""),
  ];
}

function secretsOfJson(text: string): readonly string[] {
  try {
    return secretsIn(JSON.parse(text || "{}"));
  } catch {
    return [text];
  }
}

const BUILD_SECRETS = {
  variable: "KILN_SECRETS",
  schema: z.record(z.string(), z.string()),
  section: "Parameters",
};

/** The secrets of builds by their names. @throws ConfigError that names the place, never the value. */
export const readBuildSecrets = (
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> => readEnvJson(BUILD_SECRETS, environment);

/** Here every value is one. */
function buildSecretsIn(text: string): readonly string[] {
  try {
    return Object.values(Object(JSON.parse(text || "{}"))).map(String);
  } catch {
    return [text];
  }
}

function secretsIn(value: unknown, key = ""): readonly string[] {
  if (typeof value === "string") {
    if (key === "url") return secretsOfUrl(value);
    return SECRET_KEY.test(key) ? [value] : [];
  }
  if (Array.isArray(value)) return value.flatMap((item: unknown) => secretsIn(item, key));
  return Object.entries(value ?? {}).flatMap(([name, inner]) => secretsIn(inner, name));
}
