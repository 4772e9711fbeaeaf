/** The request for a bake. */
import * as z from "zod/mini";
import { Name, RunId } from "../names.ts";
import { Parameters } from "./parameters.ts";

/** Asks for a bake: from the webhook, a timer's payload, or `s invoke`. `recipe: "*"` means every one. */
export const BakeRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("bake"),
  recipe: z.union([Name, z.literal("*")]),
  force: z.optional(z.boolean()),
  parameters: z.optional(Parameters),
  /** Reports what a bake would do and why, and changes nothing. */
  dryRun: z.optional(z.boolean()),
  /** The run id, when the sender has already answered with it; for a single recipe only. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
});
export type BakeRequest = z.infer<typeof BakeRequest>;
