/** A request for a rollback. Apart from the continuations, so that the front door does not load those. */
import * as z from "zod/mini";

/** Asks for the newest good image before the one that is served. */
export const PREVIOUS = "previous";

/** Id or name of an image (CreateImage, ImageName: letters of any script, digits and `:._-`). */
const ImageRef = z.string().check(
  // An empty one is no target, which `oneTarget` says.
  z.refine((text) => text === "" || /^[\p{L}\p{N}:._-]{2,128}$/u.test(text), {
    error: `must be "${PREVIOUS}" or the id or name of an image, 2 to 128 letters, digits and :._-`,
  }),
);
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
  readonly regions?: readonly string[] | undefined;
}

/** A rollback moves production, so it never guesses where to: exactly one of `to` and `undo`, and an undo is whole. */
export const oneTarget = [
  z.refine<Target>(({ to = "", undo }) => to !== "" || undo === true, {
    error: `a rollback needs a target: write "to": "${PREVIOUS}", "to": "<id or name of an image of the family>", or "undo": true to take the last rollback back`,
  }),
  z.refine<Target>(({ to, undo }) => to === undefined || undo !== true, {
    error: `"to" and "undo" are two targets; keep one of them`,
  }),
  z.refine<Target>(({ regions, undo }) => regions === undefined || undo !== true, {
    error: `"regions" does not go with "undo", which takes the last rollback back wherever it was; leave "regions" out`,
  }),
] as const;
