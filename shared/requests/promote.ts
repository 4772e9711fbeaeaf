/** A request for a promotion: a bake sends it when its image is ready. */
import * as z from "zod/mini";
import { CarriedRecipe } from "../documents/completed.ts";
import { Name, RunId } from "../names.ts";
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
  /** Why an image is delivered that was baked before. */
  again: z.optional(z.string()),
});
export type PromoteRequest = z.infer<typeof PromoteRequest>;
