/** `schedule` of a recipe: when it is baked, instead of by the nightly timer of all recipes. */
import * as z from "zod/mini";
import { cronProblem } from "../schedule.ts";
import { closed, rule, short, timeZone } from "./fields.ts";

/** As the nightly timer in s.yaml. */
const TIME_ZONE = "Asia/Shanghai";

const cron = z.string().check(
  rule<string>([], (text) => {
    const message = cronProblem(text);
    return message === undefined ? [] : [{ at: [], message }];
  }),
);

/** A text is short for `{cron: …}`. */
export const RecipeSchedule = short(
  (value) => (typeof value === "string" ? { cron: value } : value),
  closed({ cron, timeZone: z._default(timeZone(), TIME_ZONE) }),
);
