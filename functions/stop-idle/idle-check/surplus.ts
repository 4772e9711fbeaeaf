/**
 * Selects the stopped members to release when a fleet has more than it may have. Pure, except `readSurplus`.
 *
 * SURPLUS-1. At most limits.max members are stopped, and none for longer than `releaseAfter`. A check releases the others
 *     after its stops.
 * SURPLUS-2. A member is released only if Kiln stopped it, and not if it is protected, opted out, locked, a
 *     subscription, or reserved by a scale-out or resume that is about to start it.
 * SURPLUS-3. Members that may not be released count too, so others are released in their place. If that is not
 *     enough, the result says so.
 * SURPLUS-4. The oldest image goes first and the one that launches use last; of one image, the member stopped longest.
 */
import * as z from "zod/mini";
import { describeImages, familyImage } from "../../../shared/cloud/ecs/images.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { IdlePolicy } from "../../../shared/documents/idle.ts";
import { minutes } from "../../../shared/duration.ts";
import { optedOutUntil, stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { wakingIn } from "../../../shared/limits/stored-reservation.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { servedImage } from "../../../shared/size/served.ts";
import { unreleasable } from "../../../shared/kept.ts";
import type { CheckInput } from "./input.ts";

/** A member to release, and the image it must still have then. */
export const SurplusMember = z.strictObject({ id: z.string(), imageId: z.string() });
type SurplusMember = z.infer<typeof SurplusMember>;

interface Surplus {
  readonly surplus: readonly SurplusMember[];
  /** How many beyond the limit may not be released. */
  readonly stuck: number;
  readonly stopped: number;
}

export const stoppedOf = (members: readonly Instance[]): Instance[] =>
  members.filter(({ status }) => status === "Stopped");

export const inWords = ({ id, imageId }: SurplusMember): string => `${id} of ${imageId}`;

/** Why a stopped member must not be released; undefined when it may (SURPLUS-2). */
function whyNot(instance: Instance, { optOutTag }: IdlePolicy, now: number): string | undefined {
  const { status, locks, startedAt = 0 } = instance;
  if (status !== "Stopped") return `it is ${status}`;
  const stoppedAt = stoppedByKilnAt(instance);
  // Kiln stops only what has run for an hour. Start times have no seconds, so a start in the minute of the tag
  // is a user's.
  if (stoppedAt === undefined || stoppedAt - startedAt < minutes(1)) return "Kiln did not stop it";
  const [, sentence] = unreleasable(instance) ?? [];
  if (sentence !== undefined) return `it ${sentence}`;
  if (locks.length > 0) return `it is locked (${locks.join(", ")})`;
  return optedOutUntil(instance, optOutTag, now) === undefined
    ? undefined
    : `its tag ${optOutTag} asks for it`;
}

/** As `whyNot`, of a member that was selected a while ago. */
export function whyNoLonger(
  instance: Instance,
  { imageId }: SurplusMember,
  { fleet, policy }: Pick<CheckInput, "fleet" | "policy">,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): string | undefined {
  if (!isMember(cloud, instance, fleet)) return `it left fleet ${fleet}`;
  if (instance.imageId !== imageId) return `it has image ${instance.imageId} by now`;
  return whyNot(instance, policy, clock.now());
}

/** The members to release; `more` are about to be stopped beside those that are. */
export async function readSurplus(
  { fleet, policy, family, maxStopped }: Pick<CheckInput, "fleet" | "policy" | "family" | "maxStopped">,
  members: readonly Instance[],
  more: number,
  { cloud, clock }: Pick<Ports, "cloud"> & { readonly clock: Pick<Ports["clock"], "now"> },
): Promise<Surplus> {
  const stopped = stoppedOf(members);
  const excess = stopped.length - Math.max(0, maxStopped - more);
  const now = clock.now();
  if (excess <= 0 && !stopped.some((one) => isLongDown(one, policy, now)))
    return { surplus: [], stuck: 0, stopped: stopped.length };
  const reserved = wakingIn(await readReservations(cloud, fleet), now);
  const loaded = await loadFleet(cloud, fleet);
  const current =
    "problem" in loaded
      ? await familyImage(cloud, family)
      : (await servedImage(loaded.document, { cloud })).image;
  const images = await describeImages(cloud, { ids: [...new Set(stopped.map(({ imageId }) => imageId))] });
  const ages = new Map(images.map(({ id, createdAt }) => [id, createdAt]));
  if (current !== undefined) ages.set(current.id, Number.POSITIVE_INFINITY);
  const ordered = stopped
    .filter((instance) => !reserved.has(instance.id) && whyNot(instance, policy, now) === undefined)
    .toSorted((a, b) => compare(ages.get(a.imageId) ?? 0, ages.get(b.imageId) ?? 0) || compareStops(a, b));
  const most = Math.max(0, excess);
  const surplus = ordered
    .filter((one, place) => place < most || isLongDown(one, policy, now))
    .map(({ id, imageId }) => ({ id, imageId }));
  return { surplus, stuck: Math.max(0, most - ordered.length), stopped: stopped.length };
}

/** Whether a member has been stopped for longer than the policy keeps it. */
export const isLongDown = (instance: Instance, { releaseAfterMs }: IdlePolicy, now: number): boolean =>
  releaseAfterMs !== undefined && now - (stoppedByKilnAt(instance) ?? now) > releaseAfterMs;

/** Not a difference: that of two infinities is no number. */
const compare = (a: number, b: number): number => Number(a > b) - Number(a < b);

const compareStops = (a: Instance, b: Instance): number =>
  compare(stoppedByKilnAt(a) ?? 0, stoppedByKilnAt(b) ?? 0) || (a.id < b.id ? -1 : 1);
