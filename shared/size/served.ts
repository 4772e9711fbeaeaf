/**
 * The image that launches of a fleet use.
 *
 * SERVED-1. An image that a refresh has rolled back is left alone until a refresh that is asked for tries it again, with
 *     `size` in the document or without.
 * SERVED-2. Before its canaries have passed, only the launches of a refresh use the image that it tries. Its log says so, which
 *     holds as long as it is open: none of its ends has to take anything back.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { describeImages, familyImage, type Image } from "../cloud/ecs/images.ts";
import type { Fleet } from "../documents/fleet.ts";
import { isEnded, readRunLog, standing } from "../workflow/run-log.ts";
import { readSize, type SizeState } from "./log.ts";

/** An image that launches and starts leave alone, the one that launches use instead, and why a stopped member of it stays. */
export interface Detour {
  readonly around: string;
  readonly use: string;
  readonly why: string;
}

/** Of the event of a refresh (functions/scale-out/refresh/events.ts). */
const Trial = z.looseObject({
  progress: z.looseObject({ target: z.string(), before: z.string(), untested: z.boolean() }),
});

/** Who launches; `isTrying`: a refresh, or one for whom its canaries have the image of the fleet. */
export interface Launcher {
  readonly cloud: CloudClient;
  readonly isTrying?: boolean | undefined;
}

/** The images that a fleet leaves alone. @throws CloudError */
export async function detoursOf(
  state: SizeState,
  { cloud, isTrying = false }: Launcher,
): Promise<readonly Detour[]> {
  const { held } = state;
  const rolledBack = held && {
    around: held.bad,
    use: held.use,
    why: `its image ${held.bad} was rolled back by a refresh`,
  };
  const tried = isTrying ? undefined : await trialOf(state, cloud);
  return [rolledBack, tried].filter((one) => one !== undefined);
}

/** SERVED-2. */
async function trialOf({ child }: SizeState, cloud: CloudClient): Promise<Detour | undefined> {
  if (child?.kind !== "refresh") return undefined;
  const now = standing(child.run, await readRunLog(cloud, child.run));
  if (now === undefined || isEnded(now)) return undefined;
  const { progress } = Trial.safeParse(now.event).data ?? {};
  if (progress?.untested !== true) return undefined;
  const { target: around, before: use } = progress;
  return { around, use, why: `its image ${around} is not tested yet by ${child.run}` };
}

/** That of the family, or the one that is used instead; undefined when there is none. `isPinned`: its id is to be sent. @throws CloudError */
export async function servedImage(
  fleet: Fleet,
  launcher: Launcher,
): Promise<{ readonly image: Image | undefined; readonly isPinned?: true }> {
  const { cloud } = launcher;
  const image = await familyImage(cloud, fleet.family);
  if (image === undefined) return { image };
  const detours = await detoursOf(await readSize(fleet.name, { cloud }), launcher);
  const detour = detours.find(({ around }) => around === image.id);
  if (detour === undefined) return { image };
  const [before] = await describeImages(cloud, { ids: [detour.use] });
  return { image: before, isPinned: true };
}
