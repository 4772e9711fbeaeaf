/** Anything that can POST JSON with a token, such as a scaling rule's own notification. Pure. */
import * as z from "zod/mini";
import { Name } from "../../../shared/events/line.ts";
import {
  bearerHolds,
  malformed,
  readBody,
  refused,
  wished,
  type Heard,
  type SenderRequest,
} from "./sender.ts";
import { Fleets, Secrets } from "./settings.ts";

export const GenericSettings = z.strictObject({
  kind: z.literal("generic"),
  tokens: Secrets,
  /** Fleets this sender may ask for. */
  fleets: Fleets,
});
type GenericSettings = z.infer<typeof GenericSettings>;

/** `id` and `at` make the wish itself: sent again with both the same, nothing happens twice. */
const Payload = z.strictObject({
  id: z.string().check(z.minLength(1), z.maxLength(128)),
  at: z.iso.datetime({ offset: true }),
  fleet: Name,
  count: z.int().check(z.minimum(1)),
});

export function hearGeneric({ tokens, fleets }: GenericSettings, request: SenderRequest): Heard {
  if (!bearerHolds(request, tokens)) return refused("token");
  const parsed = Payload.safeParse(readBody(request));
  if (!parsed.success) {
    return malformed('must be {"id": "…", "at": "2026-01-31T08:00:00Z", "fleet": "…", "count": 1}');
  }
  const { id, at, fleet, count } = parsed.data;
  if (!fleets.includes(fleet)) return malformed("this sender may not use that fleet");
  return wished([{ fleet, count, delivery: [id, at], at: Date.parse(at) }], request.now);
}
