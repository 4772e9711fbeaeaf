/** The fields that requests of operators share, and the trigger that delivered one. */
import * as z from "zod/mini";
import { RunId } from "../../shared/names.ts";

export const requestShape = {
  v: z.literal(1),
  /** The run id, when the sender has answered it already. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
};

export interface Trigger {
  /** Stands in for the `by` of the request. */
  readonly by: string;
  /** The time of the trigger: a repeat of a timer has the same, and so makes the same run. Epoch ms. */
  readonly at: number;
  readonly now: number;
}
