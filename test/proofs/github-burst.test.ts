import { minutes } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { test } from "../support/hub.ts";
import { machines } from "../support/world.ts";

const JOBS = 100;
/** An account has 100 instances, and s.yaml reserves 20 of them for other functions. */
const LEFT = 80;

/** Of this machine: the webhook gives up by then, so there is nothing to wait for any more. */
const MOST_MS = 15_000;

/** Makes every call of a function wait until something is so. */
function holdUntil({ cloud }: Deployment, isSo: () => boolean): () => void {
  const so = new Promise<void>((resolve) => {
    const giveUpAt = performance.now() + MOST_MS;
    const look = setInterval(() => {
      if (!isSo() && performance.now() < giveUpAt) return;
      clearInterval(look);
      resolve();
    }, 5);
  });
  return cloud.faults.interleave({ product: "oss", before: () => so });
}

/** Starts as many instances as there may be: on one machine that takes longer than the webhook waits for an answer. */
async function warm(kiln: Deployment): Promise<void> {
  const busy = () => kiln.cloud.fc.instances.filter(({ isBusy }) => isBusy).length;
  const end = holdUntil(kiln, () => busy() >= LEFT);
  const run = `scale-web-20260105-${"0".repeat(12)}`;
  let isOver = false;
  const calls = Array.from({ length: LEFT }, () => kiln.call("GET", `/runs/${run}`));
  void Promise.all(calls).then(() => (isOver = true));
  await kiln.cloud.settle({ until: () => isOver, forMs: minutes(1), parallel: 2 * JOBS });
  end();
}

test(
  "a hundred jobs that are announced at once, more than the account has instances for, are a hundred machines within a quarter of an hour",
  { timeout: 180_000 },
  async ({ hub, expect }) => {
    const world = await hub({ fc: { maxThreads: LEFT } }, { limits: { max: 150 } });
    const { kiln, github, hook, job } = world;
    await warm(kiln);
    // All requests are sent before the first answer: what is taken waits until the rest is refused.
    const refused = () => github.attempts(hook).filter((one) => one.status_code === 429).length;
    const end = holdUntil(kiln, () => refused() >= JOBS - LEFT);
    let statuses: readonly number[] = [];
    void Promise.all(Array.from({ length: JOBS }, (_, n) => job(n + 1))).then((all) => (statuses = all));
    await kiln.cloud.settle({ until: () => statuses.length > 0, forMs: minutes(1), parallel: 2 * JOBS });
    end();
    expect(refused()).toBe(JOBS - LEFT);
    const areRunning = () => machines(kiln).filter(({ status }) => status === "Running").length >= JOBS;
    await kiln.cloud.settle({ until: areRunning, forMs: minutes(15), parallel: 4 });
    expect(areRunning()).toBe(true);
    await kiln.cloud.settle({ forMs: minutes(12) });
    expect(machines(kiln)).toHaveLength(JOBS);
    const states = kiln.records("scale").map(({ state, result }) => `${state} ${Number(result?.["count"])}`);
    expect(states).toEqual(Array.from({ length: JOBS }, () => "done 1"));
  },
);
