/** A request for a bake. Apart from the continuations, so that the front door does not load those. */
import * as z from "zod/mini";
import { Name, RunId } from "./line.ts";
import { Parameters } from "./parameters.ts";

/** Asks for a bake: from the webhook, a timer's payload, or `s invoke`. `recipe: "*"` means every one. */
export const BakeRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("bake"),
  recipe: z.union([Name, z.literal("*")]),
  force: z.optional(z.boolean()),
  parameters: z.optional(Parameters),
  /** Says what a bake would do and why, and does nothing. */
  dryRun: z.optional(z.boolean()),
  /** The run id, when the sender has already promised it to somebody; for a single recipe only. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
});
export type BakeRequest = z.infer<typeof BakeRequest>;
