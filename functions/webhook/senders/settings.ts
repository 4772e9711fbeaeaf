/** The parts every sender's settings are made of. */
import * as z from "zod/mini";
import { Name } from "../../../shared/events/line.ts";

/** Shorter secrets can be guessed. */
export const SECRET_MIN = 16;

/** One, or two while rotating. */
export const Secrets = z
  .array(z.string().check(z.minLength(SECRET_MIN)))
  .check(z.minLength(1), z.maxLength(2));

/** How many of which fleet one wish means. */
export const FleetShare = z.strictObject({
  fleet: Name,
  count: z._default(z.int().check(z.minimum(1)), 1),
});

export const Fleets = z.array(Name).check(z.minLength(1));
