import * as fc from "fast-check";
import { test } from "vitest";
import { editDistance, nearest } from "../../../shared/documents/spelling.ts";

const word = fc.string({ maxLength: 12 });

test("one slip of the fingers is one step away", ({ expect }) => {
  expect(editDistance("image", "imgae")).toBe(1);
  expect(editDistance("image", "imag")).toBe(1);
  expect(editDistance("image", "imagee")).toBe(1);
  expect(editDistance("image", "imaje")).toBe(1);
});

test("the distance is one of a metric's: none to itself, the same both ways, at most the longer word", ({
  expect,
}) => {
  fc.assert(
    fc.property(word, word, (one, other) => {
      const distance = editDistance(one, other);
      expect(distance).toBe(editDistance(other, one));
      expect(distance).toBeLessThanOrEqual(Math.max(one.length, other.length));
      expect(distance === 0).toBe(one === other);
    }),
  );
});

test("a word in another style is known again, a strange one is not guessed", ({ expect }) => {
  const known = ["instanceTypes", "vSwitchIds", "spot"];
  expect(nearest("instance_types", known)).toBe("instanceTypes");
  expect(nearest("VSWITCHIDS", known)).toBe("vSwitchIds");
  expect(nearest("colour", known)).toBeUndefined();
});
