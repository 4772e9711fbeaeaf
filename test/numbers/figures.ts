/** The figures that Kiln promises about its runs, measured on the local cloud, beside their limits. */
import { days, hours, minutes, seconds } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { BUSY, CloudFault } from "../cloud/index.ts";
import { BUCKET, deployKiln, hurry, type DeployOptions, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { accepted, burst, ended } from "../support/runs.ts";

const KB = 1024;

/** One figure and its limit, both in `unit`. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
}

async function on<T>(options: DeployOptions, act: (kiln: Deployment) => Promise<T>): Promise<T> {
  const kiln = await deployKiln({ ...options, fc: { timers: ["resend"], ...options.fc } });
  hurry(kiln);
  const createdAt = kiln.cloud.time.now() - days(1);
  kiln.cloud.world.publishImage("web", { imageId: "m-web-1", createdAt });
  try {
    return await act(kiln);
  } finally {
    await kiln.close();
  }
}

/** Invocations of workflows, without those of the janitor's timers. */
const invocations = ({ cloud }: Deployment, from = 0) =>
  cloud.fc.invocations.slice(from).filter((one) => one.function !== "kiln-janitor");

const logSize = ({ cloud }: Deployment, run: string): number =>
  cloud.oss.get(BUCKET, runKey(run))?.body.length ?? 0;

/** OSS asks 0.01 CNY for 10,000 requests: https://www.alibabacloud.com/help/en/oss/api-operation-calling-fees */
const OSS_CNY = 0.000001;

/** Invocations, reads of its own log and cost of a bake with promotion. */
export const bakes = () =>
  on({}, async (kiln): Promise<Figure[]> => {
    let reads = 0;
    kiln.cloud.faults.interleave({
      product: "oss",
      action: ["GetObject", "HeadObject"],
      before: ({ key = "" }) =>
        Promise.resolve(void (reads += Number(key.startsWith("runs/") && key.includes("/bake-")))),
    });
    await bakeAndPromote(kiln, recipeText());
    const cny = kiln.cloud.fc.cost.cny + kiln.cloud.callLog.count({ product: "oss" }) * OSS_CNY;
    const count = invocations(kiln).length;
    return [
      { name: "invocations of a bake with promotion", value: count, limit: 36, unit: "" },
      { name: "reads of its log by a healthy bake", value: reads, limit: 0, unit: "" },
      {
        name: "cost of a bake with promotion: functions and OSS requests",
        value: cny,
        limit: 0.004,
        unit: "CNY",
      },
    ];
  });

/** Invocations of a scale-out request and of an idle check. */
export const fleets = () =>
  on({}, async (kiln): Promise<Figure[]> => {
    const idle = { signals: { cpuAverage: { below: 5 } }, window: "1h", grace: "0m" };
    await kiln.upload("fleets/web.yaml", fleetText({ idle }));
    const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
    await ended(kiln, run);
    const scale = invocations(kiln).length;
    for (const id of kiln.cloud.world.instances.keys())
      kiln.cloud.world.load(id, () => ({ ...BUSY, cpuAverage: 1, cpuMaximum: 2 }));
    await kiln.cloud.settle({ forMs: hours(5) + minutes(10) });
    const from = kiln.cloud.fc.invocations.length;
    const check = await accepted(kiln, "/fleets/web/stop", {});
    const { result } = await ended(kiln, check.run);
    if ([result?.["stopped"]].flat().length === 0) throw new Error(`not stopped: ${JSON.stringify(result)}`);
    return [
      {
        name: "invocations of a scale-out request, the webhook's included",
        value: scale,
        limit: 5,
        unit: "",
      },
      {
        name: "invocations of an idle check without notice, the webhook's included",
        value: invocations(kiln, from).length,
        limit: 7,
        unit: "",
      },
    ];
  });

/** Sizes of the logs of long bakes. */
export const logs = () =>
  on({}, async (kiln): Promise<Figure[]> => {
    const slow = { run: "sleep 800", timeout: "30m" };
    const [bake] = await bakeAndPromote(kiln, recipeText({ provision: [slow] }));
    const scripts = Array.from({ length: 3 }, () => `# ${"x".repeat(10_200)}\ntrue`);
    const [long] = await bakeAndPromote(kiln, recipeText({ provision: scripts }), "long");
    return [
      {
        name: "log of a bake with 30 polls",
        value: logSize(kiln, bake?.run ?? "") / KB,
        limit: 20,
        unit: "KB",
      },
      {
        name: "log of a bake with the longest recipe",
        value: logSize(kiln, long?.run ?? "") / KB,
        limit: 100,
        unit: "KB",
      },
    ];
  });

/** Milliseconds of cloud time from each accepted request to its first phase, sorted. */
function startsOf(kiln: Deployment, runs: readonly string[]): number[] {
  const first = new Map<string, number>();
  for (const { at, result } of kiln.cloud.fc.invocations) {
    const run = runs.find((one) => result.includes(`"run":"${one}","phase":"request"`));
    if (run !== undefined && !first.has(run)) first.set(run, at);
  }
  const asked = new Map(runs.map((run) => [run, Date.parse(kiln.record(run)?.beganAt ?? "")]));
  return runs.map((run) => (first.get(run) ?? Infinity) - (asked.get(run) ?? 0)).toSorted((a, b) => a - b);
}

const p99 = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length * 0.99)] ?? Infinity;

/** The time from a request to the first phase of its run. */
export const starts = async (): Promise<Figure[]> => {
  const of = (lost: boolean) =>
    on({}, async (kiln) => {
      await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 50 } }));
      if (lost) {
        const fault = new CloudFault(503, "ServiceUnavailable", "busy");
        const when = (_: unknown, n: number): boolean => n < 10;
        kiln.cloud.faults.add({ product: "fc", action: "InvokeFunction", kind: "before", fault, when });
      }
      const bodies = Array.from({ length: 10 }, (_, n) => ({ count: 1, key: `job-${n}` }));
      const runs = await burst(kiln, bodies, 1, 2);
      return p99(startsOf(kiln, runs)) / seconds(1);
    });
  return [
    { name: "POST to first phase, p99, healthy", value: await of(false), limit: 5, unit: "s" },
    { name: "POST to first phase, p99, after a lost submit", value: await of(true), limit: 600, unit: "s" },
  ];
};

async function bakeTime(
  options: DeployOptions,
  trouble: (kiln: Deployment) => void,
): Promise<{ ms: number; count: number }> {
  return on(options, async (kiln) => {
    await kiln.upload("recipes/web.yaml", recipeText());
    const at = kiln.cloud.time.now();
    await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "watch", forMs: hours(2) });
    trouble(kiln);
    const over = () => kiln.records("promote")[0]?.state === "done";
    await kiln.cloud.settle({ until: over, forMs: hours(12) });
    if (!over()) throw new Error(JSON.stringify(kiln.records(), null, 1));
    return { ms: kiln.cloud.time.now() - at, count: invocations(kiln).length };
  });
}

/** Delays of a bake by an outage of the bucket, by refusals of the platform and without delayed events. */
export const troubles = async (): Promise<Figure[]> => {
  const healthyMs = (await bakeTime({}, () => undefined)).ms;
  const during = (product: "oss" | "fc", ms: number, fault: CloudFault) =>
    bakeTime({}, ({ cloud }) => {
      const ends = cloud.time.now() + ms;
      cloud.faults.add({ product, kind: "before", fault, when: () => cloud.time.now() < ends });
    });
  const outage = await during("oss", minutes(30), new CloudFault(503, "ServiceUnavailable", "busy"));
  const storm = await during("fc", minutes(10), new CloudFault(429, "ResourceExhausted", "busy"));
  const ignored = await bakeTime({ fc: { delayFactor: 0 } }, () => undefined);
  const of = (ms: number) => (ms - healthyMs) / minutes(1);
  return [
    {
      name: "delay of a bake by 30 minutes without the bucket",
      value: of(outage.ms),
      limit: 40,
      unit: "min",
    },
    { name: "delay of a bake by 10 minutes of 429", value: of(storm.ms), limit: 20, unit: "min" },
    {
      name: "invocations of a bake with promotion, delays ignored",
      value: ignored.count,
      limit: 60,
      unit: "",
    },
  ];
};

/** Reads of the resend timer beside many ended runs. */
export const resend = () =>
  on({}, async (kiln): Promise<Figure[]> => {
    const day = new Date(kiln.cloud.time.now()).toISOString().slice(0, 10);
    for (let n = 0; n < 10_000; n++) {
      const run = `bake-web-${day.replaceAll("-", "")}-${n.toString(16).padStart(12, "0")}`;
      kiln.cloud.oss.put(BUCKET, `runs/${day}/${run}.jsonl`, "{}\n");
    }
    await kiln.cloud.settle({ forMs: minutes(6) });
    const pass = kiln.cloud.fc.invocations.find((one) => one.function === "kiln-janitor");
    return [
      {
        name: "reads of a resend pass beside 10,000 ended runs",
        value: pass?.calls.length ?? Infinity,
        limit: 2,
        unit: "",
      },
    ];
  });
