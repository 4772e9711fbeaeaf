import * as fc from "fast-check";
import { test } from "vitest";
import { readSignedPath, signedPath } from "../../../shared/signed-link.ts";

const SECRET = "a secret of the tests 0123456789";
const NOW = Date.parse("2026-03-02T10:00:00Z");
const target = { kind: "keep", parts: ["web", "i-bp1abc"] };
const anySegment = fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/);

test("a link reads back as what was signed, until it expires", ({ expect }) => {
  const path = signedPath(target, NOW + 1000, SECRET);
  expect(path).toMatch(/^\/keep\/web\/i-bp1abc\/\d{10}\/[0-9a-f]{64}$/);
  expect(readSignedPath(path, SECRET, NOW)).toEqual({ ok: true, target, expiresAt: NOW + 1000 });
  expect(readSignedPath(path, SECRET, NOW + 1000)).toEqual({ ok: false, why: "expired" });
});

test("no change of a link, its kind or its instant opens anything", ({ expect }) => {
  const path = signedPath(target, NOW + 60_000, SECRET);
  const segments = path.split("/");
  for (const index of [1, 2, 3, 4, 5]) {
    const changed = segments.with(index, index === 4 ? "1999999999" : `${segments[index]}x`).join("/");
    expect(readSignedPath(changed, SECRET, NOW), changed).toEqual({ ok: false, why: "forged" });
  }
  expect(readSignedPath(path, "another secret of the tests", NOW)).toEqual({ ok: false, why: "forged" });
  expect(readSignedPath(`${path}/`, SECRET, NOW).ok).toBe(false);
});

test("without a secret nothing opens, not even what was signed without one", ({ expect }) => {
  expect(readSignedPath(signedPath(target, NOW + 60_000, ""), "", NOW).ok).toBe(false);
});

test("parts cannot be moved across their borders", ({ expect }) => {
  fc.assert(
    fc.property(anySegment, anySegment, anySegment, (a, b, c) => {
      const one = signedPath({ kind: a, parts: [b, c] }, NOW + 60_000, SECRET);
      const other = signedPath({ kind: a, parts: [`${b}.${c}`] }, NOW + 60_000, SECRET);
      expect(one.split("/").at(-1)).not.toBe(other.split("/").at(-1));
    }),
  );
});

test("what would need escaping is not signed", ({ expect }) => {
  expect(() => signedPath({ kind: "keep", parts: ["a/b"] }, NOW, SECRET)).toThrow(
    'a link cannot carry "a/b"',
  );
});
