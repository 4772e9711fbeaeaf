/**
 * `npm run deploy`: checks everything first, then hands s.yaml to the deploy tool, then removes what s.yaml no longer has.
 *
 * DEPLOY-1. Nothing is changed before everything was checked.
 * DEPLOY-2. A setting that is in the cloud and not in the environment stays: a deployment from another shell must not
 *     empty the secrets. `--unset` removes one.
 * DEPLOY-3. s.yaml lists receivers of events before their senders, and the tool keeps that order: a new event never
 *     reaches an old function.
 */
import { build } from "../build.ts";
import { channelNames } from "../functions/notifier/config.ts";
import { readSecrets } from "../shared/config.ts";
import { know } from "../shared/redact.ts";
import { connectApi, type Api } from "./api.ts";
import { functionProblems, regionWarning, RESERVED_MAX } from "./checks.ts";
import type { Environment, Settings, Surroundings } from "./config.ts";
import { deployedDomain, DOMAIN_VARIABLE, isReplaced, removeRoutes, type CustomDomain } from "./domains.ts";
import {
  deleteFunction,
  deleteTrigger,
  kilnFunctions,
  namedAs,
  ownOf,
  reservations,
  sharedBucketProblems,
  triggersOf,
  urlOf,
  type LiveFunction,
} from "./functions.ts";
import { checkAccount } from "./identity.ts";
import { keptVariables, unsetProblems, withKept } from "./kept.ts";
import { foreignFunctions, readManifest, type Declared } from "./manifest.ts";
import { functionNameOf, type Place } from "./names.ts";
import { Plan } from "./plan.ts";
import { Refusal, refuseAny } from "./refusal.ts";
import { pendingSetup } from "./setup.ts";
import { toolIn, type Tool } from "./tool.ts";
import { variableProblems } from "./variables.ts";

export interface DeployOptions {
  readonly plan: boolean;
  /** Variables that are removed from the cloud when the environment has none. */
  readonly unset: readonly string[];
  /** Called when everything was checked, before the first change. */
  readonly begin?: () => void;
}

/** @throws Refusal before the first change, or when the tool fails. */
export async function deploy(
  settings: Settings,
  options: DeployOptions,
  around: Surroundings,
): Promise<void> {
  const { place } = settings;
  refuseAny(variableProblems(settings.environment));
  const api = connectApi({ ...settings, region: place.region });
  await checkAccount(api, place);
  const live = await usable(api, place);
  const tool = toolIn(around.root);
  const declared = await readManifest(tool, toolEnvironment(settings));
  refuseAny([
    ...unsetProblems(settings.environment, options.unset, declared),
    ...foreignFunctions(declared, live, place).map((found) => `${found}; choose another KILN_STAGE`),
  ]);
  const own = ownOf(place, live);
  const domain = await deployedDomain(api, own, functionNameOf(place, "webhook"));
  const oldDomain = domain && isReplaced(domain, settings.environment, options.unset) ? domain : undefined;
  const unset = [
    ...options.unset,
    ...(oldDomain === undefined ? [] : ["KILN_WEBHOOK_URL"]),
    ...(options.unset.includes("KILN_CHANNELS") ? ["KILN_CHANNEL_NAMES"] : []),
  ];
  const kept = keptVariables(declared, own, unset);
  know(readSecrets(kept));
  // The deployment may be of a version without them.
  const settled = { ...kept, ...channelNames(kept) };
  const environment = { ...toolEnvironment(settings), ...settled };
  const functions = declared.map((one) => ({ ...one, environment: withKept(one.environment, settled) }));
  refuseAny([
    ...variableProblems(kept).map((problem) => `in the cloud, ${problem}`),
    ...functionProblems(functions),
    ...(await shareProblems(api, functions)),
    ...(await setupProblems(api, settings)),
  ]);
  const warning = regionWarning(place.region);
  if (warning !== undefined) around.out(warning);
  sayKept(kept, domain?.domainName, around);
  await apply({ api, place, functions, own, oldDomain, environment }, options, { ...around, tool });
}

/** The functions that are named like those of the deployment. @throws Refusal when the bucket is another stage's */
async function usable(api: Api, place: Place): Promise<readonly LiveFunction[]> {
  const all = await kilnFunctions(api);
  refuseAny(sharedBucketProblems(all, place));
  return namedAs(all, place);
}

const SHOWN = 3;

/** The reason why functions would be without what `setup` makes, which the deploy tool does not look at. */
async function setupProblems(api: Api, settings: Settings): Promise<readonly string[]> {
  const pending = await pendingSetup(api, settings);
  if (pending.length === 0) return [];
  const more = pending.length > SHOWN ? ` and ${pending.length - SHOWN} more` : "";
  const { stage } = settings.place;
  const command = stage === "" ? "npm run setup" : `npm run setup -- --stage ${stage}`;
  return [
    `setup comes first, and would still ${pending.slice(0, SHOWN).join(", ")}${more}; run ${command}, then deploy again`,
  ];
}

/** The environment of the tool: all variables, and the key under the names that it reads. */
export const toolEnvironment = ({ environment, place, credentials }: Settings): Environment => ({
  ...environment,
  ...channelNames(environment),
  AccountID: place.account,
  AccessKeyID: credentials.accessKeyId,
  AccessKeySecret: credentials.accessKeySecret,
  ...(credentials.securityToken ? { SecurityToken: credentials.securityToken } : {}),
});

/** An address that s.yaml has derived is named as what it is derived from. */
function sayKept(kept: Environment, domain: string | undefined, { out }: Surroundings): void {
  const names = Object.entries(kept)
    .map(([name, value]) => (value === `https://${domain}` ? DOMAIN_VARIABLE : name))
    .toSorted();
  if (names.length > 0)
    out(`kept as they are in the cloud: ${names.join(", ")} (--unset <name> removes one)`);
}

/** Of the 100 instances of an account in a region, 90 may be reserved by all functions together. */
const RESERVABLE = 90;

/** Reasons why the reservations of these functions do not fit beside those of others. */
export async function shareProblems(api: Api, functions: readonly Declared[]): Promise<readonly string[]> {
  const all = [...(await reservations(api))];
  const others = all.filter(([name]) => !functions.some((one) => one.name === name));
  const taken = others.reduce((sum, [, reserved]) => sum + reserved, 0);
  const asked = functions.reduce((sum, { reserved }) => sum + reserved, 0);
  if (taken + asked <= RESERVABLE) return [];
  const names = others
    .filter(([, reserved]) => reserved > 0)
    .map(([name, reserved]) => `${name} ${reserved}`);
  return [
    `Kiln reserves ${asked} instances, and other functions of the region ${taken} of the ${RESERVABLE} that may be reserved (${names.join(", ")}); lower KILN_RESERVED_… (at most ${RESERVED_MAX} together), or theirs`,
  ];
}

interface Deployment {
  readonly api: Api;
  readonly place: Place;
  readonly functions: readonly Declared[];
  readonly own: readonly LiveFunction[];
  /** The webhook's domain that this deployment replaces. */
  readonly oldDomain: CustomDomain | undefined;
  readonly environment: Environment;
}

/** Functions with an HTTP trigger, as they are named to the user. */
const WITH_URL = [
  ["api", "API"],
  ["webhook", "webhook"],
] as const;

async function apply(
  { api, place, functions, own, oldDomain, environment }: Deployment,
  { plan: isDry, begin }: DeployOptions,
  { out, tool }: Surroundings & { readonly tool: Tool },
): Promise<void> {
  const plan = new Plan(isDry, out);
  const isThere = (name: string): boolean => own.some(({ functionName }) => functionName === name);
  for (const { name, triggers } of functions)
    plan.note(
      `${isDry ? "would " : ""}${isThere(name) ? "update" : "create"} function ${name}${triggers.length > 0 ? ` with ${triggers.join(", ")}` : ""}`,
    );
  if (!isDry) {
    begin?.();
    await runTool(tool, environment, out);
  }
  await removeRoutes(oldDomain ? [oldDomain] : [], [functionNameOf(place, "webhook")], { api, plan });
  await removeOld(api, { functions, own }, plan);
  for (const [name, title] of isDry ? [] : WITH_URL) {
    const url = await urlOf(api, functionNameOf(place, name), "http");
    if (url !== undefined) out(`the ${title}'s URL: ${url}`);
  }
}

async function runTool(tool: Tool, environment: Environment, say: (line: string) => void): Promise<void> {
  await build();
  const { code } = await tool(["deploy", "-y"], { environment, say });
  if (code !== 0)
    throw new Refusal([
      `s deploy ended with code ${code}; correct what it says above and deploy again, which goes on where it stopped`,
    ]);
}

/** Triggers and functions that s.yaml no longer has: the tool only creates and updates. */
async function removeOld(
  api: Api,
  { functions, own }: Pick<Deployment, "functions" | "own">,
  plan: Plan,
): Promise<void> {
  for (const { functionName: name } of own) {
    const declared = functions.find((one) => one.name === name);
    const old = (await triggersOf(api, name)).filter((trigger) => !declared?.triggers.includes(trigger));
    for (const trigger of old)
      await plan.change(`remove trigger ${trigger} of ${name}`, () => deleteTrigger(api, name, trigger));
    if (declared === undefined) await plan.change(`remove function ${name}`, () => deleteFunction(api, name));
  }
}
