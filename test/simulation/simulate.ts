/**
 * Kiln on a local cloud under faults, from one seed: users act, a scenario makes trouble, invariants are watched all
 * the time, and after the trouble everything must get done. The same seed gives the same history.
 */
import { createHash } from "node:crypto";
import { hours } from "../../shared/duration.ts";
import { BUSY, draw } from "../cloud/index.ts";
import { type ChannelServer, startChannel } from "../support/channel.ts";
import { BUCKET, type Deployment, deployKiln, hurry } from "../support/deployment.ts";
import { loadRises } from "./invariants/load.ts";
import { watch } from "./invariants/watch.ts";
import { checkProgress } from "./progress.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import type { Script } from "./scripts/ask.ts";
import { scriptsOf } from "./scripts.ts";
import {
  allEnded,
  APPROVAL_SECRET,
  CHANNEL_SECRET,
  LINKS,
  Problems,
  reportUnended,
  type Simulation,
} from "./simulation.ts";
import { findsNothing } from "./timers.ts";
import { strike } from "./trouble.ts";
import { startUser } from "./user.ts";

/** The outcome of one simulation. */
export interface Outcome {
  readonly seed: number;
  readonly scenario: string;
  /** Empty when every invariant held and everything got done. */
  readonly problems: readonly string[];
  /** Workflows that users began, and those that went through to their end. */
  readonly begun: readonly string[];
  readonly finished: readonly string[];
  /** SHA-256 of the whole history: the same for the same seed. */
  readonly history: string;
}

/** Longest time after the last fault in which every run ends. */
const ENDED_WITHIN_MS = hours(30);

/** Runs the simulation of a seed; its scenario follows from it. @param keep looks at the cloud before it is closed. */
export async function simulate(seed: number, keep: (kiln: Deployment) => void = () => {}): Promise<Outcome> {
  const scenario = SCENARIOS[seed % SCENARIOS.length];
  if (scenario === undefined) throw new Error("there is no scenario");
  const channel = await startChannel();
  const simulation = await begin(seed, scenario, channel);
  const { kiln, finished, problems } = simulation;
  try {
    const scripts = scriptsOf(seed);
    await live(simulation, scenario, scripts);
    keep(kiln);
    const begun = scripts.map(({ name }) => name);
    const facts = { seed, scenario: scenario.name, problems: problems.list(), begun, finished };
    return { ...facts, history: digest(kiln) };
  } finally {
    await kiln.close();
    await channel.close();
  }
}

/** Deploys Kiln for a scenario. */
async function begin(seed: number, scenario: Scenario, channel: ChannelServer): Promise<Simulation> {
  const { name, tokenMs, idleMs, overlapMs } = scenario;
  const common = {
    scenario: name,
    channel,
    draw: draw(seed + STREAM),
    accepted: [],
    idleSince: new Map(),
    touched: new Map(),
    markedAt: new Map(),
    calls: { open: 0, made: 0 },
    finished: [],
    crew: { limits: [], desired: [], surplus: 0 },
    problems: new Problems(() => kiln.cloud.time.now()),
  };
  const kiln: Deployment = await deployKiln({
    seed,
    ...(tokenMs !== undefined && { tokenMs }),
    fc: {
      mayBeEarly: true,
      skipTimer: (timer) => findsNothing({ ...common, kiln }, timer),
      ...(idleMs !== undefined && { idleMs }),
      // Of calls that one invocation makes side by side the seed decides which comes first, and not this machine.
      overlapMs: overlapMs ?? 0,
    },
    env: {
      KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: `${channel.url}/${CHANNEL_SECRET}` } }),
      KILN_WEBHOOK_URL: LINKS,
      KILN_APPROVAL_SECRET: APPROVAL_SECRET,
    },
  });
  return { ...common, kiln };
}

/** Random numbers of a simulation come from another sequence than those of its cloud. */
const STREAM = 1_000_003;

async function live(simulation: Simulation, scenario: Scenario, scripts: readonly Script[]): Promise<void> {
  const { kiln } = simulation;
  const { cloud } = kiln;
  hurry(kiln);
  // Older than any image of a simulation.
  cloud.world.publishImage("base", { imageId: "m-base-1", createdAt: cloud.time.now() - hours(48) });
  cloud.world.load(
    () => true,
    () => BUSY,
  );
  watch(simulation);
  const stops = [strike(simulation), loadRises(simulation), scenario.begin(simulation)];
  const users = scripts.map((script) => start(simulation, script));
  const areDone = (): boolean => users.every((isOver) => isOver());
  await cloud.settle({ forMs: scenario.forMs });
  for (const stop of stops) stop();
  simulation.calm = true;
  await cloud.settle({ forMs: ENDED_WITHIN_MS, until: () => areDone() && allEnded(kiln) });
  reportUnended(simulation, "K8");
  await checkProgress(simulation);
}

function start(simulation: Simulation, { name, run }: Script): () => boolean {
  return startUser(simulation.kiln.cloud, async (wait) => {
    if (await run(simulation, wait)) simulation.finished.push(name);
  });
}

function digest({ cloud }: Deployment): string {
  // The ports of the servers are those that happen to be free.
  const text = JSON.stringify(cloud.snapshot()).replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1");
  const hash = createHash("sha256").update(text);
  for (const { key, body } of cloud.oss.list(BUCKET, "")) hash.update(key).update(body);
  return hash.digest("hex");
}
