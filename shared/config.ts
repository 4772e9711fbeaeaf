/** The environment of every Kiln function, checked once per invocation. */
import * as z from "zod/mini";
import { ConfigError } from "./errors.ts";

const url = z.optional(z.string().check(z.regex(/^https?:\/\/[^/]+$/)));

/** Endpoints are only set to replace the cloud's public addresses: a VPC, a proxy, the local cloud. */
const Environment = z.object({
  KILN_BUCKET: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/)),
  KILN_ECS_ENDPOINT: url,
  KILN_CMS_ENDPOINT: url,
  KILN_FC_ENDPOINT: url,
  KILN_OSS_ENDPOINT: url,
  /** The signature that invocations try first; when it is refused, the other one is tried. */
  KILN_FC_SIGNATURE: z._default(z.enum(["fc", "acs3"]), "fc"),
});

/** The bucket of this deployment, and how it reaches the cloud. */
export interface Config {
  readonly bucket: string;
  readonly endpoints: Readonly<Partial<Record<"ecs" | "cms" | "fc" | "oss", string>>>;
  readonly fcSignature: "fc" | "acs3";
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
    ...(data.KILN_FC_ENDPOINT && { fc: data.KILN_FC_ENDPOINT }),
    ...(data.KILN_OSS_ENDPOINT && { oss: data.KILN_OSS_ENDPOINT }),
  };
  return { bucket: data.KILN_BUCKET, endpoints, fcSignature: data.KILN_FC_SIGNATURE };
}
