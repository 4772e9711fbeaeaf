import { test } from "vitest";
import { DOCUMENT_MAX_BYTES, YAML_MAX_BYTES } from "../../../shared/budget.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { help } from "../../../shared/documents/help.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { problemsIn } from "./problems-of.ts";

const NO_MAP =
  "line 1, column 1: must be a map of keys and values; begin each line at the top with a key, such as family: web; see examples/";
const refused: readonly (readonly [acquireLock: string, text: string, problem: string])[] = [
  ["an empty file", "", ": the document is empty; see examples/ for one that works"],
  ["a list", "- a", NO_MAP],
  [
    "two documents",
    "a: 1\n---\nb: 2",
    "line 2, column 1: the file holds several documents (---); write one document in each file",
  ],
  [
    "a key written twice, with its place",
    "family: a\nfamily: b",
    "line 2, column 1: a key is written twice in the same map; keep one of the two",
  ],
  [
    "an alias, and so any bomb made of them",
    "a: &a [x, x]\nb: [*a, *a]",
    "line 2, column 5: aliases (*name) and merge keys (<<) are not allowed; write the entry out",
  ],
  [
    "an alias of the map that it stands in",
    "a: 1\nb: &b { x: *b }",
    "line 2, column 12: aliases (*name) and merge keys (<<) are not allowed; write the entry out",
  ],
  [
    "a tag",
    "a: !!binary aGk=",
    "line 1, column 4: tags (!name) are not allowed; write plain text, numbers, lists and maps",
  ],
  ["a tab", "a:\n\tb: 1", "line 2, column 1: a tab is used for indentation; use spaces"],
  [
    "a broken list, with its place",
    "a: [1\nb: 2",
    "line 1, column 4: the [ that opens here is not closed; close it",
  ],
  [
    "256 KB and one byte",
    `#${" ".repeat(YAML_MAX_BYTES)}`,
    `: is ${YAML_MAX_BYTES + 1} bytes, the limit is ${YAML_MAX_BYTES}; put long scripts into objects and name them`,
  ],
];

for (const [acquireLock, text, problem] of refused) {
  test(`${acquireLock}: refused`, ({ expect }) => {
    expect(problemsIn(parseRecipe, text)).toContain(problem);
  });
}

test("a file nested 33 deep is refused, not followed", ({ expect }) => {
  const nested = (depth: number) => problemsIn(parseRecipe, `${"[".repeat(depth)}${"]".repeat(depth)}`);
  expect(nested(32)).toEqual([NO_MAP]);
  expect(nested(33)).toEqual([
    "line 1, column 33: maps and lists are nested more than 32 deep; no document needs that",
  ]);
});

test("merge keys are refused by name", ({ expect }) => {
  const text = "<<: {a: 1}\nfamily: web";
  expect(problemsIn(parseFleet, text)).toContain(
    "<<: is not known: merge keys are not supported; write the values out",
  );
});

test("the error names the file and says every problem in one message", ({ expect }) => {
  expect(() => parseFleet("fleets/web.yaml", "family: x", help)).toThrow(
    /^fleets\/web\.yaml has 3 problems:\n {2}line 1, family: .*\n {2}launch: .*\n {2}limits: /,
  );
});

test("a name that could not be a tag or an object's key is refused", ({ expect }) => {
  expect(() => parseRecipe("recipes/Web Server.yaml", "{}")).toThrow(
    /\(file name\): must be 1 to 40 lower-case letters/,
  );
});

test("a document too large for the events of its run is refused", ({ expect }) => {
  const commands = Array.from({ length: 5 }, () => `: ${"x".repeat(10_000)}`);
  const source = { upload: {} };
  const [problem] = problemsIn(parseRecipe, {
    source,
    family: "web",
    test: { instanceTypes: "ecs.g7.large", vSwitchIds: "vsw-a", securityGroupId: "sg-a", commands },
  });
  expect(problem).toMatch(new RegExp(`^: is \\d+ bytes when complete, the limit is ${DOCUMENT_MAX_BYTES};`));
});
