/** Stops or releases members, each tagged with the run right before. */
import { releaseEach, stopEach, tagEach, untagEach, type Refused } from "../../shared/cloud/ecs/each.ts";
import { describeInstances, type StoppedMode } from "../../shared/cloud/ecs/instances.ts";
import { isDown } from "../../shared/instance-tags.ts";
import type { Ports } from "../../shared/invocation.ts";
import { TAG, tagInstant } from "../../shared/tags.ts";

/** The tags of a stop. */
export const STOP_TAGS = [TAG.stoppedBy, TAG.stoppedAt];

interface Act {
  readonly action: "stop" | "release";
  readonly stoppedMode: StoppedMode;
}

/** @returns those that were not stopped or released; the caller removes their tags (IDLE-3). */
export async function tagAndStop(
  run: string,
  ids: readonly string[],
  { action, stoppedMode }: Act,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<Refused[]> {
  const tags = { [TAG.stoppedBy]: run, [TAG.stoppedAt]: tagInstant(clock.now()) };
  try {
    const untagged = await tagEach(cloud, ids, tags);
    const tagged = ids.filter((id) => !untagged.some((refused) => refused.id === id));
    const unfit =
      action === "release"
        ? await releaseEach(cloud, tagged, { force: true })
        : await stopEach(cloud, tagged, stoppedMode);
    return [...untagged, ...unfit];
  } catch (error) {
    // The phase is repeated after a wait, in which a user may stop one that still runs.
    const running = (await describeInstances(cloud, { ids })).filter((instance) => !isDown(instance));
    const runningIds = running.map(({ id }) => id);
    await untagEach(cloud, runningIds, STOP_TAGS);
    throw error;
  }
}
