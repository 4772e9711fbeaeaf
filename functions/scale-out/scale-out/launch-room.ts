/**
 * Whether a run may make its next launch call: its event alone is no reason to (OWN-3).
 *
 * ROOM-1. A run launches what is reserved for it and no more. Its instances and those of the call together are no more
 *     than its open reservation says.
 * ROOM-2. A call that was answered has a page, and is not made again.
 * ROOM-3. An instance of the run that is on no page comes from an attempt at this call whose answer was lost. It is not
 *     counted: the call has the same token again. A late phase goes on with it (LATE-1).
 */
import { inBatches } from "../../../shared/in-batches.ts";
import { isLate } from "../../../shared/late.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isOpen, liveOf, type Reservation } from "../../../shared/limits/stored-reservation.ts";
import type { Launch } from "./events.ts";
import { launchPage, readPage } from "./instance-pages.ts";
import { launchedBy } from "./launched.ts";

export type Room =
  | { readonly kind: "free" }
  /** What the call has launched before. */
  | { readonly kind: "launched"; readonly ids: readonly string[] }
  /** Too few are left in the reservation. A list may show for a while what is gone. */
  | { readonly kind: "full"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string };

/** Whether there is room for `amount` more. */
export async function launchRoom(
  event: Launch,
  amount: number,
  reservation: Reservation | undefined,
  { cloud, clock }: Ports,
): Promise<Room> {
  const { run, input, progress } = event;
  if (reservation === undefined || !isOpen(reservation, clock.now()))
    return { kind: "refused", why: `${run} has no open reservation of fleet ${input.fleet}` };
  const reserved = liveOf(reservation);
  const listed = await launchedBy(run, cloud);
  const late = isLate(event, clock);
  if (!late && listed.length + amount <= reserved) return { kind: "free" };
  const { callIndex } = progress;
  const names = Array.from({ length: callIndex + 1 }, (_, call) => launchPage(call));
  const pages = await inBatches(names, (name) => readPage(cloud, run, name));
  const answered = pages[callIndex];
  if (answered !== undefined) return { kind: "launched", ids: answered };
  const known = new Set(pages.flat());
  const lost = listed.map(({ id }) => id).filter((id) => !known.has(id));
  if (late && lost.length > 0) return { kind: "launched", ids: lost };
  const earlier = listed.length - lost.length;
  return earlier + amount <= reserved
    ? { kind: "free" }
    : { kind: "full", why: `${earlier} of ${reserved} reserved instances are launched already` };
}
