/** The newest drift that the hourly timer has written. */
import { getSmallObject } from "../../shared/cloud/oss/objects.ts";
import { Drift, driftKeyAt } from "../../shared/drift.ts";
import { hours } from "../../shared/duration.ts";
import type { Ports } from "../../shared/invocation.ts";

/** 10,000 members. */
const BYTES_MAX = 5 * 1024 * 1024;

/** Undefined when none was written in the last two hours. */
export async function drift({ cloud, clock }: Ports): Promise<Drift | undefined> {
  const now = clock.now();
  for (const at of [now, now - hours(1)]) {
    const read = await getSmallObject(cloud, driftKeyAt(at), BYTES_MAX);
    const text = read.ok ? read.value?.text : undefined;
    if (text === undefined) continue;
    const found = Drift.parse(JSON.parse(text));
    // The object of the same hour a week ago.
    if (now - found.at < hours(2)) return found;
  }
  return undefined;
}
