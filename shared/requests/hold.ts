/** The requests to hold a family and to lift its hold, apart from the phases, so that the webhook does not load those. */
import * as z from "zod/mini";
import { readInstant } from "../duration.ts";

/** An instant, or how long from the request on. */
const Until = z
  .string()
  .check(
    z.refine(
      (text) =>
        /^(?!0+\D)\d{1,4}[mhd]$/.test(text) || (/T[\d:]+Z$/.test(text) && Number.isFinite(readInstant(text))),
      { error: "must be a time such as 12h or 7d, or an instant that exists, such as 2026-01-05T08:00:00Z" },
    ),
  );

/** Why a hold would be over before it begins; undefined for one that is to come. @param sentAt epoch ms */
export const holdOver = (until: unknown, sentAt: number): string | undefined =>
  typeof until === "string" && readInstant(until) <= sentAt
    ? `until: must be an instant to come, and ${until} is over; name a later one`
    : undefined;

export const holdShape = {
  why: z.optional(
    z.string().check(
      z.refine((text) => text.trim() !== "", { error: "must not be empty; leave it out" }),
      z.maxLength(200),
    ),
  ),
  until: z.optional(Until),
};
