/** Reports of running instances: metrics, Cloud Assistant, results of commands; and, with `--launch`, a launch. */
import { metricPoints } from "../../../shared/cloud/cms/metrics.ts";
import { agentsOnline } from "../../../shared/cloud/ecs/commands.ts";
import {
  deleteInstance,
  describeInstances,
  rebootInstance,
  runInstances,
  type Instance,
} from "../../../shared/cloud/ecs/instances.ts";
import { hours, minutes, seconds } from "../../../shared/duration.ts";
import { rpcShape } from "../../../shared/cloud/client.ts";
import { CloudError } from "../../../shared/errors.ts";
import { TAG } from "../../../shared/tags.ts";
import { ApiError } from "../../api.ts";
import { ok, unknown, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";
import { PROBE_NEEDS } from "./probe.ts";
import type { Order } from "../probe/orders.ts";
import { firstLaunch } from "./documents.ts";

const NO_MACHINE = unknown("no instance of this deployment runs: scale a fleet out, then ask again");

/** The running instance of this deployment that was started first. */
async function machine(context: Context, part: string): Promise<Instance | undefined> {
  const cloud = (await context.probe()).cloud(part);
  const tags = { [TAG.deployment]: context.settings.place.bucket };
  const all = await describeInstances(cloud, { tags, statuses: ["Running"] });
  return all.toSorted((a, b) => a.createdAt - b.createdAt)[0];
}

/** Idle checks read hours of the whole window, and minutes of the newest time. */
async function metrics(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const cloud = probe.cloud("stop-idle");
  const one = await machine(context, "stop-idle");
  if (one === undefined) return NO_MACHINE;
  const now = context.clock.now();
  const read = (periodMs: number, spanMs: number) =>
    metricPoints(cloud, "CPUUtilization", [one.id], { periodMs, fromAt: now - spanMs, toAt: now });
  const byHour = (await read(hours(1), hours(4))).get(one.id) ?? [];
  const byMinute = (await read(minutes(1), minutes(20))).get(one.id) ?? [];
  await probe.keep("metrics", { now, byHour, byMinute });
  if (now - one.createdAt < minutes(30)) return unknown(`${one.id} has not run for half an hour yet`);
  return byMinute.length > 0
    ? ok(`${one.id}: ${byHour.length} points by hour, ${byMinute.length} by minute`)
    : wrong(
        `${one.id} has no metrics of the last 20 minutes`,
        "look at CloudMonitor in the console: nothing is stopped without",
      );
}

const STALE_MS = minutes(5);

async function agent(context: Context): Promise<Finding> {
  const one = await machine(context, "bake-image");
  if (one === undefined) return NO_MACHINE;
  const probe = await context.probe();
  const query = { RegionId: context.settings.place.region, "InstanceId.1": one.id };
  await probe.keep("agent", await context.api.rpc("ecs", "DescribeCloudAssistantStatus", query));
  const cloud = probe.cloud("bake-image");
  const isOnline = async (heardAfter?: number) =>
    (await agentsOnline(cloud, [one.id], heardAfter)).has(one.id);
  if (!(await isOnline())) return wrong(`Cloud Assistant of ${one.id} is not online`, AGENT_TODO);
  return (await isOnline(context.clock.now() - STALE_MS))
    ? ok(`Cloud Assistant of ${one.id} is online`)
    : wrong(`Cloud Assistant of ${one.id} counts as online, but sent no heartbeat for 5 minutes`, AGENT_TODO);
}

const AGENT_TODO = "install or restart the Cloud Assistant agent in the image: builders and tests need it";

/** A result carries at most 24 KB of output: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinvocations */
async function commandResults(context: Context): Promise<Finding> {
  const one = await machine(context, "bake-image");
  if (one === undefined) return NO_MACHINE;
  const query = { RegionId: context.settings.place.region, InstanceId: one.id, IncludeOutput: "true" };
  try {
    const answer = await context.api.rpc("ecs", "DescribeInvocations", { ...query, MaxResults: "50" });
    const text = JSON.stringify(answer);
    await (await context.probe()).keep("invocations", answer);
    const count = text.split('"InvokeId"').length - 1;
    return ok(`${count} invocations of ${one.id} in ${Math.ceil(text.length / 1024)} KB`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return wrong(error.message, "allow the key that deploys to read invocations; report other codes");
  }
}

/** An image of an instance that is not there: nothing can come of it, in whatever order the cloud looks at a request. */
const NO_IMAGE = {
  kind: "api",
  product: "ecs",
  params: rpcShape("CreateImage", "2014-05-26"),
  query: { InstanceId: "i-doctor00000000000000", DryRun: "true" },
} as const satisfies Order;

/**
 * The snapshot service, without which no image can be made. No call asks for its state, and activating it is the user's
 * decision. CreateImage refuses an account without it, but is not said to do so before it looks for the instance; reads of
 * snapshots are answered with none. Snapshots show that it was activated.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createimage
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-opensnapshotservice
 */
async function snapshots(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const { region } = context.settings.place;
  const { code, text } = await probe.reply(
    { ...NO_IMAGE, query: { ...NO_IMAGE.query, RegionId: region } },
    "bake-image",
  );
  await probe.keep("snapshots", { code, text });
  if (code.startsWith("InvalidAccountStatus."))
    return wrong(
      `no image can be made: ${code}: ${text}`,
      "activate the snapshot service in the console of ECS, Snapshots, and settle what is due",
    );
  const { TotalCount: count } = await context.api.rpc("ecs", "DescribeSnapshots", { RegionId: region });
  return typeof count === "number" && count > 0
    ? ok(`the account has ${count} snapshots`)
    : unknown(
        `${region} has no snapshot yet: see in the console of ECS, Snapshots, that the snapshot service is activated, or bake an image`,
      );
}

const WAIT_MS = seconds(10);

/** Whether a launch with a token that was used before is the same launch. */
async function clientToken(context: Context): Promise<Finding> {
  if (!context.mayLaunch)
    return unknown("only with --launch, because it launches an instance for some seconds");
  const launch = await firstLaunch(context);
  if (launch === undefined) return unknown("there is no recipe with a builder, whose launch could be tried");
  const { cloud, params } = launch;
  const token = `kiln-doctor-${context.clock.now()}`;
  const ids = new Set<string>();
  try {
    for (let n = 0; n < 2; n++)
      for (const id of (await runInstances(cloud, params, token)).instanceIds) ids.add(id);
  } finally {
    for (const id of ids) await released(context, id, cloud);
  }
  return ids.size === 1
    ? ok("a launch with a token that was used before is the same launch")
    : wrong(
        `two launches with one token made ${ids.size} instances`,
        "report it: repeats would launch too much",
      );
}

const SAMPLE_MS = seconds(2);
const AGENT_MS = minutes(5);

/** An answer of Cloud Assistant about one instance. */
interface Sample {
  readonly at: number;
  /** Whether it says that the agent is there. */
  readonly isThere: boolean;
  /** The last heartbeat of the agent, epoch milliseconds; NaN before the first one. */
  readonly heartbeatAt: number;
}

async function sampleAgent({ api, clock, settings }: Context, id: string): Promise<Sample> {
  const query = { RegionId: settings.place.region, "InstanceId.1": id };
  const text = JSON.stringify(await api.rpc("ecs", "DescribeCloudAssistantStatus", query));
  const field = (name: string): string => new RegExp(`"${name}":"([^"]*)"`).exec(text)?.[1] ?? "";
  return {
    at: clock.now(),
    isThere: field("CloudAssistantStatus") === "true",
    heartbeatAt: Date.parse(field("LastHeartbeatTime")),
  };
}

/** Samples of an instance until its agent has a heartbeat after an instant, five minutes at most. */
async function samplesUntilHeartbeat(
  context: Context,
  id: string,
  afterAt: number,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const endAt = context.clock.now() + AGENT_MS;
  for (;;) {
    const sample = await sampleAgent(context, id);
    samples.push(sample);
    if ((sample.isThere && sample.heartbeatAt > afterAt) || sample.at >= endAt) return samples;
    await context.clock.sleep(SAMPLE_MS);
  }
}

/** After a reboot a bake waits for the next heartbeat: until then the cloud still reports the agent as online. */
async function reboot(context: Context): Promise<Finding> {
  if (!context.mayLaunch)
    return unknown("only with --launch, because it launches an instance for some minutes");
  const launch = await firstLaunch(context);
  if (launch === undefined) return unknown("there is no recipe with a builder, whose launch could be tried");
  const { cloud, params } = launch;
  const { instanceIds } = await runInstances(cloud, params, `kiln-doctor-reboot-${context.clock.now()}`);
  const [id = ""] = instanceIds;
  try {
    const booted = (await samplesUntilHeartbeat(context, id, 0)).at(-1);
    if (booted === undefined || Number.isNaN(booted.heartbeatAt))
      return wrong(`${id} boots, and its Cloud Assistant has no heartbeat within 5 minutes`, AGENT_TODO);
    const rebootedAt = context.clock.now();
    await rebootInstance(cloud, id);
    const samples = await samplesUntilHeartbeat(context, id, rebootedAt);
    await (await context.probe()).keep("reboot", { rebootedAt, samples });
    return rebooted(id, rebootedAt, samples);
  } finally {
    await released(context, id, cloud);
  }
}

function rebooted(id: string, rebootedAt: number, samples: readonly Sample[]): Finding {
  const last = samples.at(-1);
  if (last === undefined || !(last.heartbeatAt > rebootedAt))
    return wrong(`${id} reboots, and its Cloud Assistant has no heartbeat within 5 minutes`, AGENT_TODO);
  const early = samples.filter(({ isThere, heartbeatAt }) => isThere && !(heartbeatAt > rebootedAt)).length;
  const tookS = Math.round((last.heartbeatAt - rebootedAt) / 1000);
  return ok(
    `the first heartbeat comes ${tookS} s after a reboot; ${early} answers before it report the agent as online`,
  );
}

/** A starting instance cannot be released at once. It releases itself within hours whatever happens. */
async function released(
  context: Context,
  id: string,
  cloud: Parameters<typeof deleteInstance>[0],
): Promise<void> {
  for (let tries = 0; tries < 12; tries++) {
    try {
      return await deleteInstance(cloud, id, { force: true });
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      await context.clock.sleep(WAIT_MS);
    }
  }
}

const NEEDS = PROBE_NEEDS;

export const MACHINE_CHECKS: readonly Check<Context>[] = [
  { name: "metrics", needs: NEEDS, run: metrics },
  { name: "agent", needs: NEEDS, run: agent },
  { name: "snapshots", needs: NEEDS, run: snapshots },
  { name: "command-results", needs: NEEDS, run: commandResults },
  { name: "client-token", needs: NEEDS, run: clientToken },
  { name: "reboot", needs: NEEDS, run: reboot },
];
