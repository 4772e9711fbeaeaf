import { expect, test } from "vitest";
import { countLasting } from "../../../../../functions/stop-idle/idle-check/limits.ts";
import { minutes } from "../../../../../shared/duration.ts";
import { instanceOf, NOW } from "../fixture.ts";

test("a running member that the cloud releases within half an hour is not counted on", () => {
  const until = (leftMs: number) => instanceOf({ autoReleaseAt: NOW + leftMs });
  expect(countLasting([instanceOf(), until(minutes(30)), until(minutes(29)), until(-1)], NOW)).toBe(2);
});

test("a running member that the cloud takes back is not counted on, one that is locked otherwise is", () => {
  const locked = (lock: string) => instanceOf({ locks: [lock] });
  expect(countLasting([instanceOf(), locked("Recycling"), locked("security")], NOW)).toBe(2);
});
