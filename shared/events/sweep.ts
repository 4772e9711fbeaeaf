/** What `sweep` accepts: its timer, and the failure destination of the other functions. */
import * as z from "zod/mini";

/** Asks for a look over everything temporary and every run that went silent. */
export const SweepRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("sweep"),
  dryRun: z.optional(z.boolean()),
});
