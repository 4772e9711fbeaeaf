/** What `promote-family` accepts: its continuations, and a request to promote an image. */
import * as z from "zod/mini";
import type { Recipe } from "../documents/recipe.ts";
import { Abandon, Name, phasesWith } from "./line.ts";
import { temporary } from "./temporary.ts";

/** Asks for a promotion: sent by a bake when its image is done. */
export const PromoteRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("promote"),
  recipe: Name,
  imageId: z.string(),
  /** The recipe the image was made with, so that it is tested as it was meant. */
  document: z.custom<Recipe>(),
  delivery: z.string(),
  by: z.string(),
});
export type PromoteRequest = z.infer<typeof PromoteRequest>;

const job = z.strictObject({
  recipe: Name,
  imageId: z.string(),
  family: z.string(),
  document: z.custom<Recipe>(),
});
export type PromoteJob = z.infer<typeof job>;

const phase = phasesWith(job);

export const PromoteEvent = z.discriminatedUnion("phase", [
  phase("check", {}),
  phase("launch", temporary.launch),
  phase("boot", temporary.boot),
  phase("command", temporary.command),
  phase("watch", temporary.watch),
  phase("rebooted", temporary.rebooted),
  phase("discard", temporary.discard),
  phase("join", {}),
  phase("prove", {}),
]);
export type PromoteEvent = z.infer<typeof PromoteEvent>;

export const PromoteAbandon = Abandon(PromoteEvent);
