import { acquireLock, releaseLock } from "../../shared/workflow/lock.ts";
import type { CloudClient } from "../../shared/cloud/client.ts";
import { days } from "../../shared/duration.ts";
import { queuedRecord, writeRecord } from "../support/records.ts";
import { connected, onCloud } from "../unit/cloud-layer/connected.ts";

const NOW = Date.UTC(2026, 0, 5);
const ROUNDS = 6;

const run = (n: number): string => `bake-web-20260105-${n.toString(16).padStart(12, "0")}`;
const RIVALS = [1, 2, 3, 4, 5, 6, 7, 8].map(run);

const ended = (client: CloudClient, name: string) =>
  writeRecord(client, { ...queuedRecord(name, "test", 0), state: "failed", reason: "it failed" });

/** Those of `rivals` that believe to hold `subject` after all of them asked at the same time. */
async function winners(client: CloudClient, subject: string, rivals: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(rivals.map((rival) => acquireLock(client, subject, rival, NOW)));
  return rivals.filter((_, n) => answers[n] === undefined);
}

onCloud("what a dead run held goes to one of all that ask for it at once", async ({ cloud, expect }) => {
  const client = connected(cloud);
  await ended(client, run(0));
  for (let round = 0; round < ROUNDS; round++) {
    const subject = `bake-${round}`;
    expect(await acquireLock(client, subject, run(0), NOW)).toBeUndefined();
    expect(await winners(client, subject, RIVALS)).toHaveLength(1);
  }
});

onCloud("letting go twice at once takes nothing from whoever came next", async ({ cloud, expect }) => {
  const client = connected(cloud);
  for (let round = 0; round < ROUNDS; round++) {
    const subject = `bake-${round}`;
    await acquireLock(client, subject, run(0), NOW);
    const gone = [0, 1, 2].map(() => releaseLock(client, subject, run(0)));
    const [first] = await Promise.all([winners(client, subject, RIVALS), ...gone]);
    expect([...first, ...(await winners(client, subject, [run(9)]))]).toHaveLength(1);
  }
});

onCloud(
  "a holder is over when its run ended; one without a record is unknown, and over after a day",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    expect(await acquireLock(client, "bake-web", run(1), NOW)).toBeUndefined();
    expect(await acquireLock(client, "bake-web", run(1), NOW)).toBeUndefined();
    expect(await acquireLock(client, "bake-web", run(2), NOW + days(1))).toBe(run(1));
    expect(await acquireLock(client, "bake-web", run(2), NOW + days(1) + 1)).toBeUndefined();
    // Too late: it is another's.
    await releaseLock(client, "bake-web", run(1));
    expect(await acquireLock(client, "bake-web", run(3), NOW + days(1) + 2)).toBe(run(2));
    await ended(client, run(2));
    expect(await acquireLock(client, "bake-web", run(3), NOW + days(1) + 3)).toBeUndefined();
    await releaseLock(client, "bake-web", run(3));
    expect(await acquireLock(client, "bake-web", run(4), NOW + days(1) + 4)).toBeUndefined();
  },
);
