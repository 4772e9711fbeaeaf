import { test } from "vitest";
import { regionWarning } from "../../../deploy/checks.ts";

test("a region without asynchronous task mode is named", ({ expect }) => {
  expect(regionWarning("cn-hangzhou")).toBeUndefined();
  for (const region of ["cn-huhehaote", "me-central-1", "ap-southeast-2"])
    expect(regionWarning(region)).toMatch(new RegExp(`^warning: ${region} has no task mode`));
});
