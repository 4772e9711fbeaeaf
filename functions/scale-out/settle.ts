/** `release` and `settle`: what is half-made goes back, and what there is is counted once more and reported. */
import { deleteInstance, describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import { putObject } from "../../shared/cloud/oss.ts";
import { seconds } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, failed, next, wait } from "../../shared/machine.ts";
import { outputKey } from "../../shared/run.ts";
import { launchesOf, readBatches, wakesOf } from "./batches.ts";
import { ABSENT_MS } from "./launch.ts";
import { afterLosing, closeGrant } from "../../shared/limits/ledger.ts";
import {
  grantOf,
  launchedBy,
  noted,
  progressOf,
  releasable,
  servedSince,
  type At,
  type ScaleOutcome,
} from "./progress.ts";
import { brief } from "./verify.ts";

/** Gives back instances that were created and never started; one a step, a paid one is only reported. */
export async function release(event: At<"release">, { cloud }: Ports): Promise<ScaleOutcome> {
  const { reason } = event;
  const progress = progressOf(event);
  const end = reason === undefined ? {} : { reason };
  if (event.job.document?.via !== "CreateInstance") return next({ phase: "settle", ...progress, ...end });
  const half = (await launchedBy(event, cloud)).filter(isHalfMade);
  const first = half.find(releasable);
  if (first?.status === "Pending") return wait(seconds(5), `${first.id} cannot be released while it is made`);
  if (first) {
    await deleteInstance(cloud, first.id);
    return wait(seconds(5), `${first.id} was never started and is released`);
  }
  const paid = half.filter((instance) => !releasable(instance)).map(({ id }) => id);
  const note = `${brief(paid)}: a subscription is paid to its end and cannot be released; start it or let it be refunded in the console`;
  const short = paid.length > 0 ? noted(event.short, note) : event.short;
  return next({ phase: "settle", ...progress, short, ...end });
}

const isHalfMade = ({ startedAt, status }: Instance): boolean =>
  startedAt === undefined && (status === "Stopped" || status === "Pending");

/** How many ids a record shows; more of them are in an object beside it. */
const SHOWN_MAX = 100;

/** Closes the grant and says what the request came to. Counts by tag, so that no lost answer is forgotten. */
export async function settle(event: At<"settle">, ports: Ports): Promise<ScaleOutcome> {
  const { cloud, clock } = ports;
  const { fleet, count } = event.job;
  const launched = await launchedBy(event, cloud);
  const known = await readBatches(cloud, event.run, launchesOf(event.batches));
  const unlisted = known.filter((id) => !launched.some((instance) => instance.id === id));
  const asleep = await stillAsleep(event, cloud);
  // G1 in grant.ts: the grant stays open until all it led to is seen awake, or given up for lost.
  const unseen = unlisted.length + asleep;
  if (unseen > 0 && clock.now() - event.since < ABSENT_MS) {
    return wait(seconds(15), `${unseen} instances are not listed or not awake yet`);
  }
  // Lost ones were launched, too; and a call whose answer was lost is only seen by its tag.
  const made = Math.max(launched.length, event.launched);
  const closing = await closeGrant(cloud, fleet, event.run, made, clock.now());
  if (!closing) return afterLosing(event, fleet, ports);
  return report(event, launched, count, cloud);
}

/** How many of the instances this run may have started are not shown awake. */
async function stillAsleep(event: At<"settle">, cloud: Ports["cloud"]): Promise<number> {
  // A run that was given up may have started some that no batch tells of.
  if (event.reason === undefined && wakesOf(event.batches).length === 0) return 0;
  const { wakes = [] } = (await grantOf(event, cloud)) ?? {};
  return (await describeInstances(cloud, { ids: wakes })).filter(({ status }) => status === "Stopped").length;
}

async function report(
  event: At<"settle">,
  launched: readonly Instance[],
  count: number,
  cloud: Ports["cloud"],
): Promise<ScaleOutcome> {
  const { reason, run } = event;
  const images = event.job.document === undefined ? [] : await servedSince(event, cloud);
  const good = launched.filter(({ status, imageId }) => status === "Running" && images.includes(imageId));
  const wakes = await readBatches(cloud, run, wakesOf(event.batches));
  const woken = (await describeInstances(cloud, { ids: wakes })).filter(({ status }) => status === "Running");
  const running = [...good, ...woken];
  const ids = running.map(({ id }) => id);
  const uncounted = launched.filter((instance) => !good.includes(instance));
  const notes = [
    ...(reason === undefined ? [] : [reason]),
    ...event.short,
    ...(uncounted.length > 0
      ? [`not counted: ${brief(uncounted.map(({ id, status }) => `${id} ${status}`))}`]
      : []),
  ];
  const why = notes.join("; ");
  if (running.length === 0) return failed(`none of ${count} instances: ${why || "none were needed"}`);
  const list = ids.length > SHOWN_MAX ? outputKey(run, "instances") : undefined;
  if (list !== undefined) await putObject(cloud, list, ids.join("\n"), { contentType: "text/plain" });
  return done({
    fleet: event.job.fleet,
    asked: count,
    count: running.length,
    running: ids.slice(0, SHOWN_MAX),
    ...(list !== undefined && { list }),
    launched: good.length,
    woken: woken.length,
    imageId: event.job.imageId,
    images: countBy(running.map(({ imageId }) => imageId)),
    ...(event.price > 0 && { pricePerHour: Number(event.price.toFixed(3)) }),
    ...(running.length < count && { short: count - running.length }),
    ...(why !== "" && { why }),
  });
}

function countBy(words: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const word of words) counted[word] = (counted[word] ?? 0) + 1;
  return counted;
}
