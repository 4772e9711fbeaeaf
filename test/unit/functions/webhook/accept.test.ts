import { test } from "vitest";
import { retryAfterMs } from "../../../../functions/webhook/accept.ts";
import { days, hours, minutes } from "../../../../shared/duration.ts";

/** When the attempts of a request begin that fails at once each time, as far as they fit into `ms`. */
function beginnings(ms: number): number[] {
  const all: number[] = [];
  for (let at = 0; at <= ms; at += retryAfterMs(all.length - 1)) all.push(at);
  return all;
}

test("a request that fails is tried every five minutes for an hour, and however long it fails, tried again and rarely read", ({
  expect,
}) => {
  const hour = beginnings(hours(1));
  expect(hour).toEqual(Array.from({ length: 13 }, (_, n) => n * minutes(5)));
  const year = beginnings(days(365));
  expect(year.length).toBeLessThanOrEqual(60);
  for (const [n, at] of year.entries())
    if (at > hours(1)) expect(at - (year[n - 1] ?? 0)).toBeLessThan(at / 4);
});
