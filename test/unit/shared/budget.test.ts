import * as z from "zod/mini";
import { test } from "vitest";
import { joinReasons, jsonBytes, roomProblem } from "../../../shared/budget.ts";
import { refusal } from "../../../shared/cloud/refusal.ts";
import { DocumentError, EventError } from "../../../shared/errors.ts";
import { parse } from "../../../shared/invocation.ts";
import { Parameters } from "../../../shared/requests/parameters.ts";

test("the room of an event is shared by the parts and the state, counted in bytes", ({ expect }) => {
  expect(jsonBytes("汉")).toBe(5);
  const fits = (chars: number, state: number) => roomProblem({ "it has": "汉".repeat(chars) }, state);
  expect(fits(1000, 0)).toBeUndefined();
  const [, over, room] = /, (\d+) more than the (\d+) there is room for$/.exec(fits(30_000, 0) ?? "") ?? [];
  expect(Number(over) + Number(room)).toBe(90_002);
  expect(roomProblem({ a: "x".repeat(Number(room) - 2) }, 0)).toBeUndefined();
  expect(roomProblem({ a: "x".repeat(Number(room) - 2) }, 1)).toContain(" 1 more than ");
  expect(roomProblem({ a: "", b: "x".repeat(Number(room) - 2) }, 0)).toMatch(
    /^does not fit into an event: a 2, b \d+ bytes as JSON, 2 more than the/,
  );
});

test("a list of reasons shows the first and counts the others", ({ expect }) => {
  expect(joinReasons(["a", "b"])).toBe("a; b");
  expect(joinReasons(["a", "b"], ", ")).toBe("a, b");
  expect(joinReasons([])).toBe("");
  expect(joinReasons(["a".repeat(9_000)])).toBe(`${"a".repeat(500)}…`);
  const many = joinReasons(Array.from({ length: 1_000 }, (_, n) => `reason ${n}`));
  expect(many).toMatch(/^reason 0; reason 1; .*; and \d{3} more$/);
  expect(many.length).toBeLessThan(3_100);
});

test("no message is longer than a few KB, whatever it is about", ({ expect }) => {
  const problems = Array.from({ length: 500 }, (_, n) => ({ path: `k${n}`, message: "m".repeat(9_000) }));
  const document = new DocumentError("web", problems);
  expect(document.problems).toHaveLength(500);
  expect(document.message).toMatch(/^web has 500 problems:\n {2}k0: m+…\n.*and 480 more$/s);
  const cloud = refusal(
    "ecs",
    "RunInstances",
    Object.assign(new Error("<html>".repeat(9_000)), { code: "Proxy" }),
  );
  const schema = z.record(z.string(), z.int());
  const payload = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, "x"]));
  const caught = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return error;
    }
  };
  const event = caught(() => parse(schema, payload, "test"));
  expect(event).toBeInstanceOf(EventError);
  for (const error of [document, cloud, event]) expect(String(error).length).toBeLessThan(9_000);
});

test("parameters are counted in bytes of JSON, in every request that may come", ({ expect }) => {
  const fits = (value: string) => Parameters.safeParse({ A: value }).success;
  expect(fits("a".repeat(16 * 1024 - 8))).toBe(true);
  expect(fits("a".repeat(16 * 1024 - 7))).toBe(false);
  expect(fits('"'.repeat(8 * 1024 - 4))).toBe(true);
  expect(fits('"'.repeat(8 * 1024 - 3))).toBe(false);
});
