import { PromoteAbandon, PromoteEnd, PromoteEvent } from "../../shared/events/promote-family.ts";
import { createHandler } from "../../shared/handler.ts";
import { beginPromotions } from "./begin.ts";
import { endNotices } from "./notices.ts";
import { promote } from "./steps.ts";

export const handler = createHandler({
  name: "promote-family",
  machine: promote,
  event: PromoteEvent,
  abandon: PromoteAbandon,
  end: PromoteEnd,
  begin: beginPromotions,
  tell: endNotices,
});
