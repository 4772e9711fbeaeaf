/** The bucket: settings that change what Kiln's locks and logs rest on, and these operations themselves. */
import { textOf, entriesOf } from "../../../shared/cloud/oss/xml.ts";
import { FOLDER } from "../../../shared/keys.ts";
import {
  type BucketProblem,
  harmfulRules,
  keyProblem,
  retentionProblem,
  setting,
  settingOrNone,
  versioningProblem,
} from "../../bucket.ts";
import { judged, ok, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";
import { PROBE_NEEDS } from "./probe.ts";
import type { Order, Reply } from "../probe/orders.ts";

async function bucket({ bucket: client, settings }: Context): Promise<Finding> {
  const { bucket: name, region } = settings.place;
  const info = await setting(client, "GetBucketInfo", "bucketInfo", ["NoSuchBucket"]);
  if (info === undefined) return wrong(`there is no bucket ${name}`, "run npm run setup");
  const location = textOf(info, "Location");
  return location === `oss-${region}`
    ? ok(`${name} in ${location}`)
    : wrong(`${name} is in ${location}, not in oss-${region}`, `name a bucket in ${region}`);
}

/** Wrong with the problem of a setting; ok without one. */
const unless = async (problem: Promise<BucketProblem | undefined>, found: string): Promise<Finding> => {
  const wrongs = await problem;
  return wrongs === undefined ? ok(found) : wrong(wrongs.found, wrongs.todo);
};

async function publicAccess(context: Context): Promise<Finding> {
  const xml = await settingOrNone(context.bucket, "GetBucketPublicAccessBlock", "publicAccessBlock");
  return textOf(xml, "BlockPublicAccess") === "true"
    ? ok("blocked")
    : wrong("public access is not blocked", "run npm run setup, which blocks it");
}

/** https://www.alibabacloud.com/help/en/oss/developer-reference/putbucketoverwriteconfig */
async function overwriteRules(context: Context): Promise<Finding> {
  const xml = await settingOrNone(context.bucket, "GetBucketOverwriteConfig", "overwriteConfig");
  const rules = entriesOf(xml, "Rule").filter((rule) => isNear(textOf(rule, "Prefix")));
  const ids = rules.map((rule) => textOf(rule, "ID")).join(", ");
  return rules.length === 0
    ? ok("none for objects of Kiln")
    : wrong(`rule ${ids} forbids to overwrite objects of Kiln`, "remove it, or limit it to other prefixes");
}

const isNear = (prefix: string): boolean =>
  Object.values(FOLDER).some((folder) => folder.startsWith(prefix) || prefix.startsWith(folder));

async function lifecycle(context: Context): Promise<Finding> {
  const rules = entriesOf(await settingOrNone(context.bucket, "GetBucketLifecycle", "lifecycle"), "Rule");
  const harmful = harmfulRules(rules);
  return harmful.length === 0
    ? ok("no rule takes a log that is needed")
    : wrong(
        `rule ${harmful.join(", ")} expires or archives logs of Kiln too early`,
        "limit it to other prefixes",
      );
}

const put = (key: string, headers: Readonly<Record<string, string>>): Order => ({
  kind: "bucket",
  action: "PutObject",
  method: "PUT",
  key,
  headers: { "content-type": "text/plain", ...headers },
  body: "doctor",
});

const get = (key: string): Order => ({ kind: "bucket", action: "GetObject", method: "GET", key });

const append = (key: string, position: number, body: string): Order => ({
  kind: "bucket",
  action: "AppendObject",
  method: "POST",
  key,
  query: { append: "", position: String(position) },
  headers: { "content-type": "application/x-ndjson" },
  body,
});

const said = ({ status, code, text }: Reply): string =>
  code === "" ? `${status}` : `${status} ${code}: ${text}`;

/** Carries orders out with the probe's role and keeps the answers. */
async function carriedOut(
  context: Context,
  name: string,
  orders: readonly Order[],
): Promise<readonly Reply[]> {
  const probe = await context.probe();
  const { replies } = await probe.ask(orders);
  await probe.keep(name, replies);
  return replies;
}

/** Of several writers exactly one wins. */
async function putIfAbsent(context: Context): Promise<Finding> {
  const { folder } = await context.probe();
  const order = put(`${folder}put-if-absent`, { "x-oss-forbid-overwrite": "true" });
  const [first, second] = await carriedOut(context, "put-if-absent", [order, order]);
  if (first?.status !== 200)
    return wrong(`the first write is answered ${first && said(first)}`, "correct the bucket");
  return second?.status === 409
    ? ok(`the second write is answered 409 ${second.code}`)
    : wrong(`the second write is answered ${second && said(second)} instead of 409`, "use another bucket");
}

/** The primitive of Kiln's logs and locks: an append at the length that was read. */
async function appends(context: Context): Promise<Finding> {
  const key = `${(await context.probe()).folder}append`;
  const orders = [append(key, 0, "one\n"), append(key, 4, "two\n"), append(key, 4, "not\n"), get(key)];
  const [first, second, late, read] = await carriedOut(context, "append", orders);
  const problems = [first, second].flatMap((reply) =>
    reply?.status === 200 ? [] : [`an append is answered ${reply && said(reply)}`],
  );
  if (late?.code !== "PositionNotEqualToLength")
    problems.push(`an append at a wrong position is answered ${late && said(late)}`);
  if (read?.text !== "one\ntwo\n") problems.push(`the object reads ${JSON.stringify(read?.text)}`);
  const todo =
    "correct the bucket's encryption, retention and rules, or use another bucket: no run works without it";
  return judged(problems, "two appends, and one at a wrong position is refused", todo);
}

/** Keys that programs encode in different ways. */
export const ODD_KEY = "odd+ key %41 ü.txt";

async function oddKeys(context: Context): Promise<Finding> {
  const { folder } = await context.probe();
  const key = `${folder}${ODD_KEY}`;
  const [written, read] = await carriedOut(context, "odd-keys", [put(key, {}), get(key)]);
  return written?.status === 200 && read?.text === "doctor"
    ? ok(`${ODD_KEY} is written and read`)
    : wrong(
        `${ODD_KEY}: ${written && said(written)}, then ${read && said(read)}`,
        "use plain names for recipes and disks",
      );
}

export const BUCKET_CHECKS: readonly Check<Context>[] = [
  { name: "bucket", needs: ["account"], run: bucket },
  {
    name: "versioning",
    needs: ["bucket"],
    run: ({ bucket: client }) => unless(versioningProblem(client), "never on"),
  },
  { name: "public-access", needs: ["bucket"], run: publicAccess },
  { name: "overwrite-rules", needs: ["bucket"], run: overwriteRules },
  {
    name: "retention",
    needs: ["bucket"],
    run: ({ bucket: client }) => unless(retentionProblem(client), "no retention policy"),
  },
  {
    name: "encryption",
    needs: ["bucket"],
    run: ({ bucket: client }) => unless(keyProblem(client), "no key of the customer"),
  },
  { name: "lifecycle", needs: ["bucket"], run: lifecycle },
];

/** The operations themselves, made by the probe. */
export const OBJECT_CHECKS: readonly Check<Context>[] = [
  { name: "put-if-absent", needs: PROBE_NEEDS, run: putIfAbsent },
  { name: "append", needs: PROBE_NEEDS, run: appends },
  { name: "odd-keys", needs: PROBE_NEEDS, run: oddKeys },
];
