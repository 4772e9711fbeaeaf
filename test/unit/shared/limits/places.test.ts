import { expect, test } from "vitest";
import { freeBlock } from "../../../../shared/limits/places.ts";
import { nameAt, numbered, placeIn } from "../../../../shared/documents/ordered-name.ts";

test("a name tells its place in its pattern, whatever its suffix, its digits and its beginning", () => {
  for (const pattern of ["web-[1,3]", "web-[7,1]-x", "w[0,4]5", "w[998,3]1", "a1[]", "b[,2]9-9"])
    for (const place of [0, 1, 8, 99, 12_345])
      expect([pattern, place, placeIn(pattern, nameAt(pattern, place))]).toEqual([pattern, place, place]);
  expect(placeIn("web-[1,3]-x", `${nameAt("web-[1,3]-x", 4)}001`)).toBe(4);
  for (const other of ["web", "web-", "web-12x", "api-001", ""])
    expect(placeIn("web-[1,3]", other)).toBeUndefined();
});

test("UniqueSuffix becomes a number of the fleet, and the instance id stays the only part that the cloud knows", () => {
  expect([numbered("web", true), numbered("web"), numbered("web-[1,2]-x", true)]).toEqual([
    "web[1,3]",
    "web",
    "web-[1,2]-x",
  ]);
  expect(numbered("${instance_id}", true)).toBe("${instance_id}");
});

test("a block takes the first places in a row that nothing holds", () => {
  expect([freeBlock([], 3), freeBlock([0, 1, 4], 2), freeBlock([4, 1, 0, 1], 3)]).toEqual([0, 2, 5]);
});
