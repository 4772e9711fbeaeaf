/** The newest drift that the hourly timer has written. */
import { getObject, getSmallObject } from "../../shared/cloud/oss/objects.ts";
import { countsIn, Drift, driftKeyAt } from "../../shared/drift.ts";
import { hours } from "../../shared/duration.ts";
import type { Ports } from "../../shared/invocation.ts";

/** 10,000 members. */
const BYTES_MAX = 5 * 1024 * 1024;

/** Undefined when none was written in the last two hours. */
export const drift = (ports: Ports): Promise<Drift | undefined> =>
  newest(ports, async (key) => {
    const read = await getSmallObject(ports.cloud, key, BYTES_MAX);
    const text = read.ok ? read.value?.text : undefined;
    return text === undefined ? undefined : Drift.parse(JSON.parse(text));
  });

/** The counts of some hundred fleets. */
const HEAD_BYTES = 32 * 1024;

/** How many members each fleet had at an instant, from the beginning of its drift. */
export const countsAt = async (cloud: Ports["cloud"], at: number) =>
  countsIn((await getObject(cloud, driftKeyAt(at), HEAD_BYTES))?.text ?? "");

/** The newest counts; undefined when none were written in the last two hours. */
export const newestCounts = (ports: Ports) => newest(ports, (_key, at) => countsAt(ports.cloud, at));

async function newest<T extends { readonly at: number }>(
  { clock }: Ports,
  read: (key: string, at: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  const now = clock.now();
  for (const at of [now, now - hours(1)]) {
    const found = await read(driftKeyAt(at), at);
    // The object may be of the same hour a week ago.
    if (found !== undefined && now - found.at < hours(2)) return found;
  }
  return undefined;
}
