/** A healthy deployment on the local cloud, and the doctor that examines it. */
import { channelNames } from "../../functions/notifier/config.ts";
import { join } from "node:path";
import { connectApi, type Api } from "../../deploy/api.ts";
import { runCommand } from "../../deploy/command.ts";
import { ownEnvironment, readSettings, type Settings } from "../../deploy/config.ts";
import { toolEnvironment } from "../../deploy/deploy.ts";
import { CHECKS } from "../../deploy/doctor/checks/index.ts";
import { doctor } from "../../deploy/doctor/doctor.ts";
import { readManifest, type Declared } from "../../deploy/manifest.ts";
import { toolIn } from "../../deploy/tool.ts";
import { days, hours, minutes } from "../../shared/duration.ts";
import { real } from "../../shared/ports.ts";
import { type Cloud, type CloudOptions, startCloud } from "../cloud/index.ts";
import { fleetText } from "./fleets.ts";
import { IDLE } from "./idle.ts";
import { json } from "./known.ts";
import { recipeText } from "./recipes.ts";
import { ACCOUNT, alone, endpointVariables, NEW_BUCKET, variables, type Variables } from "./shell.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The findings of the doctor by the name of the check. */
type Findings = Readonly<
  Record<string, { readonly state: string; readonly found: string; readonly todo?: string }>
>;

export interface Hospital {
  readonly cloud: Cloud;
  /** With the key of the account. */
  readonly api: Api;
  readonly settings: Settings;
  readonly declared: readonly Declared[];
  /** Examines with the checks of these names, all without any, and answers what was found and the exit code. */
  examine(options?: Examination): Promise<{ readonly code: number; readonly findings: Findings }>;
}

export interface Examination {
  readonly only?: readonly string[];
  /** Variables beside the usual ones. */
  readonly env?: Variables;
  readonly launch?: boolean;
  /** Whether it may wait for an hour. */
  readonly wait?: boolean;
  readonly skewMs?: number;
  readonly interrupt?: AbortSignal;
}

interface HospitalOptions {
  readonly cloud?: CloudOptions;
  /** Another one with the same variables, whose functions are those of s.yaml: the deploy tool need not read it again. */
  readonly like?: Hospital;
}

/** Starts a cloud with a deployment in it, as `npm run setup` and `npm run deploy` leave it. */
export async function openHospital(extra: Variables, options: HospitalOptions = {}): Promise<Hospital> {
  const cloud = await startCloud({
    accountId: ACCOUNT,
    roles: {},
    manifest: join(ROOT, "s.yaml"),
    dist: join(ROOT, "dist"),
    env: (urls) => ({ ...ofFunctions(urls), ...channelNames(extra), ...extra }),
    fc: { inline: true, idleMs: days(3), timers: ["tick"] },
    ...options.cloud,
  });
  const own = { ...ofFunctions({ ...cloud.urls, region: cloud.region }), ...extra };
  const env = { ...variables(cloud), KILN_DEPLOY_BSS_ENDPOINT: cloud.urls.ecs, ...own };
  const settings = readSettings(env);
  const api = connectApi({ ...settings, region: cloud.region });
  await furnish(cloud, api);
  await setUp(env);
  const declared = await declaredIn(cloud, settings, options.like);
  return { cloud, api, settings, declared, examine: (asked) => examine(cloud, { env, declared }, asked) };
}

type Urls = Pick<Cloud["urls"], "ecs" | "cms" | "ess" | "fc" | "oss"> & { readonly region: string };

const ofFunctions = ({ region, ...urls }: Urls): Variables => ({
  KILN_REGION: region,
  KILN_ACCOUNT_ID: ACCOUNT,
  KILN_BUCKET: NEW_BUCKET,
  ...endpointVariables(urls),
});

async function setUp(env: Variables): Promise<void> {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const code = await runCommand(["setup"], { root: ROOT, env, out: say, err: say, ask: alone });
  if (code !== 0) throw new Error(lines.join("\n"));
}

async function declaredIn(
  { urls }: Cloud,
  settings: Settings,
  like?: Hospital,
): Promise<readonly Declared[]> {
  if (like === undefined)
    return readManifest(toolIn(ROOT), { ...ownEnvironment(), ...toolEnvironment(settings) });
  const { declared, cloud } = like;
  const text = JSON.stringify(declared)
    .replaceAll(cloud.urls.ecs, urls.ecs)
    .replaceAll(cloud.urls.oss, urls.oss);
  return json<readonly Declared[]>(text);
}

/** A recipe, a fleet, the image it serves, a member that runs for some hours, and a snapshot. */
async function furnish(cloud: Cloud, api: Api): Promise<void> {
  // Uploads of documents start nothing here.
  cloud.fc.lose(({ function: name }) => name === "kiln-bake-image");
  cloud.oss.createBucket(NEW_BUCKET);
  cloud.oss.put(NEW_BUCKET, "recipes/web.yaml", recipeText());
  cloud.oss.put(NEW_BUCKET, "fleets/web.yaml", fleetText());
  cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: cloud.time.now() - days(1) });
  await api.rpc("ecs", "RunInstances", {
    RegionId: cloud.region,
    ImageId: "m-web-1",
    InstanceType: "ecs.g7.large",
    "SystemDisk.Category": "cloud_essd",
    VSwitchId: "vsw-hangzhou-h",
    SecurityGroupId: "sg-default0001",
    "Tag.1.Key": "kiln:deployment",
    "Tag.1.Value": NEW_BUCKET,
  });
  cloud.world.load(
    () => true,
    () => IDLE,
  );
  await cloud.settle({ forMs: minutes(5) });
  for (const { instanceId, diskIds } of cloud.world.instances.values()) {
    await api.rpc("ecs", "CreateSnapshot", { RegionId: cloud.region, DiskId: diskIds[0] ?? "" });
    cloud.world.ageInstance(instanceId, hours(5));
  }
  const trust = { Version: "1", Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: {} }] };
  await api.rpc("ram", "CreateRole", {
    RoleName: "AliyunECSImageImportDefaultRole",
    AssumeRolePolicyDocument: JSON.stringify(trust),
  });
}

/** A deployment to examine, by its variables. */
export interface Case {
  readonly env: Variables;
  readonly declared: readonly Declared[];
}

/** Examines a deployment; sleeps of the doctor are time of the cloud. */
export async function examine(cloud: Cloud, { env, declared }: Case, options: Examination = {}) {
  const {
    only,
    launch = false,
    wait = false,
    skewMs = 0,
    interrupt = new AbortController().signal,
  } = options;
  const out: string[] = [];
  const clock = {
    now: () => cloud.time.now() + skewMs,
    after: () => new AbortController().signal,
    sleep: (ms: number) => cloud.settle({ forMs: ms }),
  };
  const code = await doctor(
    { json: true, mayLaunch: launch, mayWait: wait },
    {
      settings: readSettings({ ...env, ...options.env }),
      declared,
      clock,
      random: real.random,
      out: (line) => void out.push(line),
      interrupt,
      checks: CHECKS.filter(({ name }) => only === undefined || only.includes(name)),
    },
  );
  const { checks } = json<{ checks: ({ name: string } & Findings[string])[] }>(out.join(""));
  return { code, findings: Object.fromEntries(checks.map(({ name, ...finding }) => [name, finding])) };
}
