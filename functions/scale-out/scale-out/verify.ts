/** `verify`: an instance counts when it is seen running, with an image its family served (SCALE-3). */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { deleteInstance, describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { minutes, seconds } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { plannedEvent, Progress, Reserve, withNotes } from "./events.ts";
import { finishRun } from "./finish.ts";
import { isWakePage, readPage, writePage } from "./instance-pages.ts";
import { ABSENT_MS, releasableBy, servedImages, summarize } from "./launched.ts";
import { toRelease } from "./release.ts";

/** `page`: place of the current page in `progress.pages`. */
export const Verify = plannedEvent("verify", { progress: Progress, page: z.int() });
type Verify = EventOf<typeof Verify>;

/** Checks one page a step: a hundred instances are one call, however many were requested. */
async function verifyPage(event: Verify, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const name = event.progress.pages[event.page];
  if (name === undefined) return afterLast(event);
  const ids = (await readPage(cloud, event.run, name)) ?? [];
  const found = await describeInstances(cloud, { ids });
  const absent = ids.filter((id) => !found.some((instance) => instance.id === id));
  if (absent.length > 0 && clock.now() - event.phaseStartedAt < ABSENT_MS)
    return poll(event, clock, PACE.instance, `${absent.length} instances are not listed yet`);
  const seen = { ...event.progress, images: await servedImages(event, cloud) };
  // A woken instance may have an older image: the fleet allowed that when it was reserved.
  const wrong = isWakePage(name) ? [] : found.filter(({ imageId }) => !seen.images.includes(imageId));
  if (absent.length + wrong.length > 0)
    return dropLost({ ...event, progress: seen }, { name, ids, absent, wrong }, cloud);
  const starting = found.filter(({ status }) => status !== "Running");
  if (starting.length === 0) return nextPage({ ...event, progress: seen }, ports);
  if (!isUnpaid(event, clock.now()))
    return poll(event, clock, PACE.instance, `${starting.length} of ${ids.length} are not running yet`);
  const progress = withNotes(seen, unpaidNote(starting));
  return nextPage({ ...event, progress }, ports);
}

async function nextPage(event: Verify, ports: Ports): Promise<Outcome> {
  const { input, page, progress } = event;
  if (page + 1 < progress.pages.length) return next(Verify, { progress, page: page + 1 });
  // CreateInstance may have left instances to release, and a minimum may have to be undone; otherwise this look is also
  // the last one.
  const mayUndo = input.document.via === "CreateInstance" || input.min !== undefined;
  return progress.left === 0 && !mayUndo ? finishRun(event, ports) : afterLast(event);
}

/** Without AutoPay instances wait for the payment of their order, which no run does (RunInstances, AutoPay). */
const isUnpaid = ({ input, phaseStartedAt }: Verify, now: number): boolean =>
  input.document.launch.AutoPay === false && now - phaseStartedAt >= ABSENT_MS;

const unpaidNote = (waiting: readonly Instance[]): string =>
  `${waiting.length} wait for payment: ${summarize(waiting.map(({ id }) => id))}; pay their order in the console, or set AutoPay: true`;

interface Page {
  readonly name: string;
  readonly ids: readonly string[];
  readonly absent: readonly string[];
  /** Instances with an image that the family did not serve. */
  readonly wrong: readonly Instance[];
}

/** Takes lost instances off their page, so that others replace them. */
async function dropLost(
  event: Verify,
  { name, ids, absent, wrong }: Page,
  cloud: CloudClient,
): Promise<Outcome> {
  const releasable = await releasableBy(event.run, wrong, cloud);
  for (const { id } of releasable) await deleteInstance(cloud, id, { force: true });
  const gone = new Set([...absent, ...wrong.map(({ id }) => id)]);
  // The old page stays: after a crash it still shows which instances were lost.
  const kept = `${name}-kept`;
  await writePage(
    cloud,
    event.run,
    kept,
    ids.filter((id) => !gone.has(id)),
  );
  const notes = [
    ...(absent.length > 0 ? [`${absent.length} vanished after the launch: ${summarize(absent)}`] : []),
    ...wrong.map((instance) => wrongImage(instance, event, releasable.includes(instance))),
  ];
  const pages = event.progress.pages.map((each) => (each === name ? kept : each));
  const progress = withNotes({ ...event.progress, pages }, ...notes);
  const lost = absent.length + releasable.length;
  // The headroom of a wake is requested again (RESERVE-2): its replacement may cost more.
  if (isWakePage(name))
    return next(
      Reserve,
      { progress: { ...progress, round: progress.round + 1 }, want: lost },
      { note: notes[0] },
    );
  const state = { progress: { ...progress, left: progress.left + lost }, page: event.page };
  return next(Verify, state, { afterMs: seconds(5), note: notes[0] });
}

function wrongImage({ id, imageId }: Instance, { input, run }: Verify, released: boolean): string {
  const end = released
    ? "it is released and replaced"
    : `it is paid for, protected or not launched by ${run}, so it stays and is not counted`;
  return `${id} has image ${imageId}, which family ${input.document.family} did not serve; ${end}`;
}

/** Lost instances are replaced this often: a cloud that loses every launch must not be paid without end. */
const REPLACEMENTS_MAX = 3;

/**
 * Every page was checked: the end, or another reservation for the instances that were lost, as every purchase needs
 * one. A subscription is bought once: who looks at its order knows more.
 */
function afterLast(event: Verify): Outcome {
  const { progress, input } = event;
  const { left, replacements, round } = progress;
  if (left === 0) return toRelease(event);
  const isSubscription = input.document.launch.InstanceChargeType === "PrePaid";
  if (!isSubscription && replacements < REPLACEMENTS_MAX)
    return next(
      Reserve,
      {
        progress: { ...progress, left: 0, round: round + 1, replacements: replacements + 1 },
        want: left,
        lost: left,
      },
      { note: `${left} replacements are requested` },
    );
  const note = isSubscription
    ? `${left} are not replaced, a subscription is bought once; look at the order in the console`
    : `${left} were lost again after ${REPLACEMENTS_MAX} attempts to replace them`;
  return toRelease({ ...event, progress: withNotes({ ...progress, left: 0 }, note) }, undefined, note);
}

export const verify = phase(Verify, {
  limitMs: minutes(30),
  run: verifyPage,
  compensate: toRelease,
  skip: (event) => (event.progress.pages.length === 0 ? afterLast(event) : undefined),
});
