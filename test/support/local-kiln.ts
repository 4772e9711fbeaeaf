/** The variables of Kiln in `npm run cloud`: complete, so that a program needs no setting to use all of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ownIo } from "../../cli/config.ts";
import { readCallers } from "../../shared/http/config.ts";
import { buildOnce } from "../build-once.ts";
import { type Cloud, type CloudOptions, type Endpoints, envNames, startCloud } from "../cloud/index.ts";
import type { Place } from "../../deploy/names.ts";
import { channelNames } from "../../functions/notifier/config.ts";
import { environmentOf, PLACE, readRoles } from "./deployment.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** The manifest of the repository. */
const MANIFEST = join(ROOT, "s.yaml");

type Environment = Readonly<Record<string, string | undefined>>;

const CALLERS = {
  ci: { secrets: ["local-cloud-secret-0123456789"], routes: ["POST /*", "GET /*", "PUT /*", "DELETE /*"] },
};

/** The deployment that the environment of this process asks for. */
function placeIn(given: Environment): Place {
  const { KILN_REGION, KILN_ACCOUNT_ID, KILN_BUCKET, KILN_STAGE } = given;
  return {
    ...PLACE,
    ...(KILN_REGION !== undefined && { region: KILN_REGION }),
    ...(KILN_ACCOUNT_ID !== undefined && { account: KILN_ACCOUNT_ID }),
    ...(KILN_BUCKET !== undefined && { bucket: KILN_BUCKET }),
    ...(KILN_STAGE !== undefined && { stage: KILN_STAGE }),
  };
}

const settingsFor = (endpoints: Endpoints, opsUrl: string) => ({
  ...environmentOf(endpoints),
  KILN_CALLERS: JSON.stringify(CALLERS),
  KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: opsUrl } }),
  KILN_APPROVAL_SECRET: "local-approval-secret-0123456789",
  KILN_FLEET_PASSWORD: "Local-Cloud-2026",
  KILN_WEBHOOK_URL: urlOf(endpoints.http, "webhook"),
});

/** The URL of a function with an HTTP trigger, whatever its stage; empty as long as it is not known. */
const urlOf = (http: Readonly<Record<string, string>>, name: string): string =>
  Object.entries(http).find(([functionName]) => functionName.endsWith(`-${name}`))?.[1] ?? "";

/**
 * The environment for the manifest: what it asks for from `given`, and ours for the rest.
 * @param opsUrl where the channel `ops` posts to
 */
function localEnvironment(endpoints: Endpoints, opsUrl: string, given: Environment): Record<string, string> {
  const asked = envNames(readFileSync(MANIFEST, "utf8"));
  const own = asked.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]));
  const settings: Record<string, string> = { ...settingsFor(endpoints, opsUrl), ...Object.fromEntries(own) };
  return { ...settings, ...channelNames(settings) };
}

/** The first caller that the webhook accepts; null without one. @throws ConfigError for malformed callers */
function firstCaller(environment: Environment): { name: string; secret: string } | null {
  const [first] = Object.entries(readCallers({ ...environment }));
  return first === undefined ? null : { name: first[0], secret: first[1].secrets[0] ?? "" };
}

/** The facts that a program needs of Kiln on a cloud. */
interface KilnReady {
  readonly bucket: string;
  /** URLs */
  readonly webhook: string;
  readonly api: string;
  readonly caller: ReturnType<typeof firstCaller>;
}

/** The page, addresses and keys for a user at a terminal. Starts the page, which ends with this process. */
async function hintsOf({ api, webhook, caller }: KilnReady): Promise<readonly string[]> {
  const { name = "", secret = "" } = caller ?? {};
  const env = { KILN_API: api, KILN_WEBHOOK: webhook, KILN_CALLER: name, KILN_SECRET: secret };
  const { serveUi } = await import("../../cli/ui/server.ts");
  const page = await serveUi({ ...ownIo(ROOT), env }, { writes: true });
  return [
    "In a browser (the address opens once):",
    `  ${page.url}`,
    "In another terminal:",
    `  export ${Object.entries(env)
      .map(([variable, value]) => `${variable}=${value}`)
      .join(" ")}`,
    "  npm run kiln -- status",
    "  npm run kiln -- ui        # the page once more",
  ];
}

/**
 * Builds the bundles unless they are current, and deploys them on a new cloud. The environment of this process goes before
 * our settings. @param opsUrlOf where the channel `ops` posts to, from the address of ECS
 */
export async function startKiln(
  options: CloudOptions,
  opsUrlOf: (ecs: string) => string,
): Promise<{
  readonly cloud: Cloud;
  readonly ready: KilnReady;
  readonly hints: () => Promise<readonly string[]>;
}> {
  await buildOnce();
  let environment: Record<string, string> = {};
  const env = (endpoints: Endpoints): Record<string, string> => {
    environment = localEnvironment(endpoints, opsUrlOf(endpoints.ecs), process.env);
    return environment;
  };
  const place = placeIn(process.env);
  const { region, account: accountId, bucket } = place;
  const cloud = await startCloud({
    ...options,
    region,
    accountId,
    manifest: MANIFEST,
    // A role allows what its own bucket and stage need.
    roles: readRoles(place),
    env,
    // Days pass in seconds of real time: a thread for each instance would be most of them.
    fc: { inline: true },
  });
  cloud.oss.createBucket(bucket);
  const { http } = cloud.urls;
  const ready = {
    bucket,
    webhook: urlOf(http, "webhook"),
    api: urlOf(http, "api"),
    caller: firstCaller(environment),
  };
  return { cloud, ready, hints: () => hintsOf(ready) };
}
