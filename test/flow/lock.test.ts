import { acquireLock, releaseLock } from "../../shared/workflow/lock.ts";
import type { CloudClient } from "../../shared/cloud/client.ts";
import { days } from "../../shared/duration.ts";
import { putObject } from "../../shared/cloud/oss/objects.ts";
import { runKey } from "../../shared/keys.ts";
import { logText } from "../support/records.ts";
import { connected, onCloud } from "../unit/cloud-layer/connected.ts";

const NOW = Date.UTC(2026, 0, 5);
const ROUNDS = 6;

const run = (n: number): string => `bake-web-20260105-${n.toString(16).padStart(12, "0")}`;
const RIVALS = [1, 2, 3, 4, 5, 6, 7, 8].map(run);

const ended = (client: CloudClient, name: string) =>
  putObject(client, runKey(name), logText({}, { kind: "failed", reason: "it failed" }));

let writers = 0;
/** Each asks as an invocation of its own. */
const at = (client: CloudClient, now: number) => ({
  cloud: client,
  clock: { ...client.clock, now: () => now },
  writer: `w${writers++}`,
});

/** Those of `rivals` that believe to hold `subject` after all of them asked at the same time. */
async function winners(client: CloudClient, subject: string, rivals: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(rivals.map((rival) => acquireLock(subject, rival, at(client, NOW))));
  return rivals.filter((_, n) => answers[n] === undefined);
}

onCloud("a stale lock goes to one of all runs that ask for it at once", async ({ cloud, expect }) => {
  const client = connected(cloud);
  await ended(client, run(0));
  for (let round = 0; round < ROUNDS; round++) {
    const subject = `bake-${round}`;
    expect(await acquireLock(subject, run(0), at(client, NOW))).toBeUndefined();
    expect(await winners(client, subject, RIVALS)).toHaveLength(1);
  }
});

onCloud(
  "a lock that is released twice at once is not taken from its next holder",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    for (let round = 0; round < ROUNDS; round++) {
      const subject = `bake-${round}`;
      await acquireLock(subject, run(0), at(client, NOW));
      const gone = [0, 1, 2].map(() => releaseLock(subject, run(0), at(client, NOW)));
      const [first] = await Promise.all([winners(client, subject, RIVALS), ...gone]);
      expect([...first, ...(await winners(client, subject, [run(9)]))]).toHaveLength(1);
    }
  },
);

onCloud(
  "a holder is over when its run ended; one without a log is unknown, and over after a day",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    expect(await acquireLock("bake-web", run(1), at(client, NOW))).toBeUndefined();
    expect(await acquireLock("bake-web", run(1), at(client, NOW))).toBeUndefined();
    expect(await acquireLock("bake-web", run(2), at(client, NOW + days(1)))).toBe(run(1));
    expect(await acquireLock("bake-db", run(5), at(client, NOW + days(9)))).toBeUndefined();
    expect(await acquireLock("bake-db", run(6), at(client, NOW))).toBeUndefined();
    expect(await acquireLock("bake-web", run(2), at(client, NOW + days(1) + 1))).toBeUndefined();
    // Too late: it is another's.
    await releaseLock("bake-web", run(1), at(client, NOW));
    expect(await acquireLock("bake-web", run(3), at(client, NOW + days(1) + 2))).toBe(run(2));
    await ended(client, run(2));
    expect(await acquireLock("bake-web", run(3), at(client, NOW + days(1) + 3))).toBeUndefined();
    await releaseLock("bake-web", run(3), at(client, NOW));
    expect(await acquireLock("bake-web", run(4), at(client, NOW + days(1) + 4))).toBeUndefined();
  },
);
