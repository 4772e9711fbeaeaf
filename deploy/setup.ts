/** `npm run setup`: everything a deployment needs before its functions, made or brought up to date. */
import { connectApi, ifThere, type Api } from "./api.ts";
import { setUpBucket } from "./bucket.ts";
import type { Settings } from "./config.ts";
import { kilnFunctions, sharedBucketProblems } from "./functions.ts";
import { checkAccount } from "./identity.ts";
import { goingOn, inTwoPasses, Plan } from "./plan.ts";
import { refuseAny, WrongSettings } from "./refusal.ts";
import { setUpRoles } from "./roles.ts";
import { nameProblems } from "./variables.ts";

/** A role that the cloud itself asks for, to read disk files: https://www.alibabacloud.com/help/en/ecs/user-guide/import-images-1 */
export const IMPORT_ROLE = "AliyunECSImageImportDefaultRole";

/** Makes or completes bucket, roles and policies. Repeated, it changes nothing. @throws Refusal before the first change. */
export async function setup(settings: Settings, plan: Plan): Promise<void> {
  // A misspelt one changes what policies allow.
  const misnamed = nameProblems(settings.environment);
  if (misnamed.length > 0) throw new WrongSettings(misnamed);
  const api = connectApi({ ...settings, region: settings.place.region });
  await checkAccount(api, settings.place);
  await goingOn(plan, "npm run setup", async () => {
    const changes = await inTwoPasses(plan, (pass) => setUpAll(api, settings, pass));
    if (changes === 0) plan.note("everything exists already");
  });
  await noteImports(api, plan);
}

/** One walk over bucket, roles and policies. */
async function setUpAll(api: Api, settings: Settings, plan: Plan): Promise<void> {
  refuseAny(sharedBucketProblems(await kilnFunctions(api), settings.place));
  await setUpBucket(settings, plan);
  await setUpRoles(api, settings.place, plan);
}

/** The changes that setup would still make, such as "create role x"; none once it is done. @throws Refusal as setup does. */
export async function pendingSetup(api: Api, settings: Settings): Promise<readonly string[]> {
  const changes: string[] = [];
  const plan = new Plan(true, (line) => void changes.push(line.replace(/^would /, "")));
  await setUpAll(api, settings, plan);
  return changes;
}

async function noteImports(api: Api, plan: Plan): Promise<void> {
  if ((await ifThere(api.rpc("ram", "GetRole", { RoleName: IMPORT_ROLE }))) !== undefined) return;
  plan.note(`role ${IMPORT_ROLE} is not there; recipes with source.upload need it, see README, “Deploy”`);
}
