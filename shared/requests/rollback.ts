/** The request for a rollback, apart from the phases, so that the webhook does not load those. */
import * as z from "zod/mini";

/** Target: the newest good image before the one that is served. */
export const PREVIOUS = "previous";

/** Id or name of an image (CreateImage, ImageName: letters of any script, digits and `:._-`). */
const ImageRef = z.string().check(
  // `oneTarget` refuses an empty one, as no target.
  z.refine((text) => text === "" || /^[\p{L}\p{N}:._-]{2,128}$/u.test(text), {
    error: `must be "${PREVIOUS}" or the id or name of an image, 2 to 128 letters, digits and :._-`,
  }),
);
const Region = z.string().check(z.regex(/^[a-z0-9-]{2,40}$/));

/** More than there are. */
const REGIONS_MAX = 50;

/** The fields of a rollback besides its family. */
export const rollbackShape = {
  /** A member of the family by id or name, or `previous`. */
  to: z.optional(ImageRef),
  /** Left out, every region of the promotion. */
  regions: z.optional(z.array(Region).check(z.minLength(1), z.maxLength(REGIONS_MAX))),
  /** Undoes the last rollback. */
  undo: z.optional(z.boolean()),
  dryRun: z.optional(z.boolean()),
};

interface Target {
  readonly to?: string | undefined;
  readonly undo?: boolean | undefined;
  readonly regions?: readonly string[] | undefined;
}

/**
 * A rollback changes production, so its target is never guessed: exactly one of `to` and `undo`. An undo concerns every
 * region of the last rollback.
 */
export const oneTarget = [
  z.refine<Target>(({ to = "", undo }) => to !== "" || undo === true, {
    error: `a rollback needs a target: write "to": "${PREVIOUS}", "to": "<id or name of an image of the family>", or "undo": true to undo the last rollback`,
  }),
  z.refine<Target>(({ to, undo }) => to === undefined || undo !== true, {
    error: `"to" and "undo" are two targets; keep one of them`,
  }),
  z.refine<Target>(({ regions, undo }) => regions === undefined || undo !== true, {
    error: `"regions" does not go with "undo", which undoes the last rollback in all its regions; leave "regions" out`,
  }),
] as const;
