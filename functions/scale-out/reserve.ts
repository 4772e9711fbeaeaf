/** `reserve` and `wake`: room in the ledger, and the stopped instances that are cheaper than new ones. */
import { describeInstances } from "../../shared/cloud/instances.ts";
import { startEach, tagEach } from "../../shared/each.ts";
import type { Ports } from "../../shared/handler.ts";
import { markOf, TAG } from "../../shared/labels.ts";
import { next } from "../../shared/machine.ts";
import { readBatch, readBatches, wakesOf, writeBatch } from "./batches.ts";
import { grant, withGrant, type Grant } from "../../shared/limits/grant.ts";
import { afterLosing, amend } from "../../shared/limits/ledger.ts";
import { readMembers } from "./members.ts";
import { priceOf } from "../../shared/limits/price.ts";
import { fleetOf, grantOf, noted, pricedOf, progressOf, type At, type ScaleOutcome } from "./progress.ts";

/** Asks the ledger for this round's share and waits its turn (DESIGN.md, "What makes the limits hold"). */
export async function reserve(event: At<"reserve">, ports: Ports): Promise<ScaleOutcome> {
  const { cloud, clock } = ports;
  const fleet = fleetOf(event);
  const { round, want } = event;
  const priced = pricedOf(event);
  const price = await priceOf(priced, event.job.imageId, cloud);
  const { HostNames: names } = fleet.launch;
  const ask = {
    run: event.run,
    round,
    count: want,
    // Every wake was tried by now; what did not come of it leaves its room to what replaces it.
    ...(round > 0 && { woke: await readBatches(cloud, event.run, wakesOf(event.batches)) }),
    ...(price !== undefined && { price }),
    ...(names && { names }),
  };
  let given: Grant | undefined;
  const written = await amend(cloud, fleet.name, async (ledger) => {
    const members = await readMembers(priced, event.job.imageId ?? "", ports);
    given = grant(ledger, ask, members, fleet.limits, clock.now());
    return ledger.grants.includes(given) ? undefined : withGrant(ledger, given, clock.now());
  });
  if (!written || given === undefined) return afterLosing(event, fleet.name, ports);
  const launches = given.launches[round] ?? 0;
  const progress = {
    ...progressOf(event),
    left: event.left + launches,
    short: noted(event.short, ...given.short),
  };
  if (round > 0) return next(buying(fleet.via, progress), 0, `granted: ${launches} more to launch`);
  if (given.wakes.length === 0) return next(buying(fleet.via, progress), 0, `granted: ${launches} to launch`);
  const note = `granted: ${given.wakes.length} to wake, ${launches} to launch`;
  return next({ phase: "wake", ...progress, from: 0, woke: 0 }, 0, note);
}

type Buying = ReturnType<typeof progressOf>;
const buying = (via: string, progress: Buying) =>
  ({ phase: via === "CreateInstance" ? "create" : "launch", ...progress }) as const;

/** StartInstances takes this many. */
const WAKES_MAX = 100;

/** Starts the next hundred of the granted wakes; those that will not start are asked room for. */
export async function wake(event: At<"wake">, { cloud, clock }: Ports): Promise<ScaleOutcome> {
  const { from, woke } = event;
  const fleet = fleetOf(event);
  const progress = progressOf(event);
  const wakes = (await grantOf(event, cloud))?.wakes ?? [];
  const ids = wakes.slice(from, from + WAKES_MAX);
  if (ids.length === 0) {
    const missing = wakes.length - woke;
    if (missing === 0) return next(buying(fleet.via, progress));
    return next(
      { phase: "reserve", ...progress, round: event.round + 1, want: missing },
      0,
      `${missing} of ${wakes.length} will not wake; room for new ones is asked for`,
    );
  }
  const name = `wake-${from}`;
  const known = await readBatch(cloud, event.run, name);
  const { woken, notes } = known ? { woken: known, notes: [] } : await start(ids, cloud, clock.now());
  if (!known) await writeBatch(cloud, event.run, name, woken);
  return next(
    {
      phase: "wake",
      ...progress,
      batches: [...progress.batches, name],
      short: noted(event.short, ...notes),
      from: from + ids.length,
      woke: woke + woken.length,
    },
    0,
    `${woken.length} of ${ids.length} are waking`,
  );
}

/** Starts what is stopped. A repeat finds those it started before on their way up, and says the same. */
async function start(ids: readonly string[], cloud: Ports["cloud"], now: number) {
  const found = await describeInstances(cloud, { ids });
  const stopped = found.filter(({ status }) => status === "Stopped").map(({ id }) => id);
  // So that an idle check does not take it for a person's start. One that cannot be marked is woken all the same.
  await tagEach(cloud, stopped, { [TAG.wokenAt]: markOf(now) });
  const refused = await startEach(cloud, stopped);
  const lost = new Set([
    ...refused.map(({ id }) => id),
    // Somebody stops it at this very moment: it will not run for us.
    ...found.filter(({ status }) => status === "Stopping").map(({ id }) => id),
  ]);
  return {
    woken: found.map(({ id }) => id).filter((id) => !lost.has(id)),
    notes: [...new Set(refused.map(({ code }) => code))].map((code) => {
      const of = refused.filter((each) => each.code === code);
      return `${of.length} stopped would not start: ${code}`;
    }),
  };
}
