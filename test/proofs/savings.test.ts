import * as z from "zod/mini";
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { check, idleFleet } from "../support/idle-fleet.ts";
import { QUIET } from "../support/idle.ts";
import { answered } from "../support/runs.ts";

const Rows = z.array(z.looseObject({ hours: z.number(), amount: z.number() }));

test("the API shows the hours in which members were down, until a person started or released them", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const [one = "", other = ""] = await idleFleet(kiln, 2);
  await check(kiln);
  await kiln.cloud.settle({ forMs: hours(2) });
  await check(kiln);
  kiln.cloud.world.start(one);
  kiln.cloud.world.remove(other);
  await kiln.cloud.settle({ forMs: hours(2) });
  await check(kiln);
  const { body } = await answered(kiln, kiln.api("GET", "/savings?month=2026-01"));
  expect(body["savings"]).toMatchObject([{ fleet: "web", stops: 2, unpricedHours: 0, currency: "CNY" }]);
  const [{ hours: counted, amount } = { hours: 0, amount: 0 }] = Rows.parse(body["savings"]);
  expect(counted).toBeGreaterThan((2 * hours(2)) / hours(1) - 0.1);
  expect(counted).toBeLessThan((2 * hours(2) + minutes(20)) / hours(1));
  expect(amount).toBeCloseTo(counted * 0.62, 1);
  const before = await answered(kiln, kiln.api("GET", "/savings?month=2025-12"));
  expect(before.body).toMatchObject({ month: "2025-12", savings: [] });
  expect((await answered(kiln, kiln.api("GET", "/savings?month=June"))).status).toBe(400);
});
