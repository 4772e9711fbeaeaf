/** What `npm run cloud` deploys Kiln with: complete, so that a program needs no setting to use all of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readCallers } from "../../functions/webhook/config.ts";
import { type Endpoints, envNames } from "../cloud/index.ts";
import { BUCKET } from "./deployment.ts";

/** The manifest of the repository. */
export const MANIFEST = join(import.meta.dirname, "..", "..", "s.yaml");

type Environment = Readonly<Record<string, string | undefined>>;

const CALLERS = { ci: { secrets: ["local-cloud-secret-0123456789"], routes: ["POST /*", "GET /*"] } };

const settingsFor = ({ ecs, cms, fc, oss, http, region, accountId }: Endpoints, opsUrl: string) => ({
  KILN_REGION: region,
  KILN_ACCOUNT_ID: accountId,
  KILN_BUCKET: BUCKET,
  KILN_ECS_ENDPOINT: ecs,
  KILN_CMS_ENDPOINT: cms,
  KILN_FC_ENDPOINT: fc,
  KILN_OSS_ENDPOINT: oss,
  KILN_CALLERS: JSON.stringify(CALLERS),
  KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: opsUrl } }),
  KILN_APPROVAL_SECRET: "local-approval-secret-0123456789",
  KILN_FLEET_PASSWORD: "Local-Cloud-2026",
  KILN_WEBHOOK_URL: webhookOf(http),
});

/** The URL of the only function with an HTTP trigger; empty as long as it is not known. */
export const webhookOf = (http: Readonly<Record<string, string>>): string => Object.values(http)[0] ?? "";

/**
 * The environment for the manifest: what it asks for from `given`, and ours for the rest.
 * @param opsUrl where the channel `ops` posts to
 */
export function localEnvironment(
  endpoints: Endpoints,
  opsUrl: string,
  given: Environment,
): Record<string, string> {
  const asked = envNames(readFileSync(MANIFEST, "utf8"));
  const own = asked.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]));
  return { ...settingsFor(endpoints, opsUrl), ...Object.fromEntries(own) };
}

/** The first caller that the webhook accepts; null without one. @throws ConfigError for malformed callers */
export function firstCaller(environment: Environment): { name: string; secret: string } | null {
  const [first] = Object.entries(readCallers({ ...environment }));
  return first === undefined ? null : { name: first[0], secret: first[1].secrets[0] ?? "" };
}
