/** The functions of a deployment as they are in the cloud now. */
import * as z from "zod/mini";
import { byToken } from "../shared/cloud/ecs/pages.ts";
import { ifThere, type Api } from "./api.ts";
import { functionNameOf, prefixOf, type Place } from "./names.ts";

const LiveFunction = z.looseObject({
  functionName: z.string(),
  environmentVariables: z._default(z.record(z.string(), z.string()), {}),
});
/** A function in the cloud, as far as it is read. */
export type LiveFunction = z.infer<typeof LiveFunction>;

const FunctionPage = z.looseObject({ functions: z.array(LiveFunction), nextToken: z.optional(z.string()) });
const LiveTrigger = z.looseObject({ triggerName: z.string(), triggerType: z.optional(z.string()) });
/** A trigger in the cloud, as far as it is read. */
export type LiveTrigger = z.infer<typeof LiveTrigger>;
const TriggerPage = z.looseObject({
  triggers: z.array(LiveTrigger),
  nextToken: z.optional(z.string()),
});
const ReservationPage = z.looseObject({
  configs: z.array(z.looseObject({ functionArn: z.string(), reservedConcurrency: z.optional(z.number()) })),
  nextToken: z.optional(z.string()),
});

/** All items of a list that the API answers in pages of at most 100. @param ifMissing the answer about what does not exist */
export const listed = <P extends { readonly nextToken?: string | undefined }, T>(
  api: Api,
  path: string,
  { query = {}, read, itemsOf, ifMissing }: Listing<P, T>,
): Promise<T[]> =>
  byToken(
    `GET ${path}`,
    async (token) => {
      const asked = api.fc("GET", path, {
        ...query,
        limit: "100",
        ...(token !== undefined && { nextToken: token }),
      });
      const page = read.parse(ifMissing === undefined ? await asked : ((await ifThere(asked)) ?? ifMissing));
      return { items: itemsOf(page), nextToken: page.nextToken };
    },
    "fc",
  );

interface Listing<P, T> {
  readonly query?: Readonly<Record<string, string>>;
  readonly read: z.ZodMiniType<P>;
  readonly itemsOf: (page: P) => readonly T[];
  readonly ifMissing?: P;
}

/** The functions of all deployments of the account and region. */
export const kilnFunctions = (api: Api): Promise<LiveFunction[]> =>
  listed(api, "/functions", {
    query: { prefix: `${prefixOf("")}-` },
    read: FunctionPage,
    itemsOf: ({ functions }) => functions,
  });

/** The bucket of a function's deployment; "" when it is not of Kiln. */
export const bucketIn = ({ environmentVariables }: LiveFunction): string =>
  environmentVariables["KILN_BUCKET"] ?? "";
const stageIn = ({ environmentVariables }: LiveFunction): string => environmentVariables["KILN_STAGE"] ?? "";

/** Those whose name begins like those of the deployment; they may be of another bucket, but not of another stage. */
export const namedAs = (all: readonly LiveFunction[], place: Place): LiveFunction[] =>
  all.filter(
    (one) =>
      one.functionName.startsWith(functionNameOf(place, "")) &&
      // Names of stages begin like those of a deployment without a stage.
      ["", place.stage].includes(stageIn(one)),
  );

/** Those of the functions that the deployment has. */
export const ownOf = ({ bucket, stage }: Place, live: readonly LiveFunction[]): readonly LiveFunction[] =>
  live.filter((one) => bucketIn(one) === bucket && stageIn(one) === stage);

/** The reason why the bucket cannot be used, if another stage has it: stages with one bucket count and change each other's. */
export function sharedBucketProblems(
  all: readonly LiveFunction[],
  { bucket, stage }: Place,
): readonly string[] {
  const other = all.find((one) => bucketIn(one) === bucket && stageIn(one) !== stage);
  if (other === undefined) return [];
  const whose = stageIn(other) === "" ? "the deployment without a stage" : `stage ${stageIn(other)}`;
  return [
    `bucket ${bucket} belongs to ${whose} (function ${other.functionName}); a stage needs a bucket of its own, so set KILN_BUCKET to another one`,
  ];
}

/** Names of the triggers of a function; none for a function that is not there. */
export const triggersOf = async (api: Api, name: string): Promise<string[]> =>
  (await liveTriggers(api, name)).map(({ triggerName }) => triggerName);

/** The triggers of a function; none for a function that is not there. */
export const liveTriggers = (api: Api, name: string): Promise<LiveTrigger[]> =>
  listed(api, `/functions/${name}/triggers`, {
    read: TriggerPage,
    itemsOf: ({ triggers }) => triggers,
    ifMissing: { triggers: [] },
  });

/** Instances that each function of the account reserves in the region, by the function's name. */
export async function reservations(api: Api): Promise<ReadonlyMap<string, number>> {
  const configs = await listed(api, "/concurrency-configs", {
    read: ReservationPage,
    itemsOf: (page) => page.configs,
  });
  return new Map(
    configs.map(({ functionArn, reservedConcurrency = 0 }) => [
      functionArn.replace(/^.*functions\//, ""),
      reservedConcurrency,
    ]),
  );
}

const HttpTrigger = z.looseObject({ httpTrigger: z.looseObject({ urlInternet: z.string() }) });

/** The public URL of a function's HTTP trigger, undefined when it has none. */
export async function urlOf(api: Api, name: string, trigger: string): Promise<string | undefined> {
  const answer = await ifThere(api.fc("GET", `/functions/${name}/triggers/${trigger}`));
  const read = HttpTrigger.safeParse(answer);
  return read.success ? read.data.httpTrigger.urlInternet : undefined;
}

export const deleteTrigger = (api: Api, name: string, trigger: string) =>
  ifThere(api.fc("DELETE", `/functions/${name}/triggers/${trigger}`));

export const deleteFunction = (api: Api, name: string) => ifThere(api.fc("DELETE", `/functions/${name}`));
