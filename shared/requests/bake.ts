/** The request for a bake. */
import * as z from "zod/mini";
import { Name } from "../names.ts";
import { Parameters } from "./parameters.ts";
import { requestShape } from "./request.ts";

/** Asks for a bake: from the webhook, a timer's payload, or `s invoke`. `recipe: "*"` means every one. */
export const BakeRequest = z.strictObject({
  request: z.literal("bake"),
  recipe: z.union([Name, z.literal("*")]),
  force: z.optional(z.boolean()),
  parameters: z.optional(Parameters),
  /** Reports what a bake would do and why, and changes nothing. */
  dryRun: z.optional(z.boolean()),
  /** Bakes nothing, and only delivers again what is baked. */
  deliverOnly: z.optional(z.boolean()),
  /** Bakes only when an input differs, whatever the recipe says: an object or the base is another one. */
  ifChanged: z.optional(z.boolean()),
  /** The disk file whose upload requests this bake. */
  upload: z.optional(z.strictObject({ key: z.string(), etag: z.string() })),
  /** When the object was uploaded that requests this bake, epoch ms. */
  uploadedAt: z.optional(z.int()),
  ...requestShape,
});
export type BakeRequest = z.infer<typeof BakeRequest>;
