/** Numbered rules in file headers: `LOCK-1`. A reader who meets one anywhere finds exactly one definition. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const SELF = "test/unit/rules.test.ts";

const sources = ["functions", "shared", "test"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`)
    .filter((file) => file !== SELF)
    .map((file) => [file, readFileSync(join(ROOT, file), "utf8")] as const),
);

const PREFIX = "[A-Z][A-Z]+(?:-[A-Z]+)*";
const definitions = sources.flatMap(([file, text]) =>
  [...text.matchAll(new RegExp(`^ \\* (${PREFIX}-\\d+)\\. `, "gm"))].map(
    ([, rule = ""]) => [rule, file] as const,
  ),
);

test("each numbered rule is defined once", ({ expect }) => {
  const seen = new Map<string, string[]>();
  for (const [rule, file] of definitions) seen.set(rule, [...(seen.get(rule) ?? []), file]);
  expect([...seen].filter(([, files]) => files.length > 1)).toEqual([]);
  expect(seen.size).toBeGreaterThan(40);
});

test("one prefix belongs to one file", ({ expect }) => {
  const files = new Map<string, Set<string>>();
  for (const [rule, file] of definitions) {
    const prefix = rule.replace(/-\d+$/, "");
    files.set(prefix, (files.get(prefix) ?? new Set()).add(file));
  }
  expect([...files].filter(([, in_]) => in_.size > 1).map(([prefix, in_]) => [prefix, [...in_]])).toEqual([]);
});

test("no rule has a bare letter", ({ expect }) => {
  const bare = sources.flatMap(([file, text]) =>
    [...text.matchAll(/^ \* ([A-Z]\d{1,2})\. /gm)].map(([, rule]) => `${file}: ${rule}`),
  );
  expect(bare).toEqual([]);
});

test("each rule that a comment cites is defined", ({ expect }) => {
  const known = new Set(definitions.map(([rule]) => rule));
  const prefixes = new Set(definitions.map(([rule]) => rule.replace(/-\d+$/, "")));
  const unknown = sources.flatMap(([file, text]) =>
    [...text.matchAll(new RegExp(`\\b(${PREFIX})-\\d+\\b`, "g"))]
      .filter(([rule, prefix = ""]) => prefixes.has(prefix) && !known.has(rule))
      .map(([rule]) => `${file}: ${rule}`),
  );
  expect(unknown).toEqual([]);
});
