/** A request for a promotion: a bake sends it when its image is ready. */
import * as z from "zod/mini";
import { CarriedRecipe } from "../documents/completed.ts";
import { dayOf } from "../keys.ts";
import { Name, RunId } from "../names.ts";
import { runId } from "../workflow/run-id.ts";
import { requestShape } from "./request.ts";

export const PromoteRequest = z.strictObject({
  ...requestShape,
  request: z.literal("promote"),
  recipe: Name,
  imageId: z.string(),
  /** The recipe the image was made with, so that its own tests run. */
  document: CarriedRecipe,
  /** The run of the bake. */
  delivery: RunId,
});
export type PromoteRequest = z.infer<typeof PromoteRequest>;

/** The promotion of the image of a bake. Of the day of the bake, so that a repeat after midnight is the same run. */
export const deliveryOf = (bake: string, recipe: string, imageId: string): string =>
  runId("promote", recipe, dayOf(bake) ?? 0, [bake, imageId]);
