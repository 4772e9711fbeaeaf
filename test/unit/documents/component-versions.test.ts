import { expect, test } from "vitest";
import { componentIn, Components, latestOf } from "../../../shared/documents/recipe-components.ts";

test.each([
  [["1.2.0", "1.10.0", "1.9"], "1.10.0"],
  [["1.2.0-rc1", "1.1.9"], "1.1.9"],
  [["2.0.0-beta.1", "10-rc1"], undefined],
  [["1.2", "1.2.0"], "1.2.0"],
])("of %j the latest is %s", (versions, latest) => {
  expect(latestOf(versions)).toBe(latest);
});

test.each(["1.2.0-rc1", "1.2-beta.2", "3-a.b.c"])("%s is a version that a recipe may name", (version) => {
  expect(componentIn(`components/nginx/${version}.yaml`)).toEqual({ name: "nginx", version });
  expect(Components.parse([`nginx/${version}`])).toEqual([{ name: "nginx", version, parameters: {} }]);
});

test.each(["1.2.0-", "1.2.0-RC1", "1.2.0-rc_1", "1.2.0-rc1.", "v1-rc", "1.2.0+build", "1.2.0-rc1-2"])(
  "%s is no version",
  (version) => {
    expect(componentIn(`components/nginx/${version}.yaml`)).toBeUndefined();
  },
);
