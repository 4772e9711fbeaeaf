/**
 * Instances: launch, look, start, stop, release.
 *
 * Only launches and deleteInstances take a client token. The others are harmless to repeat, but a repeat may
 * be refused with IncorrectInstanceStatus, which asks for a look at the instance before anything else.
 */
import {
  AllocatePublicIpAddress,
  CreateInstance,
  DeleteInstance,
  DescribeInstances,
  RebootInstance,
  RunInstances,
  StartInstance,
  StopInstance,
  ModifyInstanceAutoReleaseTime,
  StartInstances,
  StopInstances,
} from "./actions.ts";
import * as z from "zod/mini";
import { done, tagList, Text, wireInstant } from "../answers.ts";
import { send, type Action, type CloudClient } from "../client.ts";
import { dryRun, type DryRun } from "./dry-run.ts";
import { goneIsDone } from "./gone.ts";
import { toInstance, wireInstance, type Instance } from "./instance.ts";
import { batches, byToken } from "./pages.ts";
import { listFewTaggedIds } from "./tags.ts";

export type { Instance };

/** Parameters in the cloud's spelling, nested as documented: `{ SystemDisk: { Size: "40" }, Tag: [{ Key, Value }] }`. */
export type LaunchParams = Readonly<Record<string, unknown>>;

const launchedAnswer = () =>
  z.looseObject({
    InstanceIdSets: z.looseObject({ InstanceIdSet: z.array(z.string()) }),
    OrderId: z.optional(Text),
    // A number in the schema, a string in published samples.
    TradePrice: z.optional(z.coerce.number()),
  });

export interface Launch {
  /** May be fewer than `Amount` when `MinAmount` was given, and an id may still vanish before it runs. */
  readonly instanceIds: readonly string[];
  /** Per hour, in the account's currency. */
  readonly tradePrice: number | undefined;
  /** Subscription only. */
  readonly orderId: string | undefined;
}

/**
 * Launches up to 100 instances at once; they start by themselves.
 * @throws CloudError `change` when stock, zone or quota are in the way.
 */
export async function runInstances(
  client: CloudClient,
  params: LaunchParams,
  clientToken: string,
): Promise<Launch> {
  const asked = { ...params, ClientToken: clientToken };
  const call = { action: RunInstances, params: asked };
  const { InstanceIdSets, OrderId, TradePrice } = await send(client, call, launchedAnswer);
  return { instanceIds: InstanceIdSets.InstanceIdSet, tradePrice: TradePrice, orderId: OrderId };
}

const createdAnswer = () =>
  z.looseObject({ InstanceId: z.string(), TradePrice: z.optional(z.coerce.number()) });

/** Creates one instance the old way: it stays Stopped, and has no public address until one is allocated. */
export async function createInstance(
  client: CloudClient,
  params: LaunchParams,
  clientToken: string,
): Promise<{ readonly instanceId: string; readonly tradePrice: number | undefined }> {
  const asked = { ...params, ClientToken: clientToken };
  const call = { action: CreateInstance, params: asked };
  const { InstanceId, TradePrice } = await send(client, call, createdAnswer);
  return { instanceId: InstanceId, tradePrice: TradePrice };
}

/** The same as createInstance, checked only. @throws CloudError only to be repeated. */
export function dryCreateInstance(client: CloudClient, params: LaunchParams): Promise<DryRun> {
  const call = { action: CreateInstance, params: { ...params, DryRun: true } };
  return dryRun(send(client, call, () => z.unknown()));
}

/** Lets the cloud check a launch, stock included, without launching. @throws CloudError only to be repeated. */
export function dryRunInstances(client: CloudClient, params: LaunchParams): Promise<DryRun> {
  const asked = { ...params, DryRun: true };
  return dryRun(send(client, { action: RunInstances, params: asked }, done));
}

export type InstanceFilter =
  | { readonly ids: readonly string[] }
  | {
      readonly tags: Readonly<Record<string, string>>;
      readonly statuses?: readonly string[];
      /** Only those locked for this reason; not with `many`. */
      readonly lock?: string;
      /** Set where more than 1,000 resources may carry the tags: the cloud's own tag filter stops there. */
      readonly many?: boolean;
    };

const pageAnswer = () =>
  z.looseObject({
    Instances: z.looseObject({ Instance: z.array(wireInstance()) }),
    NextToken: z.optional(z.string()),
  });

/** All instances that fit. Ids that do not exist (any more) are simply not in the answer. */
export async function describeInstances(client: CloudClient, filter: InstanceFilter): Promise<Instance[]> {
  if ("ids" in filter) return byIds(client, filter.ids);
  const { tags, statuses, many = false, lock: LockReason } = filter;
  const only = { LockReason, ...(statuses?.length === 1 && { Status: statuses[0] }) };
  const found = many ? await ofMany(client, tags) : await pagesOf(client, { ...only, Tag: tagList(tags) });
  return statuses === undefined ? found : found.filter(({ status }) => statuses.includes(status));
}

/**
 * A row of ListTagResources is one tag of one instance and a page holds few of them: 10,000 instances with
 * five tags are 1,000 pages, one after another, where listing the whole region is 100. So tags are followed
 * while they are cheap (a fleet of about 100); beyond that the region is read, tags included.
 */
const MOST_TAG_PAGES = 10;

async function ofMany(client: CloudClient, tags: Readonly<Record<string, string>>): Promise<Instance[]> {
  const ids = await listFewTaggedIds(client, "instance", tags, MOST_TAG_PAGES);
  if (ids !== undefined) return byIds(client, ids);
  const wanted = Object.entries(tags);
  const all = await pagesOf(client, {});
  return all.filter((instance) => wanted.every(([key, value]) => instance.tags[key] === value));
}

async function byIds(client: CloudClient, ids: readonly string[]): Promise<Instance[]> {
  const found: Instance[] = [];
  // A hundred ids is the most InstanceIds takes, and it takes them as JSON text.
  for (const batch of batches(ids, 100))
    found.push(...(await pagesOf(client, { InstanceIds: JSON.stringify(batch) })));
  return found;
}

async function pagesOf(client: CloudClient, params: Readonly<Record<string, unknown>>): Promise<Instance[]> {
  const action = "DescribeInstances";
  const wire = await byToken(action, async (NextToken) => {
    const asked = { ...params, MaxResults: 100, NextToken };
    const page = await send(client, { action: DescribeInstances, params: asked }, pageAnswer);
    return { items: page.Instances.Instance, nextToken: page.NextToken };
  });
  return wire.map(toInstance);
}

/** StopCharging also stops paying for CPU and memory, and gives the fixed public address back. */
export type StoppedMode = "StopCharging" | "KeepCharging";

/** The result of a batch for one instance. `code` is "200" for success, else the cloud's error code. */
export interface InstanceOutcome {
  readonly id: string;
  readonly ok: boolean;
  readonly code: string;
  readonly message: string;
}

const outcomesAnswer = () =>
  z.looseObject({
    InstanceResponses: z.looseObject({
      InstanceResponse: z.array(
        z.looseObject({ InstanceId: z.string(), Code: z.optional(Text), Message: z.optional(z.string()) }),
      ),
    }),
  });

export async function startInstance(client: CloudClient, id: string): Promise<void> {
  await send(client, { action: StartInstance, params: { InstanceId: id } }, done);
}

/** Starts each that can be started; the answers are one by one, in batches of a hundred. */
export function startInstances(client: CloudClient, ids: readonly string[]): Promise<InstanceOutcome[]> {
  return eachOf(client, StartInstances, ids, {});
}

/** Stops one instance. Without `stoppedMode` the account's own setting decides who goes on paying. */
export async function stopInstance(
  client: CloudClient,
  id: string,
  options: { readonly stoppedMode?: StoppedMode; readonly force?: boolean } = {},
): Promise<void> {
  const params = { InstanceId: id, StoppedMode: options.stoppedMode, ForceStop: options.force };
  await send(client, { action: StopInstance, params }, done);
}

/** Stops each that can be stopped; the answers are one by one, in batches of a hundred. */
export function stopInstances(
  client: CloudClient,
  ids: readonly string[],
  options: { readonly stoppedMode: StoppedMode; readonly force?: boolean },
): Promise<InstanceOutcome[]> {
  const params = { StoppedMode: options.stoppedMode, ForceStop: options.force };
  return eachOf(client, StopInstances, ids, params);
}

export async function rebootInstance(
  client: CloudClient,
  id: string,
  options: { readonly force?: boolean } = {},
): Promise<void> {
  const params = { InstanceId: id, ForceStop: options.force };
  await send(client, { action: RebootInstance, params }, done);
}

/** Releases one instance; one that is gone already is a success. `force` releases a running one. */
export async function deleteInstance(
  client: CloudClient,
  id: string,
  options: { readonly force?: boolean } = {},
): Promise<void> {
  const params = { InstanceId: id, Force: options.force };
  await goneIsDone(send(client, { action: DeleteInstance, params }, done));
}

/** Gives an instance with outgoing bandwidth a public address, effective after its next start. */
export async function allocatePublicIp(client: CloudClient, id: string): Promise<string> {
  const answer = () => z.looseObject({ IpAddress: z.string() });
  const call = { action: AllocatePublicIpAddress, params: { InstanceId: id } };
  const { IpAddress } = await send(client, call, answer);
  return IpAddress;
}

/** Lets the cloud release the instance at `at` (half an hour ahead or more, cut to the minute); undefined cancels. */
export async function setAutoRelease(client: CloudClient, id: string, at: number | undefined): Promise<void> {
  const params = { InstanceId: id, AutoReleaseTime: at === undefined ? undefined : wireInstant(at) };
  await send(client, { action: ModifyInstanceAutoReleaseTime, params }, done);
}

/** SuccessFirst, because in the default mode one unfit instance fails the other ninety-nine. */
async function eachOf(
  client: CloudClient,
  action: Action,
  ids: readonly string[],
  params: Readonly<Record<string, unknown>>,
): Promise<InstanceOutcome[]> {
  const outcomes: InstanceOutcome[] = [];
  for (const batch of batches(ids, 100)) {
    const asked = { ...params, InstanceId: batch, BatchOptimization: "SuccessFirst" };
    const { InstanceResponses } = await send(client, { action, params: asked }, outcomesAnswer);
    for (const { InstanceId, Code = "200", Message = "" } of InstanceResponses.InstanceResponse) {
      // HTTP 200 hides the single failures; success is the code 200, a number in some answers.
      outcomes.push({ id: InstanceId, ok: Code === "200", code: Code, message: Message });
    }
  }
  return outcomes;
}
