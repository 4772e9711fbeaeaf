/** The account: whose the key is, the clock, the region, and what the account can do at all. */
import * as z from "zod/mini";
import { messageOf } from "../../../shared/errors.ts";
import { functionProblems, regionWarning } from "../../checks.ts";
import { checkAccount } from "../../identity.ts";
import { kilnFunctions } from "../../functions.ts";
import { Refusal } from "../../refusal.ts";
import { setting } from "../../bucket.ts";
import { variableProblems } from "../../variables.ts";
import { judged, ok, unknown, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";

const SKEW_MAX_MS = 60_000;

async function account({ api, settings }: Context): Promise<Finding> {
  try {
    await checkAccount(api, settings.place);
    return ok(settings.place.account);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return wrong(error.message, "set KILN_ACCOUNT_ID and the access key of the same account");
  }
}

/** By the Date header that every answer of OSS has. */
async function clock({ settings, clock: own }: Context): Promise<Finding> {
  const answer = await fetch(settings.endpoints.oss, { method: "HEAD" });
  const at = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(at)) return unknown("the answer of OSS has no date");
  const skewS = Math.round((own.now() - at) / 1000);
  return Math.abs(skewS) * 1000 < SKEW_MAX_MS
    ? ok(`${skewS} s off`)
    : wrong(`this machine's clock is ${skewS} s off`, "set the clock, for example by NTP: signatures expire");
}

async function region({ api, settings }: Context): Promise<Finding> {
  const { region: name } = settings.place;
  const answer = await api.rpc("ecs", "DescribeRegions", { RegionId: name });
  const known = JSON.stringify(answer).includes(`"RegionId":"${name}"`);
  return known ? ok(name) : wrong(`the account has no region ${name}`, "correct KILN_REGION");
}

function taskMode({ settings }: Context): Promise<Finding> {
  const warning = regionWarning(settings.place.region);
  return Promise.resolve(
    warning === undefined
      ? ok(`${settings.place.region} refuses task ids that were used before`)
      : wrong(warning.replace(/^warning: /, ""), "choose another region, or accept the further calls"),
  );
}

/** A read of each product; one that is not activated refuses every call. For snapshots see machines.ts. */
const PRODUCTS: Readonly<Record<string, (context: Context) => Promise<unknown>>> = {
  "Function Compute": ({ api }) => kilnFunctions(api),
  OSS: ({ bucket }) => setting(bucket, "GetBucketInfo", "bucketInfo", ["NoSuchBucket"]),
  ECS: ({ api, settings }) => api.rpc("ecs", "DescribeInstances", { RegionId: settings.place.region }),
};

async function products(context: Context): Promise<Finding> {
  const problems: string[] = [];
  for (const [name, read] of Object.entries(PRODUCTS)) {
    await read(context).catch((error: unknown) => problems.push(`${name}: ${messageOf(error)}`));
  }
  const todo = "activate the product in its console, or allow the key that deploys to read it";
  return judged(problems, Object.keys(PRODUCTS).join(", "), todo);
}

/** The balance an account of the China site needs to buy pay-as-you-go instances; others have a payment method. */
const BALANCE_MIN_CNY = 100;

/** https://www.alibabacloud.com/help/en/ecs/user-guide/pay-as-you-go-1 */
async function balance({ api }: Context): Promise<Finding> {
  const { Data } = await api.rpc("bss", "QueryAccountBalance", {});
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- looked at below
  const { AvailableAmount = "", Currency = "" } = (Data ?? {}) as Readonly<Record<string, string>>;
  const amount = Number(AvailableAmount.replaceAll(",", ""));
  const found = `the available balance is ${AvailableAmount} ${Currency}`;
  if (AvailableAmount === "" || Number.isNaN(amount)) return unknown("the answer has no amount");
  if (amount >= (Currency === "CNY" ? BALANCE_MIN_CNY : 0)) return ok(found);
  return wrong(found, `have at least ${BALANCE_MIN_CNY}: pay-as-you-go instances cannot be bought below`);
}

/** The quotas that the API of ECS answers; images and snapshots have theirs in the Quota Center. */
const ATTRIBUTES = ["max-postpaid-instance-vcpu-count", "used-postpaid-instance-vcpu-count"] as const;

/** The smallest types that builders use. */
const VCPUS_MIN = 2;

/** https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeaccountattributes */
async function quotas({ api, settings }: Context): Promise<Finding> {
  const names = Object.fromEntries(ATTRIBUTES.map((name, n) => [`AttributeName.${n + 1}`, name]));
  const answer = await api.rpc("ecs", "DescribeAccountAttributes", {
    RegionId: settings.place.region,
    ...names,
  });
  const read = Attributes.safeParse(answer);
  const items = read.success ? read.data.AccountAttributeItems.AccountAttributeItem : [];
  const [most, used] = ATTRIBUTES.map((name) => {
    const found = items.find(({ AttributeName }) => AttributeName === name);
    return Number(found?.AttributeValues.ValueItem[0]?.Value);
  });
  if (most === undefined || used === undefined || Number.isNaN(most + used))
    return unknown("ECS does not answer the quota of pay-as-you-go vCPUs: look into the Quota Center");
  const found = `${used} of ${most} pay-as-you-go vCPUs are used`;
  return most - used >= VCPUS_MIN
    ? ok(`${found}; instances of functions: see concurrency; OSS limits neither objects nor bytes`)
    : wrong(found, "raise the quota in the Quota Center, or release instances");
}

const Attributes = z.looseObject({
  AccountAttributeItems: z.looseObject({
    AccountAttributeItem: z.array(
      z.looseObject({
        AttributeName: z.string(),
        AttributeValues: z.looseObject({
          ValueItem: z.array(z.looseObject({ Value: z.optional(z.string()) })),
        }),
      }),
    ),
  }),
});

function variables({ settings, declared }: Context): Promise<Finding> {
  const problems = [...variableProblems(settings.environment), ...functionProblems(declared)];
  return Promise.resolve(judged(problems, "well formed, and they fit", "correct .env or the shell"));
}

export const ACCOUNT_CHECKS: readonly Check<Context>[] = [
  { name: "account", run: account },
  { name: "clock", run: clock },
  { name: "region", needs: ["account"], run: region },
  { name: "task-mode", run: taskMode },
  { name: "products", needs: ["account"], run: products },
  { name: "balance", needs: ["account"], run: balance },
  { name: "quotas", needs: ["account"], run: quotas },
  { name: "variables", run: variables },
];
