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
  tell: bakeNotices,
});
