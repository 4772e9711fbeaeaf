/**
 * Which sleepers go when a fleet has more than it may have. Pure, but for `readSurplus`.
 *
 * E1. At most limits.max members are asleep. Only a check puts members to sleep, so a check looks afterwards.
 * E2. Only what Kiln put to sleep goes, and nothing that is protected, opted out, locked, paid for to its end,
 *     or granted to a scale-out or resume that is about to start it.
 * E3. What may not go counts all the same, so others go in its place; what is too much even then is told.
 * E4. The oldest image goes first and the current one last; of one image, what has slept longest.
 */
import { describeImages, familyImage } from "../../shared/cloud/images.ts";
import type { Instance } from "../../shared/cloud/instance.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { minutes } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";
import { wakingIn } from "../../shared/limits/grant.ts";
import { readLedger } from "../../shared/limits/ledger.ts";
import { isMember } from "../../shared/limits/members.ts";
import { optedOutUntil, stoppedByKilnAt } from "../../shared/marks.ts";

/** A sleeper that goes: how it is told, and what it must still be when it does. */
export interface Leaving {
  readonly id: string;
  readonly imageId: string;
}

export interface Surplus {
  readonly leave: readonly Leaving[];
  /** How many beyond the bound may not go. */
  readonly stuck: number;
  readonly asleep: number;
}

export const asleepOf = (members: readonly Instance[]): Instance[] =>
  members.filter(({ status }) => status === "Stopped");

export const inWords = ({ id, imageId }: Leaving): string => `${id} of ${imageId}`;

/** Why a sleeper must not be released, in words; undefined when it may (E2). */
export function staysFor(instance: Instance, { optOutTag }: IdlePolicy, now: number): string | undefined {
  const { status, chargeType, deletionProtection, locks, startedAt = 0 } = instance;
  if (status !== "Stopped") return `it is ${status}`;
  const stoppedAt = stoppedByKilnAt(instance);
  // What Kiln stops has run for an hour. A start in the minute of its mark is a person's: seconds are not told.
  if (stoppedAt === undefined || stoppedAt - startedAt < minutes(1)) return "Kiln did not stop it";
  if (chargeType !== "PostPaid") return "it is paid for to its end";
  if (deletionProtection) return "it is protected from release";
  if (locks.length > 0) return `it is locked (${locks.join(", ")})`;
  return optedOutUntil(instance, optOutTag, now) === undefined
    ? undefined
    : `its tag ${optOutTag} asks for it`;
}

/** The sleepers beyond `max` in the order of E4; `ageOf` tells when an image was made, 0 if that is not known. */
export function surplusOf(
  sleepers: readonly Instance[],
  max: number,
  mayGo: (instance: Instance) => boolean,
  ageOf: (imageId: string) => number,
): Surplus {
  const excess = Math.max(0, sleepers.length - max);
  const leave = sleepers
    .filter(mayGo)
    .toSorted(
      (a, b) =>
        ageOf(a.imageId) - ageOf(b.imageId) ||
        (stoppedByKilnAt(a) ?? 0) - (stoppedByKilnAt(b) ?? 0) ||
        (a.id < b.id ? -1 : 1),
    )
    .slice(0, excess)
    .map(({ id, imageId }) => ({ id, imageId }));
  return { leave, stuck: excess - leave.length, asleep: sleepers.length };
}

interface Job {
  readonly fleet: string;
  readonly policy: IdlePolicy;
  readonly sleepers: { readonly max: number; readonly family: string };
}

/** As `surplusOf`, with what it has to ask the cloud; `more`: how many will be asleep beside those that are. */
export async function readSurplus(
  { fleet, policy, sleepers }: Job,
  members: readonly Instance[],
  more: number,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<Surplus> {
  const asleep = asleepOf(members);
  const max = Math.max(0, sleepers.max - more);
  if (asleep.length <= max) return { leave: [], stuck: 0, asleep: asleep.length };
  const now = clock.now();
  const waking = wakingIn(await readLedger(cloud, fleet), now);
  const current = await familyImage(cloud, sleepers.family);
  const ids = [...new Set(asleep.map(({ imageId }) => imageId))];
  const images = await describeImages(cloud, { ids });
  const ages = new Map(images.map(({ id, createdAt }) => [id, createdAt]));
  const ageOf = (id: string): number => (id === current?.id ? Number.POSITIVE_INFINITY : (ages.get(id) ?? 0));
  const mayGo = (instance: Instance): boolean =>
    !waking.has(instance.id) && staysFor(instance, policy, now) === undefined;
  return surplusOf(asleep, max, mayGo, ageOf);
}

/** As `staysFor`, of a sleeper that was chosen a while ago and must still be what it was then. */
export function staysNow(
  instance: Instance,
  { imageId }: Leaving,
  { fleet, policy }: Pick<Job, "fleet" | "policy">,
  now: number,
): string | undefined {
  if (!isMember(instance, fleet)) return `it left fleet ${fleet}`;
  if (instance.imageId !== imageId) return `it has image ${instance.imageId} by now`;
  return staysFor(instance, policy, now);
}
