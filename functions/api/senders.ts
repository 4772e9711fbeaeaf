/**
 * The answers that senders and callers of the webhook got in the last week. Instances of the webhook count on their own
 * (TALLY-1), and the API adds up.
 */
import * as z from "zod/mini";
import { getObject, listObjects } from "../../shared/cloud/oss/objects.ts";
import { days } from "../../shared/duration.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { readJson } from "../../shared/json.ts";
import { deliveriesKey, FOLDER } from "../../shared/keys.ts";

const WINDOW_MS = days(7);
/** Objects that are read: an instance writes one an hour. */
const OBJECTS_MAX = 400;

const Tallies = z.record(
  z.string(),
  z.looseObject({
    acceptedAt: z.optional(z.number()),
    refusedAt: z.optional(z.number()),
    refused: z.record(z.string(), z.int()),
  }),
);
type Tally = z.infer<typeof Tallies>[string];

/** A sender or a caller, or `unknown` for all strangers. */
export interface SenderRow {
  readonly sender: string;
  readonly kind: "sender" | "caller" | "unknown";
  readonly acceptedAt?: string;
  readonly refusedAt?: string;
  /** The most frequent reason first. */
  readonly refused: readonly { readonly reason: string; readonly count: number }[];
}

/** @throws CloudError */
export async function senders({ cloud, clock }: Ports) {
  const now = clock.now();
  const oldest = deliveriesKey(now - WINDOW_MS, "");
  const listed = await listObjects(cloud, FOLDER.deliveries, { most: OBJECTS_MAX + 1 });
  const recent = listed.map(({ key }) => key).filter((key) => key < oldest);
  const read = await inBatches(recent.slice(0, OBJECTS_MAX), async (key) => {
    const stored = await getObject(cloud, key);
    const tallies = Tallies.safeParse(readJson(stored?.text ?? ""));
    return tallies.success ? Object.entries(tallies.data) : [];
  });
  const counted = read.flat();
  const names = [...new Set(counted.map(([name]) => name))].toSorted().toReversed();
  const rows = names.map((name) =>
    rowOf(
      name,
      counted.filter(([other]) => other === name).map(([, tally]) => tally),
    ),
  );
  return {
    since: new Date(now - WINDOW_MS).toISOString(),
    senders: rows,
    /** Whether older counts were left out. */
    more: recent.length > OBJECTS_MAX,
  };
}

function rowOf(name: string, tallies: readonly Tally[]): SenderRow {
  const [folder = "", sender = "unknown"] = name.split("/");
  const counts = new Map<string, number>();
  for (const [reason, count] of tallies.flatMap(({ refused }) => Object.entries(refused)))
    counts.set(reason, (counts.get(reason) ?? 0) + count);
  const last = (at: "acceptedAt" | "refusedAt") => {
    const latest = Math.max(...tallies.map((tally) => tally[at] ?? 0));
    return latest > 0 && { [at]: new Date(latest).toISOString() };
  };
  return {
    sender,
    kind: folder === "senders" ? "sender" : folder === "callers" ? "caller" : "unknown",
    ...last("acceptedAt"),
    ...last("refusedAt"),
    refused: [...counts]
      .map(([reason, count]) => ({ reason, count }))
      .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
  };
}
