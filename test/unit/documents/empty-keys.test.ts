/** A key with nothing behind it: the same rule for every key of recipes, fleets and components. */
import { test } from "vitest";
import { schemaOf } from "../../../schemas/described.ts";
import type { JsonSchema } from "../../../schemas/json-schema.ts";
import { parseComponent } from "../../../shared/documents/component.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { help } from "../../../shared/documents/help.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { DocumentError } from "../../../shared/errors.ts";
import { problemsIn } from "./problems-of.ts";

const SOUND = {
  recipe: { source: { instance: { id: "i-0123456789" } }, test: { skip: true } },
  fleet: { family: "web", launch: { LaunchTemplateId: "lt-1" }, limits: { max: 3 } },
  component: { steps: ["true"] },
};
const PARSE = {
  recipe: (text: string) => parseRecipe("web", text, help),
  fleet: (text: string) => parseFleet("web", text, help),
  component: (text: string) => parseComponent("components/web/1.0.0.yaml", text, help),
};
const KINDS = ["recipe", "fleet", "component"] as const;
type Kind = (typeof KINDS)[number];

interface Key {
  readonly path: readonly (string | 0)[];
  readonly mayBeEmpty: boolean;
  readonly isNeeded: boolean;
}

/** Every key that a schema knows, and one of each map whose keys authors choose. */
function keysIn({
  properties,
  required = [],
  items,
  additionalProperties,
  anyOf,
}: JsonSchema): readonly Key[] {
  const below = (segment: string | 0, inner: JsonSchema): readonly Key[] =>
    keysIn(inner).map((key) => ({ ...key, path: [segment, ...key.path] }));
  return [
    ...Object.entries(properties ?? {}).flatMap(([name, inner]) => [
      { path: [name], mayBeEmpty: takesNull(inner), isNeeded: required.includes(name) },
      ...below(name, inner),
    ]),
    ...(additionalProperties
      ? [
          { path: ["X"], mayBeEmpty: takesNull(additionalProperties), isNeeded: false },
          ...below("X", additionalProperties),
        ]
      : []),
    ...(items ? below(0, items) : []),
    ...(anyOf ?? []).flatMap(keysIn),
  ];
}

const takesNull = ({ type, anyOf }: JsonSchema): boolean =>
  type === "null" || (Array.isArray(type) && type.includes("null")) || (anyOf ?? []).some(takesNull);

/** A document with a value at a path; `undefined` leaves the key out. */
function withAt(document: unknown, [segment, ...rest]: Key["path"], value: unknown): unknown {
  if (segment === 0) return [withAt(undefined, rest, value)];
  if (segment === undefined) return value;
  const map: Readonly<Record<string, unknown>> =
    typeof document === "object" && !Array.isArray(document) ? Object(document) : {};
  return { ...map, [segment]: withAt(map[segment], rest, value) };
}

const nameOf = (path: Key["path"]): string => path.join(".").replaceAll(".0", "[0]");
const ALL = KINDS.flatMap((kind) => keysIn(schemaOf(kind)).map((key) => ({ kind, ...key })));

/** The parsed document, or its problems. */
function outcome(kind: Kind, document: unknown): unknown {
  try {
    return PARSE[kind](JSON.stringify(document));
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

test("a key with nothing behind it is named once, unless it is a list or map whose default is an empty one", ({
  expect,
}) => {
  let needed = 0;
  for (const { kind, path, mayBeEmpty, isNeeded } of ALL) {
    const found = problemsIn((_, text) => PARSE[kind](text), withAt(SOUND[kind], path, null));
    const own = found.filter((problem) => problem.startsWith(`${nameOf(path)}: `));
    if (mayBeEmpty) expect([nameOf(path), own]).toEqual([nameOf(path), []]);
    else {
      const [only = "", ...more] = own;
      expect([nameOf(path), more]).toEqual([nameOf(path), []]);
      expect(only).toMatch(/: has no value; write /);
      // A key that its map needs is not to be removed; size is needed beside some other keys only.
      if (isNeeded && path[0] !== "size") expect(only).not.toMatch(/; write one/);
      needed += Number(isNeeded);
    }
  }
  expect(needed).toBeGreaterThan(30);
  expect(ALL.length).toBeGreaterThan(250);
});

test("a list or map that may be empty means the same when it is, when it is left out, and when it is {} or []", ({
  expect,
}) => {
  for (const { kind, path } of ALL.filter(({ mayBeEmpty }) => mayBeEmpty)) {
    const [absent, empty, ...written] = [undefined, null, [], {}].map((value) =>
      JSON.stringify(outcome(kind, withAt(SOUND[kind], path, value))),
    );
    expect([nameOf(path), empty]).toEqual([nameOf(path), absent]);
    expect(written, nameOf(path)).toContain(absent);
  }
});
