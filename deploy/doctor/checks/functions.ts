/** The functions of the deployment: in the cloud as s.yaml declares them. */
import { isDeepStrictEqual } from "node:util";
import { ifThere, type Answer } from "../../api.ts";
import { shareProblems } from "../../deploy.ts";
import { liveTriggers, ownOf, reservations, type LiveFunction, type LiveTrigger } from "../../functions.ts";
import { foreignFunctions, type Declared } from "../../manifest.ts";
import { pendingSetup } from "../../setup.ts";
import { Refusal } from "../../refusal.ts";
import { judged, ok, unknown, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";

const AGAIN = "run npm run deploy";

/** Settings of a function that s.yaml decides. */
const SETTINGS = "runtime handler role timeout cpu memorySize diskSize internetAccess".split(" ");
/** Settings of which s.yaml gives only a part; an empty part is the same as none. */
const NESTED = ["logConfig", "vpcConfig"];

type Tree = Readonly<Record<string, unknown>>;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is looked at when it is read
const tree = (value: unknown): Tree => (value ?? {}) as Tree;

const isNothing = (value: unknown): boolean =>
  value === undefined || value === "" || value === false || value === "None" || isDeepStrictEqual(value, []);

const isSame = (wanted: unknown, found: unknown): boolean =>
  isDeepStrictEqual(wanted, found) || (isNothing(wanted) && isNothing(found));

/** Names of what differs. Values are not shown: they may be secrets. */
function differences({ props, environment }: Declared, live: LiveFunction): readonly string[] {
  const nested = NESTED.flatMap((key) =>
    Object.entries(tree(props[key])).flatMap(([name, wanted]) =>
      isSame(wanted, tree(live[key])[name]) ? [] : [`${key}.${name}`],
    ),
  );
  // A variable that is not set here is kept as it is in the cloud by the next deployment.
  const variables = Object.entries(environment).filter(
    ([name, value]) => value !== "" && live.environmentVariables[name] !== value,
  );
  return [
    ...SETTINGS.filter((key) => props[key] !== undefined && !isSame(props[key], live[key])),
    ...nested,
    ...variables.map(([name]) => name),
  ];
}

/** For each function of the deployment that is there. @returns undefined when none is. */
async function pairs(context: Context): Promise<(readonly [Declared, LiveFunction])[] | undefined> {
  const live = ownOf(context.settings.place, await context.live());
  const found = context.declared.flatMap((one): (readonly [Declared, LiveFunction])[] => {
    const other = live.find(({ functionName }) => functionName === one.name);
    return other === undefined ? [] : [[one, other]];
  });
  return found.length === 0 ? undefined : found;
}

const NOTHING_YET = unknown("nothing is deployed yet: npm run deploy comes next");

async function functions(context: Context): Promise<Finding> {
  const foreign = foreignFunctions(context.declared, await context.live(), context.settings.place);
  if (foreign.length > 0)
    return wrong(
      foreign.join("; "),
      "set KILN_BUCKET to the bucket of this deployment, or choose another KILN_STAGE",
    );
  const found = await pairs(context);
  if (found === undefined) return NOTHING_YET;
  const missing = context.declared.filter(({ name }) => !found.some(([one]) => one.name === name));
  const extra = ownOf(context.settings.place, await context.live()).filter(
    ({ functionName }) => !context.declared.some(({ name }) => name === functionName),
  );
  const changed = found.flatMap(([one, live]) => {
    const names = differences(one, live);
    return names.length === 0 ? [] : [`${one.name} differs in ${names.join(", ")}`];
  });
  const problems = [
    ...missing.map(({ name }) => `${name} is not there`),
    ...extra.map(({ functionName }) => `${functionName} is not in s.yaml`),
    ...changed,
  ];
  return judged(problems, `${found.length} as s.yaml declares them`, AGAIN);
}

/** Problems of each function that is there, from what the cloud says about it. */
async function ofEach(
  context: Context,
  found: string,
  problemsOf: (one: Declared, live: LiveFunction) => Promise<readonly string[]>,
): Promise<Finding> {
  const there = await pairs(context);
  if (there === undefined) return NOTHING_YET;
  const problems: string[] = [];
  for (const [one, live] of there) problems.push(...(await problemsOf(one, live)));
  return judged(problems, found, AGAIN);
}

const ASYNC = "asyncTask maxAsyncRetryAttempts maxAsyncEventAgeInSeconds".split(" ");

/** Destinations as text; an absent one is the same as an empty one. */
const destinationOf = (config: Tree): unknown =>
  tree(tree(config["destinationConfig"])["onFailure"])["destination"];

const asyncSettings = (context: Context): Promise<Finding> =>
  ofEach(context, "task mode, retries and failure destinations", async ({ name, props }) => {
    const wanted = props["asyncInvokeConfig"];
    if (wanted === undefined) return [];
    const path = `/functions/${name}/async-invoke-config`;
    const config: Answer | undefined = await ifThere(context.api.fc("GET", path, { qualifier: "LATEST" }));
    if (config === undefined) return [`${name} has no settings for events`];
    const differs = ASYNC.filter((key) => !isSame(tree(wanted)[key], config[key]));
    if (!isSame(destinationOf(tree(wanted)), destinationOf(config))) differs.push("destinationConfig");
    return differs.length === 0 ? [] : [`events of ${name} differ in ${differs.join(", ")}`];
  });

async function reserved(context: Context): Promise<Finding> {
  const all = await reservations(context.api);
  return ofEach(context, "reserved instances", ({ name, reserved: wanted }) => {
    const found = all.get(name) ?? 0;
    return Promise.resolve(
      found === wanted ? [] : [`${name} reserves ${found} instances instead of ${wanted}`],
    );
  });
}

/** Whether the reservations fit, beside those of other functions; those still to be made are tried on the probe. */
async function concurrency(context: Context): Promise<Finding> {
  const { api, declared } = context;
  const problems = await shareProblems(api, declared);
  const todo = "lower KILN_RESERVED_…, or have the account's limit raised in the Quota Center";
  const all = await reservations(api);
  const sum = (of: (one: Declared) => number): number => declared.reduce((total, one) => total + of(one), 0);
  const missing = sum(({ name, reserved: wanted }) => Math.max(0, wanted - (all.get(name) ?? 0)));
  if (problems.length > 0 || missing === 0) return judged(problems, "the reservations fit", todo);
  const probe = await context.probe();
  const path = `/functions/${probe.name}/concurrency`;
  try {
    await api.fc("PUT", path, {}, { reservedConcurrency: missing });
  } catch (error) {
    return wrong(`${missing} instances more cannot be reserved: ${String(error)}`, todo);
  } finally {
    await ifThere(api.fc("DELETE", path));
  }
  return ok(`${missing} instances more can be reserved`);
}

const TRIGGER_SETTINGS = ["triggerType", "sourceArn", "invocationRole"];

function triggerProblems(name: string, wanted: readonly Tree[], live: readonly LiveTrigger[]): string[] {
  const nameOf = (trigger: Tree): string => String(trigger["triggerName"]);
  const known = new Set(wanted.map(nameOf));
  const extra = live.filter((one) => !known.has(one.triggerName));
  return [
    ...extra.map(({ triggerName }) => `${name} has trigger ${triggerName}, which is not in s.yaml`),
    ...wanted.flatMap((trigger) => {
      const found = live.find(({ triggerName }) => triggerName === nameOf(trigger));
      if (found === undefined) return [`${name} lacks trigger ${nameOf(trigger)}`];
      const differs = TRIGGER_SETTINGS.filter((key) => !isSame(trigger[key], found[key]));
      // The API gives the configuration as text.
      const config: unknown = JSON.parse(String(found["triggerConfig"]));
      if (!isDeepStrictEqual(trigger["triggerConfig"], config)) differs.push("triggerConfig");
      return differs.length === 0
        ? []
        : [`trigger ${nameOf(trigger)} of ${name} differs in ${differs.join(", ")}`];
    }),
  ];
}

const triggers = (context: Context): Promise<Finding> =>
  ofEach(context, "as s.yaml declares them, and no other", async ({ name, props }) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a list of s.yaml, which the deploy tool has read
    triggerProblems(name, (props["triggers"] ?? []) as Tree[], await liveTriggers(context.api, name)),
  );

async function logs(context: Context): Promise<Finding> {
  const found = await pairs(context);
  if (found === undefined) return NOTHING_YET;
  const silent = found.filter(([, live]) => isNothing(tree(live["logConfig"])["project"]));
  if (silent.length === 0) return ok("every function has a log project");
  const names = silent.map(([{ name }]) => name).join(", ");
  return wrong(`nothing that ${names} writes is kept`, "set KILN_LOG_PROJECT and run npm run deploy");
}

/** The changes that `npm run setup` would make. */
async function isSetUp({ api, settings }: Context): Promise<Finding> {
  try {
    const changes = (await pendingSetup(api, settings)).map((change) => `it would ${change}`);
    return judged(changes, "bucket, roles and policies are there", "run npm run setup");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return wrong(error.message, "correct it, then run npm run setup");
  }
}

export const FUNCTION_CHECKS: readonly Check<Context>[] = [
  { name: "setup", needs: ["account"], run: isSetUp },
  { name: "functions", needs: ["account"], run: functions },
  { name: "async-settings", needs: ["account"], run: asyncSettings },
  { name: "reservations", needs: ["account"], run: reserved },
  { name: "concurrency", needs: ["account"], run: concurrency },
  { name: "triggers", needs: ["account"], run: triggers },
  { name: "logs", needs: ["account"], run: logs },
];
