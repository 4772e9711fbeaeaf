/** An instant is one that exists, wherever it is read. */
import { test } from "vitest";
import { HoldRequest } from "../../../functions/promote-family/hold/workflow.ts";
import { readInstant } from "../../../shared/duration.ts";
import { optedOutUntil } from "../../../shared/instance-tags.ts";

const NONE = [
  "2026-02-29",
  "2026-02-30",
  "2026-02-31",
  "2026-04-31",
  "2026-00-01",
  "2026-13-01",
  "2026-01-00",
  "2026-01-32",
];

test("a day that no month has is no instant, and a leap day is one", ({ expect }) => {
  for (const day of NONE)
    for (const time of ["", "T00:00Z", "T08:00:00Z", "T23:59:59.999+08:00"])
      expect(readInstant(`${day}${time}`), `${day}${time}`).toBeNaN();
  expect(readInstant("2028-02-29T08:00:00Z")).toBe(Date.UTC(2028, 1, 29, 8));
  expect(readInstant("2026-01-05")).toBe(Date.UTC(2026, 0, 5));
  expect(readInstant("2026-01-05T08:00+08:00")).toBe(Date.UTC(2026, 0, 5));
  expect(readInstant("2026-01-05T08:00:00.1234567Z")).toBe(Date.UTC(2026, 0, 5, 8) + 123);
  // Without a zone it is another instant on each machine.
  const texts = ["2026-01-05T08:00:00", "5 Jan 2026", "2026", "", "2026-01-05T25:00Z", "2026-01-05T08:60Z"];
  expect(texts.filter((text) => !Number.isNaN(readInstant(text)))).toEqual([]);
});

test("a hold until a day that does not exist is refused, and a tag with one keeps a member", ({ expect }) => {
  const held = (until: string) =>
    HoldRequest.safeParse({ v: 1, request: "hold", family: "web", until }).success;
  expect(held("2026-01-31T08:00:00Z")).toBe(true);
  expect(NONE.filter((day) => held(`${day}T08:00:00Z`))).toEqual([]);
  // A text that cannot be read opts out until it is corrected.
  const until = (day: string) => optedOutUntil({ tags: { keep: day } }, "keep", Date.UTC(2030, 0));
  expect(NONE.filter((day) => until(day) !== Infinity)).toEqual([]);
  expect(optedOutUntil({ tags: { keep: "2026-01-31" } }, "keep", Date.UTC(2030, 0))).toBe(undefined);
});
