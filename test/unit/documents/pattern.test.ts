/** Patterns of parameters: those that authors write are accepted, and no accepted one takes long for any value. */
import * as fc from "fast-check";
import { test } from "vitest";
import { seconds } from "../../../shared/duration.ts";
import { patternProblem } from "../../../shared/documents/pattern.ts";
import { PATTERN_VALUE_MAX } from "../../../shared/requests/declared-parameters.ts";

test("patterns for versions, names, hosts and choices are accepted", ({ expect }) => {
  const usual = [
    "^v",
    String.raw`^v?\d+\.\d+\.\d+$`,
    String.raw`^v\d+\.\d+\.\d+(-rc\d+)?$`,
    String.raw`^\d+(\.\d+){0,2}$`,
    "^(dev|test|prod)$",
    "^[a-z][a-z0-9-]{0,62}$",
    "^[0-9a-f]{7,40}$",
    String.raw`^(?:[a-z0-9]{1,20}\.){1,3}[a-z]{2,9}$`.replace("{1,3}", "{2}"),
    "[\\]a]+",
    "",
  ];
  expect(usual.filter((pattern) => patternProblem(pattern) !== undefined)).toEqual([]);
});

test("a pattern that compiles to nothing is refused with the reason of the engine", ({ expect }) => {
  expect(patternProblem("^v(")).toBe("must be a regular expression, and is none: Unterminated group");
  expect(patternProblem("[z-a]")).toMatch(/^must be a regular expression, and is none: Range out of order/);
});

test("patterns that backtrack without end are refused, whatever they look like", ({ expect }) => {
  const endless = [
    "^(a+)+$",
    "^(a|a)*$",
    String.raw`^(\w+\s?)*$`,
    "(.*)*x",
    "^(?:a?){50}a{50}$",
    "^(?<n>a+)*$",
    ".*.*.*.*x",
    `^${"a?".repeat(40)}a{40}$`,
    String.raw`(\w)\1`,
    "^(?=a)",
    "(?<!a)b",
  ];
  expect(endless.filter((pattern) => patternProblem(pattern) === undefined)).toEqual([]);
});

const piece = fc.constantFrom(
  "a",
  "a*",
  "a+",
  "a?",
  ".*",
  "[ab]*",
  "(a|b)",
  "(a+)?",
  "(aa)*",
  "(a|aa){1,3}",
  "b",
  "^",
  "$",
);

test("no accepted pattern takes a second for the longest value", ({ expect }) => {
  const worst = "a".repeat(PATTERN_VALUE_MAX - 1);
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
      const pattern = pieces.join("");
      if (patternProblem(pattern) !== undefined) return;
      const before = performance.now();
      new RegExp(pattern).test(`${worst}!`);
      new RegExp(pattern).test(`${worst}b`);
      expect(performance.now() - before).toBeLessThan(seconds(1));
    }),
    { numRuns: 200 },
  );
});
