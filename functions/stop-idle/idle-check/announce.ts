/** Announces stops before they are made: announce → notify → unannounce. A phase without members is skipped. */
import * as z from "zod/mini";
import { tagEach, untagEach } from "../../../shared/cloud/ecs/each.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersAmong } from "../../../shared/limits/members.ts";
import { sendsTo } from "../../../shared/notifications/subscriptions.ts";
import { send } from "../../../shared/send.ts";
import { TAG, tagInstant } from "../../../shared/tags.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { next, type Outcome } from "../../../shared/workflow/workflow.ts";
import { countedPhase } from "../calls.ts";
import { Ids, LISTED_MAX } from "../tally.ts";
import { checkEvent, Tally, type CheckInput } from "./input.ts";
import { stopRest } from "./stop.ts";

/** The changes after the announcements; `unannounce`: announced members that are in use again. */
const Plan = z.strictObject({ unannounce: Ids, stops: Ids, tally: Tally });
type Plan = z.infer<typeof Plan>;

const Announce = checkEvent("announce", { announce: Ids, stopAt: z.int(), plan: Plan });
type Announce = EventOf<typeof Announce>;
const Notify = checkEvent("notify", { stopAt: z.int(), plan: Plan });
type Notify = EventOf<typeof Notify>;
const Unannounce = checkEvent("unannounce", { plan: Plan });
type Unannounce = EventOf<typeof Unannounce>;

/** The first change of a check that was started at `startedAt`. */
export function actOn(announce: string[], plan: Plan, startedAt: number, options: FirstOptions): Outcome {
  if (announce.length === 0) return afterAnnouncements(plan, options);
  const stopAt = startedAt + (options.input.policy.noticeMs ?? 0);
  return next(Announce, { announce, stopAt, plan }, options);
}

interface FirstOptions {
  readonly input: CheckInput;
  readonly note: string;
}

const afterAnnouncements = (plan: Plan, options: Partial<FirstOptions> = {}): Outcome =>
  plan.unannounce.length > 0
    ? next(Unannounce, { plan }, options)
    : stopRest(plan.stops, plan.tally, options);

async function announceStops(event: Announce, { cloud }: Ports): Promise<Outcome> {
  const { stopAt, plan, input } = event;
  const ids = await membersAmong(cloud, input.fleet, event.announce);
  const refused = await tagEach(cloud, ids, { [TAG.stopAt]: tagInstant(stopAt) });
  const refusedIds = new Set(refused.map(({ id }) => id));
  const announced = ids.filter((id) => !refusedIds.has(id));
  const note = `${announced.length} announced from ${tagInstant(stopAt)} on`;
  return next(Notify, { stopAt, plan: { ...plan, tally: { ...plan.tally, announced } } }, { note });
}

/** Sent now and not at the end: the announcement stands even if the run fails later. */
async function notifyChannels({ stopAt, plan, ...event }: Notify, ports: Ports): Promise<Outcome> {
  const { announced } = plan.tally;
  const { fleet, policy } = event.input;
  const notification = {
    kind: "stopping",
    run: event.run,
    subject: fleet,
    by: event.by,
    at: event.startedAt,
    expiresAt: stopAt,
    count: announced.length,
    instances: announced.slice(0, LISTED_MAX),
  } as const;
  const sends = announced.length === 0 ? [] : sendsTo(policy.notify, notification);
  for (const each of sends) await send(each, ports);
  return afterAnnouncements(plan);
}

async function unannounceBusy({ plan, input }: Unannounce, { cloud }: Ports): Promise<Outcome> {
  const { stops, tally } = plan;
  const ids = await membersAmong(cloud, input.fleet, plan.unannounce);
  await untagEach(cloud, ids, [TAG.stopAt]);
  return stopRest(stops, tally, { note: `${ids.length} are in use again` });
}

export const announce = countedPhase(Announce, announceStops);
export const notify = countedPhase(Notify, notifyChannels);
export const unannounce = countedPhase(Unannounce, unannounceBusy);
