/** `verify`: nothing counts that was not seen running, from an image its family answered with (document 000). */
import { deleteInstance, describeInstances, type Instance } from "../../shared/cloud/instances.ts";
import { seconds } from "../../shared/duration.ts";
import type { ScaleProgress } from "../../shared/events/scale-out.ts";
import type { Ports } from "../../shared/handler.ts";
import { next, wait } from "../../shared/machine.ts";
import { readBatch, writeBatch } from "./batches.ts";
import { ABSENT_MS } from "./launch.ts";
import {
  fleetOf,
  noted,
  progressOf,
  releasable,
  servedSince,
  type At,
  type ScaleOutcome,
} from "./progress.ts";

/** Lost instances are bought anew this often; a cloud that loses every launch must not be paid for ever. */
const AGAIN_MAX = 3;

/** Looks at one batch a step: a hundred instances are one call, whatever the request was. */
export async function verify(event: At<"verify">, { cloud, clock }: Ports): Promise<ScaleOutcome> {
  const progress = progressOf(event);
  const name = event.batches[event.batch];
  if (name === undefined) return afterLast(event, progress);
  const ids = (await readBatch(cloud, event.run, name)) ?? [];
  const found = await describeInstances(cloud, { ids });
  const absent = ids.filter((id) => !found.some((instance) => instance.id === id));
  if (absent.length > 0 && clock.now() - event.since < ABSENT_MS) {
    return wait(seconds(15), `${absent.length} instances are not listed yet`);
  }
  const images = await servedSince(event, cloud);
  // A woken instance may be of an older image: the fleet said so when it was granted.
  const odd = name.startsWith("wake-") ? [] : found.filter(({ imageId }) => !images.includes(imageId));
  const lost = [...absent, ...odd.filter(releasable).map(({ id }) => id)];
  if (lost.length + odd.length > 0) {
    for (const { id } of odd.filter(releasable)) await deleteInstance(cloud, id, { force: true });
    const gone = new Set([...absent, ...odd.map(({ id }) => id)]);
    const kept = ids.filter((id) => !gone.has(id));
    // Under a name of its own: after a crash the old batch still tells what was lost.
    const rest = `${name}-kept`;
    await writeBatch(cloud, event.run, rest, kept);
    const batches = event.batches.map((each) => (each === name ? rest : each));
    const notes = [
      ...(absent.length > 0 ? [`${absent.length} vanished after the launch: ${brief(absent)}`] : []),
      ...odd.map((instance) => oddNote(instance, fleetOf(event).family)),
    ];
    const short = noted(event.short, ...notes);
    if (name.startsWith("wake-")) {
      // The room of a wake that vanished is asked for again (G2 in grant.ts): its replacement may cost more.
      const ask = { phase: "reserve", round: event.round + 1, want: lost.length } as const;
      return next({ ...progress, batches, images, short, ...ask }, 0, notes[0]);
    }
    const state = { ...progress, batches, images, left: event.left + lost.length, short };
    return next({ phase: "verify", ...state, batch: event.batch }, seconds(5), notes[0]);
  }
  const idle = found.filter(({ status }) => status !== "Running");
  if (idle.length > 0) return wait(seconds(15), `${idle.length} of ${ids.length} are not running yet`);
  const seen = { ...progress, images };
  if (event.batch + 1 === event.batches.length) return afterLast(event, seen);
  return next({ phase: "verify", ...seen, batch: event.batch + 1 });
}

/** Every batch was seen running: done, or once more for what was lost on the way. */
function afterLast(event: At<"verify">, progress: ScaleProgress): ScaleOutcome {
  const byOne = fleetOf(event).via === "CreateInstance";
  if (event.left > 0 && event.again < AGAIN_MAX) {
    const phase = byOne ? "create" : "launch";
    return next({ phase, ...progress, again: event.again + 1 }, 0, `${event.left} are bought anew`);
  }
  // Only CreateInstance leaves anything half-made.
  const phase = byOne ? "release" : "settle";
  if (event.left === 0) return next({ phase, ...progress });
  const note = `${event.left} were lost again after ${AGAIN_MAX} attempts to replace them`;
  return next({ phase, ...progress, left: 0, short: noted(event.short, note) }, 0, note);
}

function oddNote(instance: Instance, family: string): string {
  const { id, imageId } = instance;
  const end = releasable(instance)
    ? "it is released and bought anew"
    : "it is paid for or protected, so it stays, uncounted";
  return `${id} has image ${imageId}, which family ${family} never answered with; ${end}`;
}

export const brief = (ids: readonly string[]): string =>
  ids.length <= 5 ? ids.join(", ") : `${ids.slice(0, 5).join(", ")} and ${ids.length - 5} more`;
