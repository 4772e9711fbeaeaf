import { test } from "vitest";
import { savingsOf } from "../../../../../functions/stop-idle/idle-check/savings.ts";
import { kindOf } from "../../../../../functions/stop-idle/idle-check/capacity.ts";
import { instanceOf, NOW, policyOf } from "../fixture.ts";

const large = instanceOf();
const spot = instanceOf({ id: "i-2", spotStrategy: "SpotAsPriceGo" });
const odd = instanceOf({ id: "i-3", type: "ecs.odd.large" });
const prices = new Map([
  [kindOf(large), { perHour: 0.62, currency: "CNY" }],
  [kindOf(spot), { perHour: 0.186, currency: "CNY" }],
]);

test("the price of an hour is the sum of known prices, and members without one are counted", ({ expect }) => {
  expect(savingsOf([large, large, spot, odd], prices, policyOf(), NOW)).toEqual({
    instances: 4,
    unpriced: 1,
    perHour: 1.426,
    currency: "CNY",
  });
});

test("there is a total only if working hours say when the members start again", ({ expect }) => {
  const upDuring = { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 08:00-20:00"] };
  // Monday, ten past eight in the evening, to eight in the morning.
  const evening = Date.parse("2026-03-02T12:10:00Z");
  expect(savingsOf([large], prices, policyOf({ upDuring, resume: true }), evening)).toMatchObject({
    hours: 11.833,
    total: 7.336,
  });
  expect(savingsOf([large], prices, policyOf({ upDuring }), evening)).not.toHaveProperty("total");
});
