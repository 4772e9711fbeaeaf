/** A request for a rollback. Apart from the continuations, so that the front door does not load those. */
import * as z from "zod/mini";

/** Asks for the newest good image before the one that is served. */
export const PREVIOUS = "previous";

/** Id or name of an image (CreateImage, ImageName: letters of any script, digits and `:._-`). */
const ImageRef = z.string().check(z.regex(/^[\p{L}\p{N}:._-]{2,128}$/u));
const Region = z.string().check(z.regex(/^[a-z0-9-]{2,40}$/));

/** What a caller may say of a rollback besides its family. */
export const rollbackShape = {
  /** A member of the family by id or name, or `previous`. */
  to: z.optional(ImageRef),
  /** Where; without it everywhere the promotion went. */
  regions: z.optional(z.array(Region).check(z.minLength(1))),
  /** Takes the last rollback back. */
  undo: z.optional(z.boolean()),
  dryRun: z.optional(z.boolean()),
};

interface Target {
  readonly to?: string | undefined;
  readonly undo?: boolean | undefined;
}

/** A rollback moves production, so it never guesses where to: exactly one of `to` and `undo`. */
export const oneTarget = [
  z.refine<Target>(({ to, undo }) => to !== undefined || undo === true, {
    error: `a rollback needs a target: write "to": "${PREVIOUS}", "to": "<id or name of an image of the family>", or "undo": true to take the last rollback back`,
  }),
  z.refine<Target>(({ to, undo }) => to === undefined || undo !== true, {
    error: `"to" and "undo" are two targets; keep one of them`,
  }),
] as const;
