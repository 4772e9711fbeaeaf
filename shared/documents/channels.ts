/** The channels that a document names. Pure. */
import type { Fleet } from "./fleet.ts";
import type { Recipe } from "./recipe.ts";

/** Each once, those of `idle.notify` included. */
export function channelsOf(document: Recipe | Fleet): readonly string[] {
  const announced = "idle" in document ? (document.idle?.notify ?? []) : [];
  return [...new Set([...document.notify.map(({ channel }) => channel), ...announced])];
}
