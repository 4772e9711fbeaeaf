/** Generic: anything that can POST JSON with a token, such as the notification of a scaling rule. Pure. */
import * as z from "zod/mini";
import { readInstant } from "../../../shared/duration.ts";
import { Name } from "../../../shared/names.ts";
import {
  BEARER,
  bearerHolds,
  Fleets,
  launch,
  malformed,
  readBody,
  refused,
  Tokens,
  type ParsedWebhook,
  type SenderRequest,
} from "./sender.ts";

export const GenericSettings = z.strictObject({
  kind: z.literal("generic"),
  tokens: Tokens,
  /** Fleets this sender may ask for. */
  fleets: Fleets,
});
type GenericSettings = z.infer<typeof GenericSettings>;

/** `id` and `at` identify the request: sent again with both the same, it is the same run. */
const Payload = z.strictObject({
  id: z.string().check(z.minLength(1), z.maxLength(128)),
  at: z.string().check(z.refine((text) => text.includes("T") && Number.isFinite(readInstant(text)))),
  fleet: Name,
  count: z.int().check(z.minimum(1)),
});

export function parseGeneric({ tokens, fleets }: GenericSettings, request: SenderRequest): ParsedWebhook {
  if (!bearerHolds(request, tokens)) return refused(BEARER);
  const parsed = Payload.safeParse(readBody(request));
  if (!parsed.success) {
    return malformed('must be {"id": "…", "at": "2026-01-31T08:00:00Z", "fleet": "…", "count": 1}');
  }
  const { id, at, fleet, count } = parsed.data;
  if (!fleets.includes(fleet)) return malformed("this sender may not use that fleet");
  return launch({ fleet, count, delivery: [id, at], at: readInstant(at) }, request.now);
}
