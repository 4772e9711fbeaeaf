/** A Kiln with a family and a fleet, without the bake that would make them: for journeys that begin later. */
import { test as base } from "vitest";
import { days, hours, minutes } from "../../shared/duration.ts";
import { hasEnded, type RunRecord } from "../../shared/journal.ts";
import { publishImage } from "../cloud/ecs/public-images.ts";
import type { Instance } from "../cloud/ecs/records.ts";
import { deployKiln, type DeployOptions, type Deployment } from "../deployment.ts";
import { hurry } from "./fixture.ts";

/** Deploys once a test may have said with what; everything is closed after it. */
export const test = base.extend<{ deploy: (options?: DeployOptions) => Promise<Deployment> }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  deploy: async ({}, use) => {
    const deployed: Deployment[] = [];
    await use(async (options) => {
      // Timers only fire where a test names them: most journeys have nothing to do with them.
      const kiln = await deployKiln({ ...options, fc: { timers: [], ...options?.fc } });
      deployed.push(kiln);
      hurry(kiln);
      // Yesterday's, so that any image of today is the newer one.
      publishImage(kiln.cloud.world, "web", { imageId: "m-web-1" }, kiln.cloud.time.now() - days(1));
      return kiln;
    });
    for (const kiln of deployed) await kiln.close();
  },
});

const LAUNCH = {
  InstanceType: ["ecs.g7.large", "ecs.c7.large"],
  VSwitchId: ["vsw-hangzhou-h", "vsw-hangzhou-i"],
  SecurityGroupId: "sg-default0001",
};

export interface FleetChanges {
  readonly launch?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A fleet document; `launch` and `limits` are merged into usual ones, other keys replace. */
export function fleetText({ launch = {}, limits = {}, ...rest }: FleetChanges = {}): string {
  return JSON.stringify({
    family: "web",
    launch: { ...LAUNCH, ...launch },
    limits: { max: 10, ...limits },
    ...rest,
  });
}

/** Asks for instances by webhook and lets the world run until the run has ended. */
export async function scaleOut(kiln: Deployment, body: object, fleet = "web"): Promise<RunRecord> {
  const { run } = await accepted(kiln, `/fleets/${fleet}/scale-out`, body);
  return ended(kiln, run);
}

/** The run a signed POST was answered with; nothing of it has happened yet. */
export async function accepted(kiln: Deployment, path: string, body: object): Promise<{ run: string }> {
  const { status, body: said } = await answered(kiln, kiln.call("POST", path, body));
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(said)}`);
  return { run: String(said["run"]) };
}

/** Lets the world run until a call is answered, and no further. */
export async function answered<T>(kiln: Deployment, call: Promise<T>): Promise<T> {
  let over = false;
  void call.finally(() => {
    over = true;
  });
  await kiln.cloud.settle({ until: () => over, forMs: minutes(1) });
  return call;
}

/** The record of a run once it has ended. */
export async function ended(kiln: Deployment, run: string): Promise<RunRecord> {
  const record = () => kiln.record(run);
  const over = () => {
    const found = record();
    return found !== undefined && hasEnded(found);
  };
  await kiln.cloud.settle({ until: over, forMs: hours(4) });
  const found = record();
  if (found === undefined || !hasEnded(found)) throw new Error(`${run} has not ended: ${found?.note}`);
  return found;
}

export const machines = ({ cloud }: Deployment): Instance[] => [...cloud.world.instances.values()];

export const tagsOf = ({ cloud }: Deployment, id: string): Record<string, string> =>
  Object.fromEntries(cloud.world.tags.of("instance", id).map(({ key, value }) => [key, value]));

/** Calls of one action that were answered well, with their parameters. */
export const callsOf = ({ cloud }: Deployment, action: string) =>
  cloud.calls.filter((call) => call.action === action && call.status === 200);

const AWAKE: ReadonlySet<string> = new Set(["Pending", "Starting", "Running"]);

/** Answers how many ran, or were about to, at once since it was asked for. */
export function watchMost({ cloud }: Deployment): () => number {
  let most = 0;
  const count = () => {
    const awake = [...cloud.world.instances.values()].filter(({ status }) => AWAKE.has(status));
    most = Math.max(most, awake.length);
    return most;
  };
  const look = () => {
    count();
    cloud.time.after(1000, { label: "count the fleet", background: true }, look);
  };
  look();
  return count;
}

/**
 * Posts every body `copies` times, all at once; whoever meets a busy door (429) knocks again, as callers do.
 * Answers the runs when all have ended.
 */
export async function burst(kiln: Deployment, bodies: readonly object[], copies: number, parallel: number) {
  const runs = new Set<string>();
  const knock = async (body: object): Promise<void> => {
    const { status, body: said } = await kiln.call("POST", "/fleets/web/scale-out", body);
    if (status === 429 || status === 503) return knock(body);
    if (status !== 202) throw new Error(`${status} ${JSON.stringify(said)}`);
    runs.add(String(said["run"]));
  };
  const all = kiln.cloud.time.hold(
    Promise.all(bodies.flatMap((body) => Array.from({ length: copies }, () => knock(body)))),
  );
  await kiln.cloud.settle({ forMs: minutes(1), parallel });
  await all;
  await kiln.cloud.settle({
    until: () => [...runs].every((run) => isOver(kiln, run)),
    forMs: hours(6),
    parallel,
  });
  return [...runs];
}

function isOver(kiln: Deployment, run: string): boolean {
  const record = kiln.record(run);
  return record !== undefined && hasEnded(record);
}
