/** The requests to hold a family and to lift its hold, apart from the phases, so that the webhook does not load those. */
import * as z from "zod/mini";
import { readInstant } from "../duration.ts";

/** An instant, or how long from the request on. */
const Until = z
  .string()
  .check(
    z.refine(
      (text) => /^\d{1,4}[mhd]$/.test(text) || (/T[\d:]+Z$/.test(text) && Number.isFinite(readInstant(text))),
      { error: "must be a time such as 12h or 7d, or an instant that exists, such as 2026-01-05T08:00:00Z" },
    ),
  );

export const holdShape = {
  why: z.optional(z.string().check(z.maxLength(200))),
  until: z.optional(Until),
};
