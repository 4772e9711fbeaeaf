/** What Kiln must not leave behind: machines rented for a while, half-made things, locks. */
import type { Cloud } from "../cloud/index.ts";
import { machines, ownImages } from "./stage.ts";
import { minutes } from "../../shared/duration.ts";
import { openKey } from "../../shared/keys.ts";
import { broken, held, hold, type Look, pending, see, type Step } from "./story.ts";
import { json } from "../support/known.ts";
import type { RunRecord } from "../support/records.ts";

/** Ids by kind; every list is empty when all was given back. */
export interface Leftovers {
  readonly builders: readonly string[];
  readonly testers: readonly string[];
  /** Snapshots no image is made of. */
  readonly snapshots: readonly string[];
  readonly disks: readonly string[];
  /** Images that are neither in a family nor on their way to one. */
  readonly images: readonly string[];
  /** Object keys of locks that were not released. */
  readonly locks: readonly string[];
}

export function findLeftovers(cloud: Cloud): Leftovers {
  const { world } = cloud;
  const ids = (role: string): string[] => machines(cloud, role).map(({ instanceId }) => instanceId);
  const used = new Set(ownImages(cloud).flatMap(({ disks }) => disks.map(({ snapshotId }) => snapshotId)));
  return {
    builders: ids("builder"),
    testers: ids("tester"),
    snapshots: [...world.snapshots.keys()].filter((id) => !used.has(id)),
    disks: [...world.disks.values()]
      .filter(({ instanceId }) => instanceId === undefined)
      .map(({ diskId }) => diskId),
    images: ownImages(cloud)
      .filter(({ family }) => family === "")
      .map(({ imageId }) => imageId),
    locks: heldLocks(cloud),
  };
}

/** The newest line of a lock says who holds it, as long as that run is at work (LOCK-2). */
const heldLocks = ({ oss }: Cloud): string[] =>
  oss.buckets().flatMap(({ name }) =>
    oss
      .list(name, "locks/")
      .map(({ key }) => key)
      .filter((key) => {
        const newest = oss.get(name, key)?.body.toString().trimEnd().split("\n").at(-1) ?? "{}";
        const { run = "", released } = json<{ run?: string; released?: boolean }>(newest);
        return released !== true && oss.list(name, openKey(run)).length > 0;
      }),
  );

export function nothingLeft(cloud: Cloud): Look {
  const left = Object.entries(findLeftovers(cloud)).filter(([, ids]) => ids.length > 0);
  return left.length === 0
    ? held()
    : broken(left.map(([kind, ids]) => `${kind}: ${ids.join(", ")}`).join("; "));
}

const isDone = ({ state }: RunRecord): boolean => state === "done";

/**
 * The steps of a story that show its end: no run is at work within `forMs`, and nothing temporary is left. Every run is done,
 * unless the story says when one is over.
 */
export const endSteps = (isOver = isDone, forMs = minutes(10)): Step[] => [
  see("every run is over", forMs, ({ kiln }) => {
    const open = kiln.records().filter((record) => !isOver(record));
    return open.length === 0 ? held() : pending(open.map(({ run, state }) => `${run} ${state}`).join(", "));
  }),
  hold("no builder, test instance, temporary snapshot or lock", ({ cloud }) => nothingLeft(cloud)),
];
