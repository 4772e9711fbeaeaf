import { BakeAbandon, BakeEnd, BakeEvent } from "../../shared/events/bake-image.ts";
import { createHandler } from "../../shared/handler.ts";
import { beginBakes } from "./begin.ts";
import { bakeNotices } from "./notices.ts";
import { bake } from "./steps.ts";

export const handler = createHandler({
  name: "bake-image",
  machine: bake,
  event: BakeEvent,
  abandon: BakeAbandon,
  end: BakeEnd,
  begin: beginBakes,
  // The plan holds the recipe, and so does the request for its promotion.
  atEnd: ({ job: { plan: _plan, ...job }, ...event }) => ({ ...event, job }),
  tell: bakeNotices,
});
