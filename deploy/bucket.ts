/**
 * The settings of a deployment's bucket.
 *
 * BUCKET-1. Kiln's own rules of the lifecycle are replaced, all others stay as they are.
 * BUCKET-2. Versioning must never have been on: put-if-absent and appends are not what they are without it.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/putobject
 * BUCKET-3. Kiln appends to objects, which a retention policy and a key of the customer forbid.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/appendobject
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type CloudClient } from "../shared/cloud/client.ts";
import { sendToBucket, type BucketAnswer } from "../shared/cloud/oss/request.ts";
import { entriesOf, textOf } from "../shared/cloud/oss/xml.ts";
import { CloudError } from "../shared/errors.ts";
import { FOLDER } from "../shared/keys.ts";
import type { Settings } from "./config.ts";
import type { Plan } from "./plan.ts";
import { Refusal, refuseAny } from "./refusal.ts";

const RULES = readFileSync(join(import.meta.dirname, "../examples/lifecycle.xml"), "utf8");
const OWN_RULES = entriesOf(RULES, "Rule");
/** Logs are needed that long. */
const DAYS_MIN = 30;

/** A client for the deployment's bucket. */
export const bucketOf = ({ place, credentials, endpoints }: Settings): CloudClient =>
  connect({
    region: place.region,
    accountId: place.account,
    bucket: place.bucket,
    stage: place.stage,
    credentials,
    endpoints: { oss: endpoints.oss, ecs: endpoints.ecs },
    fcSignature: "acs3",
  });

/** Creates the bucket or checks and completes its settings. @throws Refusal for a bucket that Kiln cannot use. */
export async function setUpBucket(settings: Settings, plan: Plan): Promise<void> {
  const client = bucketOf(settings);
  const { bucket, region } = settings.place;
  const isThere = await checkBucket(client, region);
  if (!isThere) await plan.change(`create bucket ${bucket}`, () => put(client, "PutBucket", {}));
  const asked = isThere || !plan.isDry;
  const access = asked ? await setting(client, "GetBucketPublicAccessBlock", "publicAccessBlock") : "";
  if (textOf(access, "BlockPublicAccess") !== "true")
    await plan.change(`block public access to ${bucket}`, () =>
      put(client, "PutBucketPublicAccessBlock", { publicAccessBlock: "" }, PRIVATE),
    );
  const lifecycle = asked ? await setting(client, "GetBucketLifecycle", "lifecycle") : "";
  await setUpLifecycle(client, entriesOf(lifecycle, "Rule"), plan);
}

const PRIVATE =
  "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess></PublicAccessBlockConfiguration>";

/** Whether the bucket is there. */
async function checkBucket(client: CloudClient, region: string): Promise<boolean> {
  const { bucket } = client.access;
  const info = await infoOf(client);
  if (info === undefined) return false;
  const location = textOf(info, "Location");
  if (location !== `oss-${region}`)
    throw new Refusal([`bucket ${bucket} is in ${location}, not in oss-${region}; name one in ${region}`]);
  const problems = [
    await versioningProblem(client),
    await retentionProblem(client),
    await keyProblem(client),
  ].flatMap((problem) => problem ?? []);
  refuseAny(problems.map(({ found, todo }) => `bucket ${bucket}: ${found}; ${todo}`));
  return true;
}

/** A setting with which Kiln cannot use a bucket, and what to do. */
export interface BucketProblem {
  readonly found: string;
  readonly todo: string;
}

/** BUCKET-2 */
export async function versioningProblem(client: CloudClient): Promise<BucketProblem | undefined> {
  const status = textOf(await settingOrNone(client, "GetBucketVersioning", "versioning"), "Status");
  const todo = "use another bucket: once on it cannot be undone, and locks do not hold with it";
  return status === "" ? undefined : { found: `versioning is ${status}`, todo };
}

/** BUCKET-3 */
export async function retentionProblem(client: CloudClient): Promise<BucketProblem | undefined> {
  const state = textOf(await settingOrNone(client, "GetBucketWorm", "worm"), "State");
  const todo = "delete it while it is InProgress, or use another bucket";
  return ["", "Expired"].includes(state) ? undefined : { found: `a retention policy is ${state}`, todo };
}

/** BUCKET-3 */
export async function keyProblem(client: CloudClient): Promise<BucketProblem | undefined> {
  const key = textOf(await settingOrNone(client, "GetBucketEncryption", "encryption"), "KMSMasterKeyID");
  const todo = "encrypt the bucket with OSS-managed keys (AES256), or use another one";
  return key === "" ? undefined : { found: `objects are encrypted with key ${key}`, todo };
}

/** The XML of a setting; "" when the bucket has none, for which every setting has its own code. */
export async function settingOrNone(client: CloudClient, action: string, name: string): Promise<string> {
  try {
    return await setting(client, action, name);
  } catch (error) {
    if (error instanceof CloudError && error.status === 404 && error.code !== "NoSuchBucket") return "";
    throw error;
  }
}

async function infoOf(client: CloudClient): Promise<string | undefined> {
  const { bucket, region } = client.access;
  try {
    return await setting(client, "GetBucketInfo", "bucketInfo", ["NoSuchBucket"]);
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== "AccessDenied") throw error;
    // Another region's bucket has another endpoint, and the answer says so in words only.
    if (/specified endpoint/i.test(error.message))
      throw new Refusal([`bucket ${bucket} is in another region, not in ${region}; name one in ${region}`]);
    throw new Refusal([
      `bucket ${bucket} belongs to another account, or the key has no oss:GetBucketInfo; use another name, or give the key AliyunOSSFullAccess`,
    ]);
  }
}

const NONE = ["NoSuchLifecycle", "NoSuchPublicAccessBlockConfiguration"];

/** The XML of a setting; "" when there is none, undefined for a code of `absent`. */
export async function setting(client: CloudClient, action: string, name: string): Promise<string>;
export async function setting(
  client: CloudClient,
  action: string,
  name: string,
  absent: readonly string[],
): Promise<string | undefined>;
export async function setting(
  client: CloudClient,
  action: string,
  name: string,
  absent: readonly string[] = [],
) {
  const allow = [...NONE, ...absent];
  const answer = await sendToBucket(client, { action, method: "GET", query: { [name]: "" }, allow });
  if (answer.status === 200) return answer.body.toString("utf8");
  return absent.length > 0 ? undefined : "";
}

function put(
  client: CloudClient,
  action: string,
  query: Readonly<Record<string, string>>,
  body = "",
): Promise<BucketAnswer> {
  const headers = { "content-type": "application/xml" };
  return sendToBucket(client, { action, method: "PUT", query, headers, body: Buffer.from(body) });
}

/** BUCKET-1. */
async function setUpLifecycle(client: CloudClient, rules: readonly string[], plan: Plan): Promise<void> {
  const { bucket } = client.access;
  const own = OWN_IDS;
  const others = rules.filter((rule) => !own.has(idOf(rule)));
  const harmful = harmfulRules(rules);
  if (harmful.length > 0)
    throw new Refusal([
      `rule ${harmful.join(", ")} of bucket ${bucket} expires or archives logs of Kiln before ${DAYS_MIN} days; limit it to other prefixes`,
    ]);
  const present = rules.filter((rule) => own.has(idOf(rule))).map(plain);
  if (OWN_RULES.every((rule) => present.includes(plain(rule))) && present.length === OWN_RULES.length) return;
  const all = [...others, ...OWN_RULES].map((rule) => `<Rule>${rule}</Rule>`).join("");
  await plan.change(`set the lifecycle rules ${[...own].join(" and ")} of ${bucket}`, () =>
    put(
      client,
      "PutBucketLifecycle",
      { lifecycle: "" },
      `<LifecycleConfiguration>${all}</LifecycleConfiguration>`,
    ),
  );
}

/** Removes Kiln's own rules. */
export async function removeLifecycle(client: CloudClient, plan: Plan): Promise<void> {
  const rules = entriesOf(await setting(client, "GetBucketLifecycle", "lifecycle"), "Rule");
  const own = new Set(OWN_RULES.map(idOf));
  const others = rules.filter((rule) => !own.has(idOf(rule)));
  if (others.length === rules.length) return;
  const all = others.map((rule) => `<Rule>${rule}</Rule>`).join("");
  const query = { lifecycle: "" };
  await plan.change(`remove the lifecycle rules ${[...own].join(" and ")}`, () =>
    others.length === 0
      ? sendToBucket(client, { action: "DeleteBucketLifecycle", method: "DELETE", query })
      : put(client, "PutBucketLifecycle", query, `<LifecycleConfiguration>${all}</LifecycleConfiguration>`),
  );
}

const idOf = (rule: string): string => textOf(rule, "ID");

const OWN_IDS = new Set(OWN_RULES.map(idOf));

/** The members that decide, whatever the cloud adds or how it is written. */
const plain = (rule: string): string =>
  ["ID", "Prefix", "Status", "Days"].map((name) => textOf(rule, name)).join(" ");

/** Ids of rules that may take a log of Kiln that is still needed. */
export const harmfulRules = (rules: readonly string[]): readonly string[] =>
  rules.filter((rule) => !OWN_IDS.has(idOf(rule)) && isHarmful(rule)).map(idOf);

/** Whether a rule of a user may take a log of Kiln that is still needed: by its end, or by a class that takes no appends. */
function isHarmful(rule: string): boolean {
  // A filter has prefixes of its own.
  const prefix = textOf(rule.replace(/<Filter>.*<\/Filter>/s, ""), "Prefix");
  const logs = [FOLDER.runs, FOLDER.locks, FOLDER.reservations, FOLDER.open, FOLDER.state];
  const isNear = logs.some((folder) => folder.startsWith(prefix) || prefix.startsWith(folder));
  const ends = ["Expiration", "Transition"].flatMap((name) => entriesOf(rule, name));
  return isNear && textOf(rule, "Status") === "Enabled" && ends.some(isEarly);
}

/** At an age, or from a date on; a marker of deletion takes nothing where no versions are. */
function isEarly(end: string): boolean {
  const days = textOf(end, "Days");
  return days === "" ? /<(?:Date|CreatedBeforeDate)>/.test(end) : Number(days) < DAYS_MIN;
}
