/** What the steps of a scale-out share: where the request stands, and what is launched with what. */
import { familyImage } from "../../shared/cloud/images.ts";
import { describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import { getObject } from "../../shared/cloud/oss.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { ScaleEvent, ScaleProgress } from "../../shared/events/scale-out.ts";
import { EventError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import type { Outcome } from "../../shared/machine.ts";
import { outputKey } from "../../shared/run.ts";
import type { Grant } from "../../shared/limits/grant.ts";
import { pricedAs } from "../../shared/limits/launch.ts";
import { readLedger } from "../../shared/limits/ledger.ts";
import { launchParams, rungsOf, type Rung } from "./plan.ts";

export type ScaleOutcome = Outcome<ScaleEvent>;
export type At<K extends ScaleEvent["phase"]> = Extract<ScaleEvent, { phase: K }>;
/** Every phase after `plan`. */
export type Under = Exclude<ScaleEvent, { phase: "plan" }>;

export const nothingYet = (imageId: string): ScaleProgress => ({
  batches: [],
  left: 0,
  rung: 0,
  attempt: 0,
  launched: 0,
  round: 0,
  again: 0,
  price: 0,
  images: imageId === "" ? [] : [imageId],
  short: [],
});

/** The progress alone, without the line and what belongs to one phase. */
export function progressOf(event: Under): ScaleProgress {
  const { batches, left, rung, attempt, launched, round, again, price, images, short } = event;
  return { batches, left, rung, attempt, launched, round, again, price, images, short };
}

/** Notes travel in the event, so there is an end to them. */
const NOTES_MAX = 20;
const NOTE_MAX = 240;

/** `short` with more in it: the first notes and the latest one. */
export function noted(short: readonly string[], ...notes: readonly string[]): string[] {
  const fresh = notes.map((note) => (note.length > NOTE_MAX ? `${note.slice(0, NOTE_MAX)}…` : note));
  const all = [...new Set([...short, ...fresh])];
  return all.length <= NOTES_MAX ? all : [...all.slice(0, NOTES_MAX - 1), all.at(-1) ?? ""];
}

export function fleetOf({ job, phase }: ScaleEvent): Fleet {
  if (job.document === undefined) throw new EventError(`phase ${phase} of a scale-out has no fleet`);
  return job.document;
}

/** The run's fleet as its prices are asked for. */
export const pricedOf = (event: ScaleEvent): Fleet => pricedAs(fleetOf(event), event.job.priced);

/** The rungs of the run's fleet, in the order it tries them. */
export function ladderOf(event: ScaleEvent): readonly Rung[] {
  const rungs = rungsOf(fleetOf(event));
  return event.job.order?.flatMap((place) => rungs[place] ?? []) ?? rungs;
}

/** A copy of the fleet's user data object: an edit in between changes the next run, never half of this one. */
export const userDataKey = (run: string): string => outputKey(run, "user-data");

/** Parameters of the next launch call on `rung`, the same whenever this event is delivered. */
export async function paramsOf(event: Under, rung: Rung, amount: number, cloud: Ports["cloud"]) {
  const fleet = fleetOf(event);
  const { UserData } = fleet.launch;
  const userData = UserData?.text ?? (UserData && (await getObject(cloud, userDataKey(event.run)))?.bytes);
  const hostNames = fleet.launch.HostNames && (await grantOf(event, cloud))?.names;
  return launchParams(fleet, rung.params, {
    run: event.run,
    imageId: event.job.imageId ?? "",
    amount,
    launched: event.launched,
    at: event.since,
    ...(hostNames && { hostNames }),
    ...(userData !== undefined && { userData: Buffer.from(userData) }),
  });
}

/** What the ledger gave this run, once it has reserved. */
export async function grantOf({ run, job }: ScaleEvent, cloud: Ports["cloud"]): Promise<Grant | undefined> {
  return (await readLedger(cloud, job.fleet)).grants.find((grant) => grant.run === run);
}

/** The answers of the family while this run launched, and the one it gives now. */
export async function servedSince(event: Under, cloud: Ports["cloud"]): Promise<string[]> {
  const now = await familyImage(cloud, fleetOf(event).family);
  return [...new Set([...event.images, ...(now ? [now.id] : [])])];
}

/** Everything this run launched, a call whose answer was lost included. */
export function launchedBy(event: ScaleEvent, cloud: Ports["cloud"]): Promise<Instance[]> {
  // ListTagResources underneath: the tag filter of DescribeInstances ends at a thousand.
  return describeInstances(cloud, { tags: { [TAG.run]: event.run, [TAG.role]: "member" }, many: true });
}

/** A subscription is paid to its end, and a protected instance is somebody's wish. */
export const releasable = ({ chargeType, deletionProtection }: Instance): boolean =>
  chargeType !== "PrePaid" && !deletionProtection;
