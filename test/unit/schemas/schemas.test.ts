import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "vitest";
import { files } from "../../../schemas/described.ts";
import { KINDS } from "../../../schemas/json-schema.ts";
import { EXAMPLES, fits, isAccepted, kindOf, read, SCHEMAS, SOUND } from "../../support/schemas/documents.ts";

test("the generated files are those of the sources: npm run schemas", ({ expect }) => {
  for (const [name, text] of Object.entries(files()))
    expect(readFileSync(join("schemas", name), "utf8") === text, name).toBe(true);
});

test("the first line of each example names the schema of its kind", ({ expect }) => {
  expect(EXAMPLES.length).toBeGreaterThan(9);
  for (const path of EXAMPLES) {
    const [, target = ""] =
      /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(path, "utf8")) ?? [];
    expect(join(dirname(path), target), path).toBe(`schemas/${kindOf(path)}.schema.json`);
    expect(existsSync(join(dirname(path), target)), path).toBe(true);
  }
});

test("a sound document fits its schema", ({ expect }) => {
  for (const [kind, document] of SOUND) {
    expect(isAccepted(kind, document), JSON.stringify(document)).toBe(true);
    expect(fits(kind, document), JSON.stringify(document)).toBe(true);
  }
});

test("the schema refuses the usual slips", ({ expect }) => {
  const refused = (path: string, change: (document: Record<string, unknown>) => unknown): void =>
    expect(fits(kindOf(path), change(Object(read(path)))), String(change)).toBe(false);
  refused("examples/recipes/web.yaml", ({ provision, ...rest }) => ({ ...rest, provison: provision }));
  refused("examples/recipes/web.yaml", ({ source, ...rest }) => ({ ...rest, sources: source }));
  refused("examples/recipes/web.yaml", (recipe) => ({ ...recipe, provision: [{ "curl -H Host": "x" }] }));
  refused("examples/recipes/web.yaml", (recipe) => ({ ...recipe, whenBusy: "wait" }));
  refused("examples/fleets/web.yaml", ({ limits, family }) => ({ limits, family }));
  refused("examples/fleets/web.yaml", (fleet) => ({ ...fleet, limits: { max: "ten" } }));
  refused("examples/fleets/web.yaml", (fleet) => ({ ...fleet, launch: { instanceType: "ecs.g7.large" } }));
  refused("examples/components/nginx/1.0.0.yaml", () => ({ steps: [], provision: [] }));
});

test("each pattern means the same with and without the flag of editors", ({ expect }) => {
  const patternsIn = (value: unknown): readonly string[] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) =>
          key === "pattern" && typeof inner === "string" ? [inner] : patternsIn(inner),
        )
      : [];
  for (const pattern of KINDS.flatMap((kind) => patternsIn(SCHEMAS.get(kind))))
    expect(() => new RegExp(pattern, "u"), pattern).not.toThrow();
});
