/** A dry run of a refresh: the batches in which it would replace the members that are there now. Changes nothing. */
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import { REFRESH } from "../../../shared/documents/refresh.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { readSize } from "../../../shared/size/log.ts";
import { wantedOf } from "../../../shared/size/wanted.ts";
import { done, failed, type Outcome } from "../../../shared/workflow/workflow.ts";
import { openChild } from "../size/last.ts";
import { readyFleet } from "./begin.ts";
import { batchesOf, type Look, type Move } from "./decide.ts";
import type { DryRun } from "./events.ts";
import { alarmProblem } from "./health.ts";

/** The most batches that a result lists. */
const LISTED_MAX = 50;

/** The result, or the reason that a refresh would fail with. @throws CloudError */
export async function dryRun({ input }: DryRun, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { fleet } = input;
  const document = await readyFleet(fleet, ports);
  if (typeof document === "string") return failed(document);
  const { family, limits, refresh: policy = REFRESH } = document;
  const image = (await familyImage(cloud, family))?.id;
  if (image === undefined) return failed(`family ${family} serves no image; promote one first`);
  const members = await membersOf(cloud, fleet);
  const reservations = await readReservations(cloud, fleet);
  const state = await readSize(fleet, ports);
  const now = clock.now();
  const look: Look = {
    members,
    reservations,
    wanted: wantedOf(document, state.level, now),
    limits,
    policy,
    isOld: ({ imageId }) => imageId !== image,
    left: [],
    untested: policy.canary !== undefined,
    now,
  };
  const moves = batchesOf(look, LISTED_MAX);
  const alarm = moves.length === 0 ? undefined : await alarmProblem(policy.alarms, ports);
  if (alarm !== undefined) return failed(`nothing is replaced: ${alarm}`);
  const busy = await openChild(state, ports);
  return done({
    fleet,
    dryRun: true,
    ...(busy !== undefined && { waitsFor: busy }),
    image,
    batches: moves.map(inWords),
    ...(moves.length === LISTED_MAX && { more: "further batches follow" }),
    ...(moves.length > 0 && { note: "members that are at work by then, or protected, stay" }),
  });
}

function inWords(move: Move, place: number): string {
  switch (move.kind) {
    case "launch":
      return `${place + 1}: ${move.count} would be launched`;
    case "end":
      return `${place + 1}: ${move.ids.join(", ")} would end`;
    case "stuck":
      return `${place + 1}: it would stop: ${move.why}`;
    case "finish":
      return `${place + 1}: it would be over`;
  }
}
