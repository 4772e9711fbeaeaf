/** The fields that all requests for runs share. */
import * as z from "zod/mini";

export const requestShape = {
  v: z.literal(1),
  by: z.optional(z.string()),
  /** How long the request may wait for its first phase; then it fails without a change. */
  validForMs: z.optional(z.int().check(z.positive())),
};
