/** `reserve`: asks the limits of the fleet how many instances the run may launch and wake. */
import { expiresSoon } from "../../../shared/expiry.ts";
import { optedOutUntil, stoppedByKilnAt } from "../../../shared/instance-tags.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { hours } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { asMembers, countedMembers } from "../../../shared/limits/members.ts";
import { isNumbered } from "../../../shared/limits/places.ts";
import { highestPrice } from "../../../shared/limits/price.ts";
import { isFull, reserve as decide } from "../../../shared/limits/reservation.ts";
import {
  withReservation,
  type Reservation,
  type Reservations,
} from "../../../shared/limits/stored-reservation.ts";
import { afterLostRace, updateReservations } from "../../../shared/limits/reservations.ts";
import { readSize } from "../../../shared/size/log.ts";
import { presentOf } from "../../../shared/size/present.ts";
import { detoursOf } from "../../../shared/size/served.ts";
import { isOwn } from "../../../shared/tags.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { Launch, Reserve, withNotes, type Input } from "./events.ts";
import { isWakePage, readPages } from "./instance-pages.ts";
import { hindranceOf } from "./may-go-on.ts";
import { tooFew } from "./minimum.ts";
import { toRelease } from "./release.ts";
import { Wake } from "./wake.ts";

interface Request {
  readonly run: string;
  readonly round: number;
  readonly count: number;
  readonly limits: Fleet["limits"];
  readonly woke?: readonly string[] | undefined;
  readonly lost?: number | undefined;
}

/** A reservation, and for how many. */
interface Decided {
  readonly reservation: Reservation;
  readonly count: number;
}

/** Returns how a request is decided once the fleet's reservations are read: its members are read after them. */
export async function decider(
  { limits, ...request }: Request,
  { fleet, document, imageId, disks, leaving, ofRefresh, upTo = Infinity }: Input,
  { cloud, clock }: Ports,
) {
  const priced = { fleet: { ...document, limits }, imageId, disks };
  const price = await highestPrice(priced, cloud);
  const { launch } = document;
  const wake = { ...document.wake, olderImages: document.wake.olderImages && ofRefresh !== true };
  const detours = await detoursOf(await readSize(fleet, { cloud }), { cloud, isTrying: ofRefresh });
  const mayUse = ({ imageId }: Instance): boolean => !detours.some(({ around }) => around === imageId);
  return async (reservations: Reservations): Promise<Decided> => {
    const now = clock.now();
    const instances = await countedMembers(cloud, fleet);
    const isWakeable = (instance: Instance): boolean =>
      isOwn(cloud, instance) && mayUse(instance) && mayWake(instance, { ...document, wake }, imageId, now);
    const members = await asMembers(priced, instances, isWakeable, cloud);
    // SCALE-6. One that has reserved before gets the same again.
    const isFirst = request.round === 0 && !reservations.grants.some(({ run }) => run === request.run);
    const own = instances.filter((instance) => isOwn(cloud, instance));
    const most = isFirst ? Math.max(0, upTo - presentOf(own, reservations, now)) : Infinity;
    const count = Math.min(request.count, most);
    const asked = {
      ...request,
      count,
      leaving,
      price,
      names: launch.HostNames,
      numbered: isNumbered(launch),
    };
    return { count, reservation: decide(asked, { reservations, members, limits, now }) };
  };
}

/** Whether a member may be started instead of launching another. A member that a user stopped stays as it is. */
function mayWake(
  instance: Instance,
  { wake, idle }: Input["document"],
  imageId: string,
  now: number,
): boolean {
  const { status, locks } = instance;
  return (
    wake.enabled &&
    status === "Stopped" &&
    stoppedByKilnAt(instance) !== undefined &&
    !expiresSoon(instance, now) &&
    locks.length === 0 &&
    (wake.olderImages || instance.imageId === imageId) &&
    (idle === undefined || optedOutUntil(instance, idle.optOutTag, now) === undefined)
  );
}

async function reserveRound(event: Reserve, ports: Ports): Promise<Outcome> {
  const { run, input, want, lost } = event;
  const { round } = event.progress;
  // The limits as they are in the bucket: those of the event say what they like (OWN-3).
  const loaded = await loadFleet(ports.cloud, input.fleet);
  if ("problem" in loaded) return toRelease(event, loaded.problem);
  const hindrance = await hindranceOf(input, ports);
  if (hindrance !== undefined) return toRelease(event, hindrance);
  const { limits } = loaded.document;
  const woke = await wokenBefore(event, ports.cloud);
  const decideOn = await decider({ run, round, count: want, limits, woke, lost }, input, ports);
  let decided: Decided | undefined;
  const stored = await updateReservations(ports, input.fleet, async (reservations) => {
    decided = await decideOn(reservations);
    const { reservation } = decided;
    if (reservations.grants.includes(reservation)) return undefined;
    return withReservation(reservations, reservation, ports.clock.now());
  });
  if (!stored || decided === undefined) return afterLostRace(event, input.fleet, ports);
  return afterReserved(event, decided);
}

function afterReserved(event: Reserve, { reservation, count }: Decided): Outcome {
  const { input, want } = event;
  const { round } = event.progress;
  const { wakes, launches, short } = reservation;
  // The others are there by now.
  const fewer = count < want && { input: { ...input, count } };
  const launching = launches[round] ?? 0;
  const left = event.progress.left + launching;
  const limited = short.length > 0 && ({ limited: true } as const);
  const missing = round === 0 && isFull(reservation) ? count - wakes.length - launching : 0;
  const beyond = missing > 0 && { beyond: missing };
  const progress = withNotes({ ...event.progress, left, ...limited, ...beyond }, ...short);
  const few = round === 0 ? tooFew(wakes.length + launching, input) : undefined;
  if (few !== undefined) return toRelease({ ...event, progress: { ...progress, left: 0 } }, few);
  if (round === 0 && wakes.length > 0) {
    const note = `reserved: ${wakes.length} to wake, ${launching} to launch`;
    return next(Wake, { progress, from: 0, woke: 0 }, { note, ...fewer });
  }
  const note = `reserved: ${launching}${round > 0 ? " more" : ""} to launch`;
  return next(Launch, { progress }, { note, ...fewer });
}

/** Every wake was tried before the second round; the headroom of those that failed goes to their replacements. */
async function wokenBefore({ run, progress }: Reserve, cloud: CloudClient): Promise<string[] | undefined> {
  return progress.round === 0 ? undefined : readPages(cloud, run, progress.pages.filter(isWakePage));
}

export const reserve = phase(Reserve, { limitMs: hours(1), run: reserveRound, compensate: toRelease });
