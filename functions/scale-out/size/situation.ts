/** A fleet as it is now. */
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { idleLock, type SizeState } from "../../../shared/size/log.ts";
import { holderOf } from "../../../shared/workflow/lock.ts";
import type { Situation } from "./decide.ts";
import { lastOf } from "./last.ts";

interface Known {
  readonly document: Fleet;
  readonly state: SizeState;
  /** In a firing all fleets are listed at once. */
  readonly members?: readonly Instance[];
}

/** Read with as few calls as can be. */
export async function situationOf({ document, state, members }: Known, ports: Ports): Promise<Situation> {
  const { cloud, clock } = ports;
  const { name } = document;
  const reservations = await readReservations(cloud, name);
  return {
    document,
    state,
    reservations,
    members: members ?? (await membersOf(cloud, name)),
    last: await lastOf(state.child, ports),
    meanwhile: await lastOf(state.meanwhile, ports),
    stopping: await holderOf(idleLock(name), ports),
    now: clock.now(),
  };
}
