/** `wake`: starts the stopped members that are reserved for the run, a hundred a step. */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { expireStopped, startEach, tagEach } from "../../../shared/cloud/ecs/each.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { minutes } from "../../../shared/duration.ts";
import { expiryAt } from "../../../shared/expiry.ts";
import { stoppedByKilnAt, wakeTags } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { readReservation } from "../../../shared/limits/reservations.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { plannedEvent, Launch, Progress, Reserve, withNotes } from "./events.ts";
import { readPage, wakePage, writePage } from "./instance-pages.ts";
import { hindranceOf } from "./may-go-on.ts";
import { toRelease } from "./release.ts";

/** `from`: how many of the reserved wakes were tried; `woke`: how many of those succeeded. */
export const Wake = plannedEvent("wake", { progress: Progress, from: z.int(), woke: z.int() });
type Wake = EventOf<typeof Wake>;

/** StartInstances: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-startinstances */
const START_MAX = 100;

async function wakeNext(event: Wake, { cloud, clock }: Ports): Promise<Outcome> {
  const { run, input, progress, from, woke } = event;
  const hindrance = await hindranceOf(input, { cloud, clock });
  if (hindrance !== undefined) return toRelease(event, hindrance);
  const { wakes = [] } = (await readReservation(cloud, input.fleet, run)) ?? {};
  const ids = wakes.slice(from, from + START_MAX);
  if (ids.length === 0) return afterWakes(event, wakes.length);
  const name = wakePage(from);
  const known = await readPage(cloud, run, name);
  const { woken, notes } = known
    ? { woken: known, notes: [] }
    : await startAll(ids, { run, input, now: clock.now() }, cloud);
  if (!known) await writePage(cloud, run, name, woken);
  return next(
    Wake,
    {
      progress: withNotes({ ...progress, pages: [...progress.pages, name] }, ...notes),
      from: from + ids.length,
      woke: woke + woken.length,
    },
    { note: `${woken.length} of ${ids.length} are waking` },
  );
}

function afterWakes(event: Wake, reserved: number): Outcome {
  const { progress, woke } = event;
  const missing = reserved - woke;
  if (missing === 0) return next(Launch, { progress });
  const note = `${missing} of ${reserved} cannot be started; replacements are requested`;
  return next(Reserve, { progress: { ...progress, round: progress.round + 1 }, want: missing }, { note });
}

/** Starts the stopped ones. A repeat finds instances it started before as Starting, and returns the same. */
async function startAll(
  ids: readonly string[],
  { run, input, now }: Pick<Wake, "run" | "input"> & { readonly now: number },
  cloud: CloudClient,
) {
  const all = await describeInstances(cloud, { ids });
  // Right before the change (OWN-3): one that has left the fleet is replaced.
  const found = all.filter(
    (instance) =>
      isMember(cloud, instance, input.fleet) &&
      (instance.status !== "Stopped" || stoppedByKilnAt(instance) !== undefined),
  );
  const { startable, refused: endless } = await expireStopped(cloud, found, expiryAt(input.document, now));
  // Tells the idle check that this is no manual start, and for which run it is. An instance that cannot be tagged is started all the same.
  await tagEach(cloud, startable, wakeTags(run, now));
  const refused = [...endless, ...(await startEach(cloud, startable))];
  // An instance that is being stopped does not start either.
  const stopping = found.filter(({ status }) => status === "Stopping");
  const lost = new Set([...refused, ...stopping].map(({ id }) => id));
  const codes = [...new Set(refused.map(({ code }) => code))];
  return {
    woken: found.map(({ id }) => id).filter((id) => !lost.has(id)),
    notes: codes.map((code) => {
      const count = refused.filter((each) => each.code === code).length;
      return `${count} stopped could not be started: ${code}`;
    }),
  };
}

export const wake = phase(Wake, {
  limitMs: minutes(30),
  creates: true,
  run: wakeNext,
  compensate: toRelease,
});
