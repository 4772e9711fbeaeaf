import { expect, test } from "vitest";
import { ago, LANGUAGES } from "../../../../cli/ui/words.ts";
import { days, hours, minutes, seconds } from "../../../../shared/duration.ts";

test.for([
  [seconds(59), "just now", "刚刚"],
  [minutes(59), "59m ago", "59m前"],
  [hours(30), "30h ago", "30h前"],
  [days(3) + hours(5), "3d ago", "3d前"],
] as const)("an age of %i ms is in its largest unit", ([ms, en, zh]) => {
  expect([ago(0, ms, LANGUAGES.en), ago(0, ms, LANGUAGES.zh)]).toEqual([en, zh]);
});
