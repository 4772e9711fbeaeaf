/** How the packages of two images differ, as events and notifications carry it: counts and the first names. */
import * as z from "zod/mini";

export const PackageChanges = z.strictObject({
  /** The image that the family serves. */
  since: z.string(),
  added: z.int(),
  removed: z.int(),
  changed: z.int(),
  /** The first ones, each in one line. */
  names: z.array(z.string()),
});
export type PackageChanges = z.infer<typeof PackageChanges>;
