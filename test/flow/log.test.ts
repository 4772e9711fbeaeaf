/** The one way several writers agree: an append at the length that was read (LOG-1, LOG-2), for all its three uses. */
import { getObject } from "../../shared/cloud/oss/objects.ts";
import type { CloudClient } from "../../shared/cloud/client.ts";
import { lockKey, reservationsKey, runKey } from "../../shared/keys.ts";
import type { Reservation } from "../../shared/limits/stored-reservation.ts";
import { withReservation } from "../../shared/limits/stored-reservation.ts";
import { readReservations, updateReservations } from "../../shared/limits/reservations.ts";
import { acquireLock } from "../../shared/workflow/lock.ts";
import { append, appendOnce, readLog, TAIL_BYTES } from "../../shared/workflow/log.ts";
import { readRunLog } from "../../shared/workflow/run-log.ts";
import * as z from "zod/mini";
import type { Cloud } from "../cloud/index.ts";
import { connected, onCloud } from "../unit/cloud-layer/connected.ts";
import { logText } from "../support/records.ts";

const RUN = "bake-web-20260105-0123456789ab";
const other = (n: number): string => `bake-web-20260105-${String(n).repeat(12)}`;

const portsOf = (client: CloudClient, writer: string) => ({ cloud: client, clock: client.clock, writer });

interface Use {
  readonly key: string;
  /** Writes as `writer`; true when it has won. */
  readonly write: (client: CloudClient, writer: number) => Promise<boolean>;
  /** Those who have won, as the bucket says. */
  readonly winners: (client: CloudClient) => Promise<readonly unknown[]>;
}

const next = { kind: "next", at: 0, seq: 1, due: 0 } as const;
const LONG = 1;

const USES: Readonly<Record<string, Use>> = {
  "a run": {
    key: runKey(RUN),
    write: async (client, writer) => {
      const start = Buffer.byteLength(logText({}));
      return (await append(portsOf(client, `w${writer}`), runKey(RUN), start, next)).kind === "won";
    },
    winners: async (client) => (await readRunLog(client, RUN)).lines.slice(1).map(({ line }) => line.w),
  },
  "a lock": {
    key: lockKey("bake-web"),
    write: async (client, writer) =>
      (await acquireLock("bake-web", other(writer), portsOf(client, `w${writer}`))) === undefined,
    winners: async (client) => {
      const held = z.object({ run: z.string() });
      return (await readLog(client, lockKey("bake-web"), held)).lines.map(({ line }) => line.run);
    },
  },
  "a reservation": {
    key: reservationsKey("web"),
    // A fleet with room for one more.
    write: async (client, writer) => {
      const run = other(writer);
      const reservation: Reservation = { run, at: LONG, launches: [1], wakes: [], open: true, short: [] };
      let granted = false;
      await updateReservations(portsOf(client, `w${writer}`), "web", (now) => {
        granted = now.grants.every((grant) => grant.run === run);
        return Promise.resolve(granted ? withReservation(now, reservation, LONG) : undefined);
      });
      return granted;
    },
    winners: async (client) => (await readReservations(client, "web")).grants.map(({ run }) => run),
  },
};

const prepare = (cloud: Cloud, key: string): void => {
  if (key.startsWith("runs/")) cloud.oss.put("kiln", key, logText({}), { type: "Appendable" });
};

for (const [name, { key, write, winners }] of Object.entries(USES)) {
  onCloud(
    `of two writers that append to ${name} at the length both have read, one wins`,
    async ({ cloud, expect }) => {
      const client = connected(cloud);
      prepare(cloud, key);
      let second: boolean | undefined;
      cloud.faults.interleave({
        product: "oss",
        action: "AppendObject",
        // The other writer reads and appends between the first one's read and its append.
        before: async () => {
          if (second !== undefined) return;
          second = false;
          second = await write(client, 2);
        },
      });
      const first = await write(client, 1);
      expect([first, second]).toEqual([false, true]);
      expect(await winners(client)).toHaveLength(1);
    },
  );

  onCloud(
    `a writer whose answer is lost finds its own line in ${name}, and the other one loses`,
    async ({ cloud, expect }) => {
      const client = connected(cloud);
      prepare(cloud, key);
      let left = 1;
      const when = (): boolean => left-- > 0;
      cloud.faults.add({ product: "oss", action: "AppendObject", kind: "after", when });
      expect(await write(client, 1)).toBe(true);
      expect(await write(client, 2)).toBe(false);
      expect(await winners(client)).toHaveLength(1);
    },
  );
}

onCloud(
  "nothing is decided while the bucket answers neither the append nor the look",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const ports = portsOf(client, "w1");
    const heal = cloud.faults.add({ product: "oss", kind: "after", when: () => true });
    expect(await append(ports, "locks/x.jsonl", 0, {})).toMatchObject({ kind: "unknown" });
    heal();
    // It was written all the same: asked again, the same writer has won.
    expect(await append(ports, "locks/x.jsonl", 0, {})).toMatchObject({ kind: "won" });
    expect((await getObject(client, "locks/x.jsonl"))?.text).toBe('{"w":"w1"}\n');
  },
);

onCloud("the end of a long log is read without its cut line", async ({ cloud, expect }) => {
  const client = connected(cloud);
  const line = (n: number): string => `${JSON.stringify({ n, text: "x".repeat(1000), w: "w" })}\n`;
  const text = Array.from({ length: 100 }, (_, n) => line(n)).join("");
  cloud.oss.put("kiln", "locks/x.jsonl", text, { type: "Appendable" });
  const schema = z.object({ n: z.int() });
  const tail = await readLog(client, "locks/x.jsonl", schema, TAIL_BYTES);
  expect(tail.end).toBe(Buffer.byteLength(text));
  expect(tail.lines.length).toBeLessThan(70);
  expect(tail.lines.at(-1)?.line.n).toBe(99);
  const whole = await readLog(client, "locks/x.jsonl", schema);
  expect(whole.lines.map(({ line: { n } }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect(tail.lines).toEqual(whole.lines.slice(-tail.lines.length));
});

onCloud("a run writes its line once, whatever others wrote since", async ({ cloud, expect }) => {
  const client = connected(cloud);
  const key = lockKey("once");
  const schema = z.object({ run: z.string(), held: z.boolean() });
  const write = (run: string, held: boolean) =>
    appendOnce(portsOf(client, run), { key, schema, run }, () => ({ run, held }));
  await write(other(1), true);
  await write(other(2), false);
  expect(await write(other(1), true)).toMatchObject({ run: other(1), held: true });
  const { lines } = await readLog(client, key, schema);
  expect(lines.map(({ line }) => line.held)).toEqual([true, false]);
});
