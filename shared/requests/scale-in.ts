/** The request to make a fleet smaller, apart from the phases, so that the webhook does not load those. */
import * as z from "zod/mini";

const InstanceId = z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/));

export const scaleInShape = {
  count: z.optional(z.int().check(z.minimum(1), z.maximum(10_000))),
  instances: z.optional(z.array(InstanceId).check(z.minLength(1), z.maxLength(100))),
  dryRun: z.optional(z.boolean()),
};

/** One of the two says what is to go. */
export const oneSelection = [
  z.refine<{ readonly count?: unknown; readonly instances?: unknown }>(
    ({ count, instances }) => (count === undefined) !== (instances === undefined),
    { error: 'must have "count" or "instances"' },
  ),
] as const;
