import { test } from "vitest";
import { shareOf } from "../../../../../functions/janitor/documents/unread.ts";

const objects = (count: number, folder: string, writtenAt: number) =>
  Array.from({ length: count }, (_, n) => ({
    key: `${folder}${String(n).padStart(5, "0")}`,
    lastModifiedAt: writtenAt + n,
  }));

test("a report has a hundred objects: the newest of each folder, whatever lies in others, and in some hours each of the rest", ({
  expect,
}) => {
  const many = objects(3000, "disks/app/", 5000);
  const others = [...objects(1, "recipe/", 0), ...objects(1, "", 0), ...objects(300, "fleets/", 100)];
  const all = [...many, ...others].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const turn of [0, 1, 77]) {
    const keys = shareOf(all, turn).map(({ key }) => key);
    expect(new Set(keys).size).toBe(100);
    for (const key of ["recipe/00000", "00000", "fleets/00299", "disks/app/02999"])
      expect(keys, key).toContain(key);
  }
  const seen = new Set(
    Array.from({ length: 70 }, (_, turn) => shareOf(all, turn)).flatMap((share) =>
      share.map(({ key }) => key),
    ),
  );
  expect(seen.size).toBe(all.length);
  expect(shareOf(many.slice(0, 100), 3)).toHaveLength(100);
});
