/**
 * Uploads that belong together: a sync of a folder puts a recipe, its scripts and its files one after another. So a bake
 * that an upload starts waits until none of its objects was written for a while.
 *
 * GATHER-1. All objects that are put in one slot and start the same recipe are one run, which reads nothing before the
 *     slot has ended. So whatever a run stands for was there when it read.
 */
import { headObject } from "../../../shared/cloud/oss/objects.ts";
import { allObjectsOf } from "../../../shared/documents/recipe-objects.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { minutes, seconds } from "../../../shared/duration.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import type { Envelope } from "../../../shared/workflow/envelope.ts";
import { wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import type { RequestInput } from "./input.ts";

const SLOT_MS = minutes(2);
/** Longer than a slot, by more than clocks of functions differ. */
const QUIET_MS = SLOT_MS + seconds(15);
/** Objects that the recipe names and that are not there yet. */
export const MISSING_MS = minutes(5);
/** An object that is written all the time holds no bake up for longer. */
const LONGEST_MS = minutes(20);

/** The slot of an instant, epoch ms. */
export const slotOf = (at: number): number => at - (at % SLOT_MS);

type Event = Pick<Envelope, "startedAt"> & { readonly input: RequestInput };

/** Until when a bake that an upload starts waits for more; undefined when it goes on. */
export async function gathering(
  { startedAt, input }: Event,
  document: Recipe,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<Outcome | undefined> {
  const keys = allObjectsOf(document);
  // The content of a disk is its own; a recipe without objects is whole.
  const isWhole = keys.length === 0 && document.components === undefined && input.ifChanged !== true;
  if (input.upload !== undefined || isWhole) return undefined;
  const heads = await inBatches(keys, (key) => headObject(cloud, key));
  const missing = keys.filter((_, index) => heads[index] === undefined);
  const quietAt = Math.max(startedAt, ...heads.map((head) => head?.lastModifiedAt ?? 0)) + QUIET_MS;
  const wholeAt = missing.length === 0 ? 0 : startedAt + MISSING_MS;
  const leftMs = Math.min(Math.max(quietAt, wholeAt), startedAt + LONGEST_MS) - clock.now();
  if (leftMs <= 0) return undefined;
  const first = missing[0];
  return first === undefined
    ? wait(leftMs, "more uploads may follow")
    : wait(Math.min(leftMs, seconds(30)), `waits for ${first} to be uploaded`);
}
